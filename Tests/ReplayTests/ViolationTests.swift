import AccessPolicy
import FlowStore
import Foundation
import Testing

/// The column `violation` of the views is what the policy engine says.
struct ViolationTests {
    @Test("for every verdict and all qualifiers, SQL and the engine agree")
    func agreement() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("violations-\(UUID().uuidString).db").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let database = try AuditDatabase(path: path, mode: .create)
        var kinds: Set<Violation?> = []
        for verdict in VerdictClass.allCases {
            for bits in UInt8(0)..<32 {
                let qualifiers = Qualifiers(rawValue: bits)
                let found = try database.read { connection in
                    try connection.value(
                        "WITH j(class, qualifiers) AS (VALUES (?, ?)) SELECT \(FlowColumn.violation) FROM j",
                        [verdict.rawValue, qualifiers.text])
                        as String?
                }
                let violation = Violation(verdict, qualifiers)
                #expect(found == violation?.rawValue, "\(verdict) \(qualifiers.text)")
                kinds.insert(violation)
            }
        }
        #expect(kinds.count == Violation.allCases.count + 1)
    }

    @Test(
        "what is a violation, by hand",
        arguments: [
            (VerdictClass.overPermitted, Qualifiers([]), Violation.overPermitted), (.overPermitted, [.stale], nil),
            (.overPermitted, [.staleLate], .overPermitted), (.overPermitted, [.stale, .outlived], .outlived),
            (.misrouted, [.ambiguous], .misrouted),
            (.overBlocked, [], .overBlocked), (.overBlocked, [.stale], nil), (.enforced, [.outlived], .outlived),
            (.enforced, [.staleLate], nil),
            (.blocked, [], nil), (.unverifiable, [], nil),
        ] as [(VerdictClass, Qualifiers, Violation?)])
    func byHand(verdict: VerdictClass, qualifiers: Qualifiers, violation: Violation?) {
        #expect(Violation(verdict, qualifiers) == violation)
    }
}

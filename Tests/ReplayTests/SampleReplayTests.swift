import AccessPolicy
import FlowModel
import FlowStore
import Foundation
import Ingest
import PolicyDocuments
import Replay
import Testing

/// The tenant of SampleLogs, whose README says what an auditor should find.
struct SampleReplayTests {
    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func history() throws -> PolicyHistory {
        try PolicyHistory.load(directory: checkout.appendingPathComponent("SampleLogs/policy").path)
    }

    static func replay(_ body: (Replay, AuditDatabase) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-replay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let history = try history()
        var options = Ingest.Options()
        options.policies = history.policies.map(\.snapshot)
        let path = folder.appendingPathComponent("audit.db").path
        let logs = checkout.appendingPathComponent("SampleLogs").path
        let report = try Ingest(options: options).run(paths: [logs], databasePath: path)
        #expect(report.refusals.isEmpty)
        try body(Replay(history: history), try AuditDatabase(path: path, mode: .readOnly))
    }

    @Test("the classes and reasons are those that the samples were made with")
    func summary() throws {
        try SampleReplayTests.replay { replay, database in
            let summary = try replay.run(database)
            let wrong = summary.kinds.filter { $0.key.verdictClass == .overPermitted }.map {
                "\($0.key.reason?.rawValue ?? "") \($0.key.qualifiers.text) \($0.value)"
            }
            #expect(
                wrong.sorted() == [
                    "bypass-resource  1", "grant-expired  1", "no-resource  1", "principal-disabled stale-late 1", "unknown-connector  1",
                    "wrong-network  1",
                ])
            #expect(summary.violations == 6)
            #expect(summary.unverifiable == 0)
        }
    }

    @Test("the sums are the same whether flows are looked at one by one or alike ones at once")
    func sums() throws {
        try SampleReplayTests.replay { replay, database in
            let single = try replay.run(database)
            let alike = try replay.summary(database)
            #expect(single.flows > 0)
            #expect(alike.flows == single.flows)
            #expect(alike.violations == single.violations)
            #expect(alike.kinds == single.kinds)
            #expect(alike.connectors.mapValues { [$0.flows, $0.violations] } == single.connectors.mapValues { [$0.flows, $0.violations] })
            #expect(alike.policies.mapValues { [$0.flows, $0.violations] } == single.policies.mapValues { [$0.flows, $0.violations] })
            #expect(alike.first == single.first && alike.last == single.last)
        }
    }

    @Test("replay says of every flow what ingest stored")
    func agrees() throws {
        try SampleReplayTests.replay { replay, database in
            var stored: [Int64: String] = [:]
            var question = AccessQuestion()
            question.keys = [.verdict, .reason]
            try question.ask(database) { answer in
                try answer.forEach { row in
                    guard case .integer(let flows) = row[2] else { return }
                    stored[Int64(stored.count)] = "\(row[0]) \(row[1]) \(flows)"
                }
            }
            var replayed: [String: Int64] = [:]
            _ = try replay.run(database) { flow in
                let reason = flow.assessment.reason.map { StoredValue.text($0.rawValue) } ?? .null
                replayed["\(StoredValue.text(flow.assessment.verdictClass.rawValue)) \(reason)", default: 0] += 1
            }
            #expect(Set(stored.values) == Set(replayed.map { "\($0.key) \($0.value)" }))
        }
    }

    @Test("a period bounds what is judged, to the millisecond")
    func period() throws {
        try SampleReplayTests.replay { replay, database in
            var starts: [Timestamp] = []
            _ = try replay.run(database) { starts.append($0.flow.startedAt) }
            #expect(starts == starts.sorted())
            let middle = starts[starts.count / 2]
            var late = replay
            late.since = middle
            var early = replay
            early.until = middle
            #expect(try late.run(database).flows == Int64(starts.count { $0 >= middle }))
            #expect(try early.run(database).flows == Int64(starts.count { $0 < middle }))
        }
    }
}

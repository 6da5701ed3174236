import FlowModel
import FlowStore
import TenantFixture
import Testing

@testable import QueryCatalogue
@testable import QueryLibrary

/// Questions of the library, and the values they are given.
struct QueryTests {
    static func ask(_ id: String, _ arguments: [String: StoredValue] = [:], period: Period = .all) throws -> [[String: StoredValue]] {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let question = try #require(try QueryLibrary.builtIn.questions().first { $0.id == id })
        var names: [String] = []
        var rows: [[String: StoredValue]] = []
        try QueryRunner(database: database).run(
            question, arguments: arguments, period: period, columns: { names = $0 },
            row: { rows.append(Dictionary(uniqueKeysWithValues: zip(names, $0))) })
        return rows
    }

    @Test(
        "who reached a Resource, by id, by address with wildcards and by its name in the policy",
        arguments: ["41", "DB.*", "database"])
    func whoReached(resource: String) throws {
        let rows = try QueryTests.ask("who-reached", ["resource": .text(resource)])
        #expect(rows.map { $0["principal"] } == [.text("ann@example.com"), .text("bob@example.com")])
        #expect(rows.map { $0["flows"] } == [.integer(2), .integer(1)])
        #expect(rows.map { $0["over_permitted"] } == [.integer(1), .integer(1)])
        #expect(rows.first?["bytes_received"] == .integer(4_000))
    }

    @Test("a question that needs a value says which")
    func required() {
        let failure = #expect(throws: QueryFailure.self) { try QueryTests.ask("who-reached") }
        #expect(
            failure?.message
                == "`who-reached` needs the parameter `resource`: Resource id, name in the policy or address, with * and ? as wildcards."
        )
        let unknown = #expect(throws: QueryFailure.self) { try QueryTests.ask("policies", ["resource": .text("x")]) }
        #expect(unknown?.message == "`policies` has no parameter `resource`; it has none")
    }

    @Test("every question without required parameters answers, in and outside the period")
    func all() throws {
        let tenant = try SmallTenant()
        let runner = QueryRunner(database: try tenant.ingest(SmallTenant.mixed))
        for question in try QueryLibrary.builtIn.questions() {
            var arguments: [String: StoredValue] = [:]
            for parameter in question.parameters where parameter.isRequired { arguments[parameter.name] = .text("*") }
            try runner.run(question, arguments: arguments, row: { _ in })
            var later = 0
            try runner.run(
                question, arguments: arguments, period: Period(since: Timestamp("2030-01-01T00:00:00Z")), row: { _ in later += 1 })
            // What holds at the end of the data is known in any later period.
            if !["policies", "who-could-reach", "sources", "unknown-fields", "quarantine"].contains(question.id) {
                #expect(later == 0, "\(question.id)")
            }
            #expect(!question.examples.isEmpty, "\(question.id) has no example")
            #expect(question.examples.allSatisfy { $0.hasPrefix("twin-audit query run \(question.id)") }, "\(question.id)")
        }
    }

    @Test(
        "values are read by their type",
        arguments: [
            (QueryParameter.Kind.duration, "90s", StoredValue.integer(90_000)),
            (.duration, "250ms", .integer(250)),
            (.duration, "2w", .integer(1_209_600_000)),
            (.duration, "5 m", nil),
            (.duration, "m", nil),
            (.duration, "-5m", nil),
            (.duration, "99999999999w", nil),
            (.integer, "-12", .integer(-12)),
            (.integer, "1e3", nil),
            (.number, "0.5", .real(0.5)),
            (.number, "nan", nil),
            (.time, "2026-10-08T06:00:00Z", .integer(1_791_439_200_000)),
            (.time, "never", nil),
            (.text, "a=b", .text("a=b")),
        ] as [(QueryParameter.Kind, String, StoredValue?)])
    func values(kind: QueryParameter.Kind, text: String, value: StoredValue?) throws {
        let parameter = QueryParameter(
            name: "p", kind: kind, defaultValue: .null, defaultText: "", isRequired: false, description: "")
        if let value {
            #expect(try parameter.value(of: text, resolvingTime: { _ in nil }) == value)
        } else {
            #expect(throws: QueryFailure.self) { try parameter.value(of: text, resolvingTime: { _ in nil }) }
        }
    }

    @Test(
        "quantities in words",
        arguments: [
            (Quantities.duration(milliseconds: 0), "0 ms"), (Quantities.duration(milliseconds: 999), "999 ms"),
            (Quantities.duration(milliseconds: 45_999), "45 s"), (Quantities.duration(milliseconds: 300_000), "5 min"),
            (Quantities.duration(milliseconds: 5_400_000), "1 h 30 min"), (Quantities.duration(milliseconds: 187_200_000), "2 d 4 h"),
            (Quantities.duration(milliseconds: -1_000), "−1 s"), (Quantities.duration(milliseconds: .min), "−106751991167 d 7 h"),
            (Quantities.bytes(999), "999 B"), (Quantities.bytes(1_000), "1.0 kB"), (Quantities.bytes(999_949), "999.9 kB"),
            (Quantities.bytes(999_951), "1.0 MB"), (Quantities.bytes(.max - 1), "9.2 EB"), (Quantities.bytes(.max), "more than 9.2 EB"),
            (Quantities.count(1_234_567), "1,234,567"),
            (Quantities.count(-999), "−999"), (Quantities.count(.min), "−9,223,372,036,854,775,808"),
        ])
    func wording(text: String, expected: String) {
        #expect(text == expected)
    }

    @Test("a period is widened to whole hours, and never narrowed", arguments: 0..<200)
    func widening(seed: Int) {
        // A sequence without pattern over three centuries on both sides of 1970.
        let since = Int64(truncatingIfNeeded: seed &* 7_919_777_333_111) % 9_000_000_000_000
        let until = since + Int64(seed) * 1_234_567
        let period = Period(since: Timestamp(milliseconds: since), until: Timestamp(milliseconds: until))
        let bounds = period.bounds
        #expect(bounds.since <= since && since - bounds.since < 3_600_000 && bounds.since % 3_600_000 == 0)
        #expect(bounds.until >= until && bounds.until - until < 3_600_000 && bounds.until % 3_600_000 == 0)
        #expect(period.widened.widened == period.widened)
        #expect(period.widened.bounds == bounds)
        #expect(Period.all.widened == Period.all)
    }
}

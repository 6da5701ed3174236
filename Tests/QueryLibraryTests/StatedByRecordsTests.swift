import FlowModel
import FlowStore
import Foundation
import TenantFixture
import Testing

@testable import QueryCatalogue
@testable import QueryLibrary

/// No question makes a statement that no record makes: what a row says of its flows together, some flow says.
struct StatedByRecordsTests {
    /// Columns of the view `flow` that say who, what and through which; the others are sums and times. The name of a principal is
    /// not among them: its id says who it is, and any of its names calls it rightly.
    private static let columns: Set<String> = [
        "principal_kind", "principal_id", "device_id", "client_ip", "connector_id", "connector", "network_id", "network", "resource_id",
        "applied_rule",
        "address", "resource_ip", "port", "protocol", "outcome", "error", "verdict", "reason", "qualifiers", "expected_resource_id",
        "relay",
        "close_reason", "location",
    ]

    /// Everything about a Resource changes from flow to flow, as where it moved, or was given another name.
    private static func flows(seed: UInt64) -> [SmallTenant.Flow] {
        var state = seed
        func pick<Value>(_ values: [Value]) -> Value {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return values[Int(state >> 33) % values.count]
        }
        return (0..<80).map { place in
            let user = pick(["21", "22"])
            return SmallTenant.Flow(
                at: SmallTenant.start + Int64(place) * 60_000, user: user,
                email: pick(["ann@example.com", "bob@example.com", "x\(user)@example.com"]),
                resource: pick(["41", "43", ""]),
                address: pick(["db.example.internal", "wiki.example.internal", "a.example", "z.example"]),
                connector: pick(["11", "12", "99"]), network: pick(["1", "2", "9"]), denied: pick([true, false, false]))
        }
    }

    @Test("every row of every question and section is about flows that are there", arguments: [1, 2, 3])
    func stated(seed: UInt64) throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(StatedByRecordsTests.flows(seed: seed))
        let library = QueryLibrary.builtIn
        var checked: [String: Int] = [:]
        for query in try library.questions() + library.sections().map(\.query) {
            var arguments: [String: StoredValue] = [:]
            for parameter in query.parameters where parameter.isRequired { arguments[parameter.name] = .text("*") }
            var names: [String] = []
            var rows: [[StoredValue]] = []
            try QueryRunner(database: database).run(query, arguments: arguments, columns: { names = $0 }, row: { rows.append($0) })
            // What policies grant is no statement about flows.
            if ["who-could-reach", "unused-grants"].contains(query.id) { continue }
            try database.read { connection in
                for row in rows {
                    let facts = zip(names, row).filter { StatedByRecordsTests.columns.contains($0.0) && !$0.1.isNull }
                        .filter { !($0.0 == "verdict" && $0.1 == .text("not judged")) }
                    guard facts.count > 1 else { continue }
                    let condition = facts.map { name, value in
                        if case .integer(let number) = value { return "\(name) = \(number)" }
                        return "\(name) = '\(value.plain.replacing("'", with: "''"))'"
                    }.joined(separator: " AND ")
                    func count(_ more: String) throws -> Int64 {
                        try connection.value("SELECT count(*) FROM flow WHERE \(condition)\(more)") ?? 0
                    }
                    let flows = try count("")
                    #expect(flows > 0, "\(query.id): \(condition)")
                    // The first and the last of them were what the row says, too.
                    for (name, value) in zip(names, row) where name == "first_at" || name == "last_at" {
                        let then = try count(" AND started_at = \(value.plain)")
                        #expect(then > 0, "\(query.id): \(condition), \(name)")
                    }
                    checked[query.id, default: 0] += 1
                }
            }
        }
        #expect(checked.count >= 12, "\(checked)")
    }
}

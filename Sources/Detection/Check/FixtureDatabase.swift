internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// A database in memory in which tables stand for the public views, so that situations can be written down as rows of views.
struct FixtureDatabase {
    let store: AuditDatabase
    /// Columns of each view.
    let columns: [String: [String]]

    init() throws {
        store = try AuditDatabase(path: ":memory:", mode: .create)
        columns = try store.read { database in
            var columns: [String: [String]] = [:]
            for view in PublicViews.names {
                columns[view] = try (database.values("SELECT name FROM pragma_table_info(?)", [view]) as [String])
            }
            return columns
        }
    }

    /// Runs `body` while the views hold the rows of a case. Where a case gives flows and no roll-up, the roll-up is made from them.
    func with<Value>(_ fixture: FixtureFile.Case, path: String, _ body: (StoreConnection) throws -> Value) throws -> Value {
        try store.withoutTransaction { database in
            defer {
                try? database.run("DROP TABLE IF EXISTS temp.aggregate_key")
                for view in PublicViews.names { try? database.run("DROP TABLE IF EXISTS temp.\"\(view)\"") }
            }
            for view in PublicViews.names {
                guard let names = columns[view], !names.isEmpty else { continue }
                let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
                try database.run("CREATE TEMP TABLE \"\(view)\" (\(list))")
            }
            for (view, rows) in fixture.tables {
                for row in rows { try insert(row, into: view, database, "\(path):\(fixture.line)") }
            }
            try database.run(FixtureDatabase.aggregates)
            if !fixture.tables.contains(where: { $0.view == "access" }) { try database.run(FixtureDatabase.rollUp) }
            if !fixture.tables.contains(where: { $0.view == "access_detail" }) { try database.run(FixtureDatabase.details) }
            return try body(database)
        }
    }

    private func insert(_ row: FixtureFile.Row, into view: String, _ database: StoreConnection, _ place: String) throws {
        let known = Set(columns[view] ?? [])
        for field in row.fields where !known.contains(field.name) {
            throw QueryFailure(.refused, "\(place): the view `\(view)` has no column `\(field.name)`")
        }
        let names = row.fields.map { "\"\($0.name)\"" }.joined(separator: ", ")
        let marks = row.fields.map { _ in "?" }.joined(separator: ", ")
        try database.run(
            "INSERT INTO temp.\"\(view)\" (\(names)) VALUES (\(marks))", row.fields.map(\.value))
    }

    /// Columns that flows of one aggregate have in common.
    private static let aggregate = """
        principal_kind, principal_id, principal, service_key_id, device_id, client_ip, location, connector_id, connector, network_id,
        network, resource_id, applied_rule, address, port, protocol, outcome, verdict, reason, expected_resource_id, qualifiers,
        policy_version
        """

    /// Numbers the aggregates of the flows.
    private static let aggregates = """
        CREATE TEMP TABLE aggregate_key (aggregate_id INTEGER PRIMARY KEY, key TEXT UNIQUE);
        INSERT OR IGNORE INTO temp.aggregate_key (key) SELECT json_array(\(aggregate)) FROM temp.flow;
        UPDATE temp.flow SET aggregate_id = (SELECT aggregate_id FROM temp.aggregate_key WHERE key = json_array(\(aggregate)));
        """

    /// As `docs/database-views.md` defines `access_detail`.
    private static let details: String = {
        let common = """
            \(aggregate), resource_ip, relay, path, error, close_reason, requested, recorded_effect, recorded_reason,
            recorded_policy_version, recorded_policy_digest, aggregate_id
            """
        return """
            INSERT INTO temp.access_detail (hour_at, \(common), flows, open, orphans, inferred_starts, unknown_starts, first_at, last_at,
                first_flow, last_flow)
            SELECT started_at / 3600000 * 3600000, \(common), count(*), sum(ended_at IS NULL), sum(coalesce(is_orphan, 0)),
                sum(coalesce(start_is_inferred, 0)), sum(coalesce(start_is_unknown, 0)), min(started_at), max(started_at), min(flow_id),
                max(flow_id)
            FROM temp.flow
            GROUP BY started_at / 3600000, \(common)
            """
    }()

    /// As `docs/database-views.md` defines `access`.
    private static let rollUp = """
        INSERT INTO temp.access (hour_at, principal_kind, principal_id, principal, device_id, client_ip, connector_id, connector,
            network_id, network, resource_id, applied_rule, address, port, protocol, outcome, verdict, reason,
            expected_resource_id, qualifiers, policy_version, flows, open, bytes_received, bytes_transferred, first_at, last_at,
            first_flow, last_flow, aggregate_id)
        SELECT started_at / 3600000 * 3600000, principal_kind, principal_id, principal, device_id, client_ip, connector_id,
            connector, network_id, network, resource_id, applied_rule, address, port, protocol, outcome, verdict, reason,
            expected_resource_id, qualifiers, policy_version, count(*), sum(ended_at IS NULL), coalesce(sum(bytes_received), 0),
            coalesce(sum(bytes_transferred), 0), min(started_at), max(started_at), min(flow_id), max(flow_id), aggregate_id
        FROM temp.flow
        GROUP BY started_at / 3600000, aggregate_id, principal_kind, principal_id, principal, device_id, client_ip, connector_id, connector,
            network_id, network, resource_id, applied_rule, address, port, protocol, outcome, verdict, reason,
            expected_resource_id, qualifiers, policy_version
        """
}

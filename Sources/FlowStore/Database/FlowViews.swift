/// The views `flow`, `access` and `access_detail`: over the tables, or over names that a connection gathered (`GatheredNames`).
extension Views {
    /// A column of a view, and what it is of the tables. `isText`: it is a column of a table that holds texts, which comparisons respect.
    typealias NamedColumn = (name: String, of: String, isText: Bool)

    /// What a view says of an aggregate, by the names of `namesOfAggregate`.
    static let aggregateColumns =
        FlowColumn.shared(.aggregate) + [
            ("outcome", "CASE e.outcome WHEN 3 THEN 'allowed' WHEN 1 THEN 'denied' WHEN 2 THEN 'failed' END", false)
        ]
    /// The same of `route`.
    static let routeColumns = FlowColumn.shared(.route)
    /// The same of `remark r`.
    static let remarkColumns = FlowColumn.shared(.remark)

    /// Relayed or direct, of a flow's `relays` and `tunnel_path`.
    static let path = """
        CASE WHEN route.tunnel_path <> 0
                    THEN CASE WHEN \(text("route.tunnel_path")) = 'direct' THEN 'direct' ELSE 'relayed' END
                WHEN \(text("route.relays")) = '[]' THEN 'direct'
                WHEN route.relays <> 0 THEN 'relayed'
            END
        """

    /// The text of a number. A statement may join 64 tables, and those that ask `flow` several times should stay below that: only texts by which
    /// rows are looked for are joined.
    static func text(_ number: String) -> String { "(SELECT value FROM text WHERE text_id = \(number))" }

    /// The end of `flow_fact f`; within what an integer holds, whatever its record said. An attempt that failed has none: when it failed is
    /// kept to know its event again, as far as that says when it began.
    static let end = """
        CASE WHEN f.state & 3 = \(FlowState.failed.outcomeCode) THEN NULL
                WHEN f.started_at > 0 AND f.duration_ms > \(Int64.max) - f.started_at THEN \(Int64.max)
                WHEN f.started_at < 0 AND f.duration_ms < \(Int64.min) - f.started_at THEN \(Int64.min)
                ELSE f.started_at + f.duration_ms END
        """

    /// Where a view finds what the numbers in rows stand for.
    enum Naming {
        /// In the dictionaries, text by text.
        case joined
        /// In the tables of `GatheredNames`, where each aggregate has its names in one row.
        case gathered

        /// Joins what the number `aggregate_id` of `row` stands for.
        fileprivate func aggregate(of row: String) -> String {
            switch self {
            case .joined:
                """
                JOIN aggregate e ON e.aggregate_id = \(row).aggregate_id
                JOIN client o ON o.client_id = e.client_id
                JOIN destination t ON t.destination_id = e.destination_id
                """
            case .gathered: "JOIN temp.\(GatheredNames.aggregates) e ON e.aggregate_id = \(row).aggregate_id"
            }
        }

        /// The same of `flow_fact f`. A flow has its aggregate by number, while nothing finds the flows of an aggregate but reading all of them, which
        /// would be done for each aggregate: SQLite keeps the order of CROSS JOIN, and has nothing to look flows up by where `+` makes the number
        /// an expression. A LEFT JOIN of which no name is wanted is left out.
        fileprivate var aggregateOfFlow: String {
            switch self {
            case .joined:
                """
                CROSS JOIN aggregate e ON e.aggregate_id = f.aggregate_id
                CROSS JOIN client o ON o.client_id = e.client_id
                CROSS JOIN destination t ON t.destination_id = e.destination_id
                """
            case .gathered: "LEFT JOIN temp.\(GatheredNames.aggregates) e ON e.aggregate_id = +f.aggregate_id"
            }
        }

        /// Texts of an aggregate, behind all that must be there.
        fileprivate var namesOfAggregate: String { self == .joined ? Views.namesOfAggregate : "" }

        fileprivate func routeAndRemark(of row: String) -> String {
            switch self {
            case .joined:
                """
                LEFT JOIN route ON route.route_id = \(row).route_id
                LEFT JOIN remark r ON r.remark_id = \(row).remark_id
                """
            case .gathered:
                """
                LEFT JOIN temp.\(GatheredNames.routes) route ON route.route_id = \(row).route_id
                LEFT JOIN temp.\(GatheredNames.remarks) r ON r.remark_id = \(row).remark_id
                """
            }
        }

        /// The columns of these names, separated by commas.
        fileprivate func columns(_ names: String...) -> String {
            names.map { "\(expression($0)) AS \($0)" }.joined(separator: ",\n    ")
        }

        /// A column of the view `flow`.
        fileprivate func column(_ column: FlowColumn) -> String {
            if case .flow(let expression) = column.source { return "\(expression) AS \(column.name)" }
            return columns(column.name)
        }

        private func expression(_ name: String) -> String {
            let tables = [("e", Views.aggregateColumns), ("route", Views.routeColumns), ("r", Views.remarkColumns)]
            for (table, columns) in tables {
                guard let column = columns.first(where: { $0.name == name }) else { continue }
                return self == .joined ? column.of : "\(table).\(name)"
            }
            return name
        }
    }

    private static func join(_ table: String, _ columns: [String]) -> String {
        columns.map { "LEFT JOIN text \($0) ON \($0).text_id = \(table).\($0)" }.joined(separator: "\n")
    }

    /// Joins the texts of `aggregate e`, `client o` and `destination t`.
    static let namesOfAggregate = """
        LEFT JOIN assessment j ON j.assessment_id = e.assessment_id
        \(namesOfClient)
        \(namesOfDestination)
        """
    /// Names of `client o` and of `destination t`, each under its column's name.
    static let namesOfClient = join("o", ["principal_id", "principal", "device", "client_ip"])
    static let namesOfDestination = join(
        "t", ["connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "address"])

    static let flow = "CREATE VIEW flow AS\n\(flow(.joined));"
    static let access = "CREATE VIEW access AS\n\(access(.joined));"
    static let accessDetail = """
        CREATE VIEW access_detail AS
        \(accessDetail(.joined, rows: "(\n\(details)\n)"));
        """

    static func flow(_ naming: Naming) -> String {
        """
        SELECT \(FlowColumn.all.map(naming.column).joined(separator: ",\n    "))
        FROM flow_fact f
        \(naming.aggregateOfFlow)
        \(naming.routeAndRemark(of: "f"))
        \(naming.namesOfAggregate)
        WHERE f.state & \(FlowState.matched.rawValue) = 0
        """
    }

    static func access(_ naming: Naming) -> String {
        """
        SELECT h.hour * 3600000 AS hour_at,
            \(naming.columns("principal_kind", "principal_id", "principal", "device_id", "client_ip")),
            \(naming.columns("connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "address")),
            \(naming.columns("port", "protocol", "outcome")),
            \(naming.columns("verdict", "reason", "expected_resource_id", "qualifiers", "violation", "policy_version")),
            h.flows,
            h.open,
            h.bytes_received,
            h.bytes_transferred,
            h.hour * 3600000 + h.first_ms AS first_at,
            h.hour * 3600000 + h.last_ms AS last_at,
            h.first_flow,
            h.last_flow,
            h.aggregate_id
        FROM aggregate_hour h
        \(naming.aggregate(of: "h"))
        \(naming.namesOfAggregate)
        """
    }

    /// `rows`: a table or statement of `details`.
    static func accessDetail(_ naming: Naming, rows: String) -> String {
        """
        SELECT d.hour * 3600000 AS hour_at,
            \(naming.columns("principal_kind", "principal_id", "principal", "service_key_id", "device_id", "client_ip", "location")),
            \(naming.columns("connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "address")),
            \(text("d.resource_ip")) AS resource_ip,
            \(naming.columns("port", "protocol", "relay", "path", "outcome", "error", "close_reason", "requested")),
            \(naming.columns("verdict", "reason", "expected_resource_id", "qualifiers", "violation", "policy_version")),
            \(naming.columns("recorded_effect", "recorded_reason", "recorded_policy_version", "recorded_policy_digest")),
            d.flows,
            d.open,
            d.orphans,
            d.inferred_starts,
            d.unknown_starts,
            d.first_at,
            d.last_at,
            d.first_flow,
            d.last_flow,
            d.aggregate_id
        FROM \(rows) d
        \(naming.aggregate(of: "d"))
        \(naming.routeAndRemark(of: "d"))
        \(naming.namesOfAggregate)
        """
    }

    /// Flows counted by all that they have in common; `FlowDetails` counts the same. An hour before 1970 ends, too, where the next begins.
    static let details = """
        SELECT (f.started_at - (f.started_at % 3600000 + 3600000) % 3600000) / 3600000 AS hour, f.aggregate_id, f.resource_ip, f.route_id,
            f.remark_id, count(*) AS flows, sum((\(end)) IS NULL) AS open, sum(f.state & 4 <> 0) AS orphans,
            sum(f.state & 8 <> 0) AS inferred_starts, sum(f.state & 16 <> 0) AS unknown_starts, min(f.started_at) AS first_at,
            max(f.started_at) AS last_at, min(f.flow_id) AS first_flow, max(f.flow_id) AS last_flow
        FROM flow_fact f
        WHERE f.state & \(FlowState.matched.rawValue) = 0
        GROUP BY 1, 2, 3, 4, 5
        """
}

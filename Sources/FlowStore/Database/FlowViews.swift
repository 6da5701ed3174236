/// The views `flow`, `access` and `access_detail`: over the tables, or over names that a connection gathered (`GatheredNames`).
extension Views {
    /// A column of a view, and what it is of the tables. `isText`: it is a column of a table that holds texts, which comparisons respect.
    typealias NamedColumn = (name: String, of: String, isText: Bool)

    private static func text(_ name: String, _ table: String? = nil) -> NamedColumn { (name, "\(table ?? name).value", true) }

    /// What a view says of an edge, by the names of `sourceOfEdges`.
    static let edgeColumns: [NamedColumn] = [
        ("principal_kind", "CASE o.principal_kind WHEN 1 THEN 'user' WHEN 2 THEN 'service_account' END", false),
        text("principal_id"), text("principal"), text("service_key_id", "service_key"), text("device_id", "device"), text("client_ip"),
        text("location"), text("connector_id"), text("connector"), text("network_id"), text("network"), text("resource_id"),
        text("applied_rule"), text("address"), ("port", "nullif(t.port, -1)", false),
        ("protocol", "CASE t.protocol WHEN 1 THEN 'tcp' WHEN 2 THEN 'udp' WHEN 3 THEN 'icmp' ELSE protocol.value END", false),
        ("outcome", "CASE e.outcome WHEN 3 THEN 'allowed' WHEN 1 THEN 'denied' WHEN 2 THEN 'failed' END", false),
        ("verdict", "j.class", true), ("reason", "nullif(j.reason, '')", false),
        ("expected_resource_id", "nullif(j.expected_resource_id, '')", false), ("qualifiers", "nullif(j.qualifiers, '')", false),
        ("policy_version", "nullif(j.policy_version, '')", false),
    ]

    /// The same of `route`.
    static let routeColumns: [NamedColumn] = [text("relay", "relays"), ("path", path, false)]

    /// The same of `remark r`.
    static let remarkColumns: [NamedColumn] = [
        text("error"), text("close_reason"), text("requested"), text("recorded_effect", "decision_effect"),
        text("recorded_reason", "decision_reason"), ("recorded_policy_version", "nullif(r.policy_version, -1)", false),
        text("recorded_policy_digest", "recorded_digest"),
    ]

    /// Relayed or direct, of a flow's `relays` and `tunnel_path`.
    static let path = """
        CASE WHEN tunnel_path.value IS NOT NULL
                    THEN CASE WHEN tunnel_path.value = 'direct' THEN 'direct' ELSE 'relayed' END
                WHEN relays.value = '[]' THEN 'direct'
                WHEN relays.value IS NOT NULL THEN 'relayed'
            END
        """

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
        /// In the tables of `GatheredNames`, where each edge has its names in one row.
        case gathered

        /// Joins what the number `edge_id` of `row` stands for.
        fileprivate func edge(of row: String) -> String {
            switch self {
            case .joined:
                """
                JOIN edge e ON e.edge_id = \(row).edge_id
                JOIN origin o ON o.origin_id = e.origin_id
                JOIN target t ON t.target_id = e.target_id
                """
            case .gathered: "JOIN temp.\(GatheredNames.edges) e ON e.edge_id = \(row).edge_id"
            }
        }

        /// The same of `flow_fact f`. A flow has its edge by number, while nothing finds the flows of an edge but reading all of them, which
        /// would be done for each edge: SQLite keeps the order of CROSS JOIN, and has nothing to look flows up by where `+` makes the number
        /// an expression. A LEFT JOIN of which no name is wanted is left out.
        fileprivate var edgeOfFlow: String {
            switch self {
            case .joined:
                """
                CROSS JOIN edge e ON e.edge_id = f.edge_id
                CROSS JOIN origin o ON o.origin_id = e.origin_id
                CROSS JOIN target t ON t.target_id = e.target_id
                """
            case .gathered: "LEFT JOIN temp.\(GatheredNames.edges) e ON e.edge_id = +f.edge_id"
            }
        }

        /// Texts of an edge, behind all that must be there.
        fileprivate var namesOfEdge: String { self == .joined ? Views.namesOfEdge : "" }

        fileprivate func routeAndRemark(of row: String) -> String {
            switch self {
            case .joined:
                """
                LEFT JOIN route ON route.route_id = \(row).route_id
                LEFT JOIN remark r ON r.remark_id = \(row).remark_id
                \(Views.namesOfRoute)
                \(Views.namesOfRemark)
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

        private func expression(_ name: String) -> String {
            let tables = [("e", Views.edgeColumns), ("route", Views.routeColumns), ("r", Views.remarkColumns)]
            for (table, columns) in tables {
                guard let column = columns.first(where: { $0.name == name }) else { continue }
                return self == .joined ? column.of : "\(table).\(name)"
            }
            return name
        }
    }

    private static func join(_ table: String, _ columns: [(String, as: String)]) -> String {
        columns.map { "LEFT JOIN text \($0.as) ON \($0.as).text_id = \(table).\($0.0)" }.joined(separator: "\n")
    }

    private static func join(_ table: String, _ columns: [String]) -> String { join(table, columns.map { ($0, as: $0) }) }

    /// Joins the texts of `edge e`, `origin o` and `target t`.
    static let namesOfEdge = """
        LEFT JOIN judgement j ON j.judgement_id = e.judgement_id
        \(namesOfOrigin)
        \(join("o", ["service_key", "location"]))
        \(namesOfTarget)
        LEFT JOIN text protocol ON protocol.text_id = t.protocol - 16
        """
    /// Names of `origin o` and of `target t`, each under its column's name.
    static let namesOfOrigin = join("o", ["principal_id", "principal", "device", "client_ip"])
    static let namesOfTarget = join(
        "t", ["connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "address"])
    static let namesOfRoute = join("route", [("relays", as: "relays"), ("tunnel_path", as: "tunnel_path")])
    static let namesOfRemark = join(
        "r",
        [
            ("error", as: "error"), ("close_reason", as: "close_reason"), ("requested", as: "requested"),
            ("decision_effect", as: "decision_effect"), ("decision_reason", as: "decision_reason"),
            ("policy_digest", as: "recorded_digest"),
        ])

    static let flow = "CREATE VIEW flow AS\n\(flow(.joined));"
    static let access = "CREATE VIEW access AS\n\(access(.joined));"
    static let accessDetail = """
        CREATE VIEW access_detail AS
        \(accessDetail(.joined, rows: "(\n\(details)\n)"));
        """

    static func flow(_ naming: Naming) -> String {
        """
        SELECT f.flow_id,
            \(PackedConnectionID.text("f.connection_id")) AS connection_id,
            f.started_at,
            \(end) AS ended_at,
            CASE f.state & 3 WHEN 3 THEN 'allowed' WHEN 1 THEN 'denied' WHEN 2 THEN 'failed' END AS outcome,
            \(naming.columns("principal_kind", "principal_id", "principal", "service_key_id", "device_id", "client_ip", "location")),
            \(naming.columns("connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "address")),
            resource_ip.value AS resource_ip,
            \(naming.columns("port", "protocol")),
            f.bytes_received,
            f.bytes_transferred,
            \(naming.columns("relay", "path", "error", "close_reason", "requested")),
            \(naming.columns("policy_version", "verdict", "reason", "expected_resource_id", "qualifiers")),
            \(naming.columns("recorded_effect", "recorded_reason", "recorded_policy_version", "recorded_policy_digest")),
            f.state & 4 <> 0 AS is_orphan,
            f.state & 8 <> 0 AS start_is_inferred,
            f.state & 16 <> 0 AS start_is_unknown,
            f.state & 32 <> 0 AS is_whole,
            f.state & \(FlowState.idReused.rawValue) <> 0 AS id_is_reused,
            f.state & \(FlowState.disputed.rawValue) <> 0 AS is_disputed,
            f.source_id,
            f.source_offset,
            f.source_line,
            CASE WHEN f.end_offset IS NOT NULL THEN coalesce(f.end_source_id, f.source_id) END AS end_source_id,
            f.end_offset,
            f.end_line,
            (
                SELECT json_group_array(
                    json_object(
                        'source_id', source_id, 'source_line', source_line, 'source_offset', source_offset, 'retold_flow_id', flow_id,
                        'differs', differs))
                FROM (
                    SELECT t.source_id, t.source_line, t.source_offset, t.flow_id, \(differs) AS differs
                    FROM retelling_fact a JOIN flow_fact t ON t.flow_id = a.flow_id
                    WHERE a.original_flow = f.flow_id ORDER BY 1, 2, 3)
                HAVING count(*) > 0
            ) AS other_sources,
            (SELECT count(*) FROM retelling_fact a WHERE a.original_flow = f.flow_id) AS retellings,
            (SELECT count(*) FROM retelling_fact a WHERE a.original_flow = f.flow_id AND a.differences <> 0) AS conflicts,
            f.edge_id
        FROM flow_fact f
        \(naming.edgeOfFlow)
        \(naming.routeAndRemark(of: "f"))
        \(naming.namesOfEdge)
        LEFT JOIN text resource_ip ON resource_ip.text_id = f.resource_ip
        WHERE f.state & \(FlowState.retold.rawValue) = 0
        """
    }

    static func access(_ naming: Naming) -> String {
        """
        SELECT h.hour * 3600000 AS hour_at,
            \(naming.columns("principal_kind", "principal_id", "principal", "device_id", "client_ip")),
            \(naming.columns("connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "address")),
            \(naming.columns("port", "protocol", "outcome")),
            \(naming.columns("verdict", "reason", "expected_resource_id", "qualifiers", "policy_version")),
            h.flows,
            h.open,
            h.bytes_received,
            h.bytes_transferred,
            h.hour * 3600000 + h.first_ms AS first_at,
            h.hour * 3600000 + h.last_ms AS last_at,
            h.first_flow,
            h.last_flow,
            h.edge_id
        FROM edge_hour h
        \(naming.edge(of: "h"))
        \(naming.namesOfEdge)
        """
    }

    /// `rows`: a table or statement of `details`.
    static func accessDetail(_ naming: Naming, rows: String) -> String {
        """
        SELECT d.hour * 3600000 AS hour_at,
            \(naming.columns("principal_kind", "principal_id", "principal", "service_key_id", "device_id", "client_ip", "location")),
            \(naming.columns("connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "address")),
            resource_ip.value AS resource_ip,
            \(naming.columns("port", "protocol", "relay", "path", "outcome", "error", "close_reason", "requested")),
            \(naming.columns("verdict", "reason", "expected_resource_id", "qualifiers", "policy_version")),
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
            d.edge_id
        FROM \(rows) d
        \(naming.edge(of: "d"))
        \(naming.routeAndRemark(of: "d"))
        \(naming.namesOfEdge)
        LEFT JOIN text resource_ip ON resource_ip.text_id = d.resource_ip
        """
    }

    /// Flows counted by all that they have in common; `FlowDetails` counts the same. An hour before 1970 ends, too, where the next begins.
    static let details = """
        SELECT (f.started_at - (f.started_at % 3600000 + 3600000) % 3600000) / 3600000 AS hour, f.edge_id, f.resource_ip, f.route_id,
            f.remark_id, count(*) AS flows, sum((\(end)) IS NULL) AS open, sum(f.state & 4 <> 0) AS orphans,
            sum(f.state & 8 <> 0) AS inferred_starts, sum(f.state & 16 <> 0) AS unknown_starts, min(f.started_at) AS first_at,
            max(f.started_at) AS last_at, min(f.flow_id) AS first_flow, max(f.flow_id) AS last_flow
        FROM flow_fact f
        WHERE f.state & \(FlowState.retold.rawValue) = 0
        GROUP BY 1, 2, 3, 4, 5
        """
}

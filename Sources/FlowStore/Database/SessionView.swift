/// Sessions: flows of one principal, device and Resource without long pauses.
extension Views {
    /// A session ends when a principal left a Resource alone for this long: ten minutes, the pause after which people sign in anew.
    static let sessionGapMs: Int64 = 600_000

    static let session = "CREATE VIEW session AS\n" + sessions(gapMs: sessionGapMs) + ";"

    /// What the flows of a session have in common.
    static let sessionKey = "principal_kind, principal_id, device, resource_id"

    /// Common table expressions, up to `numbered`: the flows that meet a condition over `flow_fact f`, `aggregate e`, `client o` and `destination t`,
    /// each with the number of its session among those of its key, `part`. Refused attempts are no use of a Resource.
    static func sessionParts(where condition: String, gapMs: Int64) -> String {
        let inTime = "PARTITION BY \(sessionKey) ORDER BY started_at, flow_id"
        return """
            session_use AS (
                SELECT f.flow_id, f.started_at, coalesce(\(end), f.started_at) AS ended_at, f.aggregate_id, f.route_id,
                    f.bytes_received, f.bytes_transferred, o.principal_kind, o.principal_id, o.device, t.resource_id
                FROM flow_fact f
                CROSS JOIN aggregate e ON e.aggregate_id = f.aggregate_id
                CROSS JOIN client o ON o.client_id = e.client_id
                CROSS JOIN destination t ON t.destination_id = e.destination_id
                WHERE e.outcome <> 1 AND f.state & \(FlowState.matched.rawValue) = 0 AND \(condition)
            ), marked AS (
                SELECT *, CASE WHEN started_at - max(ended_at) OVER earlier <= \(gapMs) THEN 0 ELSE 1 END AS starts
                FROM session_use
                WINDOW earlier AS (\(inTime) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            ), numbered AS (
                SELECT *, sum(starts) OVER (\(inTime) ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS part
                FROM marked
            )
            """
    }

    /// A statement that makes sessions of the flows that meet a condition: see `sessionParts`.
    ///
    /// Flows are numbers until few rows are left: names are looked up for each aggregate of a session, not for each flow.
    static func sessions(where condition: String = "1", gapMs: Int64) -> String {
        let key = sessionKey
        return """
            WITH \(sessionParts(where: condition, gapMs: gapMs)), by_aggregate AS (
                SELECT \(key), part, aggregate_id, route_id, min(flow_id) AS first_flow, min(started_at) AS started_at,
                    max(ended_at) AS ended_at, count(*) AS flows, sum(bytes_received) AS bytes_received,
                    sum(bytes_transferred) AS bytes_transferred
                FROM numbered
                GROUP BY \(key), part, aggregate_id, route_id
            ), session_name AS (
                SELECT s.*, e.outcome, t.connector_id,
                    CASE s.principal_kind WHEN 1 THEN 'user' WHEN 2 THEN 'service_account' END AS kind,
                    principal_id.value AS principal_text, principal.value AS principal, device.value AS device_text,
                    client_ip.value AS client_ip, resource_id.value AS resource_text, address.value AS address,
                    connector.value AS connector, network.value AS network, j.class AS verdict, \(path) AS path
                FROM by_aggregate s
                JOIN aggregate e ON e.aggregate_id = s.aggregate_id
                JOIN client o ON o.client_id = e.client_id
                JOIN destination t ON t.destination_id = e.destination_id
                LEFT JOIN route ON route.route_id = s.route_id
                LEFT JOIN assessment j ON j.assessment_id = e.assessment_id
                LEFT JOIN text principal_id ON principal_id.text_id = s.principal_id
                LEFT JOIN text principal ON principal.text_id = o.principal
                LEFT JOIN text device ON device.text_id = s.device
                LEFT JOIN text client_ip ON client_ip.text_id = o.client_ip
                LEFT JOIN text resource_id ON resource_id.text_id = s.resource_id
                LEFT JOIN text address ON address.text_id = t.address
                LEFT JOIN text connector ON connector.text_id = t.connector
                LEFT JOIN text network ON network.text_id = t.network
                LEFT JOIN text relays ON relays.text_id = route.relays
                LEFT JOIN text tunnel_path ON tunnel_path.text_id = route.tunnel_path
                ORDER BY s.started_at, s.first_flow
            )
            SELECT min(first_flow) AS session_id,
                min(started_at) AS started_at,
                max(ended_at) AS ended_at,
                kind AS principal_kind, principal_text AS principal_id, max(principal) AS principal, device_text AS device_id,
                resource_text AS resource_id,
                group_concat(DISTINCT address) AS addresses,
                group_concat(DISTINCT client_ip) AS client_ips,
                group_concat(DISTINCT connector) AS connectors,
                max(network) AS network,
                group_concat(DISTINCT path) AS paths,
                sum(flows) AS flows,
                sum(CASE outcome WHEN 2 THEN flows ELSE 0 END) AS failures,
                max(count(DISTINCT nullif(connector_id, 0)) - 1, 0) AS connector_changes,
                sum(bytes_received) AS bytes_received,
                sum(bytes_transferred) AS bytes_transferred,
                group_concat(DISTINCT verdict) AS verdicts
            FROM session_name
            GROUP BY \(key), part
            """
    }
}

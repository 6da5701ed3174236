/// A column of the view `flow`: what it is called, what it holds, and where it comes from.
///
/// This list is the only one: the view is built from it, and the table in docs/database-views.md must say the same. A new column of a flow is
/// a field of its dictionary (or of `FlowFactColumn`) with a migration, a line here, and a line there.
package struct FlowColumn: Sendable {
    /// What stands in it; all may be NULL for absent.
    package enum Kind: String, Sendable {
        case text
        case integer
        /// Milliseconds since 1970-01-01T00:00Z.
        case time
        case bytes
        /// 1 or 0.
        case flag
        /// JSON, as text.
        case json
    }

    enum Source: Sendable {
        /// Of a flow's own row, `flow_fact f`, and what is joined to it alone.
        case flow(String)
        /// What many flows share: in a view an expression over the tables, or a column of the names that a connection gathered.
        case shared(Sharing, String)
        /// The same of a column that holds texts, which comparisons respect.
        case text(Sharing, String)

        static func flag(_ flag: FlowState) -> Source { .flow("f.state & \(flag.rawValue) <> 0") }
    }

    /// With what a column is shared.
    enum Sharing: Sendable {
        /// All flows of one aggregate: `aggregate e`, `client o`, `destination t`, `assessment j`.
        case aggregate
        case route
        /// `remark r`.
        case remark
    }

    package let name: String
    package let kind: Kind
    /// For people, in Markdown.
    package let meaning: String
    let source: Source

    private init(_ name: String, _ kind: Kind, _ source: Source, _ meaning: String) {
        self.name = name
        self.kind = kind
        self.meaning = meaning
        self.source = source
    }

    /// `Violation` of an assessment `j`; a test holds both against each other.
    package static let violation = """
        CASE WHEN j.class IN ('over-permitted', 'over-blocked', 'misrouted') AND ';' || j.qualifiers || ';' NOT LIKE '%;stale;%' THEN j.class
            WHEN ';' || j.qualifiers || ';' LIKE '%;outlived;%' THEN 'outlived' END
        """

    /// The columns that are shared in one way, for `Views`.
    static func shared(_ wanted: Sharing) -> [Views.NamedColumn] {
        all.compactMap { column in
            switch column.source {
            case .shared(let sharing, let expression) where sharing == wanted: (column.name, expression, false)
            case .text(let sharing, let text) where sharing == wanted: (column.name, text, true)
            default: nil
            }
        }
    }

    package static let all: [FlowColumn] = [
        FlowColumn("flow_id", .integer, .flow("f.flow_id"), "number of the flow in this database"),
        FlowColumn(
            "connection_id", .text, .flow(PackedConnectionID.text("f.connection_id")),
            "the Connector's own id of the connection; NULL where the source has none (`is_whole`)"),
        FlowColumn("started_at", .time, .flow("f.started_at"), "when it began"),
        FlowColumn("ended_at", .time, .flow(Views.end), "when it ended; NULL while it is open, or when nobody said"),
        FlowColumn(
            "outcome", .text, .flow("CASE f.state & 3 WHEN 3 THEN 'allowed' WHEN 1 THEN 'denied' WHEN 2 THEN 'failed' END"),
            """
            `allowed` (carried), `denied` (refused by the Connector), `failed` (allowed, but the name did not resolve or the target did not \
            answer)
            """),
        FlowColumn(
            "principal_kind", .text, .shared(.aggregate, "CASE o.principal_kind WHEN 1 THEN 'user' WHEN 2 THEN 'service_account' END"),
            "`user` or `service_account`"),
        FlowColumn("principal_id", .text, .text(.aggregate, "principal_id.value"), "who: the id of the user or service account"),
        FlowColumn("principal", .text, .text(.aggregate, "principal.value"), "e-mail of a user, or name of a service account"),
        FlowColumn("service_key_id", .text, .text(.aggregate, Views.text("o.service_key")), "the key that a service account used"),
        FlowColumn("device_id", .text, .text(.aggregate, "device.value"), "the client's device"),
        FlowColumn("client_version", .text, .text(.remark, Views.text("r.client_version")), "version of the client on that device"),
        FlowColumn("client_ip", .text, .text(.aggregate, "client_ip.value"), "public address of the client"),
        FlowColumn(
            "location", .json, .text(.aggregate, Views.text("o.location")),
            "JSON object as the source gives it, such as `{\"geoip\":{\"city\",\"country\",\"lat\",\"lon\",\"region\"}}`"),
        FlowColumn("connector_id", .text, .text(.aggregate, "connector_id.value"), "the Connector that carried it"),
        FlowColumn("connector", .text, .text(.aggregate, "connector.value"), "the Connector's name"),
        FlowColumn("network_id", .text, .text(.aggregate, "network_id.value"), "the Remote network that the record names"),
        FlowColumn("network", .text, .text(.aggregate, "network.value"), "the Remote network's name"),
        FlowColumn("resource_id", .text, .text(.aggregate, "resource_id.value"), "the Resource that the Connector recorded"),
        FlowColumn(
            "applied_rule", .text, .text(.aggregate, "applied_rule.value"),
            "the Resource's definition that matched, such as `*.corp.example.com`"),
        FlowColumn("address", .text, .text(.aggregate, "address.value"), "the name or address that was asked for"),
        FlowColumn("resource_ip", .text, .flow(Views.text("f.resource_ip")), "the address that the Connector connected to"),
        FlowColumn(
            "port", .integer, .shared(.aggregate, "nullif(t.port, -1)"), "port of the destination; NULL for protocols without ports"),
        FlowColumn(
            "protocol", .text,
            .shared(
                .aggregate,
                "CASE t.protocol WHEN 1 THEN 'tcp' WHEN 2 THEN 'udp' WHEN 3 THEN 'icmp' ELSE \(Views.text("t.protocol - 16")) END"),
            "`tcp`, `udp`, `icmp`, or the word of the source"),
        FlowColumn("bytes_received", .bytes, .flow("f.bytes_received"), "bytes from the Resource to the client"),
        FlowColumn("bytes_transferred", .bytes, .flow("f.bytes_transferred"), "bytes from the client to the Resource"),
        FlowColumn(
            "relay", .json, .text(.route, Views.text("route.relays")),
            "JSON array of the relays in use, objects with `ip`, `name`, `port`; `[]` when direct"),
        FlowColumn("path", .text, .shared(.route, Views.path), "`direct` or `relayed`"),
        FlowColumn("error", .text, .text(.remark, Views.text("r.error")), "what the source says about a failure"),
        FlowColumn(
            "close_reason", .text, .text(.remark, Views.text("r.close_reason")),
            "why it ended: `client`, `resource`, `idle`, `policy`, `shutdown`, `error` (journals)"),
        FlowColumn(
            "requested", .text, .text(.remark, Views.text("r.requested")),
            "what the user dialled, where it differs from `address` (journals)"),
        FlowColumn(
            "policy_version", .text, .shared(.aggregate, "nullif(j.policy_version, '')"),
            "the policy in force at the start, as the engine judged: `version` of `policy_snapshot`; NULL when none was"),
        FlowColumn(
            "verdict", .text, .text(.aggregate, "j.class"),
            """
            `enforced`, `misrouted`, `over-permitted`, `blocked`, `over-blocked`, `unverifiable`; NULL when nobody has judged it. See \
            [policy-model.md](policy-model.md)
            """),
        FlowColumn("reason", .text, .shared(.aggregate, "nullif(j.reason, '')"), "reason code of the policy in force when it denies"),
        FlowColumn(
            "expected_resource_id", .text, .shared(.aggregate, "nullif(j.expected_resource_id, '')"),
            "the Resource that the policy in force selects"),
        FlowColumn(
            "qualifiers", .text, .shared(.aggregate, "nullif(j.qualifiers, '')"),
            """
            `ambiguous`, `stale`, `stale-late`, `outlived`, `posture-unknown`, joined by `;`. Test for one with \
            `';' || qualifiers || ';' LIKE '%;stale;%'`
            """),
        FlowColumn(
            "violation", .text, .shared(.aggregate, FlowColumn.violation),
            """
            what makes the flow a violation: its `verdict` where that is `over-permitted`, `over-blocked` or `misrouted` and no change on its \
            way (`stale`) explains it, else `outlived` where it has that qualifier; NULL when it is none
            """),
        FlowColumn("recorded_effect", .text, .text(.remark, Views.text("r.decision_effect")), "the Connector's own decision (journals)"),
        FlowColumn("recorded_reason", .text, .text(.remark, Views.text("r.decision_reason")), "its reason (journals)"),
        FlowColumn(
            "recorded_policy_version", .integer, .shared(.remark, "nullif(r.policy_version, -1)"),
            "version of the policy under which the Connector decided (journals)"),
        FlowColumn("recorded_policy_digest", .text, .text(.remark, Views.text("r.policy_digest")), "digest of that policy (journals)"),
        FlowColumn("is_orphan", .flag, .flag(.orphan), "a closed record without its established one"),
        FlowColumn("start_is_inferred", .flag, .flag(.startInferred), "the start was computed from end and duration"),
        FlowColumn("start_is_unknown", .flag, .flag(.startUnknown), "only one record is known, and its time stands for the start"),
        FlowColumn("is_whole", .flag, .flag(.whole), "told in one piece by a source without connection ids"),
        FlowColumn("id_is_reused", .flag, .flag(.idReused), "other flows have the same Connector and connection id: see `reused_id`"),
        FlowColumn(
            "is_disputed", .flag, .flag(.disputed),
            """
            two records of this connection that must say the same, of its end or its bytes, do not; the later end and the larger count \
            stand
            """),
        FlowColumn("source_id", .integer, .flow("f.source_id"), "source of the first record"),
        FlowColumn("source_offset", .bytes, .flow("f.source_offset"), "its byte offset in the inflated file"),
        FlowColumn("source_line", .integer, .flow("f.source_line"), "its line, from 1"),
        FlowColumn(
            "end_source_id", .integer, .flow("CASE WHEN f.end_offset IS NOT NULL THEN coalesce(f.end_source_id, f.source_id) END"),
            "source of the record that ended it; NULL when there is none"),
        FlowColumn("end_offset", .bytes, .flow("f.end_offset"), "its byte offset in the inflated file"),
        FlowColumn("end_line", .integer, .flow("f.end_line"), "its line, from 1"),
        FlowColumn(
            "other_sources", .json,
            .flow(
                """
                (
                    SELECT json_group_array(
                        json_object(
                            'source_id', source_id, 'source_line', source_line, 'source_offset', source_offset,
                            'matched_flow_id', flow_id, 'differs', differs))
                    FROM (
                        SELECT t.source_id, t.source_line, t.source_offset, t.flow_id, \(Views.differs) AS differs
                        FROM source_match_fact a JOIN flow_fact t ON t.flow_id = a.flow_id
                        WHERE a.original_flow = f.flow_id ORDER BY 1, 2, 3)
                    HAVING count(*) > 0
                )
                """),
            """
            JSON array of the records without connection id that tell of this flow too: objects with `source_id`, `source_line`, \
            `source_offset`, `matched_flow_id`, and `differs` as in `source_match`; NULL when there are none
            """),
        FlowColumn(
            "source_matches", .integer, .flow("(SELECT count(*) FROM source_match_fact a WHERE a.original_flow = f.flow_id)"),
            "how many those are"),
        FlowColumn(
            "source_conflicts", .integer,
            .flow("(SELECT count(*) FROM source_match_fact a WHERE a.original_flow = f.flow_id AND a.differences <> 0)"),
            "how many of them say something else than the Connector"),
        FlowColumn(
            "aggregate_id", .integer, .flow("f.aggregate_id"),
            """
            number, in this database, of all that the flow has in common with others of its kind: principal, service key, device, client \
            address, location, Connector, network, Resource, rule, address, port, protocol, outcome and all of the verdict. Rows with one \
            number are equal in these columns
            """),
    ]
}

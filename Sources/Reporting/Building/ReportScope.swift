internal import AccessPolicy
internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// What a report is about: the tenant, or what parameters name. Banner, numbers and findings go by it.
struct ReportScope: Sendable {
    /// How the connections of the scope stand against the policies that were in force.
    struct Standing: Sendable {
        /// Connections in the period.
        var flows: Int64 = 0
        /// Of those, connections without a verdict, or with one that decides nothing.
        var unjudged: Int64 = 0
        /// Of those, violations of each kind, the worst first.
        var violations: [(kind: String, flows: Int64)] = []
        /// By parameter, what records call that which it names: ids, names and addresses.
        var names: [String: Set<String>] = [:]

        var allViolations: Int64 { violations.reduce(0) { $0.saturatingAdd($1.flows) } }
    }

    /// What records call that which a parameter names.
    private static let columns = [
        "principal": "principal_id, principal", "resource": "resource_id, address", "connector": "connector_id, connector",
    ]
    private static let condition = """
        (:principal IS NULL OR principal_id = :principal OR lower(principal) GLOB lower(:principal)
            OR principal_id IN (SELECT p.user_id FROM policy_user p WHERE lower(p.email) GLOB lower(:principal)))
            AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
                OR resource_id IN (SELECT p.resource_id FROM policy_resource p WHERE lower(p.resource) GLOB lower(:resource)))
            AND (:connector IS NULL OR connector_id = :connector OR lower(connector) GLOB lower(:connector)
                OR connector_id IN (SELECT p.connector_id FROM policy_connector p WHERE lower(p.connector) GLOB lower(:connector)))
        """

    static let sql = """
        SELECT coalesce(violation, CASE WHEN coalesce(verdict, 'unverifiable') = 'unverifiable' THEN 'unjudged' ELSE '' END), sum(flows)
        FROM access WHERE hour_at >= :since AND hour_at < :until AND \(condition) GROUP BY 1
        """

    /// Values by parameter.
    private let arguments: [String: String]

    init(_ arguments: [String: String]) {
        self.arguments = arguments.filter { ReportScope.columns[$0.key] != nil }
    }

    var isTenant: Bool { arguments.isEmpty }

    /// - Parameter period: on whole hours.
    func standing(_ connection: StoreConnection, _ period: Period) throws -> Standing {
        var values: [String: StoredValue] = [:]
        for name in ReportScope.columns.keys { values[name] = arguments[name].map { .text($0) } ?? .null }
        var standing = Standing()
        var counts: [String: Int64] = [:]
        try QueryRunner.run(connection, viewsOnly: ReportScope.sql, arguments: values, period: period) { row in
            guard let kind = row.first?.text, let flows = row.last?.integer else { return }
            counts[kind] = flows
            standing.flows = standing.flows.saturatingAdd(flows)
        }
        standing.unjudged = counts["unjudged"] ?? 0
        standing.violations = Violation.allCases.compactMap { kind in counts[kind.rawValue].map { (kind.rawValue, $0) } }
        for (name, columns) in ReportScope.columns where arguments[name] != nil {
            let sql = "SELECT DISTINCT \(columns) FROM access WHERE \(ReportScope.condition)"
            try QueryRunner.run(connection, viewsOnly: sql, arguments: values, period: .all) { row in
                standing.names[name, default: []].formUnion(row.compactMap(\.text))
            }
        }
        return standing
    }

    /// Whether a finding is about what every parameter names.
    func has(_ finding: Finding, _ standing: Standing) -> Bool {
        arguments.allSatisfy { name, text in
            let value: String? =
                switch name {
                case "principal": finding.principal
                case "resource": finding.resource
                default: finding.connector
                }
            let names = standing.names[name] ?? []
            if let value, names.contains(value) || HostPattern(text).matches(value) { return true }
            return finding.subject.contains { field in
                field.name.hasPrefix(name) && (field.value.plain == text || names.contains(field.value.plain))
            }
        }
    }
}

internal import Detection
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// How many connections of a period were not what the policy in force says.
enum Violations {
    static let sql = """
        SELECT coalesce(sum(flows), 0) FROM access
        WHERE hour_at >= :since AND hour_at < :until
            AND ((verdict IN ('over-permitted', 'over-blocked', 'misrouted') AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%')
                OR ';' || qualifiers || ';' LIKE '%;outlived;%')
        """

    /// A change on its way (`stale`) does not count.
    static func count(_ connection: StoreConnection, _ period: Period) throws -> Int64 {
        var count: Int64 = 0
        try QueryRunner.run(connection, viewsOnly: sql, period: period) { row in count = row.first?.integer ?? 0 }
        return count
    }
}

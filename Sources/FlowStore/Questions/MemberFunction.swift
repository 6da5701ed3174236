internal import GRDB

/// Asks of a row, in SQL, whether its user was a member of some groups when its flow began.
enum MemberFunction {
    private static let name = "twin_was_member"

    /// The condition over `client o` and `flow_fact f`.
    static func add(_ times: GroupTimes, _ wanted: Set<Int64>, to database: Database) -> String {
        database.add(
            function: DatabaseFunction(name, argumentCount: 2, pure: true) { values in
                guard let user = Int64.fromDatabaseValue(values[0]), let at = Int64.fromDatabaseValue(values[1]) else { return false }
                return times.isMember(user, ofAny: wanted, at: at)
            })
        return "\(name)(o.principal_id, f.started_at)"
    }
}

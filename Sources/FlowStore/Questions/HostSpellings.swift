internal import FlowModel
internal import GRDB

/// How records write a host: a statement that compares texts finds it only under that spelling.
public enum HostSpellings {
    /// The texts of destinations and client addresses in the database that name the same host as `text`, without those that differ from another
    /// one in ASCII case alone; ascending. None for a pattern.
    public static func of(_ text: String, in database: AuditDatabase) throws -> [String] {
        guard !FlowFilter.isPattern(text) else { return [] }
        let found = try database.read { connection in
            let match = HostMatch.condition(text, connection)
            return try String.fetchAll(
                connection,
                sql: """
                    SELECT CAST(value AS TEXT) FROM text
                    WHERE text_id IN (SELECT address FROM destination UNION SELECT client_ip FROM client) AND \(match.condition) ORDER BY 1
                    """, arguments: [match.argument])
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0.lowercased()).inserted }
    }
}

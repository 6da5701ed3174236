public import FlowModel
internal import GRDB

/// What the database holds at all: to say why an answer is empty.
public struct Coverage: Sendable {
    public var flows: Int64
    public var unjudged: Int64
    public var first: Timestamp?
    public var last: Timestamp?
    public var sources: Int64
    public var snapshots: Int64

    public init(_ database: AuditDatabase) throws {
        self = try database.read { connection in
            let row = try Row.fetchOne(
                connection,
                sql: """
                    SELECT coalesce(sum(flows), 0), coalesce(sum(CASE judgement_id WHEN 0 THEN flows ELSE 0 END), 0), min(first_at),
                        max(last_at), (SELECT count(*) FROM source_file), (SELECT count(*) FROM snapshot)
                    FROM edge
                    """)
            return Coverage(
                flows: row?[0] ?? 0, unjudged: row?[1] ?? 0,
                first: (row?[2] as Int64?).map { Timestamp(milliseconds: $0) },
                last: (row?[3] as Int64?).map { Timestamp(milliseconds: $0) }, sources: row?[4] ?? 0, snapshots: row?[5] ?? 0)
        }
    }

    private init(flows: Int64, unjudged: Int64, first: Timestamp?, last: Timestamp?, sources: Int64, snapshots: Int64) {
        self.flows = flows
        self.unjudged = unjudged
        self.first = first
        self.last = last
        self.sources = sources
        self.snapshots = snapshots
    }
}

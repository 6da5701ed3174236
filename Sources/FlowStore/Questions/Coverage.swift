public import FlowModel
internal import GRDB

/// What the database holds at all: to say why an answer is empty.
public struct Coverage: Sendable {
    public var flows: Int64 = 0
    public var unjudged: Int64 = 0
    public var first: Timestamp?
    public var last: Timestamp?
    public var sources: Int64
    public var snapshots: Int64

    public init(_ database: AuditDatabase) throws {
        self = try database.read { connection in
            var coverage = Coverage(
                sources: try Int64.fetchOne(connection, sql: "SELECT count(*) FROM source_file") ?? 0,
                snapshots: try Int64.fetchOne(connection, sql: "SELECT count(*) FROM snapshot") ?? 0)
            try EdgePages.forEach(connection) { page in
                for place in 0..<EdgePage.edges where page[.flows, place] > 0 {
                    coverage.flows += page[.flows, place]
                    if page[.assessment, place] == 0 { coverage.unjudged += page[.flows, place] }
                    let (first, last) = (page[.firstAt, place], page[.lastAt, place])
                    coverage.first = min(coverage.first ?? .distantFuture, Timestamp(milliseconds: first))
                    coverage.last = max(coverage.last ?? .distantPast, Timestamp(milliseconds: last))
                }
            }
            return coverage
        }
    }

    /// Whether some flow may have begun in a period: without an end it is open there.
    public func meets(since: Timestamp?, until: Timestamp?) -> Bool {
        guard let first, let last else { return false }
        return since ?? .distantPast <= last && first < until ?? .distantFuture
    }

    private init(sources: Int64, snapshots: Int64) {
        self.sources = sources
        self.snapshots = snapshots
    }
}

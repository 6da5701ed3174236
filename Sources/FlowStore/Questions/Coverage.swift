public import FlowModel
package import GRDB

/// What the database holds at all: to say why an answer is empty.
public struct Coverage: Sendable {
    public var flows: Int64 = 0
    public var unjudged: Int64 = 0
    public var first: Timestamp?
    public var last: Timestamp?
    public var sources: Int64
    public var snapshots: Int64

    public init(_ database: AuditDatabase) throws {
        self = try database.read { try Coverage($0) }
    }

    /// The same on a connection that reads already.
    package init(_ connection: Database) throws {
        sources = try Int64.fetchOne(connection, sql: "SELECT count(*) FROM source_file") ?? 0
        snapshots = try Int64.fetchOne(connection, sql: "SELECT count(*) FROM snapshot") ?? 0
        try AggregatePages.forEach(connection) { page in
            for place in 0..<AggregatePage.aggregates where page[.flows, place] > 0 {
                flows += page[.flows, place]
                if page[.assessment, place] == 0 { unjudged += page[.flows, place] }
                first = min(first ?? .distantFuture, Timestamp(milliseconds: page[.firstAt, place]))
                last = max(last ?? .distantPast, Timestamp(milliseconds: page[.lastAt, place]))
            }
        }
    }

    /// Whether some flow may have begun in a period: without an end it is open there.
    public func meets(since: Timestamp?, until: Timestamp?) -> Bool {
        guard let first, let last else { return false }
        return since ?? .distantPast <= last && first < until ?? .distantFuture
    }
}

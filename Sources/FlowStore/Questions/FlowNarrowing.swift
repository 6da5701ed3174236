internal import FlowModel
internal import GRDB

/// Finds out which rows of flows a question can be about, from the lists that ingest keeps, so that a question about one user or one hour
/// does not read everything.
enum FlowNarrowing {
    /// More flows than this are not listed one by one: then reading all of the time in question is as fast.
    private static let maxFlows = 200_000
    /// More stretches of numbers than this say nothing.
    private static let maxStretches = 200

    /// A condition over `flow_id` that leaves out no flow of these clients that starts from `since` on and before `until`; nil when it
    /// cannot say anything.
    static func condition(
        clients: Set<Int64>?, since: Timestamp?, until: Timestamp?, _ database: Database
    ) throws -> String? {
        let period = (since: since ?? .distantPast, until: until ?? .distantFuture)
        if let clients {
            let runs = try FlowRun.all(database, since: period.since, until: period.until)
            if let flows = try listed(clients, in: runs.map(\.first), database) {
                return "flow_id IN (SELECT value FROM json_each('[\(flows.map { String($0) }.joined(separator: ","))]'))"
            }
        }
        guard since != nil || until != nil else { return nil }
        let stretches = try FlowStretch.all(database, since: period.since, until: period.until)
        guard stretches.count <= maxStretches else { return nil }
        if stretches.isEmpty { return "0" }
        return "(" + stretches.map { "flow_id BETWEEN \($0.first) AND \($0.last)" }.joined(separator: " OR ") + ")"
    }

    /// The flows that are listed under the clients; nil when they are many.
    private static func listed(_ clients: Set<Int64>, in runs: [Int64], _ database: Database) throws -> [Int64]? {
        // A look-up for each pair; a scan of the list when the pairs are more than its rows.
        guard clients.count * runs.count <= maxFlows else { return nil }
        let lists = try FlowLists(database)
        var flows: [Int64] = []
        for first in runs {
            for client in clients.sorted() {
                try lists.append(run: first, client: client, to: &flows)
                if flows.count > maxFlows { return nil }
            }
        }
        return flows
    }
}

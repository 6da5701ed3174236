import AccessPolicy
import FlowModel
import FlowStore

@testable import Replay

/// A flow with the verdict on it.
struct ReplayedFlow {
    var flow: StoredFlow
    /// Nil where the source had none.
    var connectionID: String?
    var client: ClientFacts
    var destination: DestinationFacts
    var assessment: Assessment
}

extension Replay {
    /// Replay as it is told in a sentence: every flow is judged by itself, in the order of time. What the program does is held against it.
    func run(_ database: AuditDatabase, _ body: (ReplayedFlow) throws -> Void = { _ in }) throws -> ReplaySummary {
        var tally = ReplayTally(history: history, options: options)
        try database.read { connection in
            let reader = try FlowFactsReader(connection)
            try walk.forEach(connection, reader) { flow, lastUses in
                let assessment = history.judge(try FlowFacts(flow, reader: reader, lastUses: lastUses), options: options)
                let destination = try reader.destination(flow.destination)
                tally.count(flow, tally.number(assessment, destination))
                try body(
                    ReplayedFlow(
                        flow: flow, connectionID: try reader.connectionID(ofFlow: flow.flowID), client: try reader.client(flow.client),
                        destination: destination, assessment: assessment))
            }
        }
        return ReplaySummary(tally)
    }
}

internal import AccessPolicy
internal import FlowModel
internal import FlowStore
internal import Replay
internal import TerminalSupport

/// Prints flows with the verdicts on them. All but three columns of a row are the same for flows that share an answer.
struct FlowRows: FlowListing {
    static let columns = [
        "connection_id", "start", "outcome", "class", "reason", "expected_resource", "qualifiers", "flow_id", "principal",
        "address", "port", "protocol", "connector", "recorded_resource", "policy", "outlived_ms",
    ]
    /// `connection_id`, `start`, `flow_id`: each flow's own. Who outlived a permission shares the answer with nobody.
    private static let own = [0, 1, 7]

    // INVARIANT: written to in `give` only, which one thread calls at a time.
    private nonisolated(unsafe) let writer: RowWriter
    private let renderer: RowRenderer

    init(_ writer: RowWriter) {
        self.writer = writer
        renderer = writer.renderer
    }

    func shared(_ answer: SharedAnswer) -> RowRenderer.Prepared {
        let assessment = answer.assessment
        return renderer.prepare(
            [
                .null, .null, .text(answer.outcome.rawValue), .text(assessment.verdictClass.rawValue), .text(assessment.reason?.rawValue),
                .text(assessment.expectedResourceID), .text(assessment.qualifierSet.text), .null,
                .text(answer.client.principalName ?? answer.client.principal?.id), .text(answer.destination.address),
                .integer(answer.destination.port.map { Int64($0) }), .text(answer.destination.transport?.rawValue),
                .text(answer.destination.connectorName ?? answer.destination.connectorID), .text(answer.destination.resourceID),
                assessment.policy.map { .time($0.snapshot.effectiveAt.rfc3339) } ?? .null, .integer(assessment.outlivedByMs),
            ], gaps: FlowRows.own)
    }

    func noRows() -> RowRenderer.Rows { RowRenderer.Rows() }

    func add(_ flow: StoredFlow, _ connectionID: String?, _ shared: RowRenderer.Prepared, to rows: inout RowRenderer.Rows) {
        renderer.append(shared, to: &rows) { gap in
            switch gap {
            case FlowRows.own[0]: .text(connectionID)
            case FlowRows.own[1]: .integer(flow.startedAt.milliseconds)
            default: .integer(flow.flowID)
            }
        }
    }

    func give(_ rows: RowRenderer.Rows) throws { try writer.write(rows) }
}

/// The integer columns of the table `flow_fact`, in the order in which rows are made, read and written.
enum FlowFactColumn: Int, CaseIterable {
    case flowID
    case startedAt
    /// Ended less started; NULL while the flow is open, or when the end is not known.
    case durationMs
    case aggregateID
    case resourceIP
    case routeID
    case remarkID
    /// `FlowState`.
    case state
    case bytesReceived
    case bytesTransferred
    case sourceID
    case sourceOffset
    case sourceLine
    /// NULL: as `sourceID`, or there is no second record.
    case endSourceID
    case endOffset
    case endLine
    /// `FlowDraft.duration`; NULL where the closed event's start is the flow's.
    case closedDuration

    var name: String {
        switch self {
        case .flowID: "flow_id"
        case .startedAt: "started_at"
        case .durationMs: "duration_ms"
        case .aggregateID: "aggregate_id"
        case .resourceIP: "resource_ip"
        case .routeID: "route_id"
        case .remarkID: "remark_id"
        case .state: "state"
        case .bytesReceived: "bytes_received"
        case .bytesTransferred: "bytes_transferred"
        case .sourceID: "source_id"
        case .sourceOffset: "source_offset"
        case .sourceLine: "source_line"
        case .endSourceID: "end_source_id"
        case .endOffset: "end_offset"
        case .endLine: "end_line"
        case .closedDuration: "closed_duration"
        }
    }

    /// In a statement that selects `allCases` from its first column on.
    @inline(__always)
    var place: Int32 { Int32(rawValue) }
}

internal import FlowModel

/// Where the lines of one Connector go, in the order of time.
protocol EventSink: AnyObject {
    /// The form of event lines that the sink wants.
    var form: EventLines.Form { get }
    /// The Connector starts.
    func start(at time: Timestamp) throws(SimulationProblem)
    /// One event, without line feed.
    func append(_ line: LineBuffer, at time: Timestamp) throws(SimulationProblem)
    func heartbeat(_ facts: HeartbeatFacts, at time: Timestamp) throws(SimulationProblem)
    func policyApplied(version: Int64, digest: String, at time: Timestamp) throws(SimulationProblem)
    /// The Connector stops in order.
    func stop(at time: Timestamp) throws(SimulationProblem)
}

/// What a Connector says of itself every minute.
struct HeartbeatFacts: Sendable, Hashable {
    var openFlows: Int
    /// Since the Connector started.
    var flowsTotal: Int
    var bytesReceived: Int
    var bytesTransferred: Int
}

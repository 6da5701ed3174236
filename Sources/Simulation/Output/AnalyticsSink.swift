internal import FlowModel

/// Writes the log of a Connector that keeps no journal: `ANALYTICS` lines among service messages, as on its standard output.
final class AnalyticsSink: EventSink {
    private let file: OutputFile

    let form = EventLines.Form.analytics

    init(path: String) throws(SimulationProblem) {
        file = try OutputFile(path)
    }

    private func service(_ message: String, at time: Timestamp) throws(SimulationProblem) {
        try file.writeLine(Array("[INFO] \(time) \(message)".utf8))
    }

    func start(at time: Timestamp) throws(SimulationProblem) {
        try service("connector is starting", at: time)
        try service("state: Authentication", at: time)
        try service("state: Online", at: time)
    }

    func append(_ line: LineBuffer, at time: Timestamp) throws(SimulationProblem) {
        try file.writeLine(line.bytes)
    }

    func heartbeat(_ facts: HeartbeatFacts, at time: Timestamp) throws(SimulationProblem) {}

    func policyApplied(version: Int64, digest: String, at time: Timestamp) throws(SimulationProblem) {
        try service("access list updated", at: time)
    }

    func stop(at time: Timestamp) throws(SimulationProblem) {
        try service("connector is shutting down", at: time)
    }

    func finish() throws(SimulationProblem) { try file.close() }
}

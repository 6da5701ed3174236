internal import FlowJournal
internal import FlowModel

/// Writes the journal of one Connector, on simulated time.
final class JournalSink: EventSink {
    private let directory: String
    private let speaker: EventLines.Speaker
    private let options: JournalOptions
    private let software: String
    private let head: [UInt8]
    private let time = SimulatedClock()
    private var writer: JournalWriter?
    private var record = LineBuffer()
    private let runSalt: UInt64
    private var runs: UInt64 = 0

    let form = EventLines.Form.journal

    /// Frames are closed after so much simulated time. A real writer's second would make one frame of nearly every event, and a
    /// journal that stands for a year ten times as large.
    static let frameAgeMs: Int64 = 600_000
    /// Each checkpoint waits for the disk; a real writer's minute would make a simulated day take minutes.
    static let checkpointIntervalMs: Int64 = 3_600_000

    /// - Parameter directory: of all journals; the Connector's own is below it.
    init(directory: String, speaker: EventLines.Speaker, output: SimulationOutput, seed: UInt64) {
        self.directory = "\(directory)/\(speaker.id)"
        self.speaker = speaker
        software = output.software
        runSalt = SeededRandom.mix(seed &+ 0x7275_6e73)
        var options = JournalOptions()
        // In one thread a journal is the same bytes for the same events.
        options.isConcurrent = false
        options.level = output.level
        options.key = output.key
        // A simulation that is interrupted is made again.
        options.sync = .none
        options.reserveBytes = 0
        options.frameAgeMs = JournalSink.frameAgeMs
        // Without a key there is nothing to sign, and no reason to wait for the disk.
        options.checkpointIntervalMs = output.key == nil ? .max : JournalSink.checkpointIntervalMs
        self.options = options
        head = LineBuffer.fragment { line in
            line.raw(#","connector":{"id":"#)
            line.string(speaker.id)
            line.raw(#","name":"#)
            line.string(speaker.name)
            line.raw("}")
        }
    }

    /// The clock that a writer is given.
    private final class SimulatedClock {
        var now = Timestamp(milliseconds: 0)
    }

    func start(at now: Timestamp) throws(SimulationProblem) {
        time.now = now
        let clock = time
        // A run's id is random elsewhere; here it follows from the seed, the Connector and the number of the run.
        runs += 1
        var run = LineBuffer()
        run.hex(SeededRandom.mix(speaker.id.utf8.reduce(runSalt ^ runs) { SeededRandom.mix($0 ^ UInt64($1)) }))
        do {
            writer = try JournalWriter(
                directory: directory, options: options,
                identity: JournalIdentity(
                    // One key signs for all Connectors; the origin keeps their journals apart.
                    origin: options.key.map { "\($0.verifier.name)/\(speaker.id)" },
                    connector: FlowRecord.Named(id: speaker.id, name: speaker.name),
                    network: FlowRecord.Named(id: speaker.networkID, name: speaker.networkName), software: software,
                    run: String(decoding: run.bytes, as: UTF8.self)),
                clock: { clock.now })
        } catch {
            throw JournalSink.problem(error)
        }
    }

    func append(_ line: LineBuffer, at now: Timestamp) throws(SimulationProblem) {
        guard let writer else { return }
        time.now = now
        do {
            try writer.append(line.bytes)
        } catch {
            throw JournalSink.problem(error)
        }
    }

    func heartbeat(_ facts: HeartbeatFacts, at now: Timestamp) throws(SimulationProblem) {
        begin("heartbeat", now)
        record.raw(#","open_flows":"#)
        record.number(facts.openFlows)
        record.raw(#","flows_total":"#)
        record.number(facts.flowsTotal)
        record.raw(#","bytes_received":"#)
        record.number(facts.bytesReceived)
        record.raw(#","bytes_transferred":"#)
        record.number(facts.bytesTransferred)
        record.raw(#","dropped_records":0,"listening_sockets":0}"#)
        try append(record, at: now)
        do {
            try writer?.tick()
        } catch {
            throw JournalSink.problem(error)
        }
    }

    func policyApplied(version: Int64, digest: String, at now: Timestamp) throws(SimulationProblem) {
        begin("policy_applied", now)
        record.raw(#","policy":{"version":"#)
        record.number(version)
        record.raw(#","digest":"#)
        record.string(digest)
        record.raw("}}")
        try append(record, at: now)
    }

    private func begin(_ event: StaticString, _ now: Timestamp) {
        record.clear()
        record.raw(#"{"event_type":""#)
        record.raw(event)
        record.raw(#"","timestamp":"#)
        record.number(now.milliseconds)
        record.raw(head)
    }

    func stop(at now: Timestamp) throws(SimulationProblem) {
        time.now = now
        do {
            try writer?.close()
        } catch {
            throw JournalSink.problem(error)
        }
        writer = nil
    }

    private static func problem(_ problem: JournalProblem) -> SimulationProblem {
        SimulationProblem(.environment, problem.description)
    }
}

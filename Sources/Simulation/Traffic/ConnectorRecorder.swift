internal import FlowModel

/// One Connector while the simulation runs: which flows it has open, which policy it enforces, and everything it writes.
///
/// INVARIANT: what it writes is ascending in time. Whatever is due before a new event is written before it.
final class ConnectorRecorder {
    private let sinks: [any EventSink]
    private let lines: EventLines
    private let policies: [(version: Int64, digest: String)]
    /// When this Connector learns of each change: the index of the state, ascending by time.
    private let arrivals: [(at: Timestamp, policy: Int)]
    private var nextArrival = 0
    private var open = OpenFlows()
    private var nextHeartbeat = Timestamp.distantFuture
    private var facts = HeartbeatFacts(openFlows: 0, flowsTotal: 0, bytesReceived: 0, bytesTransferred: 0)
    private var buffer = LineBuffer()
    private(set) var isRunning = false
    private(set) var policy = 0
    private(set) var eventCount = 0

    static let heartbeatInterval: Int64 = 60_000

    init(
        sinks: [any EventSink], lines: EventLines, policies: [(version: Int64, digest: String)],
        arrivals: [(at: Timestamp, policy: Int)]
    ) {
        self.sinks = sinks
        self.lines = lines
        self.policies = policies
        self.arrivals = arrivals
    }

    /// - Parameter policy: the state in force, which a starting Connector fetches before anything else.
    func start(at time: Timestamp, policy: Int) throws(SimulationProblem) {
        isRunning = true
        facts = HeartbeatFacts(openFlows: 0, flowsTotal: 0, bytesReceived: 0, bytesTransferred: 0)
        for sink in sinks { try sink.start(at: time) }
        try apply(policy, at: time)
        while nextArrival < arrivals.count, arrivals[nextArrival].policy <= policy { nextArrival += 1 }
        nextHeartbeat = time.advanced(byMilliseconds: ConnectorRecorder.heartbeatInterval)
    }

    private func apply(_ policy: Int, at time: Timestamp) throws(SimulationProblem) {
        self.policy = policy
        for sink in sinks { try sink.policyApplied(version: policies[policy].version, digest: policies[policy].digest, at: time) }
    }

    /// Writes everything that is due until `time`, inclusive.
    func advance(to time: Timestamp) throws(SimulationProblem) {
        while isRunning {
            let end = open.nextEnd ?? .distantFuture
            let arrival = nextArrival < arrivals.count ? arrivals[nextArrival].at : .distantFuture
            let next = min(end, arrival, nextHeartbeat)
            guard next <= time else { return }
            if end == next, let flow = open.removeFirst(endingBy: next) {
                try finish(flow)
            } else if arrival == next {
                try apply(arrivals[nextArrival].policy, at: next)
                nextArrival += 1
            } else {
                facts.openFlows = open.count
                for sink in sinks { try sink.heartbeat(facts, at: next) }
                nextHeartbeat = next.advanced(byMilliseconds: ConnectorRecorder.heartbeatInterval)
            }
        }
    }

    /// Tells a flow from its start on; `flow.start` must not be before anything told already.
    func tell(_ draft: PlannedFlow) throws(SimulationProblem) {
        try advance(to: draft.start)
        var flow = draft
        if !flow.isPlanted { flow.policy = policy }
        facts.flowsTotal += 1
        switch flow.outcome {
        case .denied(let reason):
            try write(at: flow.start) { lines, form, line in lines.denied(flow, reason: reason, form, &line) }
            return
        case .carried:
            try write(at: flow.start) { lines, form, line in lines.established(flow, form, &line) }
        case .failed:
            break
        }
        if open.isFull {
            flow.cut(at: flow.start, .resource)
            try finish(flow)
        } else {
            open.insert(flow)
        }
    }

    private func finish(_ flow: PlannedFlow) throws(SimulationProblem) {
        switch flow.outcome {
        case .carried:
            facts.bytesReceived += flow.received
            facts.bytesTransferred += flow.sent
            try write(at: flow.end) { lines, form, line in lines.closed(flow, form, &line) }
        case .failed(let error):
            try write(at: flow.end) { lines, form, line in lines.failed(flow, error: error, form, &line) }
        case .denied:
            break
        }
    }

    private func write(
        at time: Timestamp, _ render: (EventLines, EventLines.Form, inout LineBuffer) -> Void
    ) throws(SimulationProblem) {
        eventCount += 1
        for sink in sinks {
            buffer.clear()
            render(lines, sink.form, &buffer)
            try sink.append(buffer, at: time)
        }
    }

    /// Stops the Connector: ends what is open, and gives the flows that were cut, as they were.
    func stop(at time: Timestamp) throws(SimulationProblem) -> [PlannedFlow] {
        try advance(to: time)
        let cut = open.removeAll()
        for var flow in cut {
            flow.cut(at: time, .shutdown)
            try finish(flow)
        }
        for sink in sinks { try sink.stop(at: time) }
        isRunning = false
        nextHeartbeat = .distantFuture
        return cut
    }
}

extension PlannedFlow {
    /// Ends the flow early: it has carried its share of the bytes.
    mutating func cut(at time: Timestamp, _ reason: CloseReason) {
        let whole = max(1, Int(end.milliseconds - start.milliseconds))
        let part = max(0, Int(time.milliseconds - start.milliseconds))
        guard part < whole else { return }
        // A flow lasts days at most and carries less than 2^33 bytes, so the products fit.
        received = received * part / whole
        sent = sent * part / whole
        end = Timestamp(milliseconds: start.milliseconds + Int64(part))
        closeReason = reason
    }
}

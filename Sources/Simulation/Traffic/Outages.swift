internal import FlowModel

/// When Connectors are stopped for maintenance. Never two of one Remote network at a time, so that there is always a way through.
struct Outages: Sendable {
    struct Outage: Sendable, Hashable {
        var connector: Int
        var stop: Timestamp
        var start: Timestamp
    }

    /// Ascending by stop.
    let list: [Outage]
    private let ofConnector: [[Outage]]

    /// Minutes; long enough to be seen, short enough for a restart.
    private static let length = 4...25
    /// Minutes of the day: people do maintenance at work.
    private static let stopMinute = 420...1_140

    /// One outage a day in each Remote network of at least two Connectors.
    init(tenant: Tenant, period: SimulatedPeriod, seed: UInt64) {
        var random = SeededRandom(seed: seed, stream: .outages)
        var list: [Outage] = []
        var ofConnector = [[Outage]](repeating: [], count: tenant.connectors.count)
        for day in 0..<period.days {
            for network in tenant.networks where network.connectors.count > 1 {
                guard let connector = random.pick(network.connectors) else { continue }
                let minute = day * 1_440 + random.within(Outages.stopMinute)
                let length = random.within(Outages.length)
                let stop = period.start.advanced(byMilliseconds: Int64(minute) * SimulatedPeriod.millisecondsPerMinute)
                let outage = Outage(
                    connector: connector, stop: stop,
                    start: stop.advanced(byMilliseconds: Int64(length) * SimulatedPeriod.millisecondsPerMinute))
                guard outage.start < period.end else { continue }
                list.append(outage)
                ofConnector[connector].append(outage)
            }
        }
        self.list = list.sorted { ($0.stop.milliseconds, $0.connector) < ($1.stop.milliseconds, $1.connector) }
        self.ofConnector = ofConnector
    }

    /// Whether a Connector runs during the whole of a stretch of time.
    func runs(_ connector: Int, from start: Timestamp, to end: Timestamp) -> Bool {
        guard connector < ofConnector.count else { return true }
        return ofConnector[connector].allSatisfy { end < $0.stop || start >= $0.start }
    }
}

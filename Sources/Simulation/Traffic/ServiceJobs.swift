internal import FlowModel

/// The regular jobs of service accounts: each calls one of its Resources at a fixed interval, always with about the same amount of data.
struct ServiceJobs: Sendable {
    private struct Job: Sendable {
        var account: Int
        var resource: Int
        var interval: Int64
        var next: Int64
        var received: Int
        var sent: Int
        var duration: Int
    }

    /// One call.
    struct Call: Sendable {
        var at: Timestamp
        var account: Int
        var resource: Int
        var received: Int
        var sent: Int
        var duration: Int
    }

    private var jobs: [Job] = []

    /// Of all flows, in 1,000, at most about so many are made by jobs.
    private static let share = 120
    /// Intervals that people choose, in minutes.
    private static let intervals = [1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1_440]
    /// A job starts up to so many ms after its time, as schedulers do.
    private static let lateness = 2_000

    init(tenant: Tenant, period: SimulatedPeriod, flows: Int, random: inout SeededRandom) {
        let budget = max(1, flows * ServiceJobs.share / 1_000 / max(1, tenant.serviceAccounts.count))
        let wanted = (period.minutes + budget - 1) / budget
        let interval = ServiceJobs.intervals.first { $0 >= wanted } ?? max(1_440, wanted)
        for (index, account) in tenant.serviceAccounts.enumerated() {
            guard let resource = random.pick(account.resources) else { continue }
            let phase = random.below(interval)
            jobs.append(
                Job(
                    account: index, resource: resource, interval: Int64(interval) * SimulatedPeriod.millisecondsPerMinute,
                    next: period.start.milliseconds + Int64(phase) * SimulatedPeriod.millisecondsPerMinute,
                    received: random.magnitude(powers: 9...22), sent: random.magnitude(powers: 8...16),
                    duration: random.magnitude(powers: 7...15)))
        }
    }

    /// The calls that are due before `end`, in the order of the accounts.
    mutating func due(before end: Timestamp, _ random: inout SeededRandom) -> [Call] {
        var calls: [Call] = []
        for index in jobs.indices {
            while jobs[index].next < end.milliseconds {
                let job = jobs[index]
                jobs[index].next += job.interval
                calls.append(
                    Call(
                        at: Timestamp(milliseconds: job.next + Int64(random.below(ServiceJobs.lateness))),
                        account: job.account, resource: job.resource,
                        received: job.received + random.below(64), sent: job.sent + random.below(16),
                        duration: job.duration + random.below(job.duration / 8 + 1)))
            }
        }
        return calls
    }
}

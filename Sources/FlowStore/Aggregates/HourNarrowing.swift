internal import GRDB

/// Finds the first and last flow of hours of aggregates anew, after a flow left them.
///
/// The flows are found through the lists by client: it reads each client's flows of the time in question once, however many of its aggregates
/// are narrowed.
struct HourNarrowing {
    struct Hour: Hashable {
        var hour: Int64
        var aggregate: Int64
    }

    private struct Bounds {
        var firstMs = Int64.max
        var lastMs = Int64.min
        var firstFlow = Int64.max
        var lastFlow = Int64.min
    }

    private let database: Database
    private let lists: FlowLists
    private let selectClient: RawStatement
    private let selectFlow: RawStatement
    private let update: RawStatement

    init(_ database: Database) throws {
        self.database = database
        lists = try FlowLists(database)
        selectClient = try RawStatement(database, "SELECT client_id FROM aggregate WHERE aggregate_id = ?")
        selectFlow = try RawStatement(database, "SELECT aggregate_id, started_at, state FROM flow_fact WHERE flow_id = ?")
        update = try RawStatement(
            database,
            "UPDATE aggregate_hour SET first_ms = ?2, span_ms = ?3, first_flow = ?4, span_flows = ?5 WHERE slot = ?1")
    }

    func run(_ hours: [Hour]) throws {
        guard let earliest = hours.map(\.hour).min(), let latest = hours.map(\.hour).max() else { return }
        let runs = try FlowRun.all(
            database, from: earliest &* AggregateRollup.hourMs, through: latest &* AggregateRollup.hourMs &+ (AggregateRollup.hourMs - 1))
        var byClient: [Int64: [Hour]] = [:]
        for hour in hours {
            selectClient.bind(1, hour.aggregate)
            if try selectClient.step() { byClient[selectClient.integer(0), default: []].append(hour) }
            selectClient.reset()
        }
        for (client, hours) in byClient.sorted(by: { $0.key < $1.key }) { try narrow(hours, of: client, runs) }
    }

    private func narrow(_ hours: [Hour], of client: Int64, _ runs: [FlowRun]) throws {
        var bounds = Dictionary(hours.map { ($0, Bounds()) }, uniquingKeysWith: { first, _ in first })
        let wanted = Set(hours.map(\.hour)).sorted()
        var flows: [Int64] = []
        for run in runs where HourNarrowing.meets(run, wanted) { try lists.append(run: run.first, client: client, to: &flows) }
        for flow in flows {
            selectFlow.bind(1, flow)
            defer { selectFlow.reset() }
            guard try selectFlow.step(), !FlowState(rawValue: selectFlow.integer(2)).contains(.matched) else { continue }
            let startedAt = selectFlow.integer(1)
            let key = Hour(hour: AggregateRollup.hour(of: startedAt), aggregate: selectFlow.integer(0))
            guard var found = bounds[key] else { continue }
            let ms = startedAt &- key.hour &* AggregateRollup.hourMs
            found.firstMs = min(found.firstMs, ms)
            found.lastMs = max(found.lastMs, ms)
            found.firstFlow = min(found.firstFlow, flow)
            found.lastFlow = max(found.lastFlow, flow)
            bounds[key] = found
        }
        for (key, found) in bounds.sorted(by: { ($0.key.hour, $0.key.aggregate) < ($1.key.hour, $1.key.aggregate) })
        where found.firstFlow != .max {
            update.bind(1, AggregateRollup.slot(hour: key.hour, aggregate: key.aggregate))
            update.bind(2, found.firstMs)
            update.bind(3, found.lastMs - found.firstMs)
            update.bind(4, found.firstFlow)
            update.bind(5, found.lastFlow &- found.firstFlow)
            try update.run()
        }
    }

    /// Whether a run may have flows of one of the hours, which ascend.
    private static func meets(_ run: FlowRun, _ hours: [Int64]) -> Bool {
        let first = AggregateRollup.hour(of: run.earliest)
        var low = 0
        var high = hours.count
        while low < high {
            let middle = (low + high) / 2
            if hours[middle] < first { low = middle + 1 } else { high = middle }
        }
        return low < hours.count && hours[low] <= AggregateRollup.hour(of: run.latest)
    }
}

internal import FlowStore

/// Recognises records without connection id as the flows that Connectors' own records tell of, at the end of an ingest.
///
/// It looks at what came or changed since the last time and at what is near it in time, so its cost follows what was ingested. Killed at
/// any moment, the next ingest goes on where it was, and comes to the same.
final class SourceMatchPass {
    /// Times that are looked at before what they led to is written down as done.
    private static let chunk = 400_000
    /// Flows in memory at a time; about 50 MB with what is made of them.
    private static let maxFlows = 150_000
    /// Rows that change in one transaction.
    private static let maxChanges = 100_000

    private struct Change {
        var group: Int
        var at: Int64
    }

    private let database: StoreConnection
    private let reader: ObservationReader
    private let rollup: AggregateRollup
    private let mark: RawStatement
    private let unmark: RawStatement
    private let insert: RawStatement
    private let remove: RawStatement
    private let exists: RawStatement
    /// Whether records that tell of ends are there, and the farthest that any record reaches.
    private let byEnd: Bool
    private let reach: Int64
    /// When records without connection id are there; ascending, apart from each other.
    private let told: [ObservationReader.Span]
    private let toldRuns: Set<Int64>
    private var comparedThrough: Int64
    private var groups: [ObservationReader.Group] = []
    private var numbers: [ObservationReader.Group: Int] = [:]
    private var changes = 0
    /// The runs near the times that are looked at.
    private var runs: [FlowRun] = []

    /// Nil when there is nothing to compare: no record without connection id ever came.
    init?(_ database: StoreConnection) throws {
        let runs = try database.rows(
            """
            SELECT t.first_flow, t.kinds, r.earliest, r.latest FROM source_match_run t JOIN flow_run r ON r.first_flow = t.first_flow
            ORDER BY 1
            """)
        guard let first = runs.first?[0] as Int64? else { return nil }
        self.database = database
        let kinds = runs.reduce(SourceMatchNotes.Kinds()) { $0.union(SourceMatchNotes.Kinds(rawValue: $1[1])) }
        byEnd = kinds.contains(.byEnd)
        reach = kinds == .whole ? MatchReach.usual : MatchReach.coarse
        let influence = SourceMatcher.influence(reach: reach)
        told = SourceMatchPass.merged(runs.map { SourceMatchPass.span($0[2], $0[3], widenedBy: influence) })
        toldRuns = Set(runs.map { $0[0] })
        comparedThrough = max(try SourceMatchNotes.comparedThrough(database), first - 1)
        reader = try ObservationReader(database)
        rollup = try AggregateRollup(database)
        mark = try RawStatement(database, "UPDATE flow_fact SET state = state | \(FlowState.matched.rawValue) WHERE flow_id = ?")
        unmark = try RawStatement(database, "UPDATE flow_fact SET state = state & ~\(FlowState.matched.rawValue) WHERE flow_id = ?")
        insert = try RawStatement(
            database, "INSERT OR REPLACE INTO source_match_fact (flow_id, original_flow, differences) VALUES (?, ?, ?)")
        remove = try RawStatement(database, "DELETE FROM source_match_fact WHERE flow_id = ?")
        exists = try RawStatement(database, "SELECT 1 FROM flow_fact WHERE flow_id = ?")
    }

    /// Compares what has not been compared yet. `shouldStop` is asked now and then; what is left then is for the next time.
    func run(_ report: inout IngestReport, shouldStop: () -> Bool) throws {
        do {
            while try !shouldStop() && compareChunk(&report) {}
        } catch {
            try? database.undo()
            throw error
        }
    }

    /// False when there was nothing left.
    private func compareChunk(_ report: inout IngestReport) throws -> Bool {
        var found: [Change] = []
        let queued = try readQueue(&found)
        let through = try readNewFlows(&found)
        guard queued != nil || through > comparedThrough else { return false }
        found.sort { ($0.group, $0.at) < ($1.group, $1.at) }
        let width = 2 * SourceMatcher.influence(reach: reach) + (byEnd ? MatchReach.maxByEnd : 0)
        let period = SourceMatchPass.span(found.map(\.at).min() ?? 0, found.map(\.at).max() ?? 0, widenedBy: width)
        runs = found.isEmpty ? [] : try FlowRun.all(database, from: period.from, through: period.through)
        try database.begin()
        var start = 0
        while start < found.count {
            var end = start
            while end < found.count, found[end].group == found[start].group { end += 1 }
            var times: [Int64] = []
            for change in found[start..<end] where times.last != change.at { times.append(change.at) }
            try compare(groups[found[start].group], times[...], &report)
            start = end
        }
        if let queued {
            try database.run("DELETE FROM source_match_queue WHERE (client_id, at) <= (?, ?)", [queued.client, queued.at])
        }
        try database.run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", [SourceMatchNotes.through, String(through)])
        try rollup.flush()
        try database.end()
        comparedThrough = through
        changes = 0
        return true
    }

    // MARK: What is to be looked at

    /// Gives the last entry that was read; nil when there is none.
    private func readQueue(_ found: inout [Change]) throws -> (client: Int64, at: Int64)? {
        let queue = try RawStatement(
            database, "SELECT client_id, at FROM source_match_queue ORDER BY client_id, at LIMIT \(SourceMatchPass.chunk)")
        defer { queue.reset() }
        var last: (client: Int64, at: Int64)?
        while try queue.step() {
            let entry = (client: queue.integer(0), at: queue.integer(1))
            try add(entry.client, entry.at, &found)
            last = entry
        }
        return last
    }

    /// Adds the times of new flows, by whole runs. Gives the last flow that was looked at.
    private func readNewFlows(_ found: inout [Change]) throws -> Int64 {
        let runs = try database.rows(
            "SELECT first_flow, last_flow, earliest, latest FROM flow_run WHERE last_flow > ? ORDER BY 1",
            [comparedThrough])
        let flows = try RawStatement(
            database,
            """
            SELECT e.client_id, f.started_at, f.duration_ms, f.connection_id IS NULL FROM flow_fact f CROSS JOIN aggregate e ON e.aggregate_id = f.aggregate_id
            WHERE f.flow_id BETWEEN ? AND ?
            """)
        var through = comparedThrough
        for row in runs where found.count < SourceMatchPass.chunk {
            let run = FlowRun(first: row[0], last: row[1], earliest: row[2], latest: row[3])
            through = run.last
            let latest = run.latest &+ (byEnd ? MatchReach.maxByEnd : 0)
            guard toldRuns.contains(run.first) || ObservationReader.meets(told, run.earliest, latest) else { continue }
            flows.bind(1, run.first)
            flows.bind(2, run.last)
            defer { flows.reset() }
            while try flows.step() {
                let (client, startedAt) = (flows.integer(0), flows.integer(1))
                let isRow = flows.integer(3) != 0
                if isRow || ObservationReader.meets(told, startedAt, startedAt) { try add(client, startedAt, &found) }
                if byEnd, let duration = flows.optionalInteger(2), duration > 0, duration <= MatchReach.maxByEnd {
                    let endedAt = startedAt &+ duration
                    if isRow || ObservationReader.meets(told, endedAt, endedAt) { try add(client, endedAt, &found) }
                }
            }
        }
        return through
    }

    private func add(_ client: Int64, _ at: Int64, _ found: inout [Change]) throws {
        guard let group = try reader.group(of: client) else { return }
        if numbers[group] == nil {
            numbers[group] = groups.count
            groups.append(group)
        }
        if let number = numbers[group] { found.append(Change(group: number, at: at)) }
    }

    private static func span(_ from: Int64, _ through: Int64, widenedBy width: Int64) -> ObservationReader.Span {
        let (low, lowOverflow) = from.subtractingReportingOverflow(width)
        let (high, highOverflow) = through.addingReportingOverflow(width)
        return ObservationReader.Span(from: lowOverflow ? .min : low, through: highOverflow ? .max : high)
    }

    private static func merged(_ spans: [ObservationReader.Span]) -> [ObservationReader.Span] {
        var merged: [ObservationReader.Span] = []
        for span in spans.sorted(by: { $0.from < $1.from }) {
            if let last = merged.last, span.from <= last.through {
                merged[merged.count - 1].through = max(last.through, span.through)
            } else {
                merged.append(span)
            }
        }
        return merged
    }

    // MARK: Looking

    /// Compares the flows of a group near the given times, which ascend.
    private func compare(_ group: ObservationReader.Group, _ times: ArraySlice<Int64>, _ report: inout IngestReport) throws {
        guard !times.isEmpty else { return }
        // What can be felt at a time is decided right when everything is there that can be felt where it is felt.
        let influence = SourceMatcher.influence(reach: reach)
        let near = SourceMatchPass.merged(times.map { SourceMatchPass.span($0, $0, widenedBy: influence) })
        guard near.contains(where: { ObservationReader.meets(told, $0.from, $0.through) }) else { return }
        let spans = SourceMatchPass.merged(times.map { SourceMatchPass.span($0, $0, widenedBy: 2 * influence) })
        let most = times.count == 1 ? Int.max : SourceMatchPass.maxFlows
        guard let (all, originals) = try reader.read(group, spans, byEnd: byEnd, runs: runs, limit: most) else {
            let middle = times.startIndex + times.count / 2
            try compare(group, times[..<middle], &report)
            try compare(group, times[middle...], &report)
            return
        }
        guard !all.isEmpty else { return }
        let rows = try withoutPruned(all, originals)
        let observations = rows.map(\.observation)
        var answers = [SourceMatcher.Pair?](repeating: nil, count: rows.count)
        for witness in Witness.allCases {
            for pair in SourceMatcher.pairs(rows: observations, originals: originals, witness: witness) { answers[pair.row] = pair }
        }
        for (row, answer) in zip(rows, answers) {
            guard let witness = row.observation.witness else { continue }
            let at = row.observation.anchor(for: witness) ?? row.observation.startedAt
            guard ObservationReader.meets(near, at, at) else { continue }
            try write(row, answer.map { (originals[$0.original].flowID, $0.differences.rawValue) }, &report)
        }
        guard changes >= SourceMatchPass.maxChanges || rollup.isFull else { return }
        try rollup.flush()
        try database.end()
        try database.begin()
        changes = 0
    }

    /// Leaves out the rows whose original was pruned since they were recognised: they stay what they are.
    private func withoutPruned(_ rows: [ObservationReader.StoredRow], _ originals: [Observation]) throws -> [ObservationReader.StoredRow] {
        let present = Set(originals.map(\.flowID))
        return try rows.filter { row in
            guard let known = row.known, !present.contains(known.original) else { return true }
            exists.bind(1, known.original)
            defer { exists.reset() }
            return try exists.step()
        }
    }

    private func write(
        _ row: ObservationReader.StoredRow, _ answer: (original: Int64, differences: Int64)?, _ report: inout IngestReport
    ) throws {
        if row.known == nil, answer == nil { return }
        if let known = row.known, let answer, known == answer { return }
        report.recognised += (answer == nil ? 0 : 1) - (row.known == nil ? 0 : 1)
        report.conflicts += ((answer?.differences ?? 0) == 0 ? 0 : 1) - ((row.known?.differences ?? 0) == 0 ? 0 : 1)
        let flow = row.observation.flowID
        if let answer {
            insert.bind(1, flow)
            insert.bind(2, answer.original)
            insert.bind(3, answer.differences)
            try insert.run()
            if row.known == nil {
                mark.bind(1, flow)
                try mark.run()
                rollup.remove(row.contribution, flowID: flow)
            }
        } else {
            remove.bind(1, flow)
            try remove.run()
            unmark.bind(1, flow)
            try unmark.run()
            rollup.add(row.contribution, flowID: flow)
        }
        changes += 1
    }
}

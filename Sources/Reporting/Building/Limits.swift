internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// What a report does not prove, and why: one sentence each.
struct Limits {
    private(set) var sentences: [String] = []

    /// What the database says of its own gaps.
    struct Facts {
        fileprivate let coverage: Coverage
        /// One row of `sourceSQL`, `refusedSQL` and `gapSQL` each.
        fileprivate var sources: [StoredValue] = []
        fileprivate var refused: [StoredValue] = []
        fileprivate var gaps: [StoredValue] = []

        /// - Parameter period: on whole hours.
        init(_ connection: StoreConnection, _ period: Period) throws {
            coverage = try Coverage(connection)
            try QueryRunner.run(connection, viewsOnly: Limits.sourceSQL, period: period) { sources = $0 }
            try QueryRunner.run(connection, viewsOnly: Limits.refusedSQL, period: period) { refused = $0 }
            try QueryRunner.run(connection, viewsOnly: Limits.gapSQL, period: period) { gaps = $0 }
        }
    }

    init(_ facts: Facts, _ detection: DetectionOutcome, _ asked: Period, failures: [String], hasCutSum: Bool, now: Timestamp) {
        let examination = detection.examination
        sentences += failures
        if hasCutSum {
            sentences.append("A sum of bytes passed 2^63−1 and is cut off there: the true one is larger than this report says.")
        }
        if examination.unjudgedFlows > 0 {
            sentences.append(
                "\(Quantities.count(examination.unjudgedFlows)) of \(Quantities.count(examination.flows)) connections could not be judged: no policy in force is known for them, or it does not say enough."
            )
        }
        addCoverage(facts.coverage, asked, now: now)
        addSources(facts.sources.map { $0.integer ?? 0 }, refused: facts.refused)
        addGaps(facts.gaps)
        for (why, rules) in grouped(detection.notExamined) {
            sentences.append("Not examined, because \(why): \(rules.joined(separator: ", ")).")
        }
        for rule in detection.cutShort {
            sentences.append("The rule \(rule) found more than a report holds; the rest is not shown.")
        }
        if asked.widened != asked {
            sentences.append("The period was widened from \(asked) to whole hours, \(asked.widened).")
        }
        sentences += detection.suppressionNotes.map { $0 + "." }
        sentences.append(
            "Connections, times and bytes are what Connectors wrote about themselves; a Connector that lies is only found by comparison with an independent witness, and none was taken into account here."
        )
        sentences.append(
            "Whether journals are unchanged since they were sealed is not part of this report: `twin-audit verify` checks it.")
    }

    private func grouped(_ rules: [(rule: DetectionRule, why: String)]) -> [(why: String, rules: [String])] {
        var order: [String] = []
        var groups: [String: [String]] = [:]
        for (rule, why) in rules {
            if groups[why] == nil { order.append(why) }
            groups[why, default: []].append(rule.id)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }

    /// How much of the period the records cover at all.
    private mutating func addCoverage(_ coverage: Coverage, _ asked: Period, now: Timestamp) {
        guard let first = coverage.first, let last = coverage.last else { return }
        if let since = asked.since, first > since, first < asked.until ?? .distantFuture {
            sentences.append("The records begin at \(first.rfc3339); nothing is known of the period before.")
        }
        if let until = asked.until, last < until, last >= asked.since ?? .distantPast {
            let end = min(until, now)
            if last < end {
                sentences.append("The last connection began at \(last.rfc3339); nothing is known of the period after it.")
            }
        }
        if let until = asked.until, until > now {
            sentences.append("The period was not over when this report was made.")
        }
    }

    static let sourceSQL = """
        SELECT coalesce(sum(quarantined), 0), coalesce(sum(CASE WHEN quarantined > 0 THEN 1 ELSE 0 END), 0),
            coalesce(sum(CASE complete WHEN 0 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE kind WHEN 'journal' THEN 1 ELSE 0 END), 0),
            count(*), (SELECT count(*) FROM duration_calibration WHERE milliseconds = 0 AND microseconds = 0)
        FROM source
        WHERE refusal IS NULL AND coalesce(last_at, :since) >= :since AND coalesce(first_at, :since) < :until
        """

    private static let refusedSQL = "SELECT count(*), min(path) FROM source WHERE refusal IS NOT NULL"

    private mutating func addSources(_ counts: [Int64], refused: [StoredValue]) {
        guard counts.count == 6 else { return }
        if let files = refused.first?.integer, files > 0 {
            sentences.append(
                """
                \(Quantities.count(files)) files were passed over, such as \(refused.last?.text ?? "one"): what they say is not in this \
                report. `twin-audit query run sources` says why.
                """)
        }
        if counts[0] > 0 {
            sentences.append(
                "\(Quantities.count(counts[0])) lines of \(Quantities.count(counts[1])) files could not be read and were set aside; what they say is not in this report."
            )
        }
        if counts[2] > 0 {
            sentences.append("\(Quantities.count(counts[2])) files were not read to their end; more of them may follow.")
        }
        if counts[4] > counts[3] {
            sentences.append(
                "\(Quantities.count(counts[4] - counts[3])) of \(Quantities.count(counts[4])) files are no journals: nothing shows whether lines are missing from them."
            )
        }
        if counts[5] > 0 {
            sentences.append(
                "The unit of durations is not proved for \(Quantities.count(counts[5])) Connectors; the ends of their connections may be missing."
            )
        }
    }

    private static let gapSQL = """
        SELECT count(*), coalesce(sum(lost), 0), sum(lost IS NULL), count(DISTINCT source_id), min(at), max(at) FROM log_gap
        WHERE at IS NULL OR at >= :since AND at < :until
        """

    /// What logs say themselves of lines that they dropped.
    private mutating func addGaps(_ row: [StoredValue]) {
        guard row.count == 6, case let counts = row.map({ $0.integer ?? 0 }), counts[0] > 0 else { return }
        let when =
            row[4].integer.map { first in " between \(Quantities.time(first)) and \(Quantities.time(counts[5]))" } ?? ""
        let lost = counts[1] > 0 ? ": at least \(Quantities.count(counts[1])) lines" : ""
        let uncounted = counts[2] > 0 ? "; \(Quantities.count(counts[2])) times they do not say how many" : ""
        sentences.append(
            """
            \(Quantities.count(counts[3])) logs say \(Quantities.count(counts[0])) times themselves that lines were suppressed or lost\
            \(when)\(lost)\(uncounted). Connections may be missing from this report; `twin-audit query run log-gaps` lists them.
            """)
    }
}

public import FlowModel
public import FlowStore
public import QueryCatalogue
public import QueryLibrary

/// What a run of rules gave.
public struct DetectionOutcome: Sendable {
    /// Worst first, then by rule and by time.
    public var findings: [Finding]
    public var period: Period
    public var examination: Examination
    /// Rules that had something to look at.
    public var examined: [DetectionRule]
    /// Rules that had nothing to look at, and what was missing.
    public var notExamined: [(rule: DetectionRule, why: String)]
    /// Rules that could not be run to their end, and why; whatever they may have found is not among the findings.
    public var failed: [(rule: DetectionRule, why: String)]
    /// Rules that found more than a run keeps.
    public var cutShort: [String]
    /// Entries of the suppressions file that no longer hold, or that fit no finding.
    public var suppressionNotes: [String]

    /// True when the run says nothing about the question that was put: no flow at all, no rule that could look at anything, a rule that
    /// failed, or rules about verdicts over flows that nobody judged.
    public var isUndecidable: Bool {
        !failed.isEmpty || examined.isEmpty || examination.flows == 0
            || notExamined.contains { $0.rule.needs.contains(.verdicts) && !examination.present.contains(.verdicts) }
    }

    /// Findings that count against a threshold: those that are there now and that nobody has set aside.
    public func failing(at severity: Severity) -> [Finding] {
        findings.filter { $0.severity >= severity && $0.suppressedBy == nil && $0.status != .gone }
    }
}

/// Runs rules over a database.
public struct Detector: Sendable {
    private let database: AuditDatabase
    private let rules: [DetectionRule]
    private let values: [String: [String: StoredValue]]
    private let suppressions: Suppressions
    private let evidenceLimit: Int
    /// Flows from which on another connection works, too; changes nothing of what is found.
    var flowsPerLane = StatementLanes.defaultFlows

    /// Enough to see what happened; the rest is a query away.
    public static let defaultEvidenceLimit = 5
    /// A rule that fires more often than this describes a state, not findings.
    static let findingsPerRule = 10_000

    public init(
        database: AuditDatabase, rules: [DetectionRule], overrides: [ParameterOverride] = [], suppressions: Suppressions = .none,
        evidenceLimit: Int = Detector.defaultEvidenceLimit, resolvingTime: (String) -> Timestamp? = { Timestamp($0) }
    ) throws(QueryFailure) {
        self.database = database
        self.rules = rules
        self.suppressions = suppressions
        self.evidenceLimit = evidenceLimit
        values = try ParameterOverride.resolve(overrides, rules: rules, resolvingTime: resolvingTime)
    }

    /// Runs the rules over the flows of `period`; nothing is written. Findings have the status that they would get if they were
    /// stored. `now` decides which suppressions still hold.
    public func run(period: Period = .all, now: Timestamp) throws -> DetectionOutcome {
        try run(period: period, now: now, beside: []) { _, _ in }.outcome
    }

    /// Runs the rules as `run` does, and beside them other statements, which see the same state of the database and share what is gathered
    /// for the rules.
    ///
    /// - Parameters:
    ///   - others: SQL; decides only in which order and on which connection they are run.
    ///   - body: runs one of them, by its place. An error that it throws ends the run.
    /// - Returns: also what `body` gave, in the order of the statements.
    public func run<Other: Sendable>(
        period: Period, now: Timestamp, beside others: [String],
        _ body: @escaping @Sendable (_ lane: StatementLane, _ place: Int) throws -> Other
    ) throws -> (outcome: DetectionOutcome, others: [Other]) {
        var lanes = StatementLanes(database: database, period: period)
        lanes.fewestFlows = flowsPerLane
        let (prepared, answers) = try lanes.run(
            rules.map(\.query.sql) + others,
            prepare: { connection in
                (
                    examination: try Examination.take(connection, needs: Set(rules.flatMap(\.needs)), period: period),
                    known: try FindingStore.statuses(connection)
                )
            },
            { [self] lane, prepared, place -> Answer<Other> in
                guard place < rules.count else { return .other(try body(lane, place - rules.count)) }
                return .rule(try result(rules[place], lane, prepared.examination, period))
            })
        let results = answers.compactMap { if case .rule(let result) = $0 { result } else { nil } }
        var outcome = DetectionOutcome(
            findings: [], period: period, examination: prepared.examination, examined: [], notExamined: [], failed: [], cutShort: [],
            suppressionNotes: [])
        for (rule, result) in zip(rules, results) {
            switch result {
            case .notExamined(let why): outcome.notExamined.append((rule, why))
            case .failed(let why): outcome.failed.append((rule, why))
            case .examined(var findings):
                outcome.examined.append(rule)
                if findings.count > Detector.findingsPerRule {
                    findings.removeLast(findings.count - Detector.findingsPerRule)
                    outcome.cutShort.append(rule.id)
                }
                for index in findings.indices {
                    findings[index].status = prepared.known[findings[index].id].map { $0 == .gone ? .new : .ongoing } ?? .new
                }
                outcome.findings += findings
            }
        }
        suppress(&outcome, now: now)
        outcome.findings.sort { left, right in
            if left.severity != right.severity { return left.severity > right.severity }
            if left.ruleID != right.ruleID { return left.ruleID < right.ruleID }
            return (left.firstSeen ?? .distantPast, left.id) < (right.firstSeen ?? .distantPast, right.id)
        }
        return (outcome, answers.compactMap { if case .other(let other) = $0 { other } else { nil } })
    }

    private enum Answer<Other: Sendable> {
        case rule(RuleResult)
        case other(Other)
    }

    private enum RuleResult {
        case notExamined(why: String)
        case failed(why: String)
        case examined([Finding])
    }

    private func result(
        _ rule: DetectionRule, _ lane: StatementLane, _ examination: Examination, _ period: Period
    ) throws -> RuleResult {
        if let why = examination.obstacle(to: rule) { return .notExamined(why: why) }
        try lane.prepare(for: rule.query.sql)
        do {
            return .examined(try RuleRun(rule, values[rule.id] ?? [:], evidenceLimit).findings(lane.connection, period: period))
        } catch let failure as QueryFailure where failure.kind != .usage {
            return .failed(why: failure.message)
        } catch let error as StatementError {
            return .failed(why: error.reason)
        }
    }

    private func suppress(_ outcome: inout DetectionOutcome, now: Timestamp) {
        var used: Set<Int> = []
        for index in outcome.findings.indices {
            guard let match = suppressions.match(outcome.findings[index], now: now) else { continue }
            used.insert(match)
            outcome.findings[index].suppressedBy = suppressions.entries[match].sentence
        }
        for (index, entry) in suppressions.entries.enumerated() where !used.contains(index) {
            let what = now >= entry.expires ? "expired at \(entry.expires.rfc3339) and is not applied" : "fits no finding"
            outcome.suppressionNotes.append("\(suppressions.path):\(entry.line): the suppression \(what)")
        }
    }
}

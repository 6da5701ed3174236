public import FlowModel
public import FlowStore
internal import GRDB

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
        try database.read { database in
            let examination = try Examination.take(database, needs: Set(rules.flatMap(\.needs)), period: period)
            var outcome = DetectionOutcome(
                findings: [], period: period, examination: examination, examined: [], notExamined: [], failed: [], cutShort: [],
                suppressionNotes: [])
            let known = try FindingStore.statuses(database)
            for rule in rules {
                if let why = examination.obstacle(to: rule) {
                    outcome.notExamined.append((rule, why))
                    continue
                }
                var findings: [Finding]
                do {
                    findings = try RuleRun(rule, values[rule.id] ?? [:], evidenceLimit).findings(database, period: period)
                } catch let failure as QueryFailure where failure.kind != .usage {
                    outcome.failed.append((rule, failure.message))
                    continue
                } catch let error as DatabaseError {
                    outcome.failed.append((rule, error.message ?? "database error \(error.resultCode.rawValue)"))
                    continue
                }
                outcome.examined.append(rule)
                if findings.count > Detector.findingsPerRule {
                    findings.removeLast(findings.count - Detector.findingsPerRule)
                    outcome.cutShort.append(rule.id)
                }
                for index in findings.indices {
                    findings[index].status = known[findings[index].id].map { $0 == .gone ? .new : .ongoing } ?? .new
                }
                outcome.findings += findings
            }
            suppress(&outcome, now: now)
            outcome.findings.sort { left, right in
                if left.severity != right.severity { return left.severity > right.severity }
                if left.ruleID != right.ruleID { return left.ruleID < right.ruleID }
                return (left.firstSeen ?? .distantPast, left.id) < (right.firstSeen ?? .distantPast, right.id)
            }
            return outcome
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

internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// One rule at work: from rows to findings.
struct RuleRun {
    let rule: DetectionRule
    let arguments: [String: StoredValue]
    let evidenceLimit: Int
    private let template: ExplanationTemplate

    init(_ rule: DetectionRule, _ arguments: [String: StoredValue], _ evidenceLimit: Int) {
        self.rule = rule
        self.arguments = arguments
        self.evidenceLimit = evidenceLimit
        template = ExplanationTemplate(rule.explanation)
    }

    /// One row of a rule's answer, by column.
    private struct Answer {
        let columns: [String: Int]
        let values: [StoredValue]

        subscript(_ name: String) -> StoredValue { columns[name].map { values[$0] } ?? .null }
    }

    func findings(_ database: StoreConnection, period: Period) throws -> [Finding] {
        let bindings = try QueryRunner.bindings(rule.query, arguments: arguments, period: period)
        var columns: [String: Int] = [:]
        var findings: [Finding] = []
        var flows: [String: [Int64]] = [:]
        var records: [String: [(source: Int64, offset: Int64, line: Int64)]] = [:]
        var places: [String: Int] = [:]
        try QueryRunner.run(
            database, sql: rule.query.sql, file: rule.query.path, firstLine: rule.query.sqlLine,
            reach: .publicViews, bindings: bindings,
            columns: { names in
                columns = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
                if let problem = RuleRun.problem(rule, columns: names) {
                    throw QueryFailure(.refused, "\(rule.query.path):\(rule.query.sqlLine): \(problem)")
                }
            },
            row: { values in
                // One more than is kept, so that the caller sees that there were more.
                guard findings.count <= Detector.findingsPerRule else { return }
                let answer = Answer(columns: columns, values: values)
                let finding = try finding(answer, bindings: bindings)
                if let place = places[finding.id] {
                    RuleRun.merge(finding, into: &findings[place])
                } else {
                    places[finding.id] = findings.count
                    findings.append(finding)
                }
                flows[finding.id, default: []] += try flowIDs(answer)
                records[finding.id, default: []] += try recordPlaces(answer)
            })
        let resolver = EvidenceResolver(database)
        for index in findings.indices {
            let id = findings[index].id
            for flowID in select(flows[id] ?? []) {
                if let evidence = try resolver.evidence(flowID: flowID) { findings[index].evidence.append(evidence) }
            }
            for record in (records[id] ?? []).prefix(max(0, evidenceLimit - findings[index].evidence.count)) {
                if let evidence = try resolver.evidence(sourceID: record.source, offset: record.offset, line: record.line) {
                    findings[index].evidence.append(evidence)
                }
            }
        }
        return findings
    }

    /// What is wrong with the columns of a rule's answer, nil when nothing is.
    static func problem(_ rule: DetectionRule, columns: [String]) -> String? {
        let names = Set(columns)
        for name in DetectionRule.requiredColumns + rule.subject where !names.contains(name) {
            return "the statement gives no column `\(name)`"
        }
        for name in ExplanationTemplate(rule.explanation).names where !names.contains(name) && rule.query.parameter(name) == nil {
            return "`explanation` names `{\(name)}`, which is neither a column nor a parameter"
        }
        return nil
    }

    private func finding(_ answer: Answer, bindings: [String: StoredValue]) throws(QueryFailure) -> Finding {
        let subject = rule.subject.map { Finding.SubjectField(name: $0, value: answer[$0]) }
        var severity = rule.severity
        if let text = answer["severity"].text {
            guard let value = Severity(rawValue: text) else {
                throw QueryFailure(.refused, "\(rule.query.path):\(rule.query.sqlLine): the statement gives a severity `\(text)`")
            }
            severity = value
        }
        return Finding(
            id: Finding.id(rule: rule.id, subject: subject), ruleID: rule.id, severity: severity, status: .new,
            title: rule.query.title, explanation: explanation(answer, bindings: bindings), witness: rule.witness.rawValue,
            principal: answer["principal"].text, resource: answer["resource"].text, connector: answer["connector"].text,
            subject: subject, firstSeen: answer["first_seen"].integer.map(Timestamp.init(milliseconds:)),
            lastSeen: answer["last_seen"].integer.map(Timestamp.init(milliseconds:)), count: answer["count"].integer ?? 1,
            parameters: rule.query.parameters.map { Finding.SubjectField(name: $0.name, value: bindings[$0.name] ?? .null) },
            evidence: [])
    }

    private func explanation(_ answer: Answer, bindings: [String: StoredValue]) -> String {
        template.filled { name in
            if answer.columns[name] != nil { return Quantities.value(answer[name], column: name) }
            return rule.query.parameter(name).map { $0.display(bindings[name] ?? .null) }
        }
    }

    /// Two rows about one subject are one finding.
    private static func merge(_ finding: Finding, into known: inout Finding) {
        let (sum, overflow) = known.count.addingReportingOverflow(finding.count)
        known.count = overflow ? .max : sum
        if let first = finding.firstSeen, first < known.firstSeen ?? .distantFuture { known.firstSeen = first }
        if let last = finding.lastSeen, last > known.lastSeen ?? .distantPast { known.lastSeen = last }
        if finding.severity > known.severity {
            known.severity = finding.severity
            known.explanation = finding.explanation
        }
    }

    private func flowIDs(_ answer: Answer) throws(QueryFailure) -> [Int64] {
        switch answer["flow_ids"] {
        case .null: return []
        case .integer(let id): return [id]
        case .text(let text):
            if let ids = StoredJSON.integers(text) { return ids }
            fallthrough
        default:
            throw QueryFailure(
                .refused, "\(rule.query.path):\(rule.query.sqlLine): the column `flow_ids` must hold a JSON array of flow ids")
        }
    }

    /// `records` is a JSON array of `[source_id, offset, line]` written flat: three numbers a record.
    private func recordPlaces(_ answer: Answer) throws(QueryFailure) -> [(source: Int64, offset: Int64, line: Int64)] {
        guard let text = answer["records"].text else { return [] }
        guard let numbers = StoredJSON.integers(text), numbers.count % 3 == 0 else {
            throw QueryFailure(
                .refused,
                "\(rule.query.path):\(rule.query.sqlLine): the column `records` must hold a JSON array of source id, offset and line, repeated"
            )
        }
        return stride(from: 0, to: numbers.count, by: 3).map { (numbers[$0], numbers[$0 + 1], numbers[$0 + 2]) }
    }

    /// The earliest flows and the latest one.
    private func select(_ ids: [Int64]) -> [Int64] {
        let sorted = Set(ids).sorted()
        guard sorted.count > evidenceLimit, evidenceLimit > 0, let last = sorted.last else {
            return Array(sorted.prefix(evidenceLimit))
        }
        return sorted.prefix(evidenceLimit - 1) + [last]
    }
}

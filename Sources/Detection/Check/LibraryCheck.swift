internal import FlowModel
internal import FlowStore
public import QueryCatalogue
internal import QueryLibrary

/// Checks a library without any data: headers, statements, columns, parameters, and the rules against their fixtures.
public struct LibraryCheck: Sendable {
    public struct Result: Sendable {
        public var rules = 0
        public var questions = 0
        public var sections = 0
        /// Fixtures that were run.
        public var cases = 0
        /// One sentence for each thing that is wrong.
        public var problems: [String] = []
    }

    private let library: QueryLibrary
    private static let fixtureDirectory = "fixtures"

    public init(library: QueryLibrary) {
        self.library = library
    }

    /// `only`: ids of rules to check; nil checks the whole library.
    public func run(only: Set<String>? = nil) throws -> Result {
        var result = Result()
        let fixtures = try FixtureDatabase()
        let statements = StatementCheck(fixtures.store)
        let (rules, problems) = library.readableDetections()
        result.problems += problems.map(\.message)
        for rule in rules where only?.contains(rule.id) ?? true {
            result.rules += 1
            check(rule, fixtures, statements, &result)
        }
        if only == nil {
            let questions = try library.questions()
            result.questions = questions.count
            for question in questions { statements.columns(of: question, &result.problems) }
            let sections = try library.sections()
            result.sections = sections.count
            for section in sections { statements.check(section, &result.problems) }
        }
        return result
    }

    private func check(_ rule: DetectionRule, _ fixtures: FixtureDatabase, _ statements: StatementCheck, _ result: inout Result) {
        guard let columns = statements.columns(of: rule.query, &result.problems) else { return }
        if let problem = RuleRun.problem(rule, columns: columns) {
            result.problems.append("\(rule.query.path):\(rule.query.sqlLine): \(problem)")
            return
        }
        let place = QueryLibrary.Shelf.detections.rawValue + "/" + LibraryCheck.fixtureDirectory + "/" + rule.id + ".yaml"
        let path: String
        let file: FixtureFile
        do {
            guard let entry = try library.entry(place) else {
                if rule.query.status != .experimental { result.problems.append("\(rule.query.path): the rule has no fixtures, `\(place)`") }
                return
            }
            path = entry.path
            file = try FixtureFile(entry.text, path: path)
        } catch {
            result.problems.append(error.message)
            return
        }
        if !file.cases.contains(where: { !$0.fires.isEmpty }) {
            result.problems.append("`\(path)`: no case in which the rule must fire")
        }
        if !file.cases.contains(where: { $0.fires.isEmpty }) {
            result.problems.append("`\(path)`: no look-alike in which the rule must not fire")
        }
        for fixture in file.cases {
            result.cases += 1
            do {
                result.problems += try run(fixture, of: file, rule, fixtures)
            } catch let error as QueryFailure {
                result.problems.append(error.message)
            } catch {
                result.problems.append("\(path):\(fixture.line): \(error)")
            }
        }
    }

    /// What is wrong with the answer that a rule gives in a situation.
    private func run(
        _ fixture: FixtureFile.Case, of file: FixtureFile, _ rule: DetectionRule, _ fixtures: FixtureDatabase
    ) throws -> [String] {
        var arguments: [String: StoredValue] = [:]
        for (name, text) in fixture.parameters {
            guard let parameter = rule.query.parameter(name) else {
                return ["\(file.path):\(fixture.line): the rule has no parameter `\(name)`"]
            }
            arguments[name] = try parameter.value(of: text, resolvingTime: { Timestamp($0) })
        }
        let findings = try fixtures.with(fixture, path: file.path) { database in
            try RuleRun(rule, arguments, Detector.defaultEvidenceLimit).findings(database, period: .all)
        }
        let place = "\(file.path):\(fixture.line): \(fixture.note)"
        guard findings.count == fixture.fires.count else {
            let list = findings.map { "\($0.severity.rawValue) \($0.subjectJSON)" }.joined(separator: "; ")
            return ["\(place): expected \(fixture.fires.count) findings, got \(findings.count)\(list.isEmpty ? "" : ": \(list)")"]
        }
        var rest = findings
        var problems: [String] = []
        for expected in fixture.fires {
            if let index = rest.firstIndex(where: { LibraryCheck.fits($0, expected) }) {
                rest.remove(at: index)
            } else {
                let wanted = expected.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
                let list = rest.map(LibraryCheck.summary).joined(separator: "; ")
                problems.append("\(place): no finding with \(wanted); there are \(list)")
            }
        }
        return problems
    }

    private static func fits(_ finding: Finding, _ expected: [String: String]) -> Bool {
        expected.allSatisfy { name, value in field(finding, name) == value }
    }

    private static func field(_ finding: Finding, _ name: String) -> String? {
        switch name {
        case "severity": finding.severity.rawValue
        case "count": String(finding.count)
        case "principal": finding.principal
        case "resource": finding.resource
        case "connector": finding.connector
        case "explanation": finding.explanation
        case "first_seen": finding.firstSeen.map { String($0.milliseconds) }
        case "last_seen": finding.lastSeen.map { String($0.milliseconds) }
        case "flows": finding.evidence.compactMap(\.flowID).map(String.init).joined(separator: " ")
        case "lines": finding.evidence.map { String($0.line) }.joined(separator: " ")
        default: finding.subject.first { $0.name == name }?.value.plain
        }
    }

    private static func summary(_ finding: Finding) -> String {
        let times = [finding.firstSeen, finding.lastSeen].map { $0?.rfc3339 ?? "unknown" }.joined(separator: "–")
        return "\(finding.severity.rawValue) count=\(finding.count) \(times) \(finding.subjectJSON) `\(finding.explanation)`"
    }
}

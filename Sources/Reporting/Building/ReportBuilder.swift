public import Detection
public import FlowModel
public import FlowStore
public import QueryCatalogue
internal import QueryLibrary

/// Asks the database for what a template wants and puts it into one model. Nothing is written.
public struct ReportBuilder: Sendable {
    /// What a caller may decide.
    public struct Request: Sendable {
        public var template: ReportTemplate
        public var period: PeriodArgument
        /// Values for parameters of the template's sections, by name.
        public var parameters: [String: String] = [:]
        /// Values for parameters of rules.
        public var overrides: [ParameterOverride] = []
        public var suppressions = Suppressions.none
        /// Name and version of the program.
        public var software: String

        public init(template: ReportTemplate, period: PeriodArgument, software: String) {
            self.template = template
            self.period = period
            self.software = software
        }
    }

    private let database: AuditDatabase
    private let library: QueryLibrary
    /// A section with more rows than this is an export, not a report.
    static let rowLimit = 100_000
    /// Records named for one row: the first and the last, or a few.
    static let evidencePerRow = 3

    public init(database: AuditDatabase, library: QueryLibrary) {
        self.database = database
        self.library = library
    }

    /// - Parameter now: the time that the report says it was made, and at which suppressions must still hold.
    public func build(_ request: Request, now: Timestamp) throws -> Report {
        let period = request.period.period.widened
        let arguments = try arguments(request)
        let queries = try request.template.sections.filter { !ReportTemplate.builtIn.contains($0) }.map { try library.section($0) }
        // Rules, sections and what could not be checked see one state of the database.
        let (detection, parts) = try Detector(
            database: database, rules: try library.detections(), overrides: request.overrides, suppressions: request.suppressions
        ).run(period: period, now: now, beside: queries.map(\.query.sql) + [Violations.sql, Limits.sourceSQL]) { lane, place in
            if place == queries.count { return Part.violations(try Violations.count(lane.connection, period)) }
            if place > queries.count { return Part.limits(try Limits.Facts(lane.connection, period)) }
            try lane.prepare(for: queries[place].query.sql)
            return try attempt(queries[place]) {
                try section(queries[place], lane.connection, arguments: arguments, period: period)
            }
        }
        var failures = detection.failed.map { "The rule \($0.rule.id) failed, and what it would have found is not known: \($0.why)." }
        var made: [String: ReportSection] = [:]
        var violations: Int64 = 0
        var limits: Limits.Facts?
        for part in parts {
            switch part {
            case .violations(let count): violations = count
            case .limits(let facts): limits = facts
            case .section(let section, let failure):
                made[section.id] = section
                if let failure { failures.append(failure) }
            }
        }
        var sections: [ReportSection] = []
        for id in request.template.sections {
            switch id {
            case "findings":
                sections.append(
                    ReportSection(
                        id: id, title: "Findings", question: "What did the detections find?",
                        empty: "The detections that could look at the period found nothing.",
                        content: .findings(focused(detection.findings, request))))
            case "limits":
                guard let limits else { throw StatementError.misuse }
                let cut = made.values.contains(where: \.hasCutSum)
                sections.append(
                    ReportSection(
                        id: id, title: "What could not be checked", question: "What does this report not prove?",
                        empty: "Everything that was asked could be checked.",
                        content: .notes(
                            Limits(limits, detection, request.period.period, failures: failures, hasCutSum: cut, now: now).sentences))
                )
            default:
                if let section = made[id] { sections.append(section) }
            }
        }
        var (conclusion, verdict) = conclude(detection, violations: violations)
        if !failures.isEmpty {
            conclusion = .undecidable
            verdict = "\(failures.count) \(failures.count == 1 ? "part" : "parts") of this report failed. \(verdict)"
        }
        return Report(
            template: request.template.id, title: request.template.title, intro: request.template.intro, period: period,
            periodName: request.period.name, generatedAt: now, software: request.software, conclusion: conclusion, verdict: verdict,
            parameters: request.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, sections: sections,
            findings: detection.findings, flows: detection.examination.flows, failures: failures)
    }

    /// What one statement of a report gave.
    private enum Part {
        case section(ReportSection, failure: String?)
        case violations(Int64)
        case limits(Limits.Facts)
    }

    /// A section, or one that says why there is none: the others can do without it.
    private func attempt(_ section: ReportQuery, _ make: () throws -> ReportSection) throws -> Part {
        let why: String
        do {
            return .section(try make(), failure: nil)
        } catch let failure as QueryFailure where failure.kind != .usage {
            why = failure.message
        } catch let error as StatementError {
            why = StoreFailure(error, path: database.path).message
        }
        return .section(
            ReportSection(
                id: section.query.id, title: section.query.title, question: section.query.question, empty: section.empty,
                content: .notes(["This section could not be made: \(why)."])),
            failure: "The section \(section.query.id) failed, and is missing: \(why).")
    }

    /// The values that were given, checked against the template.
    private func arguments(_ request: Request) throws(QueryFailure) -> [String: StoredValue] {
        var values: [String: StoredValue] = [:]
        for (name, text) in request.parameters.sorted(by: { $0.key < $1.key }) {
            guard request.template.parameters.contains(name) else {
                let known = request.template.parameters.map { "`\($0)`" }.joined(separator: ", ")
                throw QueryFailure(
                    .usage, "template `\(request.template.id)` has no parameter `\(name)`; it has \(known.isEmpty ? "none" : known)"
                )
            }
            values[name] = .text(text)
        }
        return values
    }

    /// Findings about what a report with parameters is about.
    private func focused(_ findings: [Finding], _ request: Request) -> [Finding] {
        guard !request.parameters.isEmpty else { return findings }
        return findings.filter { finding in
            request.parameters.allSatisfy { name, text in
                let value: String? =
                    switch name {
                    case "principal": finding.principal
                    case "resource": finding.resource
                    case "connector": finding.connector
                    default: nil
                    }
                if let value, HostPattern(text).matches(value) { return true }
                return finding.subject.contains { $0.name.hasPrefix(name) && $0.value.plain == text }
            }
        }
    }

    private func section(
        _ section: ReportQuery, _ connection: StoreConnection, arguments: [String: StoredValue], period: Period
    ) throws -> ReportSection {
        let known = arguments.filter { section.query.parameter($0.key) != nil }
        var places: [Int] = []
        var rows: [[StoredValue]] = []
        var isCut = false
        try QueryRunner.run(
            connection, section.query, arguments: known, period: period,
            columns: { names in
                places = section.query.columns.compactMap { column in names.firstIndex(of: column.name) }
            },
            row: { values in
                guard rows.count < ReportBuilder.rowLimit else {
                    isCut = true
                    return
                }
                rows.append(places.map { values[$0] })
            })
        guard places.count == section.query.columns.count else {
            throw QueryFailure(.refused, "\(section.query.path):1: the header describes a column that the statement does not give")
        }
        let table = ReportTable(
            columns: section.query.columns, rows: try withEvidence(rows, section.query.columns, connection), shown: section.shown,
            isCut: isCut)
        let content: ReportSection.Content =
            switch section.shape {
            case .rows: .table(table)
            case .figures: .figures(table)
            case .bars: .bars(table)
            }
        return ReportSection(
            id: section.query.id, title: section.query.title, question: section.query.question, empty: section.empty,
            content: content)
    }

    /// Puts records in the place of flow ids.
    private func withEvidence(
        _ rows: [[StoredValue]], _ columns: [QueryFile.Column], _ connection: StoreConnection
    ) throws -> [[ReportValue]] {
        let isFlows = columns.map { $0.kind == .flows }
        func ids(_ value: StoredValue) -> [Int64] {
            var seen: Set<Int64> = []
            let all = value.text.flatMap(StoredJSON.integers) ?? []
            return Array(all.filter { seen.insert($0).inserted }.prefix(ReportBuilder.evidencePerRow))
        }
        var wanted: Set<Int64> = []
        for row in rows {
            for (value, isFlows) in zip(row, isFlows) where isFlows { wanted.formUnion(ids(value)) }
        }
        let evidence = try EvidenceFinder.evidence(flows: wanted, connection)
        return rows.map { row in
            zip(row, isFlows).map { value, isFlows in
                isFlows ? .evidence(ids(value).compactMap { evidence[$0] }) : .value(value)
            }
        }
    }

    /// Looks at the verdicts themselves, so that the sentence at the top does not depend on which sections a template has.
    private func conclude(_ detection: DetectionOutcome, violations: Int64) -> (Report.Conclusion, String) {
        let examination = detection.examination
        guard examination.flows > 0 else {
            return (.undecidable, "There are no connections in the period: nothing was examined.")
        }
        guard examination.flows > examination.unjudgedFlows else {
            return (
                .undecidable,
                "None of the \(Quantities.count(examination.flows)) connections could be judged: no policy in force is known for them."
            )
        }
        let judged = examination.flows - examination.unjudgedFlows
        let serious = detection.findings.filter { $0.severity >= .high && $0.suppressedBy == nil }.count
        let rest =
            examination.unjudgedFlows > 0 ? " \(Quantities.count(examination.unjudgedFlows)) connections could not be judged." : ""
        if violations == 0, serious == 0 {
            return (.clean, "All \(Quantities.count(judged)) connections that could be judged were what policy says.\(rest)")
        }
        return (
            .violations,
            """
            \(Quantities.count(violations)) of \(Quantities.count(judged)) judged connections were not what policy says; \
            \(Quantities.count(Int64(serious))) findings are high or critical.\(rest)
            """
        )
    }
}

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
        let scope = ReportScope(request.parameters)
        let queries = try request.template.sections.filter { !ReportTemplate.builtIn.contains($0) }.map { try library.section($0) }
        // Rules, sections and what could not be checked see one state of the database.
        let (detection, parts) = try Detector(
            database: database, rules: try library.detections(), overrides: request.overrides, suppressions: request.suppressions
        ).run(period: period, now: now, beside: queries.map(\.query.sql) + [ReportScope.sql, Limits.sourceSQL]) { lane, place in
            if place == queries.count { return Part.standing(try scope.standing(lane.connection, period)) }
            if place > queries.count { return Part.limits(try Limits.Facts(lane.connection, period)) }
            try lane.prepare(for: queries[place].query.sql)
            return try attempt(queries[place]) {
                try section(queries[place], lane.connection, arguments: arguments, period: period)
            }
        }
        var failures = detection.failed.map { "The rule \($0.rule.id) failed, and what it would have found is not known: \($0.why)." }
        var made: [String: ReportSection] = [:]
        var standing = ReportScope.Standing()
        var limits: Limits.Facts?
        for part in parts {
            switch part {
            case .standing(let found): standing = found
            case .limits(let facts): limits = facts
            case .section(let section, let failure):
                made[section.id] = section
                if let failure { failures.append(failure) }
            }
        }
        let findings = detection.findings.filter { scope.has($0, standing) }
        var sections: [ReportSection] = []
        for id in request.template.sections {
            switch id {
            case "findings":
                sections.append(
                    ReportSection(
                        id: id, title: "Findings", question: "What did the detections find?",
                        empty: "The detections that could look at the period found nothing.",
                        content: .findings(findings)))
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
        var (conclusion, verdict) = conclude(standing, scope, findings, all: detection.examination.flows)
        if !failures.isEmpty {
            conclusion = .undecidable
            verdict = "\(failures.count) \(failures.count == 1 ? "part" : "parts") of this report failed. \(verdict)"
        }
        return Report(
            template: request.template.id, title: request.template.title, intro: request.template.intro, period: period,
            periodName: request.period.name, generatedAt: now, software: request.software, conclusion: conclusion, verdict: verdict,
            parameters: request.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, sections: sections,
            findings: findings, flows: standing.flows, failures: failures)
    }

    /// What one statement of a report gave.
    private enum Part {
        case section(ReportSection, failure: String?)
        case standing(ReportScope.Standing)
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
        guard request.template.scope == .tenant || !values.isEmpty else {
            let known = request.template.parameters.map { "`\($0)`" }.joined(separator: ", ")
            throw QueryFailure(
                .usage, "template `\(request.template.id)` needs to be told what it is about: one or more of the parameters \(known)")
        }
        return values
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
    private func conclude(
        _ standing: ReportScope.Standing, _ scope: ReportScope, _ findings: [Finding], all: Int64
    ) -> (Report.Conclusion, String) {
        guard all > 0 else { return (.undecidable, "There are no connections in the period: nothing was examined.") }
        let serious = findings.filter { $0.severity >= .high && $0.suppressedBy == nil }.count
        guard standing.flows > 0 else {
            return (
                serious == 0 ? .clean : .violations,
                """
                None of the \(Quantities.count(all)) connections in the period is about what was asked; \(Quantities.count(Int64(serious))) \
                findings about it are high or critical.
                """
            )
        }
        let about = scope.isTenant ? "" : "About what was asked: "
        guard standing.flows > standing.unjudged else {
            return (
                .undecidable,
                "\(about)None of the \(Quantities.count(standing.flows)) connections could be judged: no policy in force is known for them."
            )
        }
        let judged = standing.flows - standing.unjudged
        let rest = standing.unjudged > 0 ? " \(Quantities.count(standing.unjudged)) connections could not be judged." : ""
        if standing.violations.isEmpty, serious == 0 {
            return (.clean, "\(about)All \(Quantities.count(judged)) connections that could be judged were what policy says.\(rest)")
        }
        let kinds = standing.violations.map { "\(Quantities.count($0.flows)) \($0.kind)" }.joined(separator: ", ")
        return (
            .violations,
            """
            \(about)\(Quantities.count(standing.allViolations)) of \(Quantities.count(judged)) judged connections were not what policy \
            says\(kinds.isEmpty ? "" : " (\(kinds))"); \(Quantities.count(Int64(serious))) findings are high or critical.\(rest)
            """
        )
    }
}

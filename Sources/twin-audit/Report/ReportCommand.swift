internal import ArgumentParser
internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import Reporting
internal import TerminalSupport
internal import Wording

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a report of a period: what happened, whether policy allowed it, which record proves it.",
        discussion: """
            Examples:
              twin-audit report --period last-week
              twin-audit report --template access-review --period 2026-Q4 --format html,csv --out review
              twin-audit report --template incident --param principal=ann@example.com --since 2026-10-08 --until 2026-10-10

            Exit status: 0 when the report is written; 1 when findings reach --fail-on; 6 when the period held nothing that could be
            judged, or a rule or section failed (the report is written and says so), or when the database knows nobody and nothing of
            a name that the report is to be about (none is written).
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var library: LibraryOptions
    @OptionGroup var times: PeriodOptions

    @Option(help: ArgumentHelp("Which report; --list shows them.", valueName: "name"))
    var template = "compliance"

    @Flag(help: "List the templates.")
    var list = false

    @Option(help: ArgumentHelp("\(PeriodArgument.forms). [default: all]", valueName: "period"))
    var period: String?

    @Option(
        help: ArgumentHelp(
            "One or more of \(ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")), separated by commas.",
            valueName: "formats"))
    var format = "html"

    @Option(help: ArgumentHelp("Where to write; `-` for standard output.", valueName: "dir"))
    var out = "report"

    @Option(name: .customLong("param"), help: ArgumentHelp("A value for a parameter of the template.", valueName: "name=value"))
    var parameters: [String] = []

    @Option(help: ArgumentHelp("Findings that were accepted: shown with the reason.", valueName: "file"))
    var suppressions: String?

    @Option(help: ArgumentHelp("End with status 1 when there are findings of this severity or worse.", valueName: "severity"))
    var failOn: Severity?

    func run() throws {
        try Refusal.translating {
            let library = try library.open()
            if list { return try listTemplates(library) }
            let formats = try chosenFormats()
            let now = Present.now
            var request = ReportBuilder.Request(
                template: try library.template(template), period: try chosenPeriod(now: now),
                software: Version.of(TwinAudit.name))
            let database = try database.open()
            for (name, text) in try NamedValues.parse(parameters) {
                request.parameters[name] = try HostArgument.written(text, for: name, in: database)
            }
            guard try namesAreKnown(request.parameters, database) else { return try ExitStatusError.end(with: .undecidable) }
            request.suppressions = try suppressions.map { try Suppressions(try QueryLibrary.read($0), path: $0) } ?? .none
            let report = try ReportBuilder(database: database, library: library).build(request, now: now)
            try write(report, formats)
            for failure in report.failures { Message.error(Escaping.terminal(failure)) }
            Message.write(Escaping.terminal(report.verdict))
            if let failOn, report.hasFinding(atLeast: failOn) { try ExitStatusError.end(with: .badAnswer) }
            if report.conclusion == .undecidable { try ExitStatusError.end(with: .undecidable) }
        }
    }

    /// Whether the database knows who and what the report is to be about; says of each that it does not know.
    private func namesAreKnown(_ parameters: [String: String], _ database: AuditDatabase) throws -> Bool {
        var asked = parameters.mapValues { StoredValue.text($0) }
        asked["user"] = asked.removeValue(forKey: "principal")
        let unknown = try Question.unknownNames(asked, database)
        for name in unknown { Message.error(Escaping.terminal(name.description + "; no report was written")) }
        return unknown.isEmpty
    }

    private func listTemplates(_ library: QueryLibrary) throws {
        let writer = RowWriter(
            format: .table, columns: ["name", "title", "parameters", "sections"], output: OutputStream())
        for template in try library.templates() {
            try writer.write([
                .text(template.id), .text(template.title), .text(template.parameters.joined(separator: " ")),
                .text(template.sections.joined(separator: " ")),
            ])
        }
        try writer.finish()
    }

    private func chosenFormats() throws -> [ReportFormat] {
        let formats = try format.split(separator: ",").map { name in
            guard let format = ReportFormat(rawValue: String(name)) else {
                let known = ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure(.usage, "--format takes \(known), not `\(name)`")
            }
            return format
        }
        guard !formats.isEmpty else { throw CommandFailure(.usage, "--format names nothing") }
        if out == "-", formats.count > 1 || formats.contains(.csv) {
            throw CommandFailure(.usage, "`--out -` takes one of html, json and md: standard output holds one file")
        }
        return formats
    }

    private func chosenPeriod(now: Timestamp) throws -> PeriodArgument {
        let times = try times.period()
        if let period {
            guard times == .all else { throw CommandFailure(.usage, "--period excludes --since and --until") }
            guard let argument = PeriodArgument(period, now: now) else {
                throw CommandFailure(.usage, "--period takes \(PeriodArgument.forms), not `\(period)`")
            }
            return argument
        }
        return times == .all ? PeriodArgument(period: .all, name: "all") : PeriodArgument(period: times, name: times.description)
    }

    private func write(_ report: Report, _ formats: [ReportFormat]) throws {
        let output = OutputStream()
        let files = formats.flatMap { report.files($0) }
        if out == "-" {
            for file in files { try output.write(file.text) }
            return try output.flush()
        }
        try ResultFile.makeDirectory(out)
        for file in files {
            let path = out + "/" + file.name
            try ResultFile.write(file.text, to: path)
            try output.write(Escaping.terminal(path) + "\n")
        }
        try output.flush()
    }
}

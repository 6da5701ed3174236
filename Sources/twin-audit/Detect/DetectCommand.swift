internal import ArgumentParser
internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import TerminalSupport
internal import TextEncodings
internal import Wording

struct DetectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect", abstract: "Run the detections, store their findings and show them.",
        discussion: """
            Examples:
              twin-audit detect
              twin-audit detect --only 'tunnel.*' --fail-on high
              twin-audit detect --list
              twin-audit detect --explain policy.over-permitted
              twin-audit detect --param access.denied-burst.targets=20 --suppressions accepted.yaml

            Exit status: 1 when findings reach --fail-on; 6 when there was nothing to examine, or a rule failed: the findings of the others
            are shown and kept all the same.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var library: LibraryOptions
    @OptionGroup var period: PeriodOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "List the rules.")
    var list = false

    @Option(help: ArgumentHelp("Say what a rule detects, precisely, with its parameters and its SQL.", valueName: "rule"))
    var explain: String?

    @Flag(help: "Check the query library: headers, statements, and every rule against its fixtures.")
    var check = false

    @Option(help: ArgumentHelp("Only these rules: ids, separated by commas, with * and ? as wildcards.", valueName: "rules"))
    var only: [String] = []

    @Option(help: ArgumentHelp("Show findings of this severity and worse.", valueName: "severity"))
    var severity: Severity = .info

    @Option(help: ArgumentHelp("End with status 1 when there are findings of this severity or worse.", valueName: "severity"))
    var failOn: Severity?

    @Option(
        name: .customLong("param"),
        help: ArgumentHelp("A value for a parameter of one rule, or of all rules that have it.", valueName: "[rule.]name=value"))
    var parameters: [String] = []

    @Option(help: ArgumentHelp("Findings that were accepted: shown with the reason, not counted by --fail-on.", valueName: "file"))
    var suppressions: String?

    @Option(help: ArgumentHelp("Records to name for each finding.", valueName: "count"))
    var evidence = Detector.defaultEvidenceLimit

    @Flag(inversion: .prefixedNo, help: "Keep the findings, to tell new ones from known ones in the next run.")
    var store = true

    func validate() throws {
        if [list, check, explain != nil].filter({ $0 }).count > 1 {
            throw ValidationError("--list, --check and --explain exclude each other")
        }
        if !(1...1_000).contains(evidence) { throw ValidationError("--evidence takes a number from 1 to 1000") }
    }

    func run() throws {
        try Refusal.translating {
            let library = try library.open()
            if check { return try runCheck(library) }
            let rules = try selected(library.detections())
            if list { return try RuleListing.list(rules, output) }
            if let explain { return try RuleListing.explain(explain, library.detections()) }
            try detect(rules)
        }
    }

    private func selected(_ rules: [DetectionRule]) throws -> [DetectionRule] {
        let patterns = only.flatMap { $0.split(separator: ",").map(String.init) }
        guard !patterns.isEmpty else { return rules }
        for pattern in patterns where !rules.contains(where: { HostPattern(pattern).matches($0.id) }) {
            throw CommandFailure(.usage, RuleListing.unknown(pattern, rules))
        }
        return rules.filter { rule in patterns.contains { HostPattern($0).matches(rule.id) } }
    }

    private func detect(_ rules: [DetectionRule]) throws {
        let now = Present.now
        let overrides = try parameters.map { try ParameterOverride($0) }
        let accepted = try suppressions.map { try Suppressions(try QueryLibrary.read($0), path: $0) } ?? .none
        let detector = try Detector(
            database: try database.open(), rules: rules, overrides: overrides, suppressions: accepted, evidenceLimit: evidence,
            resolvingTime: NamedValues.time)
        var outcome = try detector.run(period: try period.period(), now: now)
        if store, !outcome.examined.isEmpty {
            let writable = try database.open(.readWrite)
            outcome.findings += try FindingStore.store(outcome, in: writable)
            try writable.log(at: now, actor: Present.actor, command: "detect") {
                $0.member("rules", outcome.examined.count)
                $0.member("findings", outcome.findings.count { $0.status != .gone })
                $0.member("period", outcome.period.description)
            }
        }
        try FindingListing(output).write(outcome.findings.filter { $0.severity >= severity })
        summarise(outcome)
        if let failOn, !outcome.failing(at: failOn).isEmpty { try ExitStatusError.end(with: .badAnswer) }
        if outcome.isUndecidable { try ExitStatusError.end(with: .undecidable) }
    }

    private func summarise(_ outcome: DetectionOutcome) {
        for note in outcome.suppressionNotes { Message.warning(Escaping.terminal(note)) }
        for (rule, why) in outcome.failed {
            Message.error(Escaping.terminal("rule `\(rule.id)` failed, and what it would have found is not known: \(why)"))
        }
        for rule in outcome.cutShort {
            Message.warning("\(rule) found more than a run keeps; narrow it with --since or a parameter")
        }
        let current = outcome.findings.filter { $0.status != .gone }
        let counts = Severity.allCases.reversed().compactMap { severity -> String? in
            let count = current.filter { $0.severity == severity && $0.suppressedBy == nil }.count
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        var line = "\(outcome.examined.count) rules examined \(outcome.examination.flows) flows: "
        line += counts.isEmpty ? "no findings" : counts.joined(separator: ", ")
        let aside = current.filter { $0.suppressedBy != nil }.count
        if aside > 0 { line += "; \(aside) set aside" }
        let gone = outcome.findings.count - current.count
        if gone > 0 { line += "; \(gone) gone since the last run" }
        Message.write(line)
        if outcome.examination.unjudgedFlows > 0, outcome.examination.present.contains(.verdicts) {
            Message.write("not judged, because no policy in force is known for them: \(outcome.examination.unjudgedFlows) flows")
        }
        var reasons: [String] = []
        for (_, why) in outcome.notExamined where !reasons.contains(why) { reasons.append(why) }
        for reason in reasons {
            let rules = outcome.notExamined.filter { $0.why == reason }.map(\.rule.id)
            Message.write("not examined, because \(reason): \(rules.joined(separator: ", "))")
        }
    }

    private func runCheck(_ library: QueryLibrary) throws {
        let rules = only.isEmpty ? nil : Set(try selected(library.readableDetections().rules).map(\.id))
        let result = try LibraryCheck(library: library).run(only: rules)
        for problem in result.problems { Message.error(Escaping.terminal(problem)) }
        Message.write(
            "\(result.rules) rules with \(result.cases) fixtures, \(result.questions) questions and \(result.sections) report sections checked"
        )
        guard result.problems.isEmpty else {
            throw CommandFailure(.badAnswer, "\(result.problems.count) problems in \(library)")
        }
    }
}

internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import PolicyDocuments
internal import Replay
internal import TerminalSupport
internal import Wording

struct PolicySuggestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suggest", abstract: "Write a narrower policy that allows everything that was used.",
        discussion: """
            Removes grants that were not used, closes ports that nobody asked for, replaces patterns by the names and blocks by the
            addresses that were asked for. The result is held against the same records before it is written: Resources whose narrowing
            would change any answer stay as they are. Prints the document, or writes it to --out; what was narrowed is told on standard
            error and in the document's notes. Ends with 0, with 3 when a document is refused, with 6 when there is nothing to examine.

            Examples:
              twin-audit policy suggest --since 90d --out proposal.yaml
              twin-audit replay --against proposal.yaml --since 90d
            """)

    @OptionGroup var use: PolicyUseArguments

    @Option(help: ArgumentHelp("Where the document goes. [default: standard output]", valueName: "file"))
    var out: String?
    @Option(help: ArgumentHelp("From when on the proposal would be in force. [default: now]", valueName: "time"))
    var effectiveAt: String?
    @Option(help: ArgumentHelp("Patterns and blocks under which more was asked for keep one definition.", valueName: "count"))
    var maxAddresses = PolicySuggestion.Limits.defaultAddresses
    @Option(help: ArgumentHelp("Resources of which more ports were asked for keep their ranges.", valueName: "count"))
    var maxPorts = PolicySuggestion.Limits.defaultPorts

    func run() throws {
        let period = try use.period()
        guard (0...100_000).contains(maxAddresses), (0...65_535).contains(maxPorts) else {
            throw CommandFailure(.usage, "--most-addresses takes 0 to 100000, --most-ports 0 to 65535")
        }
        let policy = try use.policy(try use.source.history())
        let time = try TimeOption.parse(effectiveAt, option: "--effective-at") ?? Present.now
        var search = SuggestionSearch(policy: policy, options: try use.engine.options(), effectiveAt: time)
        search.limits.addresses = maxAddresses
        search.limits.ports = maxPorts
        search.since = period.since
        search.until = period.until
        let outcome = try search.run(try use.source.database.open())
        guard outcome.use.flows > 0, let first = outcome.use.first, let last = outcome.use.last else {
            throw CommandFailure(.undecidable, "nothing was examined: the database holds no flows of that period")
        }
        let text = outcome.suggestion.snapshot.yaml()
        if let out {
            try ResultFile.write(text, to: out)
        } else {
            let stream = OutputStream()
            try stream.write(text)
            try stream.flush()
        }
        for step in outcome.suggestion.steps { Message.write(Escaping.terminal(step)) }
        for id in outcome.restored.sorted(by: identifierPrecedes) {
            Message.write("Resource \(Escaping.terminal(id)) stays as it is: narrowing it would change answers to what was asked for")
        }
        Message.write(
            """
            \(outcome.suggestion.steps.count) steps; the \(outcome.use.flows) flows from \(first) to \(last) say: \
            \(outcome.proof.count(.revoked).rows) ACCESS_REVOKED, \(outcome.proof.count(.gained).rows) ACCESS_GAINED
            """)
    }
}

internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import TerminalSupport
internal import Wording

/// Which flows. Options may be repeated: any of the values; `*` and `?` are wildcards.
struct FilterOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("E-mail, service account name, or id.", valueName: "who"))
    var user: [String] = []
    @Option(help: ArgumentHelp("Members of a group, by its name or id in the policy.", valueName: "name"))
    var group: [String] = []
    @Option(help: ArgumentHelp("Resource id, name in the policy, or applied rule.", valueName: "what"))
    var resource: [String] = []
    @Option(help: ArgumentHelp("Name or address that was asked for.", valueName: "host"))
    var address: [String] = []
    @Option(help: ArgumentHelp("Connector name or id.", valueName: "name"))
    var connector: [String] = []
    @Option(help: ArgumentHelp("Remote network name or id.", valueName: "name"))
    var network: [String] = []
    @Option(help: ArgumentHelp("Device id.", valueName: "id"))
    var device: [String] = []
    @Option(name: .customLong("client-ip"), help: ArgumentHelp("Address of the client.", valueName: "address"))
    var clientIP: [String] = []
    @Option(help: ArgumentHelp("Port of the Resource.", valueName: "number"))
    var port: [UInt16] = []
    @Option(help: ArgumentHelp("Verdict class, such as over-permitted; `unjudged` for none.", valueName: "class"))
    var verdict: [String] = []
    @Option(help: ArgumentHelp("Flows that began at or after: RFC 3339, a date, 7d, yesterday.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Flows that began before.", valueName: "time"))
    var until: String?

    func filter() throws -> FlowFilter {
        var filter = FlowFilter()
        filter.users = user
        filter.groups = group
        filter.resources = resource
        filter.addresses = address
        filter.connectors = connector
        filter.networks = network
        filter.devices = device
        filter.clientIPs = clientIP
        filter.ports = port
        filter.verdicts = try verdict.map { try FilterOptions.checked(verdict: $0) }
        filter.since = try TimeOption.parse(since, option: "--since")
        filter.until = try TimeOption.parse(until, option: "--until")
        if let since = filter.since, let until = filter.until, since >= until {
            throw CommandFailure(.usage, "--since \(since) is not before --until \(until)")
        }
        return filter
    }

    /// A word for a verdict that means nothing would look like an answer.
    private static func checked(verdict text: String) throws -> String {
        let known = VerdictClass.allCases.map(\.rawValue) + [FlowFilter.unjudged]
        if known.contains(where: { HostPattern(text).matches($0) }) { return text }
        let nearest = NearestWord.find(text, among: known).map { "; the nearest is `\($0)`" } ?? ""
        throw CommandFailure(.usage, "--verdict takes \(known.joined(separator: ", ")), not `\(text)`\(nearest)")
    }
}

internal import FlowModel
internal import FlowStore
internal import TerminalSupport
internal import Wording

/// A value of `--param` that names a host, as the records write that host: filters compare hosts by what they mean, the statements of the library
/// compare texts.
enum HostArgument {
    /// Parameters of the library's questions that take a name or address.
    private static let names: Set<String> = ["resource", "address", "destination", "client_ip", "host"]

    static func written(_ text: String, for name: String, in database: AuditDatabase) throws -> String {
        let plain = HostName(text).address?.description ?? text
        guard names.contains(name) else { return plain }
        let spellings = try HostSpellings.of(text, in: database)
        guard let first = spellings.first else { return plain }
        let chosen = spellings.first { $0.lowercased() == text.lowercased() || $0.lowercased() == plain } ?? first
        if spellings.count > 1 {
            let list = spellings.map { "`\(Escaping.terminal($0))`" }.joined(separator: ", ")
            Message.warning(
                "records write `\(Escaping.terminal(text))` in \(spellings.count) ways, \(list), and the question is asked of "
                    + "`\(Escaping.terminal(chosen))` alone; ask `access --address`, or again for each")
        }
        // The library's statements take values for patterns.
        return chosen.map { $0 == "[" ? "[[]" : String($0) }.joined()
    }
}

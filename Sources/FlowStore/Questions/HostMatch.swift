internal import FlowModel
internal import GRDB
internal import TextEncodings

/// Compares names and addresses of hosts by what they mean: see `HostName`.
enum HostMatch {
    private static let function = "twin_host"

    /// A condition over a column `value` that holds for every text that names the same host. A pattern compares as `FlowFilter.matches`
    /// says, with the text and with its canonical form.
    static func condition(_ text: String, _ database: Database) -> FlowFilter.Match {
        database.add(
            function: DatabaseFunction(function, argumentCount: 1, pure: true) { values in
                String.fromDatabaseValue(values[0]).map { HostName.canonical($0) }
            })
        if FlowFilter.isPattern(text) {
            let plain = FlowFilter.matches(text)
            let canonical = "\(function)(value) GLOB lower(\(literal(plain.argument)))"
            return ("(\(plain.condition) OR \(needsWork) AND \(canonical))", plain.argument)
        }
        let canonical = HostName.canonical(text)
        return ("(value = ? COLLATE NOCASE OR \(needsWork) AND \(function)(value) = \(literal(canonical)))", canonical)
    }

    /// A text as SQL, whatever is in it.
    private static func literal(_ text: String) -> String {
        "CAST(x'\(Hexadecimal.text(text.utf8))' AS TEXT)"
    }

    /// Whether a text may be written otherwise than in its canonical form, but for ASCII case: in colons or brackets, with a dot at its
    /// end, or in other letters. Few are, so few are looked at.
    private static let needsWork = "(value GLOB '*:*' OR value GLOB '*.' OR value GLOB '*[^ -~]*')"
}

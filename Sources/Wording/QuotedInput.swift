extension String {
    /// User input for a message: at most 80 characters, control characters replaced, in backticks.
    public var quoted: String {
        let limit = 80
        var shown = ""
        for scalar in unicodeScalars.prefix(limit) {
            let isControl = scalar.value < 0x20 || (scalar.value >= 0x7f && scalar.value < 0xa0)
            shown.unicodeScalars.append(isControl || scalar == "`" ? "\u{FFFD}" : scalar)
        }
        return "`" + shown + (unicodeScalars.count > limit ? "…" : "") + "`"
    }
}

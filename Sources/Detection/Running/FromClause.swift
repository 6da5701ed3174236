/// The names that stand where a statement names what it reads from: after FROM, JOIN, and commas between them.
enum FromClause {
    private static let ends: Set<String> = [
        "where", "group", "order", "limit", "having", "window", "union", "except", "intersect", "select", "values",
    ]

    /// In lower case; strings and comments are passed over.
    static func names(_ sql: String) -> Set<String> {
        var names: Set<String> = []
        // One entry for each open parenthesis: whether a FROM clause goes on there.
        var inFrom = [false]
        var expectsName = false
        for token in tokens(sql) {
            switch token {
            case "(":
                inFrom.append(false)
                expectsName = false
            case ")":
                if inFrom.count > 1 { inFrom.removeLast() }
                expectsName = false
            case ",":
                expectsName = inFrom[inFrom.count - 1]
            case "from", "join":
                inFrom[inFrom.count - 1] = true
                expectsName = true
            default:
                if ends.contains(token) {
                    inFrom[inFrom.count - 1] = false
                } else if expectsName {
                    names.insert(token)
                }
                expectsName = false
            }
        }
        return names
    }

    /// Words and the marks `(`, `)` and `,`, in lower case.
    private static func tokens(_ sql: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        var rest = sql.lowercased()[...]
        func skip(through end: String) {
            while !rest.isEmpty, !rest.hasPrefix(end) { rest.removeFirst() }
            rest = rest.dropFirst(end.count)
        }
        while let character = rest.first {
            if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
                rest.removeFirst()
                continue
            }
            if !word.isEmpty {
                tokens.append(word)
                word = ""
            }
            rest.removeFirst()
            switch character {
            case "'": skip(through: "'")
            case "-" where rest.hasPrefix("-"): skip(through: "\n")
            case "/" where rest.hasPrefix("*"): skip(through: "*/")
            case "(", ")", ",": tokens.append(String(character))
            default: break
            }
        }
        if !word.isEmpty { tokens.append(word) }
        return tokens
    }
}

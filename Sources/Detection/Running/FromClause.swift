/// The names by which a statement reads: those after FROM, JOIN, and commas between them, and those that it defines itself.
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

    /// Names of common table expressions, in lower case.
    static func defined(_ sql: String) -> Set<String> {
        let tokens = tokens(sql)
        var names: Set<String> = []
        for place in tokens.indices where tokens[place] == "as" {
            let behind = tokens[(place + 1)...].first { $0 != "not" && $0 != "materialized" }
            guard behind == "(", place > 0 else { continue }
            // Back over the names of its columns.
            var before = place - 1
            if tokens[before] == ")" {
                var depth = 0
                repeat {
                    if tokens[before] == ")" { depth += 1 }
                    if tokens[before] == "(" { depth -= 1 }
                    before -= 1
                } while depth > 0 && before >= 0
            }
            if before >= 0 { names.insert(tokens[before]) }
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

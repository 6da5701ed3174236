/// A sentence with `{name}` where the value of a column or of a parameter goes.
struct ExplanationTemplate {
    private enum Part {
        case text(String)
        case value(String)
    }

    private var parts: [Part] = []

    init(_ text: String) {
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { break }
            parts.append(.text(String(rest[..<open])))
            parts.append(.value(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        parts.append(.text(String(rest)))
    }

    var names: [String] {
        parts.compactMap { if case .value(let name) = $0 { name } else { nil } }
    }

    func filled(_ value: (String) -> String?) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .value(let name): value(name) ?? "{\(name)}"
            }
        }.joined()
    }
}

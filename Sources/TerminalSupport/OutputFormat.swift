public import ArgumentParser
internal import TextEncodings
internal import Wording

/// The forms in which a command prints rows.
public enum OutputFormat: String, Sendable, CaseIterable, ExpressibleByArgument {
    case table
    case csv
    case tsv
    case json
    case ndjson
    case markdown
}

/// One value of a result.
public enum Cell: Sendable, Hashable {
    case null
    case text(String)
    case integer(Int64)
    case real(Double)
    /// An instant in milliseconds of Unix time: RFC 3339 for people, the number for machines' JSON when the column's name ends in `_at`.
    case time(String)
    /// JSON text that is already well-formed: printed as it is in JSON forms, as text elsewhere.
    case json(String)

    public static func text(_ value: String?) -> Cell { value.map { .text($0) } ?? .null }
    public static func integer(_ value: Int64?) -> Cell { value.map { .integer($0) } ?? .null }
    public static func integer(_ value: Int) -> Cell { .integer(Int64(value)) }

    var plain: String {
        switch self {
        case .null: ""
        case .text(let value), .time(let value), .json(let value): value
        case .integer(let value): String(value)
        case .real(let value): Cell.format(value)
        }
    }

    /// Appends the cell as a JSON value.
    func writeJSON(into bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .text(let value), .time(let value): JSONEscapes.shown.writeQuoted(value, into: &bytes)
        case .integer(let value): bytes.append(contentsOf: String(value).utf8)
        // Infinities and what is no number have no digits in JSON.
        case .real(let value): bytes.append(contentsOf: (value.isFinite ? Cell.format(value) : "null").utf8)
        case .json(let value): JSONEscapes.shown.write(json: value, into: &bytes)
        }
    }

    var isNumeric: Bool {
        switch self {
        case .integer, .real: true
        default: false
        }
    }

    private static func format(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}

public import ArgumentParser
internal import TextEncodings

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

    func write(into json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .text(let value), .time(let value): json.string(value)
        case .integer(let value): json.number(value)
        case .real(let value): json.number(value, Cell.format)
        case .json(let value): json.value(json: value)
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

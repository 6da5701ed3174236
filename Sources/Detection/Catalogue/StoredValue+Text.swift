public import FlowStore
internal import GRDB
internal import TextEncodings

/// Ways to look at a value that a statement is given or gives back.
extension StoredValue {
    public var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    public var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    public var isNull: Bool { self == .null }

    /// The value as running text: nothing for NULL, hexadecimal digits for bytes that are not UTF-8.
    public var plain: String {
        switch self {
        case .null: ""
        case .integer(let value): String(value)
        case .real(let value): StoredValue.format(value)
        case .text(let value): value
        case .blob(let bytes): String(validating: bytes, as: UTF8.self) ?? Hexadecimal.text(bytes)
        }
    }

    /// A whole number is written without a fraction.
    static func format(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    init(reading value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        case .blob(let data): self = .blob([UInt8](data))
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .blob(let bytes): DatabaseValue(value: bytes) ?? .null
        }
    }
}

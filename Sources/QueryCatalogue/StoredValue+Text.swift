public import FlowModel
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
    package static func format(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}

/// Why a line was set aside. Raw values are public interface: they stand in databases, outputs and documentation.
public enum QuarantineReason: String, Error, Hashable, Sendable, CaseIterable {
    /// Bytes that are no UTF-8.
    case invalidUTF8 = "invalid-utf8"
    /// Breaks the grammar of RFC 8259.
    case malformedJSON = "malformed-json"
    /// A complete JSON object, then something else on the line.
    case trailingBytes = "trailing-bytes"
    /// More nested than `JSONLimits.deepest`.
    case tooDeep = "too-deep"
    /// The same field twice in one object, or under both of its names.
    case duplicateKey = "duplicate-key"
    /// An escape that names half of a surrogate pair.
    case loneSurrogate = "lone-surrogate"
    /// A field that is read holds a number outside of its range.
    case numberOutOfRange = "number-out-of-range"
    /// A field that is read holds another JSON type.
    case wrongType = "wrong-type"
    /// A field without which the event says nothing.
    case missingField = "missing-field"
    /// A field that is read holds a text that it cannot hold.
    case badValue = "bad-value"
    /// A user and a service account in one event.
    case twoPrincipals = "two-principals"
    /// Longer than `LineLimits.maxLineLength`.
    case lineTooLong = "line-too-long"
    /// A JSON object, but nothing that this toolchain knows as an event or as an envelope of one.
    case notAnEvent = "not-an-event"
    /// Text where only JSON can stand.
    case notJSON = "not-json"
    /// A text line that holds a piece of an event: a torn record.
    case jsonFragment = "json-fragment"
    /// A row with an opening quote that does not close on its line, or bytes after a closing one.
    case badQuoting = "csv-quoting"
    /// A row with more or fewer columns than the header.
    case columnCount = "csv-columns"
    /// A report without a usable header.
    case badHeader = "csv-header"
}

/// A line that could not be understood: where, why, and its bytes.
public struct QuarantinedLine: Hashable, Sendable {
    /// More bytes of a line are not kept.
    public static let maxRawLength = 4_096

    /// Byte offset of the line in the inflated stream, and its number, from 1.
    public var offset: UInt64
    public var line: UInt64
    public var reason: QuarantineReason
    /// One sentence for people: the field's path or the position in the line.
    public var detail: String
    /// The line without its line end, cut to `maxRawLength`.
    public var raw: [UInt8]
    public var isTruncated: Bool

    public init(
        offset: UInt64, line: UInt64, reason: QuarantineReason, detail: String, raw: UnsafeRawBufferPointer,
        isTruncated: Bool = false
    ) {
        self.offset = offset
        self.line = line
        self.reason = reason
        self.detail = detail
        self.raw = Array(raw.prefix(QuarantinedLine.maxRawLength))
        self.isTruncated = isTruncated || raw.count > QuarantinedLine.maxRawLength
    }
}

/// A reason on its way to the quarantine.
struct Rejection: Error, Hashable {
    var reason: QuarantineReason
    var detail: String

    init(_ reason: QuarantineReason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}

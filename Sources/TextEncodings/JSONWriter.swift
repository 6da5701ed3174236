/// Writes a JSON text (RFC 8259), value by value: commas, quotes and escapes are its work, so that no text gets in unescaped.
///
/// Members stand in the order in which they are written. Whoever writes sees to it that values in an object are members.
public struct JSONWriter: Sendable {
    private let escapes: JSONEscapes
    /// What was written so far.
    public private(set) var bytes: [UInt8]
    private var needsComma = false
    private var lineFeeds = 0

    /// - Parameter bytes: what to go on behind, for an encoder that uses its buffer again.
    public init(_ escapes: JSONEscapes, after bytes: consuming [UInt8] = []) {
        self.escapes = escapes
        self.bytes = bytes
    }

    /// The bytes of one object.
    public static func object(_ escapes: JSONEscapes, capacity: Int = 512, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(escapes)
        writer.bytes.reserveCapacity(capacity)
        writer.object(body)
        return writer.bytes
    }

    /// The text of what `body` writes.
    public static func text(_ escapes: JSONEscapes, _ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(escapes)
        body(&writer)
        return writer.text
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The next value, or the end of the array, begins on a line of its own.
    public mutating func newLine() { lineFeeds += 1 }

    // MARK: Values

    public mutating func string(_ value: String) {
        begin()
        escapes.writeQuoted(value, into: &bytes)
    }

    public mutating func number(_ value: Int64) { literal(String(value)) }
    public mutating func number(_ value: UInt64) { literal(String(value)) }
    public mutating func flag(_ value: Bool) { literal(value ? "true" : "false") }
    public mutating func null() { literal("null") }

    /// A number or word that is JSON by itself.
    private mutating func literal(_ value: String) {
        begin()
        bytes.append(contentsOf: value.utf8)
    }

    /// A number by its digits; infinities and what is no number have none in JSON.
    public mutating func number(_ value: Double, _ digits: (Double) -> String) {
        if value.isFinite { literal(digits(value)) } else { null() }
    }

    /// Well-formed JSON, in which what is to be escaped here is escaped too.
    public mutating func value(json: String) {
        begin()
        escapes.write(json: json, into: &bytes)
    }

    public mutating func object(_ body: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        body(&self)
        close(UInt8(ascii: "}"))
    }

    public mutating func array(_ body: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "["))
        body(&self)
        close(UInt8(ascii: "]"))
    }

    // MARK: Members

    /// The name of a member, whose value must be written next.
    public mutating func name(_ name: String) {
        begin()
        escapes.writeQuoted(name, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func member(_ name: String, _ value: String) {
        self.name(name)
        string(value)
    }

    @inlinable
    public mutating func member<Number: FixedWidthInteger>(_ name: String, _ value: Number) {
        self.name(name)
        if Number.isSigned { number(Int64(truncatingIfNeeded: value)) } else { number(UInt64(truncatingIfNeeded: value)) }
    }

    /// Writes nothing when there is no value.
    public mutating func member(_ name: String, _ value: String?) {
        if let value { member(name, value) }
    }

    /// Writes nothing when there is no value.
    @inlinable
    public mutating func member<Number: FixedWidthInteger>(_ name: String, _ value: Number?) {
        if let value { member(name, value) }
    }

    public mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        object(body)
    }

    public mutating func array(_ name: String, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        array(body)
    }

    // MARK: Marks

    private mutating func begin() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        breakLines()
        needsComma = true
    }

    private mutating func breakLines() {
        while lineFeeds > 0 {
            bytes.append(UInt8(ascii: "\n"))
            lineFeeds -= 1
        }
    }

    private mutating func open(_ mark: UInt8) {
        begin()
        bytes.append(mark)
        needsComma = false
    }

    private mutating func close(_ mark: UInt8) {
        breakLines()
        bytes.append(mark)
        needsComma = true
    }
}

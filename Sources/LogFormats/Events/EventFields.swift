import FlowModel

/// Where the value of a field stands, and what it is.
struct FieldSpan {
    /// Strings without their quotes.
    var start: UnsafeRawPointer
    var count: Int32
    var kind: JSONKind
    /// Of a plain string its hash in the symbol table; of an integer its value as bits.
    var word: UInt64
}

/// A member of an event that is not read: kept under its path.
struct UnknownMember {
    var level: Level
    var keyStart: UnsafeRawPointer
    var keyCount: Int32
    var valueStart: UnsafeRawPointer
    /// Quotes of a string counted.
    var valueCount: Int32
}

/// The values of one event as a scanner found them, general or templated; conversion reads only this.
///
/// Spans point into the line, or into a template. Memory is allocated once and freed by the owner.
struct EventFields {
    let spans: UnsafeMutablePointer<FieldSpan>
    /// Which spans are set: `Field.bit`.
    var present: UInt64 = 0
    /// Which objects were there: bits of `Level`.
    var levels: UInt16 = 0
    var unknowns: [UnknownMember] = []
    /// A known object that was something else; matters only when the event turns out to be one that is read.
    var levelProblem: Level?

    init(placeholder: UnsafeRawPointer) {
        let count = Field.allCases.count
        spans = .allocate(capacity: count)
        spans.initialize(repeating: FieldSpan(start: placeholder, count: 0, kind: .null, word: 0), count: count)
    }

    func deallocate() {
        spans.deallocate()
    }

    mutating func removeAll() {
        present = 0
        levels = 0
        levelProblem = nil
        if !unknowns.isEmpty { unknowns.removeAll(keepingCapacity: true) }
    }

    @inline(__always)
    func has(_ field: Field) -> Bool { present & field.bit != 0 }

    @inline(__always)
    subscript(_ field: Field) -> FieldSpan { spans[Int(field.rawValue)] }

    @inline(__always)
    mutating func set(_ field: Field, _ span: FieldSpan) {
        spans[Int(field.rawValue)] = span
        present |= field.bit
    }

    /// The value's bytes with the quotes of a string.
    static func whole(_ start: UnsafeRawPointer, _ count: Int, _ kind: JSONKind) -> (start: UnsafeRawPointer, count: Int) {
        kind == .plain || kind == .escaped ? (start - 1, count + 2) : (start, count)
    }
}

import FlowModel

/// A place in an event's text where a value stands.
struct TemplateSlot {
    enum Kind {
        case string(Field)
        case integer(Field)
        case array(Field)
        /// Of a member that is not read; key without quotes.
        case unknown(Level, UnsafeRawPointer, Int)
    }

    var kind: Kind
    /// Of the value, in the text that was scanned; strings of known fields without their quotes.
    var start: UnsafeRawPointer
    var end: UnsafeRawPointer
}

/// The text of an event without its values: what Connectors repeat in every line.
///
/// A line that has the same bytes between its values, and values of the same types, is read without looking at its keys. The text
/// between the values was checked when the template was learned, and the values are checked by the rules of the general scanner,
/// so that both find the same fields; where this one is not sure, it gives up and the general one reads the line.
///
/// Plain memory without references, so that trying one costs no reference counting; `deallocate()` by the owner.
struct EventTemplate {
    enum SlotKind: UInt8 {
        case string
        case integer
        case array
        case unknown
    }

    struct Slot {
        /// The bytes before the value.
        var fixed: UnsafeRawPointer
        var fixedCount: Int32
        var kind: SlotKind
        /// Of unknown members: the level.
        var level: Level
        var field: Field
        var keyStart: UnsafeRawPointer
        var keyCount: Int32
    }

    private let text: UnsafeMutableRawPointer
    private let slots: UnsafeMutablePointer<Slot>
    private let slotCount: Int
    private let tail: UnsafeRawPointer
    private let tailCount: Int
    private let levels: UInt16
    private let present: UInt64
    let kind: FlowEvent.Kind
    let form: EventForm

    /// Longer events are read by the general scanner.
    static let maxTextLength = 8_192

    /// The template of the object from `start` to `end`, whose scan gave `slots` and `fields`; nil when it is too long.
    init?(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ kind: FlowEvent.Kind, _ form: EventForm,
        slots learned: [TemplateSlot], fields: EventFields
    ) {
        let count = end - start
        self.kind = kind
        self.form = form
        guard count <= EventTemplate.maxTextLength, fields.levelProblem == nil else { return nil }
        text = .allocate(byteCount: count, alignment: 8)
        text.copyMemory(from: start, byteCount: count)
        let base = UnsafeRawPointer(text)
        slots = .allocate(capacity: max(learned.count, 1))
        slotCount = learned.count
        var position = start
        var present: UInt64 = 0
        for (index, slot) in learned.enumerated() {
            var made = Slot(
                fixed: base + (position - start), fixedCount: Int32(slot.start - position), kind: .string, level: .root,
                field: .eventType, keyStart: base, keyCount: 0)
            switch slot.kind {
            case .string(let field): made.field = field
            case .integer(let field):
                made.kind = .integer
                made.field = field
            case .array(let field):
                made.kind = .array
                made.field = field
            case .unknown(let level, let keyStart, let keyCount):
                made.kind = .unknown
                made.level = level
                made.keyStart = base + (keyStart - start)
                made.keyCount = Int32(keyCount)
            }
            if made.kind != .unknown { present |= made.field.bit }
            (slots + index).initialize(to: made)
            position = slot.end
        }
        self.present = present
        tail = base + (position - start)
        tailCount = end - position
        levels = fields.levels
    }

    func deallocate() {
        text.deallocate()
        slots.deallocate()
    }

    /// Reads the object at `start`, of which no byte at or after `limit` may be looked at, into `fields`; gives the end of the
    /// object, or nil when it has another shape or anything about it needs the general scanner.
    @inline(__always)
    func match(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ fields: inout EventFields, _ seed: UInt64,
        _ arrays: inout KnownArrays, _ symbols: UnsafeMutablePointer<SymbolStorage>
    ) -> UnsafeRawPointer? {
        var position = start
        fields.removeAll()
        var slot = UnsafePointer(slots)
        let last = slot + slotCount
        let spans = fields.spans
        while slot < last {
            let fixedCount = Int(slot.pointee.fixedCount)
            guard limit - position >= fixedCount, ByteComparison.equal(position, slot.pointee.fixed, fixedCount) else { return nil }
            position += fixedCount
            let first = position
            switch slot.pointee.kind {
            case .string:
                var state = SymbolStorage.start(seed)
                while true {
                    guard limit - position >= 8 else { return nil }
                    let word = ByteScan.load(position)
                    let mask = ByteScan.special(word)
                    if mask == 0 {
                        state = SymbolStorage.step(state, word, seed)
                        position += 8
                        continue
                    }
                    let index = ByteScan.index(mask)
                    position += index
                    let rest = index == 0 ? 0 : word & (UInt64.max &>> UInt64(64 - 8 * index))
                    if position.load(as: UInt8.self) == UInt8(ascii: "\"") {
                        let count = position - first
                        spans[Int(slot.pointee.field.rawValue)] = FieldSpan(
                            start: first, count: Int32(truncatingIfNeeded: count), kind: .plain,
                            word: SymbolStorage.finish(state, rest, count, seed))
                        break
                    }
                    guard let span = EventTemplate.unusualString(first, limit, seed) else { return nil }
                    spans[Int(slot.pointee.field.rawValue)] = span
                    position = first + Int(span.count)
                    break
                }
            case .integer:
                var value: UInt64 = 0
                if limit - position >= 8, let eight = JSONNumber.eightDigits(ByteScan.load(position)) {
                    value = eight
                    position += 8
                }
                while position < limit {
                    let digit = position.load(as: UInt8.self) &- 48
                    guard digit <= 9 else { break }
                    value = value &* 10 &+ UInt64(digit)
                    position += 1
                }
                let count = position - first
                // 18 digits fit; a leading zero, a sign, a fraction or more digits are for the general scanner.
                guard count > 0, count <= 18, count == 1 || first.load(as: UInt8.self) != 48 else { return nil }
                spans[Int(slot.pointee.field.rawValue)] = FieldSpan(
                    start: first, count: Int32(truncatingIfNeeded: count), kind: .integer, word: value)
            case .array:
                guard let (count, symbol) = arrays.read(first, limit, seed, symbols) else { return nil }
                spans[Int(slot.pointee.field.rawValue)] = FieldSpan(
                    start: first, count: Int32(truncatingIfNeeded: count), kind: .array, word: UInt64(symbol.rawValue))
                position += count
            case .unknown:
                var cursor = JSONCursor(position, limit)
                guard let value = try? cursor.value(depth: slot.pointee.level == .root ? 1 : 2) else { return nil }
                if value.kind == .object || value.kind == .array, KnownArrays.crossesLines(value.start, value.count) { return nil }
                let whole = EventFields.whole(value.start, value.count, value.kind)
                fields.unknowns.append(
                    UnknownMember(
                        level: slot.pointee.level, keyStart: slot.pointee.keyStart, keyCount: slot.pointee.keyCount,
                        valueStart: whole.start, valueCount: Int32(truncatingIfNeeded: whole.count)))
                position = cursor.position
            }
            slot += 1
        }
        guard limit - position >= tailCount, ByteComparison.equal(position, tail, tailCount) else { return nil }
        fields.present |= present
        fields.levels = levels
        return position + tailCount
    }

    /// A string that is not plain ASCII, or ends close to the limit.
    @inline(never)
    private static func unusualString(_ first: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ seed: UInt64) -> FieldSpan? {
        var cursor = JSONCursor(first, limit)
        guard let value = try? cursor.string() else { return nil }
        return FieldSpan(
            start: first, count: Int32(truncatingIfNeeded: value.count), kind: value.kind,
            word: value.kind == .plain ? SymbolStorage.hash(first, value.count, seed) : 0)
    }
}

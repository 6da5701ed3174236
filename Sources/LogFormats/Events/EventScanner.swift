import FlowModel

/// The general reader of an event object: any order of keys, any unknown members, strict in grammar.
struct EventScanner {
    private let table = KeyMeanings.shared
    private let seed: UInt64
    private var keyBuffer = ByteBuffer(capacity: 64)
    private var unknownKeys = UnknownKeys()
    /// Known fields of the object so far, those that are null too.
    private var seen: UInt64 = 0
    private var foreign: UInt64 = 0
    /// Where the values stood, in the order of the text, for learning a template. Not kept when the object has a shape that no
    /// template fits.
    private(set) var slots: [TemplateSlot] = []
    private(set) var fitsTemplate = true

    /// Objects with more values are read without learning.
    private static let maxSlots = 64

    init(seed: UInt64) {
        self.seed = seed
    }

    func deallocate() {
        keyBuffer.deallocate()
    }

    /// Reads the object that `cursor` stands on into `fields`, which is emptied first; leaves the cursor behind it.
    mutating func scan(_ cursor: inout JSONCursor, _ form: EventForm, into fields: inout EventFields) throws(Rejection) {
        foreign = form.foreign
        fields.removeAll()
        unknownKeys.removeAll()
        seen = 0
        slots.removeAll(keepingCapacity: true)
        fitsTemplate = true
        try object(&cursor, .root, &fields)
    }

    private mutating func object(_ cursor: inout JSONCursor, _ level: Level, _ fields: inout EventFields) throws(Rejection) {
        cursor.position += 1
        cursor.skipBlanks()
        if cursor.byte == UInt8(ascii: "}") {
            cursor.position += 1
            return
        }
        while true {
            try cursor.expect(UInt8(ascii: "\""))
            let key = try cursor.string()
            cursor.skipBlanks()
            try cursor.expect(UInt8(ascii: ":"))
            cursor.skipBlanks()
            try member(&cursor, level, key, &fields)
            cursor.skipBlanks()
            if cursor.byte == UInt8(ascii: "}") {
                cursor.position += 1
                return
            }
            try cursor.expect(UInt8(ascii: ","))
            cursor.skipBlanks()
        }
    }

    private mutating func member(
        _ cursor: inout JSONCursor, _ level: Level, _ key: (start: UnsafeRawPointer, count: Int, kind: JSONKind),
        _ fields: inout EventFields
    ) throws(Rejection) {
        let meaning: KeyMeaning
        if key.kind == .escaped {
            keyBuffer.removeAll()
            JSONUnescaping.unescape(key.start, key.count, into: &keyBuffer)
            meaning = table.meaning(level, UnsafeRawPointer(keyBuffer.start), keyBuffer.count)
        } else {
            meaning = table.meaning(level, key.start, key.count)
        }
        switch meaning {
        case .field(let field):
            try self.field(&cursor, field, level, key, &fields)
        case .level(let inner):
            let bit = UInt16(1) << UInt16(inner.rawValue)
            guard fields.levels & bit == 0 else { throw Rejection(.duplicateKey, "`\(inner.key)` stands there twice") }
            fields.levels |= bit
            if cursor.byte == UInt8(ascii: "{") {
                try object(&cursor, inner, &fields)
            } else {
                let value = try cursor.value(depth: 1)
                if value.kind != .null { fields.levelProblem = fields.levelProblem ?? inner }
            }
        case .unknown:
            let depth = level == .root ? 1 : 2
            let value = try cursor.value(depth: depth)
            let name =
                key.kind == .escaped ? keyBuffer.bytes : UnsafeRawBufferPointer(start: key.start, count: key.count)
            guard unknownKeys.insert(level, name, seed) else {
                throw Rejection(.duplicateKey, "`\(UnknownKeys.path(level, name))` stands there twice")
            }
            unknown(level, key, value, &fields)
        }
    }

    private mutating func field(
        _ cursor: inout JSONCursor, _ field: Field, _ level: Level, _ key: (start: UnsafeRawPointer, count: Int, kind: JSONKind),
        _ fields: inout EventFields
    ) throws(Rejection) {
        let value = try cursor.value(depth: level == .root ? 1 : 2)
        guard seen & field.bit == 0 else {
            throw Rejection(.duplicateKey, "`\(field.path)` stands there twice, or under two names")
        }
        seen |= field.bit
        if field.bit & foreign != 0 {
            // Read by another form, and an unknown member to this one.
            unknown(level, key, value, &fields)
        } else if value.kind != .null {
            learn(field, value)
        }
        guard value.kind != .null else { return }
        var span = FieldSpan(start: value.start, count: Int32(truncatingIfNeeded: value.count), kind: value.kind, word: 0)
        if value.kind == .plain {
            span.word = SymbolStorage.hash(value.start, value.count, seed)
        } else if value.kind == .integer {
            if let number = JSONNumber.integer(value.start, value.count) {
                span.word = UInt64(bitPattern: number)
            } else {
                span.kind = .number
            }
        }
        fields.set(field, span)
    }

    private mutating func unknown(
        _ level: Level, _ key: (start: UnsafeRawPointer, count: Int, kind: JSONKind),
        _ value: (start: UnsafeRawPointer, count: Int, kind: JSONKind), _ fields: inout EventFields
    ) {
        let whole = EventFields.whole(value.start, value.count, value.kind)
        fields.unknowns.append(
            UnknownMember(
                level: level, keyStart: key.start, keyCount: Int32(truncatingIfNeeded: key.count), valueStart: whole.start,
                valueCount: Int32(truncatingIfNeeded: whole.count)))
        learn(TemplateSlot(kind: .unknown(level, key.start, key.count), start: whole.start, end: whole.start + whole.count))
    }

    private mutating func learn(_ field: Field, _ value: (start: UnsafeRawPointer, count: Int, kind: JSONKind)) {
        let end = value.start + value.count
        switch value.kind {
        case .plain, .escaped:
            // The kind of event is part of a shape, so that unlike events are told apart by their first bytes.
            if field == .eventType || field == .status {
                // Without its escapes known, it is no fixed text.
                if value.kind == .escaped { fitsTemplate = false }
                return
            }
            learn(TemplateSlot(kind: .string(field), start: value.start, end: end))
        case .integer:
            learn(TemplateSlot(kind: .integer(field), start: value.start, end: end))
        case .array where field == .relays:
            learn(TemplateSlot(kind: .array(field), start: value.start, end: end))
        default:
            fitsTemplate = false
        }
    }

    private mutating func learn(_ slot: TemplateSlot) {
        guard slots.count < EventScanner.maxSlots else {
            fitsTemplate = false
            return
        }
        slots.append(slot)
    }
}

/// Which keys of an object were seen, to refuse a second one.
struct UnknownKeys {
    /// Up to this many are compared one by one, more through a set.
    private static let maxInList = 16

    private var list: [UInt64] = []
    private var set: Set<UInt64> = []

    mutating func removeAll() {
        list.removeAll(keepingCapacity: true)
        if !set.isEmpty { set.removeAll() }
    }

    /// False when the key was there. Keys are told apart by a keyed hash of 64 bits.
    mutating func insert(_ level: Level, _ key: UnsafeRawBufferPointer, _ seed: UInt64) -> Bool {
        let salt = seed &+ UInt64(level.rawValue)
        let hash = key.baseAddress.map { SymbolStorage.hash($0, key.count, salt) } ?? salt
        if list.count < UnknownKeys.maxInList {
            guard !list.contains(hash) else { return false }
            list.append(hash)
            return true
        }
        return !list.contains(hash) && set.insert(hash).inserted
    }

    static func path(_ level: Level, _ key: UnsafeRawBufferPointer) -> String {
        // A message is no place for a key of any length.
        let name = String(decoding: key.prefix(64), as: UTF8.self)
        return level == .root ? name : "\(level.key).\(name)"
    }
}

import FlowModel
import TextEncodings

/// A JSON value as a tree, for forms that come seldom enough; read by the same strict rules, with duplicate keys refused
/// everywhere.
struct JSONTree {
    enum Value {
        case null
        case boolean(Bool)
        case number
        case string(String)
        case array([JSONTree])
        case object([(key: String, value: JSONTree)])
    }

    var value: Value
    /// The value's text, valid as long as the text that was read.
    var raw: UnsafeRawBufferPointer

    var rawText: String { String(decoding: raw, as: UTF8.self) }

    /// The tree of a text that holds one value and nothing else but blanks. `keepsDuplicates`: whoever asked looks for keys that stand there
    /// twice where it matters.
    static func read(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, keepsDuplicates: Bool = false
    ) throws(Rejection) -> JSONTree {
        var cursor = JSONCursor(start, end)
        cursor.skipBlanks()
        let tree = try read(&cursor, depth: 0, keepsDuplicates)
        cursor.skipBlanks()
        guard cursor.position == end else { throw cursor.problem("something follows the value", .trailingBytes) }
        return tree
    }

    private static func read(_ cursor: inout JSONCursor, depth: Int, _ keepsDuplicates: Bool) throws(Rejection) -> JSONTree {
        let first = cursor.position
        switch cursor.byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < JSONLimits.deepest else { throw cursor.problem("nested deeper than \(JSONLimits.deepest)", .tooDeep) }
            let value =
                cursor.byte == UInt8(ascii: "{") ? try object(&cursor, depth, keepsDuplicates) : try array(&cursor, depth, keepsDuplicates)
            return JSONTree(value: value, raw: UnsafeRawBufferPointer(start: first, count: cursor.position - first))
        default:
            let scalar = try cursor.value(depth: depth)
            let raw = UnsafeRawBufferPointer(start: first, count: cursor.position - first)
            switch scalar.kind {
            case .plain, .escaped:
                return JSONTree(value: .string(JSONUnescaping.text(scalar.start, scalar.count, scalar.kind)), raw: raw)
            case .boolean: return JSONTree(value: .boolean(scalar.count == 4), raw: raw)
            case .null: return JSONTree(value: .null, raw: raw)
            default: return JSONTree(value: .number, raw: raw)
            }
        }
    }

    private static func object(_ cursor: inout JSONCursor, _ depth: Int, _ keepsDuplicates: Bool) throws(Rejection) -> Value {
        var members: [(key: String, value: JSONTree)] = []
        var keys: Set<String> = []
        cursor.position += 1
        cursor.skipBlanks()
        if cursor.byte == UInt8(ascii: "}") {
            cursor.position += 1
            return .object(members)
        }
        while true {
            try cursor.expect(UInt8(ascii: "\""))
            let key = try cursor.string()
            cursor.skipBlanks()
            try cursor.expect(UInt8(ascii: ":"))
            cursor.skipBlanks()
            let name = JSONUnescaping.text(key.start, key.count, key.kind)
            let value = try read(&cursor, depth: depth + 1, keepsDuplicates)
            guard keepsDuplicates || keys.insert(name).inserted else {
                throw Rejection(.duplicateKey, "`\(String(name.prefix(64)))` stands there twice")
            }
            members.append((name, value))
            cursor.skipBlanks()
            if cursor.byte == UInt8(ascii: "}") {
                cursor.position += 1
                return .object(members)
            }
            try cursor.expect(UInt8(ascii: ","))
            cursor.skipBlanks()
        }
    }

    private static func array(_ cursor: inout JSONCursor, _ depth: Int, _ keepsDuplicates: Bool) throws(Rejection) -> Value {
        var elements: [JSONTree] = []
        cursor.position += 1
        cursor.skipBlanks()
        if cursor.byte == UInt8(ascii: "]") {
            cursor.position += 1
            return .array(elements)
        }
        while true {
            elements.append(try read(&cursor, depth: depth + 1, keepsDuplicates))
            cursor.skipBlanks()
            if cursor.byte == UInt8(ascii: "]") {
                cursor.position += 1
                return .array(elements)
            }
            try cursor.expect(UInt8(ascii: ","))
            cursor.skipBlanks()
        }
    }
}

/// An object of a foreign form while it is read: each member is taken once, and what is left over is kept.
struct ObjectReader {
    /// With a dot, what the paths of the members begin with.
    let path: String
    private var members: [(key: String, value: JSONTree)]

    /// Nil when `tree` is null; `wrong-type` when it is no object.
    init?(_ tree: JSONTree?, path: String) throws(Rejection) {
        guard let tree else { return nil }
        switch tree.value {
        case .null: return nil
        case .object(let members):
            self.members = members
            self.path = path
        default: throw Rejection(.wrongType, "`\(path)` is not an object")
        }
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The member, removed; nil when it is absent.
    mutating func take(_ key: String) -> JSONTree? {
        guard let index = members.firstIndex(where: { $0.key == key }) else { return nil }
        return members.remove(at: index).value
    }

    /// Nil when absent or null.
    mutating func text(_ key: String) throws(Rejection) -> String? {
        guard let tree = take(key) else { return nil }
        switch tree.value {
        case .null: return nil
        case .string(let text):
            guard !text.utf8.contains(0) else { throw Rejection(.badValue, "`\(name(key))` holds U+0000") }
            return text
        default: throw Rejection(.wrongType, "`\(name(key))` is not a text")
        }
    }

    /// An id: a text or a whole number, of a global id the decimal part.
    mutating func identifier(_ key: String) throws(Rejection) -> String? {
        let id: String
        if let index = members.firstIndex(where: { $0.key == key }), case .number = members[index].value.value {
            let raw = members.remove(at: index).value.raw
            guard let base = raw.baseAddress, JSONNumber.isInteger(base, raw.count) else {
                throw Rejection(.wrongType, "`\(name(key))` is not a text")
            }
            id = String(decoding: raw, as: UTF8.self)
        } else {
            guard let text = try text(key) else { return nil }
            id = GlobalID.decimal(text)
        }
        if let problem = Rejection.ofID(field: name(key), id, maxLength: ValueRanges.maxIDLength) { throw problem }
        return id
    }

    mutating func integer(_ key: String, _ range: ClosedRange<Int64>) throws(Rejection) -> Int64? {
        guard let tree = take(key) else { return nil }
        if case .null = tree.value { return nil }
        guard case .number = tree.value, let base = tree.raw.baseAddress else {
            throw Rejection(.wrongType, "`\(name(key))` is not a number")
        }
        switch JSONNumber.whole(base, tree.raw.count) {
        case .value(let value) where range.contains(value): return value
        case .value(let value): throw .outside(range, name(key), value)
        case .fractional: throw Rejection(.wrongType, "`\(name(key))` is not a whole number")
        case .outOfRange: throw .outside(range, name(key))
        }
    }

    /// What was not taken, as `"path":value` pairs.
    var rest: [String] {
        members.map { JSONEscapes.stored.quoted(name($0.key)) + ":" + $0.value.rawText }
    }
}

/// What a line of a log turned out to carry.
public enum PeeledLine {
    /// The event object's bytes, from its brace on; valid until the peeler is used again, and as long as the line. Their grammar
    /// is not checked when the object stood behind a text.
    case event(UnsafeRawBufferPointer)
    /// A line of the service log without an event.
    case noise
    case blank
    case rejected(QuarantineReason, detail: String)
}

/// Takes the envelope off one line of a log, whatever wrote it.
///
/// Understands a bare event object; any text before `ANALYTICS ` and an object (the Connector's own output, journald's and syslog's
/// forms); and JSON objects that carry either of them as `MESSAGE` (journald), `log` (Docker) or `message` (Vector, Kubernetes),
/// as text or as an object, one inside another up to `deepestEnvelope`.
public struct EnvelopePeeler {
    /// Envelopes inside envelopes: a Docker line shipped by Vector has two.
    public static let deepestEnvelope = 3

    private let scratch = Scratch()

    public init() {}

    /// `line` is without its line end; blanks and a carriage return around it are ignored.
    public mutating func peel(line: UnsafeRawBufferPointer) -> PeeledLine {
        guard let base = line.baseAddress else { return .blank }
        return peel(base, base + line.count, 0)
    }

    private func peel(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ level: Int) -> PeeledLine {
        var start = start
        var end = end
        while start < end, EnvelopePeeler.isBlank(start.load(as: UInt8.self)) { start += 1 }
        while end > start, EnvelopePeeler.isBlank((end - 1).load(as: UInt8.self)) { end -= 1 }
        guard start < end else { return .blank }
        return start.load(as: UInt8.self) == UInt8(ascii: "{") ? object(start, end, level) : EnvelopePeeler.text(start, end)
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0d || byte == 0x0a || byte == 0x09
    }

    /// A line that starts with something else than a brace.
    static func text(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> PeeledLine {
        var position = start
        while let found = ByteSearch.first(marker, position, end) {
            var next = found + marker.utf8CodeUnitCount
            let blanks = next
            while next < end, next.load(as: UInt8.self) == 0x20 || next.load(as: UInt8.self) == 0x09 { next += 1 }
            if next == end { return .rejected(.malformedJSON, detail: "nothing follows `ANALYTICS`") }
            if next > blanks, next.load(as: UInt8.self) == UInt8(ascii: "{") {
                return .event(UnsafeRawBufferPointer(start: next, count: end - next))
            }
            position = found + marker.utf8CodeUnitCount
        }
        for piece in piecesOfEvents where ByteSearch.first(piece, start, end) != nil {
            return .rejected(.jsonFragment, detail: "a piece of an event: its beginning is missing")
        }
        return .noise
    }

    static let marker: StaticString = "ANALYTICS"
    /// What no line of a service log contains but a torn event does.
    private static let piecesOfEvents: [StaticString] = [
        "\"event_type\":", "\"connection\":{", "\"remote_network\":{", "\"connector\":{", "\"applied_rule\":",
    ]

    /// Keys that say that an object with a `message` was made by a log shipper.
    private static let marksOfShippers: [StaticString] = [
        "source_type", "stream", "kubernetes", "host", "hostname", "file", "container_name", "container_id", "container", "docker",
        "@timestamp", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "appname", "facility", "syslog",
    ]

    private typealias Value = (start: UnsafeRawPointer, count: Int, kind: JSONKind)

    private func object(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ level: Int) -> PeeledLine {
        var carried: (field: Field, value: Value)?
        var isEvent = false
        var isShipped = false
        var seen: UInt64 = 0
        var twice: Field?
        var cursor = JSONCursor(start, end)
        do throws(Rejection) {
            try members(&cursor) { key, value in
                switch KeyTable.shared.meaning(.root, key.start, key.count) {
                case .field(.eventType), .field(.actor), .field(.action), .field(.domain), .field(.event):
                    isEvent = true
                case .field(let field) where field == .message || field == .log || field == .journaldMessage:
                    if seen & field.bit != 0 { twice = field }
                    seen |= field.bit
                    if value.kind != .null { carried = carried ?? (field, value) }
                    if field != .message { isShipped = true }
                case .unknown:
                    isShipped = isShipped || EnvelopePeeler.marksOfShippers.contains { ByteSearch.equal($0, key.start, key.count) }
                default: break
                }
            }
        } catch {
            return .rejected(error.reason, detail: error.detail)
        }
        if isEvent { return .event(UnsafeRawBufferPointer(start: start, count: end - start)) }
        if let twice { return .rejected(.duplicateKey, detail: "`\(twice.path)` stands there twice, or under two names") }
        guard let carried, level < EnvelopePeeler.deepestEnvelope else {
            return .rejected(.notAnEvent, detail: "an object without `event_type`")
        }
        switch inside(carried.value, level) {
        case .noise where !isShipped, .blank where !isShipped:
            return .rejected(.notAnEvent, detail: "an object without `event_type`")
        // An empty message of a container is not an empty line of the file.
        case .blank: return .noise
        case let result: return result
        }
    }

    private func inside(_ value: Value, _ level: Int) -> PeeledLine {
        switch value.kind {
        case .object:
            return object(value.start, value.start + value.count, level + 1)
        case .plain:
            return peel(value.start, value.start + value.count, level + 1)
        case .escaped:
            scratch.buffers[level].removeAll()
            JSONText.unescape(value.start, value.count, into: &scratch.buffers[level])
            let bytes = scratch.buffers[level].bytes
            return bytes.baseAddress.map { peel($0, $0 + bytes.count, level + 1) } ?? .blank
        case .array:
            // journald writes a message that is not printable as an array of its bytes.
            return bytes(value, into: level) ?? .rejected(.wrongType, detail: "`MESSAGE` is neither a text nor an array of bytes")
        default:
            return .rejected(.notAnEvent, detail: "an object without `event_type`")
        }
    }

    private func bytes(_ value: Value, into level: Int) -> PeeledLine? {
        scratch.buffers[level].removeAll()
        var number: Int?
        for offset in 1..<max(value.count, 1) {
            let byte = value.start.load(fromByteOffset: offset, as: UInt8.self)
            if byte &- 48 <= 9 {
                number = (number ?? 0) * 10 + Int(byte &- 48)
                guard number ?? 0 <= 255 else { return nil }
            } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
                if let number { scratch.buffers[level].append(UInt8(truncatingIfNeeded: number)) }
                number = nil
            } else if !EnvelopePeeler.isBlank(byte) {
                return nil
            }
        }
        let bytes = scratch.buffers[level].bytes
        return bytes.baseAddress.map { peel($0, $0 + bytes.count, level + 1) }
    }

    /// Calls `body` with each member of the object that is all of the cursor's text.
    private func members(_ cursor: inout JSONCursor, _ body: (Value, Value) -> Void) throws(Rejection) {
        cursor.position += 1
        cursor.skipBlanks()
        if cursor.byte != UInt8(ascii: "}") {
            while true {
                try cursor.expect(UInt8(ascii: "\""))
                var key = try cursor.string()
                cursor.skipBlanks()
                try cursor.expect(UInt8(ascii: ":"))
                cursor.skipBlanks()
                let value = try cursor.value(depth: 1)
                if key.kind == .escaped {
                    scratch.key.removeAll()
                    JSONText.unescape(key.start, key.count, into: &scratch.key)
                    key = (UnsafeRawPointer(scratch.key.start), scratch.key.count, .plain)
                }
                body(key, value)
                cursor.skipBlanks()
                if cursor.byte == UInt8(ascii: "}") { break }
                try cursor.expect(UInt8(ascii: ","))
                cursor.skipBlanks()
            }
        }
        cursor.position += 1
        cursor.skipBlanks()
        guard cursor.position == cursor.end else { throw cursor.problem("something follows the object", .trailingBytes) }
    }

    /// Texts taken out of their escapes, one per level of envelope.
    private final class Scratch {
        var buffers = (0...EnvelopePeeler.deepestEnvelope).map { _ in ByteBuffer() }
        var key = ByteBuffer(capacity: 64)

        deinit {
            for buffer in buffers { buffer.deallocate() }
            key.deallocate()
        }
    }
}

import FlowModel

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
/// forms); an object behind an instant, as log services export lines; and JSON objects that carry either of them under a key of a log
/// shipper, such as `MESSAGE` (journald), `log` (Docker) or `message` (Vector, Kubernetes), as text or as an object, one inside another up
/// to `deepestEnvelope`.
public struct EnvelopePeeler {
    /// Envelopes inside envelopes: a Docker line shipped by Vector has two.
    public static let deepestEnvelope = 3

    private let scratch = Scratch()

    public init() {}

    /// `line` is without its line end; blanks and a carriage return around it are ignored.
    public mutating func peel(line: UnsafeRawBufferPointer) -> PeeledLine {
        scratch.log = nil
        scratch.text = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let base = line.baseAddress else { return .blank }
        return peel(base, base + line.count, 0)
    }

    /// What a container's `log` member holds, after a line was peeled; nil when it was no such line. Valid as a peeled event is.
    var log: ContainerText? { scratch.log }

    /// The text in the innermost envelope of the line that was peeled, when it was noise.
    var text: UnsafeRawBufferPointer { scratch.text }

    private func peel(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ level: Int) -> PeeledLine {
        var start = start
        var end = end
        while start < end, EnvelopePeeler.isBlank(start.load(as: UInt8.self)) { start += 1 }
        while end > start, EnvelopePeeler.isBlank((end - 1).load(as: UInt8.self)) { end -= 1 }
        guard start < end else { return .blank }
        return start.load(as: UInt8.self) == UInt8(ascii: "{") ? object(start, end, level) : text(start, end, level)
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0d || byte == 0x0a || byte == 0x09
    }

    /// A line that starts with something else than a brace.
    private func text(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ level: Int) -> PeeledLine {
        if let inner = EnvelopePeeler.objectBehindInstant(start, end) {
            let result = object(inner, end, level)
            // Any service may log objects.
            if case .rejected(.notAnEvent, _) = result { return .noise }
            return result
        }
        var position = start
        let marker = EnvelopePeeler.marker
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
        for piece in EnvelopePeeler.piecesOfEvents where ByteSearch.first(piece, start, end) != nil {
            return .rejected(.jsonFragment, detail: "a piece of an event: its beginning is missing")
        }
        scratch.text = UnsafeRawBufferPointer(start: start, count: end - start)
        return .noise
    }

    /// The brace of an object that stands alone behind an instant, or behind what a container runtime writes before a message.
    private static func objectBehindInstant(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer? {
        guard end - start > 20, start.load(as: UInt8.self) &- 48 <= 9, start.load(fromByteOffset: 4, as: UInt8.self) == UInt8(ascii: "-")
        else { return nil }
        var position: UnsafeRawPointer
        if let line = ContainerLine(start, end) {
            position = line.message
        } else {
            guard let blank = ByteSearch.byte(0x20, start, start + min(end - start, 40)),
                Timestamp.parse(UnsafeRawBufferPointer(start: start, count: blank - start)) != nil
            else { return nil }
            position = blank
        }
        while position < end, isBlank(position.load(as: UInt8.self)) { position += 1 }
        guard position < end, position.load(as: UInt8.self) == UInt8(ascii: "{") else { return nil }
        // Labels in braces are no object.
        var next = position + 1
        while next < end, isBlank(next.load(as: UInt8.self)) { next += 1 }
        return next < end && next.load(as: UInt8.self) == UInt8(ascii: "\"") ? position : nil
    }

    static let marker: StaticString = "ANALYTICS"
    /// What no line of a service log contains but a torn event does.
    private static let piecesOfEvents: [StaticString] = [
        "\"event_type\":", "\"connection\":{", "\"remote_network\":{", "\"connector\":{", "\"applied_rule\":",
    ]

    /// Keys that say that an object with a `message` was made by a log shipper.
    private static let marksOfShippers: [StaticString] = [
        "source_type", "stream", "kubernetes", "host", "hostname", "file", "container_name", "container_id", "container", "docker",
        "@timestamp", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "appname", "facility", "syslog", "sourcetype", "labels", "logName", "insertId",
        "_index", "ingestionTime", "logtag",
    ]

    /// Keys beside `MESSAGE`, `log`, `message` and `event` under which shippers and log services carry a line: GELF, Google Cloud, Elastic,
    /// Loki's client, Splunk. Of the two of GELF the full one counts.
    private static let carriers: [StaticString] = [
        "full_message", "short_message", "textPayload", "jsonPayload", "_source", "line", "_raw", "result",
    ]
    private static let fullMessage = 0

    private struct Value {
        var start: UnsafeRawPointer
        var count: Int
        var kind: JSONKind

        var isObject: Bool { kind != .plain && kind != .escaped }
    }

    private func object(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ level: Int, isShipped isInside: Bool = false
    ) -> PeeledLine {
        var carried: Value?
        var isEvent = false
        var isShipped = isInside
        var isNullOfJournald = false
        var isFull = false
        var seen: UInt64 = 0
        var twice: StaticString?
        var log: Value?
        var stream = 0
        var cursor = JSONCursor(start, end)
        /// Texts before objects: some shippers keep notes of their own under these keys.
        func carry(_ value: Value) {
            if value.kind == .null { return }
            if let there = carried, !there.isObject || value.isObject { return }
            carried = value
        }
        do throws(Rejection) {
            try members(&cursor) { key, value in
                switch KeyMeanings.shared.meaning(.root, key.start, key.count) {
                case .field(.eventType), .field(.actor), .field(.action), .field(.domain):
                    isEvent = true
                case .field(let field) where field == .message || field == .log || field == .journaldMessage || field == .event:
                    if seen & field.bit != 0 { twice = EventVocabulary.key(of: field) }
                    seen |= field.bit
                    carry(value)
                    if field == .journaldMessage, value.kind == .null { isNullOfJournald = true }
                    if field == .log || field == .journaldMessage { isShipped = true }
                    if field == .log { log = value }
                case .unknown:
                    if level == 0, ByteSearch.equal("stream", key.start, key.count) {
                        stream = ByteSearch.equal("stderr", value.start, value.count) ? 1 : 0
                    }
                    isShipped = isShipped || EnvelopePeeler.marksOfShippers.contains { ByteSearch.equal($0, key.start, key.count) }
                    guard let place = EnvelopePeeler.carriers.firstIndex(where: { ByteSearch.equal($0, key.start, key.count) }) else {
                        return
                    }
                    let bit = UInt64(1) << UInt64(63 - place)
                    if seen & bit != 0 { twice = EnvelopePeeler.carriers[place] }
                    seen |= bit
                    if place == EnvelopePeeler.fullMessage, value.kind == .plain || value.kind == .escaped {
                        carried = value
                        isFull = true
                    } else if !isFull {
                        carry(value)
                    }
                default: break
                }
            }
        } catch {
            return .rejected(error.reason, detail: error.detail)
        }
        if isEvent { return .event(UnsafeRawBufferPointer(start: start, count: end - start)) }
        if let twice { return .rejected(.duplicateKey, detail: "`\(twice)` stands there twice, or under two names") }
        if carried == nil, isNullOfJournald {
            return .rejected(
                .missingField,
                detail: "`MESSAGE` is null: journalctl leaves out what is longer than 4096 bytes; export with `journalctl --all`")
        }
        guard let carried, level < EnvelopePeeler.deepestEnvelope else {
            return .rejected(.notAnEvent, detail: "an object without `event_type`")
        }
        let result = inside(carried, level, isShipped)
        if level == 0, let log, log.start == carried.start { note(log, stream) }
        switch result {
        case .noise where !isShipped && !carried.isObject, .blank where !isShipped && !carried.isObject:
            return .rejected(.notAnEvent, detail: "an object without `event_type`")
        // An empty message of a container is not an empty line of the file.
        case .blank: return .noise
        default: return result
        }
    }

    /// Remembers the text of a container's line, which may go on in the next one.
    private func note(_ log: Value, _ stream: Int) {
        switch log.kind {
        case .plain:
            scratch.log = ContainerText(
                bytes: UnsafeRawBufferPointer(start: log.start, count: log.count), stream: stream, endsItsLine: false)
        case .escaped:
            let bytes = scratch.buffers[0].bytes
            scratch.log = ContainerText(bytes: bytes, stream: stream, endsItsLine: bytes.last == 0x0a)
        default: break
        }
    }

    private func inside(_ value: Value, _ level: Int, _ isShipped: Bool) -> PeeledLine {
        switch value.kind {
        case .object:
            return object(value.start, value.start + value.count, level + 1, isShipped: isShipped)
        case .plain:
            return peel(value.start, value.start + value.count, level + 1)
        case .escaped:
            scratch.buffers[level].removeAll()
            JSONUnescaping.unescape(value.start, value.count, into: &scratch.buffers[level])
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
                let read = try cursor.string()
                var key = Value(start: read.start, count: read.count, kind: read.kind)
                cursor.skipBlanks()
                try cursor.expect(UInt8(ascii: ":"))
                cursor.skipBlanks()
                let inner = try cursor.value(depth: 1)
                let value = Value(start: inner.start, count: inner.count, kind: inner.kind)
                if key.kind == .escaped {
                    scratch.key.removeAll()
                    JSONUnescaping.unescape(key.start, key.count, into: &scratch.key)
                    key = Value(start: UnsafeRawPointer(scratch.key.start), count: scratch.key.count, kind: .plain)
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
        var log: ContainerText?
        var text = UnsafeRawBufferPointer(start: nil, count: 0)

        deinit {
            for buffer in buffers { buffer.deallocate() }
            key.deallocate()
        }
    }
}

/// What the `log` member of a container's line holds.
struct ContainerText {
    var bytes: UnsafeRawBufferPointer
    /// 0 of `stdout`, 1 of `stderr`.
    var stream: Int
    /// Without, the text may go on in the next line of its stream.
    var endsItsLine: Bool
}

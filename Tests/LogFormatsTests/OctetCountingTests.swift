import FlowModel
import Testing

@testable import LogFormats

/// Syslog whose messages are counted (RFC 6587), alone and mixed with messages that end with a line feed, whole and damaged.
@Suite struct OctetCountingTests {
    private static let mark = "<134>1 2026-09-14T00:00:00Z gw connector 7 - - "

    private static func event(_ id: String) -> String {
        #"ANALYTICS {"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"\#(id)"}}"#
    }

    private static func counted(_ message: String, off: Int = 0) -> String { "\(message.utf8.count + off) \(message)" }

    private static func ids(_ decoded: Decoded) -> [String] { decoded.batch.flows.map(\.connectionID.text) }

    /// A stream, and what stands in it: ids of events in order, lines without one, and blank lines.
    private struct Stream {
        var text = ""
        var ids: [String] = []
        var noise = 0
        var blank = 0
        /// Offset and line of each event.
        var places: [String] = []
        private var lines = 1

        /// A message of some lines in one of the framings.
        mutating func add(_ dice: inout Dice) {
            let contents = (0..<(1 + dice.below(3))).map { _ in dice.below(4) == 0 ? "é \(dice.below(1_000_000)) <13> 5 <" : "" }
            let separator = dice.below(4) == 0 ? "\r\n" : "\n"
            var message = OctetCountingTests.mark
            var places: [(offset: Int, line: Int)] = []
            for (index, content) in contents.enumerated() {
                if index > 0 { message += separator }
                let line = lines + index
                if content.isEmpty {
                    let id = "c\(ids.count)"
                    places.append((index == 0 ? 0 : message.utf8.count, line))
                    message += OctetCountingTests.event(id)
                    ids.append(id)
                } else {
                    message += content
                    noise += 1
                }
            }
            lines += contents.count - 1
            let kind = dice.below(5)
            let start: Int
            switch kind {
            case 0:
                start = text.utf8.count
                text += message + "\n"
                lines += 1
            case 1:
                let frame = OctetCountingTests.counted(message + separator)
                start = text.utf8.count + frame.utf8.count - message.utf8.count - separator.utf8.count
                text += frame
                lines += 1
            default:
                let end = kind == 2 ? separator : ""
                let frame = OctetCountingTests.counted(message)
                start = text.utf8.count + frame.utf8.count - message.utf8.count
                text += frame + end
                lines += end.isEmpty ? 0 : 1
            }
            self.places += places.map { "\(start + $0.offset)/\($0.line)" }
        }
    }

    @Test(arguments: 0..<60)
    func anyMixture(seed: Int) {
        var dice = Dice(UInt64(seed) + 400)
        var stream = Stream()
        for _ in 0..<(1 + dice.below(12)) { stream.add(&dice) }
        let bytes = Array(stream.text.utf8)
        let whole = Decoded(bytes)
        #expect(OctetCountingTests.ids(whole) == stream.ids, "\(stream.text.debugDescription)")
        #expect(whole.batch.flows.map { "\($0.offset)/\($0.line)" } == stream.places, "\(stream.text.debugDescription)")
        #expect((whole.batch.noiseLines, whole.batch.blankLines) == (stream.noise, 0), "\(stream.text.debugDescription)")
        #expect(whole.batch.quarantined.isEmpty && whole.batch.bytes == UInt64(bytes.count))
        // However the bytes come.
        for step in [1, 2, 7, 64, 1 + dice.below(200)] {
            let pieces = Decoded(bytes, chunks: Array(repeating: step, count: bytes.count / step))
            #expect(pieces.description == whole.description, "pieces of \(step) bytes")
        }
        #expect(FormatSniffer.sniff(firstBytes: UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
        if !stream.ids.isEmpty { #expect(bytes.withUnsafeBytes { FormatSniffer.sniff(firstBytes: $0) } == .analytics) }
        // Decoded from any resume point on, the rest is the same.
        let cut = dice.below(bytes.count + 1)
        let symbols = SymbolTable(seed: 42)
        let (first, second) = (RecordBatch(symbols: symbols), RecordBatch(symbols: symbols))
        let decoder = LineDecoder(format: .analytics, symbols: symbols)
        bytes[..<cut].withUnsafeBytes { decoder.decode($0, isLast: false, into: first) }
        let next = LineDecoder(format: .analytics, symbols: symbols, at: decoder.resumePoint)
        bytes[Int(decoder.resumePoint.offset)...].withUnsafeBytes { next.decode($0, isLast: true, into: second) }
        #expect((first.flows + second.flows).map(\.connectionID.text) == stream.ids)
    }

    /// One message is changed; every other one is read as before.
    @Test(arguments: 0..<60)
    func oneDamagedMessage(seed: Int) {
        var dice = Dice(UInt64(seed) + 900)
        let count = 2 + dice.below(8)
        let damaged = dice.below(count)
        let kind = dice.below(4)
        var text = ""
        for index in 0..<count {
            let message = OctetCountingTests.mark + OctetCountingTests.event("c\(index)")
            let frame = OctetCountingTests.counted(message)
            guard index == damaged else {
                text += frame
                continue
            }
            switch kind {
            // The connection broke off in the message, and the next one went on there; behind digits, too.
            case 0: text += frame.prefix(frame.count - 1 - dice.below(message.count))
            // Counted too short, too long, and beyond the end.
            case 1: text += OctetCountingTests.counted(message, off: -1 - dice.below(20))
            case 2: text += OctetCountingTests.counted(message, off: 1 + dice.below(300))
            default: text += OctetCountingTests.counted(message, off: 1_000_000)
            }
        }
        let others = (0..<count).filter { $0 != damaged }.map { "c\($0)" }
        let bytes = Array(text.utf8)
        let whole = Decoded(bytes)
        let found = OctetCountingTests.ids(whole)
        #expect(found.filter { $0 != "c\(damaged)" } == others, "\(kind) \(text.debugDescription)")
        // With its bytes whole the damaged one is read, or is set aside; it is not passed over in silence.
        if kind > 0 { #expect(found.count == count || whole.batch.quarantined.count == 1, "\(kind) \(text.debugDescription)") }
        for step in [1, 13, 100] {
            let pieces = Decoded(bytes, chunks: Array(repeating: step, count: bytes.count / step))
            #expect(pieces.description == whole.description, "pieces of \(step) bytes")
        }
    }

    @Test func theLimit() {
        func message(_ length: Int) -> String {
            let text = OctetCountingTests.mark + OctetCountingTests.event("long")
            return text + String(repeating: " ", count: length - text.utf8.count)
        }
        let next = OctetCountingTests.counted(OctetCountingTests.mark + OctetCountingTests.event("next"))
        for chunks in [[], [1 << 20], [700_000, 700_000], [17, 1 << 20, 3]] {
            let fits = Decoded(OctetCountingTests.counted(message(LineLimits.maxLineLength)) + next, chunks: chunks)
            #expect(OctetCountingTests.ids(fits) == ["long", "next"])
            // A count of more is none; the line is longer than a record may be, and is set aside with all that is on it.
            let longer = Decoded(OctetCountingTests.counted(message(LineLimits.maxLineLength + 1)) + "\n" + next, chunks: chunks)
            #expect(OctetCountingTests.ids(longer) == ["next"])
            #expect(longer.batch.quarantined.map(\.reason) == [.lineTooLong])
        }
    }

    @Test func cutAtTheEnd() {
        let frames = (0..<3).map { OctetCountingTests.counted(OctetCountingTests.mark + OctetCountingTests.event("c\($0)")) }
        let text = Array(frames.joined().utf8)
        let starts = frames.indices.map { frames[..<$0].joined().utf8.count }
        for end in 0...text.count {
            let decoded = Decoded(Array(text[..<end]))
            let whole = frames.indices.filter { starts[$0] + frames[$0].utf8.count <= end }.count
            #expect(OctetCountingTests.ids(decoded) == (0..<whole).map { "c\($0)" }, "\(end)")
            #expect(decoded.batch.bytes == UInt64(end))
        }
    }

    @Test func numbersOfOtherKinds() {
        // Lines that begin with a number, and a hole within what is counted.
        let event = OctetCountingTests.event("c")
        for line in [
            "12 <b> \(event)", "0 <13>\(event)", "12 \(event)", "<13>\(event)", "12345678 <13>\(event)", "7  <13>\(event)", "7 <>\(event)",
        ] {
            #expect(OctetCountingTests.ids(Decoded(line + "\n" + line)) == ["c", "c"], "\(line)")
        }
        let hole = OctetCountingTests.counted("<13>a\0\0\0b") + OctetCountingTests.counted("<13>\(event)")
        let decoded = Decoded(hole)
        #expect(decoded.batch.gaps.map(\.count) == [3])
        // Reports and documents have lines of their own.
        #expect(Decoded("start_time,status\n9 <13>,NORMAL", format: .networkReport).batch.quarantined.map(\.reason) == [.badValue])
    }
}

import FlowModel
import Testing

@testable import LogFormats

/// How records are cut from a stream, and where they stand.
@Suite struct StreamTests {
    static let event = #"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"c"}}"#

    static func places(_ decoded: Decoded) -> [String] {
        decoded.batch.flows.map { "\($0.offset)/\($0.line)" }
            + decoded.batch.quarantined.map { "\($0.reason.rawValue) \($0.offset)/\($0.line)" }
    }

    @Test func lineEndsAndMarks() {
        let event = StreamTests.event
        #expect(StreamTests.places(Decoded("\(event)\n\(event)\n")) == ["0/1", "81/2"])
        #expect(StreamTests.places(Decoded("\(event)\r\n\(event)\r\n")) == ["0/1", "82/2"])
        #expect(StreamTests.places(Decoded("\(event)\n\(event)")) == ["0/1", "81/2"])
        #expect(StreamTests.places(Decoded("\u{feff}\(event)\n\u{feff}\(event)\n")) == ["0/1", "84/2"])
        #expect(StreamTests.places(Decoded("\n \n\r\n\(event)\n")) == ["5/4"])
        let decoded = Decoded("\n \n\r\n\(event)\n\n")
        #expect((decoded.batch.blankLines, decoded.batch.lines, decoded.batch.bytes) == (4, 5, 87))
        #expect(Decoded("").description == ["noise=0 blank=0 headers=0 lines=0 bytes=0"])
        #expect(Decoded("\u{feff}").batch.blankLines == 1)
    }

    @Test(arguments: [[], [1 << 20], [700_000, 700_000], [17, 1 << 20, 3]])
    func longLines(_ chunks: [Int]) {
        let event = StreamTests.event
        let fits = event + String(repeating: " ", count: LineLimits.maxLineLength - event.utf8.count)
        let long = fits + " "
        for end in ["\n", "\r\n"] {
            let decoded = Decoded(long + end + fits + end + event, chunks: chunks)
            #expect(
                StreamTests.places(decoded) == [
                    "\(1_048_577 + end.utf8.count)/2", "\(2_097_153 + 2 * end.utf8.count)/3", "line-too-long 0/1",
                ])
            #expect(decoded.batch.quarantined.map(\.raw) == [Array(long.utf8.prefix(4_096))])
            #expect(decoded.batch.quarantined.map(\.isTruncated) == [true])
        }
        #expect(StreamTests.places(Decoded(long, chunks: chunks)) == ["line-too-long 0/1"])
    }

    @Test func rawLinesAreBounded() {
        let text = "{" + String(repeating: "x", count: 10_000)
        let line = Decoded(text).batch.quarantined.first
        #expect(line?.raw == Array(text.utf8.prefix(4_096)))
        #expect(line?.isTruncated == true)
        #expect(Decoded("{").batch.quarantined.first?.isTruncated == false)
    }

    /// Decoding from any resume point on gives the rest of what decoding from the start gives.
    @Test(arguments: [InputFormat.analytics, .networkReport, .json])
    func resume(_ format: InputFormat) {
        var dice = Dice(21)
        let events = (0..<30).map { SampleEvents.event(&dice, serial: $0) }
        let text =
            switch format {
            case .networkReport: ReportTests.header + "\n" + (0..<30).map { ReportTests.row(port: "\($0)") + "\n" }.joined()
            case .json: "[\n" + events.joined(separator: ",\n\n") + "\n]\n"
            default: events.joined(separator: "\n\n") + "\n"
            }
        let bytes = Array(text.utf8)
        func describe(_ batch: RecordBatch) -> [String] { batch.flows.map { Decoded.describe($0, batch) } }
        let whole = describe(Decoded(bytes, format: format).batch)
        #expect(whole.count == 30)
        for cut in stride(from: 0, through: bytes.count, by: 37) {
            let symbols = SymbolTable()
            let (first, second) = (RecordBatch(symbols: symbols), RecordBatch(symbols: symbols))
            let decoder = LineDecoder(format: format, symbols: symbols)
            bytes[..<cut].withUnsafeBytes { decoder.decode($0, isLast: false, into: first) }
            let point = decoder.resumePoint
            #expect(point.offset <= UInt64(cut))
            #expect(point.offset == first.bytes)
            // Another decoder, as after a restart.
            let next = LineDecoder(format: format, symbols: symbols, at: point)
            bytes[Int(point.offset)...].withUnsafeBytes { next.decode($0, isLast: true, into: second) }
            #expect(describe(first) + describe(second) == whole)
        }
    }

    @Test func documents() {
        let event = StreamTests.event
        let pretty = event.replacing(",", with: ",\n  ").replacing("{", with: "{\n")
        #expect(StreamTests.places(Decoded("[\(event),\(event)]", format: .json)) == ["1/1", "82/1"])
        #expect(StreamTests.places(Decoded("\(pretty)\n\(pretty)\n", format: .json)) == ["0/1", "89/6"])
        #expect(StreamTests.places(Decoded("[]", format: .json)) == [])
        #expect(StreamTests.places(Decoded("\u{feff}[ \n \(event) ]", format: .json)) == ["7/2"])
        // Brackets in strings close nothing.
        let tricky = #"{"event_type":"x","a":"}]\"{","b":[{"c":"\\"}]}"#
        #expect(Decoded("[\(tricky),\n\(tricky)]", format: .json).batch.otherEvents.map(\.raw) == [tricky, tricky])
        // What is no object ends with its line; an object without its end is set aside at the end.
        #expect(StreamTests.places(Decoded("[1,\n\(event),\nnull]", format: .json)) == ["4/2", "not-json 1/1", "not-json 86/3"])
        #expect(StreamTests.places(Decoded("[\(event),{\"a\":", format: .json)) == ["1/1", "malformed-json 82/1"])
        #expect(StreamTests.places(Decoded("[{\"a\":]},\(event)]", format: .json)) == ["9/1", "malformed-json 1/1"])
    }

    @Test func longDocuments() {
        let long = #"{"event_type":"x","a":"\#(String(repeating: "y", count: LineLimits.maxLineLength))"}"#
        for chunks in [[], [1 << 19, 1 << 19]] {
            let decoded = Decoded("[\(long),\n\(StreamTests.event)]", format: .json, chunks: chunks)
            #expect(StreamTests.places(decoded) == ["\(long.utf8.count + 3)/2", "line-too-long 1/1"])
        }
    }

    @Test func documentChunksDoNotMatter() {
        var dice = Dice(31)
        let bytes = Array(
            ("[" + (0..<20).map { SampleEvents.event(&dice, serial: $0) }.joined(separator: ",\n ") + ", 7\n, {\"a\"").utf8)
        let whole = Decoded(bytes, format: .json).description
        #expect(Decoded(bytes, format: .json, chunks: [Int](repeating: 1, count: bytes.count)).description == whole)
        for _ in 0..<50 {
            #expect(Decoded(bytes, format: .json, chunks: (0..<40).map { _ in dice.below(900) }).description == whole)
        }
    }

    /// Bytes without any sense: nothing traps, and every line is accounted for.
    @Test(arguments: InputFormat.allCases)
    func anyBytes(_ format: InputFormat) {
        var dice = Dice(77)
        let seeds = [
            SampleEvents.event(&dice, serial: 1), SampleEvents.envelope(SampleEvents.event(&dice, serial: 2), kind: 2, serial: 1),
            ReportTests.header, ReportTests.row(), ExportTests.query, ExportTests.change, "[{", "\u{feff}", "ANALYTICS", "",
        ]
        for _ in 0..<400 {
            var bytes: [UInt8] = []
            for _ in 0..<dice.below(8) {
                let line = Array(dice.pick(seeds).utf8)
                bytes += dice.below(2) == 0 ? line : TemplateTests.mutate(line, &dice)
                if dice.below(4) > 0 { bytes.append(0x0a) }
            }
            for _ in 0..<dice.below(30) { bytes.append(UInt8(dice.below(256))) }
            let batch = Decoded(bytes, format: format).batch
            #expect(
                batch.lines == batch.eventCount + batch.noiseLines + batch.blankLines + batch.headerLines + batch.quarantined.count)
            #expect(batch.bytes == UInt64(bytes.count))
            _ = bytes.withUnsafeBytes { FormatSniffer.sniff(firstBytes: $0) }
        }
    }
}

import FlowModel
import Testing

@testable import LogFormats

/// The fast way for lines shaped like earlier ones gives what the general way gives, for good lines and for bad ones.
@Suite struct TemplateTests {
    /// Changes a line in one to three places, as damage and malice do.
    static func mutate(_ line: [UInt8], _ dice: inout Dice) -> [UInt8] {
        var line = line
        let pieces: [String] = [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", "1.5", "null", "\"\"", "\\u0041", "\\ud800", "é", "\u{1}", " ",
            "\t", "e3",
            "99999999999999999999", "\"x\":1,", "\"id\":\"9\",", "00", "\\\"", "10.0.0.1", "[]", "true", "\r",
        ]
        for _ in 0...dice.below(3) {
            guard !line.isEmpty else { return line }
            let position = dice.below(line.count)
            switch dice.below(6) {
            case 0: line[position] = UInt8(dice.below(256))
            case 1: line.remove(at: position)
            case 2: line.insert(contentsOf: dice.pick(pieces).utf8, at: position)
            case 3: line.removeSubrange(position..<min(position + dice.below(20), line.count))
            case 4: line.insert(contentsOf: line[position..<min(position + dice.below(40), line.count)], at: position)
            default: line.replaceSubrange(position...position, with: dice.pick(pieces).utf8)
            }
        }
        // A line is one line.
        return line.map { $0 == 0x0a ? 0x20 : $0 }
    }

    static func agree(_ bytes: [UInt8]) -> Bool {
        Decoded(bytes).description == Decoded(bytes, usesTemplates: false).description
    }

    @Test(arguments: 1...12)
    func fastEqualsGeneral(_ seed: UInt64) {
        var dice = Dice(seed)
        var stream: [UInt8] = []
        for serial in 0..<400 {
            let line = Array(SampleEvents.event(&dice, serial: serial).utf8)
            // Twice, so that the second time a template is at hand; then damaged.
            for bytes in [line, line, TemplateTests.mutate(line, &dice), TemplateTests.mutate(line, &dice)] {
                stream += bytes + [0x0a]
            }
        }
        guard !TemplateTests.agree(stream) else { return }
        let least = shrink(stream) { !TemplateTests.agree($0) }
        Issue.record("the two ways differ on \(String(decoding: least, as: UTF8.self))")
    }

    @Test(arguments: 1...4)
    func fastEqualsGeneralForSyncedEvents(_ seed: UInt64) {
        var dice = Dice(seed &+ 100)
        var stream: [UInt8] = []
        for serial in 0..<200 {
            let line = Array(
                #"{"event_type":"network_access","event":{"status":"\#(dice.pick(["closed_connection", "denied_access"]))","time":"\#(Timestamp(milliseconds: Int64(dice.below(1 << 40))))","connection":{"client_ip":"203.0.113.7","bytes_received":\#(dice.below(999))},"connector":{"id":"\#(dice.pick(["Q29ubmVjdG9yOjMwMTI=", "3012"]))"},"resource":{"ip":"10.0.0.1","port":\#(serial)},"user":{"id":"1"},"extra":\#(dice.below(3))}}"#
                    .utf8)
            for bytes in [line, line, TemplateTests.mutate(line, &dice)] { stream += bytes + [0x0a] }
        }
        guard !TemplateTests.agree(stream) else { return }
        let least = shrink(stream) { !TemplateTests.agree($0) }
        Issue.record("the two ways differ on \(String(decoding: least, as: UTF8.self))")
    }

    /// Damage to a line costs that line only.
    @Test func neighboursOfADamagedLineAreRead() {
        var dice = Dice(99)
        for _ in 0..<300 {
            let lines = (0..<3).map { Array(SampleEvents.event(&dice, serial: $0).utf8) }
            let damaged = TemplateTests.mutate(lines[1], &dice)
            let decoded = Decoded(lines[0] + [0x0a] + damaged + [0x0a] + lines[2])
            let batch = decoded.batch
            #expect(batch.lines == 3)
            #expect(batch.eventCount + batch.noiseLines + batch.blankLines + batch.quarantined.count == 3)
            #expect(batch.flows.first?.line == 1)
            #expect(batch.flows.last?.line == 3)
        }
    }

    /// Cut anywhere, the stream decodes to the same.
    @Test func chunksDoNotMatter() {
        var dice = Dice(5)
        var stream: [UInt8] = [0xef, 0xbb, 0xbf]
        for serial in 0..<60 {
            let event = SampleEvents.event(&dice, serial: serial)
            var line = Array(SampleEvents.envelope(event, kind: dice.below(6), serial: serial).utf8)
            if dice.below(5) == 0 { line = TemplateTests.mutate(line, &dice) }
            if dice.below(9) == 0 { line = [] }
            stream += line + (dice.below(3) == 0 ? [0x0d, 0x0a] : [0x0a])
        }
        stream += Array("ANALYTICS {".utf8)
        let whole = Decoded(stream).description
        #expect(Decoded(stream, chunks: [Int](repeating: 1, count: stream.count)).description == whole)
        for _ in 0..<100 {
            let sizes = (0..<200).map { _ in dice.below(600) }
            #expect(Decoded(stream, chunks: sizes).description == whole)
        }
    }

    /// What becomes of a line does not depend on the lines before it: read alone, it comes to the same.
    @Test func historyDoesNotMatter() {
        var dice = Dice(13)
        for _ in 0..<150 {
            let lines = (0..<12).map { serial -> [UInt8] in
                let event = SampleEvents.event(&dice, serial: serial)
                let line = Array(SampleEvents.envelope(event, kind: dice.below(7), serial: serial).utf8)
                return dice.below(2) == 0 ? line : TemplateTests.mutate(dice.below(2) == 0 ? line : Array(event.utf8), &dice)
            }
            func outcomes(_ batch: RecordBatch) -> [String] {
                batch.flows.map { "\($0.connectionID.text) \($0.kind) \($0.timestamp)" }
                    + batch.quarantined.map { "\($0.reason.rawValue) \($0.detail)" }
                    + ["\(batch.noiseLines) \(batch.blankLines) \(batch.otherEvents.count)"]
            }
            let symbols = SymbolTable()
            let decoder = LineDecoder(format: .analytics, symbols: symbols)
            for line in lines {
                let batch = RecordBatch(symbols: symbols)
                (line + [0x0a]).withUnsafeBytes { decoder.decode($0, isLast: false, into: batch) }
                #expect(outcomes(batch) == outcomes(Decoded(line).batch), "\(String(decoding: line, as: UTF8.self))")
            }
        }
    }

    /// To JSON a line feed is a blank, but it ends a line: no value goes on behind it.
    @Test(arguments: [#""relays":[{"port":1},{"port":2}]"#, #""site":[1,{"a":2}]"#, #""site":{"a":[1]}"#])
    func valuesEndWithTheirLine(_ member: String) {
        let line = #"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"c"},"#
        let whole = line + member + "}\n"
        for (index, character) in member.enumerated() where character == "," || character == "{" {
            let cut = line + member.prefix(index + 1) + "\n" + member.dropFirst(index + 1) + "}\n"
            let decoded = Decoded(whole + cut + whole)
            #expect(decoded.batch.flows.map(\.line) == [1, 4])
            #expect(decoded.batch.lines == 4)
        }
    }

    /// A symbol table that is emptied between batches leaves no stale symbol behind.
    @Test func emptiedSymbolTable() {
        var dice = Dice(8)
        let lines = (0..<50).map { SampleEvents.event(&dice, serial: $0) }.joined(separator: "\n") + "\n"
        let symbols = SymbolTable()
        let batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: .analytics, symbols: symbols)
        var results: [[String]] = []
        for _ in 0..<3 {
            decoder.resume(at: .start)
            Array(lines.utf8).withUnsafeBytes { decoder.decode($0, isLast: true, into: batch) }
            results.append(batch.flows.map { Decoded.describe($0, batch) })
            batch.removeAll()
            symbols.removeAll()
            // Other texts take the numbers of the old ones.
            for filler in 0..<40 { _ = symbols.intern("filler \(filler)") }
        }
        #expect(results[1] == results[0])
        #expect(results[2] == results[0])
    }
}

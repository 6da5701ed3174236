import FlowModel
import Testing
import TextEncodings

@testable import LogFormats

/// Records that are not one line: several on one, one in several.
@Suite struct ManyFromOneTests {
    static let event = StreamTests.event

    static func quoted(_ text: String) -> String { "\"" + JSONEscapes.stored.escaped(text) + "\"" }

    @Test(arguments: [[], [50], [80, 2, 81], [1, 1, 1, 200]])
    func objectsOnOneLine(_ chunks: [Int]) {
        let event = ManyFromOneTests.event
        let text = event + event + " \t" + event + "\n" + event + "{\"a\":" + "\n" + event + " x\n"
        let decoded = Decoded(text, chunks: chunks)
        let length = event.utf8.count
        #expect(
            StreamTests.places(decoded) == [
                "0/1", "\(length)/1", "\(2 * length + 2)/1", "\(3 * length + 3)/2", "malformed-json \(4 * length + 3)/2",
                "trailing-bytes \(4 * length + 9)/3",
            ])
        #expect(decoded.batch.lines == 6)
        #expect(StreamTests.places(Decoded(event + event, format: .json)) == ["0/1", "\(length)/1"])
    }

    /// Objects that carry many lines; one of each is an event, one noise.
    @Test(
        arguments: [
            {
                #"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","message":\#(quoted("ANALYTICS " + $0))},{"id":"2","message":\#(quoted($1))}]}"#
            },
            { #"{"events":[{"timestamp":1,"message":\#(quoted("ANALYTICS " + $0 + "\n"))},{"message":\#(quoted($1))}],"nextToken":"x"}"# },
            {
                #"{"streams":[{"stream":{"app":"c"},"values":[["1789344000000000000",\#(quoted("ANALYTICS " + $0))],["2",\#(quoted($1)),{}]]}]}"#
            },
            {
                #"{"status":"success","data":{"resultType":"streams","result":[{"values":[["1",\#(quoted($0))]]},{"values":[["2",\#(quoted($1))]]}]}}"#
            },
            {
                #"{"hits":{"hits":[{"_source":{"message":\#(quoted("ANALYTICS " + $0))}},{"_index":"x","_source":{"message":\#(quoted($1))}}]}}"#
            },
        ] as [@Sendable (String, String) -> String])
    func bundles(_ make: @Sendable (String, String) -> String) {
        let line = make(ManyFromOneTests.event, "[INFO] up")
        let decoded = Decoded("\n" + line + "\n" + line)
        #expect(decoded.batch.flows.map(\.connectionID.text) == ["c", "c"])
        #expect(decoded.batch.flows.map(\.line) == [2, 3])
        #expect(decoded.batch.noiseLines == 2)
        #expect(decoded.batch.quarantined.isEmpty)
        #expect(decoded.batch.lines == 5)
        #expect(Set(decoded.batch.flows.map(\.offset)).count == 2)
        #expect(Decoded("[\n\(line)\n]", format: .json).batch.flows.count == 1)
        #expect(SnifferTests.sniff(line) == .format(.analytics))
    }

    @Test func emptyBundles() {
        let batch = Decoded(#"{"logEvents":[]}"#).batch
        #expect(batch.lines == 1 && batch.noiseLines == 1)
    }

    /// Envelopes of shippers and log services, each around one event and around noise.
    @Test(
        arguments: [
            { #"{"time":1789344000.1,"host":"gw","sourcetype":"x","event":\#(quoted("ANALYTICS " + $0))}"# },
            { #"{"host":"gw","event":\#($0.hasPrefix("{") ? $0 : quoted($0))}"# },
            { #"{"preview":false,"result":{"_raw":\#(quoted("ANALYTICS " + $0)),"host":"gw"}}"# },
            {
                #"{"insertId":"a","textPayload":\#(quoted("ANALYTICS " + $0)),"resource":{"type":"k8s_container"},"timestamp":"2026-09-14T00:00:00Z"}"#
            },
            { #"{"insertId":"a","jsonPayload":\#($0.hasPrefix("{") ? $0 : #"{"message":\#(quoted($0)),"host":"x"}"#),"logName":"n"}"# },
            { #"{"_index":"filebeat","_source":{"@timestamp":"x","message":\#(quoted("ANALYTICS " + $0))}}"# },
            {
                #"{"@timestamp":"x","log":{"offset":1,"file":{"path":"/l"}},"message":\#(quoted("ANALYTICS " + $0)),"event":{"dataset":"d"}}"#
            },
            { #"{"version":"1.1","host":"gw","short_message":"ANALYTICS {","full_message":\#(quoted("ANALYTICS " + $0))}"# },
            { #"{"version":"1.1","host":"gw","full_message":\#(quoted("ANALYTICS " + $0)),"short_message":"ANALYTICS {"}"# },
            { #"{"version":"1.1","host":"gw","short_message":\#(quoted("ANALYTICS " + $0)),"level":6}"# },
            { #"{"date":1789344000.5,"stream":"stdout","log":\#(quoted("ANALYTICS " + $0)),"logtag":"F"}"# },
            { #"{"labels":{"app":"c"},"line":\#(quoted("ANALYTICS " + $0)),"timestamp":"2026-09-14T00:00:00Z"}"# },
            { #"2026-09-14T00:00:00Z {app="c"} ANALYTICS "# + $0 }, { "2026-09-14T00:00:00.123Z " + $0 },
            { "2026-09-14T00:00:00.123456789Z stdout F " + $0 }, { "<14>1 2026-09-14T00:00:00Z gw c 1 - - ANALYTICS " + $0 },
        ] as [@Sendable (String) -> String])
    func envelopes(_ make: @Sendable (String) -> String) {
        let batch = Decoded(make(ManyFromOneTests.event) + "\n" + make("up")).batch
        #expect(batch.flows.map(\.connectionID.text) == ["c"], "\(make("x"))")
        #expect(batch.quarantined.isEmpty && batch.noiseLines == 1, "\(batch.quarantined.map(\.detail)) \(make("x"))")
    }

    @Test func journaldLeavesOutLongMessages() {
        let batch = Decoded(#"{"__CURSOR":"s","MESSAGE":null,"_SYSTEMD_UNIT":"twingate-connector.service"}"#).batch
        #expect(batch.quarantined.map(\.reason) == [.missingField])
        #expect(batch.quarantined.first?.detail.contains("journalctl --all") ?? false)
    }

    /// An event cut into lines anywhere, by a runtime that says so and by one that does not, among lines of the other stream.
    @Test func messagesInSeveralLines() {
        var dice = Dice(17)
        for round in 0..<300 {
            let event = SampleEvents.event(&dice, serial: round)
            let text = Array(("ANALYTICS " + event).unicodeScalars)
            // Behind the marker, or an untagged beginning is no event yet.
            var cuts = (0..<(1 + dice.below(4))).map { _ in 12 + dice.below(text.count - 13) }.sorted()
            cuts = [0] + cuts.filter { $0 > 0 } + [text.count]
            let parts = zip(cuts, cuts.dropFirst()).map { range in
                var part = String.UnicodeScalarView()
                part.append(contentsOf: text[range.0..<range.1])
                return String(part)
            }
            var tagged: [String] = []
            var untagged: [String] = []
            for (index, part) in parts.enumerated() {
                let isLast = index == parts.count - 1
                tagged.append("2026-09-14T00:00:00.123456789Z stdout \(isLast ? "F" : "P") \(part)")
                untagged.append(#"{"log":\#(ManyFromOneTests.quoted(part + (isLast ? "\n" : ""))),"stream":"stdout","time":"t"}"#)
                if dice.below(3) == 0 {
                    tagged.append("2026-09-14T00:00:00.123456789Z stderr F [INFO] up")
                    untagged.append(#"{"log":"[INFO] up\n","stream":"stderr","time":"t"}"#)
                }
            }
            let wanted = Decoded(event).batch
            for lines in [tagged, untagged] {
                let bytes = Array(("\n" + lines.joined(separator: "\n") + "\n").utf8)
                for chunks in [[], (0..<20).map { _ in dice.below(200) }] {
                    let batch = Decoded(bytes, chunks: chunks).batch
                    #expect(batch.quarantined.isEmpty, "\(lines) \(batch.quarantined.map(\.detail))")
                    #expect(batch.flows.map(\.connectionID.text) == wanted.flows.map(\.connectionID.text), "\(lines)")
                    #expect(batch.flows.map(\.line) == [2])
                    #expect(batch.lines == 1 + 1 + lines.count - parts.count, "\(lines)")
                }
                // A piece never ends within a message, wherever the bytes end.
                let half = bytes.withUnsafeBytes { RecordCut.lengthOfWholeRecords($0) }
                #expect(half == bytes.count || half == 0)
                for end in stride(from: 1, to: bytes.count, by: 41) {
                    let cut = bytes.withUnsafeBytes { RecordCut.lengthOfWholeRecords(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
                    let first = Decoded(Array(bytes[..<cut])).batch
                    let rest = Decoded(Array(bytes[cut...])).batch
                    #expect(first.flows.count + rest.flows.count == 1, "cut at \(cut) of \(end)")
                    #expect(first.quarantined.isEmpty && rest.quarantined.isEmpty)
                }
            }
        }
    }

    /// A message whose end never comes is read as far as it goes; one that is followed by another is no part of that.
    @Test func messagesWithoutAnEnd() {
        let open = #"{"log":"ANALYTICS {\"event_type\":\"denied","stream":"stdout"}"#
        let whole = #"{"log":\#(ManyFromOneTests.quoted("ANALYTICS " + ManyFromOneTests.event + "\n")),"stream":"stdout"}"#
        let decoded = Decoded(open + "\n" + whole + "\n" + open)
        #expect(
            StreamTests.places(decoded) == [
                "\(open.utf8.count + 1)/2", "malformed-json 0/1", "malformed-json \(open.utf8.count + whole.utf8.count + 2)/3",
            ])
        #expect(decoded.batch.lines == 3)
        let tagged = "2026-09-14T00:00:00.123456789Z stdout P ANALYTICS {\"event_type\":\n"
        let many = Decoded(String(repeating: tagged, count: 200))
        #expect(many.batch.quarantined.count == 4 && many.batch.lines == 4)
        #expect(many.batch.quarantined.map(\.line) == [1, 66, 131, 196])
        let noise = Decoded("2026-09-14T00:00:00.123456789Z stdout P half a line")
        #expect(noise.batch.noiseLines == 1 && noise.batch.lines == 1)
        let huge = "2026-09-14T00:00:00.123456789Z stdout P " + String(repeating: "x", count: 600_000) + "\n"
        #expect(Decoded(huge + huge).batch.quarantined.map(\.reason) == [.lineTooLong])
    }
}

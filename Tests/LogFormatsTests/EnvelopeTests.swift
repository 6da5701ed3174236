import FlowModel
import Testing

@testable import LogFormats

/// What a line carries, whatever is around it.
@Suite struct EnvelopeTests {
    static let event = #"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"c\"1"}}"#
    static let inString = #"{\"event_type\":\"denied_access\",\"timestamp\":1789344000001,\"connection\":{\"id\":\"c\\\"1\"}}"#

    static func peel(_ line: String) -> String {
        var peeler = EnvelopePeeler()
        var copy = line
        return copy.withUTF8 { bytes in
            switch peeler.peel(line: UnsafeRawBufferPointer(bytes)) {
            case .event(let inner): "event " + String(decoding: inner, as: UTF8.self)
            case .noise: "noise"
            case .blank: "blank"
            case .rejected(let reason, let detail): "\(reason.rawValue): \(detail)"
            }
        }
    }

    @Test(arguments: [
        event, "  \(event) \r", "ANALYTICS \(event)", "ANALYTICS   \(event)", "ANALYTICS\t\(event)",
        "Sep 14 07:20:00 gw twingate-connector[812]: ANALYTICS \(event)",
        "<30>1 2026-09-14T08:01:00.000Z gw twingate-connector 812 - - ANALYTICS \(event)",
        "2026-09-14T08:01:00.000Z stdout F ANALYTICS \(event)", "[INFO] ANALYTICS is on ANALYTICS \(event)",
        #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":"ANALYTICS \#(inString)"}"#,
        #"{"log":"ANALYTICS \#(inString)\n","stream":"stdout","time":"t"}"#, #"{"message":"\#(inString)"}"#,
        #"{"message":"ANALYTICS \#(inString)","stream":"stdout"}"#, #"{"host":"h","message":\#(event)}"#,
        #"{"mess\u0061ge":\#(event)}"#, #"{"message":{"log":"ANALYTICS \#(inString)"}}"#,
        #"{"MESSAGE":[\#("ANALYTICS \(event)".utf8.map { "\($0)" }.joined(separator: ","))]}"#,
        #"{"MESSAGE":[ \#("ANALYTICS \(event)\n".utf8.map { "\($0)" }.joined(separator: " , ")) ]}"#,
    ])
    func carriesTheEvent(_ line: String) {
        #expect(EnvelopeTests.peel(line) == "event " + EnvelopeTests.event)
    }

    @Test(arguments: [
        ("", "blank"), (" \t\r", "blank"), ("[WARN] [libsdwan] failed", "noise"), ("[INFO] ANALYTICS is on", "noise"),
        ("ANALYTICS", "malformed-json: nothing follows `ANALYTICS`"),
        ("x: ANALYTICS  ", "malformed-json: nothing follows `ANALYTICS`"),
        ("ANALYTICS{}", "noise"), (#"{"log":"[INFO] up\n","stream":"stdout"}"#, "noise"), (#"{"log":"\n"}"#, "noise"),
        (#"{"log":""}"#, "noise"), (#"{"MESSAGE":"[INFO] up"}"#, "noise"), (#"{"message":"up","kubernetes":{}}"#, "noise"),
        (#"{"message":"up"}"#, "not-an-event: an object without `event_type`"),
        (#"{"message":"up","logger":"gateway","user":{"id":"1"}}"#, "not-an-event: an object without `event_type`"),
        (#"{"log":{"level":"info"}}"#, "not-an-event: an object without `event_type`"),
        (#"{"log":"x","log":"y"}"#, "duplicate-key: `log` stands there twice, or under two names"),
        (#"{"log":null,"l\u006fg":"y"}"#, "duplicate-key: `log` stands there twice, or under two names"),
        (#"{"MESSAGE":[1,300]}"#, "wrong-type: `MESSAGE` is neither a text nor an array of bytes"),
        (#"{"MESSAGE":["a"]}"#, "wrong-type: `MESSAGE` is neither a text nor an array of bytes"),
        (#"{"MESSAGE":7}"#, "not-an-event: an object without `event_type`"),
        (#"{"log":"x""#, "malformed-json: the text ends too early at byte 10"),
        (#"{"log":"x"} y"#, "trailing-bytes: something follows the object at byte 12"),
        (#"1"},"connector":{"id":"1"},"relays":[]}"#, "json-fragment: a piece of an event: its beginning is missing"),
    ])
    func otherwise(_ line: String, _ wanted: String) {
        #expect(EnvelopeTests.peel(line) == wanted)
    }

    @Test func envelopesInsideEnvelopesAreBounded() {
        func wrapped(_ times: Int) -> String {
            (0..<times).reduce(EnvelopeTests.event) { inner, _ in #"{"log":\#(inner)}"# }
        }
        #expect(EnvelopeTests.peel(wrapped(3)) == "event " + EnvelopeTests.event)
        #expect(EnvelopeTests.peel(wrapped(4)) == "not-an-event: an object without `event_type`")
    }

    /// The same events in any envelope, mixed line by line, give the same flows.
    @Test func anyEnvelopeGivesTheSameFlows() {
        var dice = Dice(3)
        let events = (0..<200).map { SampleEvents.event(&dice, serial: $0) }
        func flows(_ decoded: Decoded) -> [String] {
            decoded.batch.flows.map { event in
                var bare = event
                (bare.offset, bare.line) = (0, 0)
                return Decoded.describe(bare, decoded.batch)
            }
        }
        let plain = flows(Decoded(events.joined(separator: "\n")))
        #expect(plain.count == 200)
        for round in 0..<6 {
            let lines = events.enumerated().map { index, event in
                SampleEvents.envelope(event, kind: round < 5 ? round : dice.below(5), serial: index)
            }
            let decoded = Decoded(lines.joined(separator: "\n"))
            #expect(flows(decoded) == plain)
            #expect(decoded.batch.quarantined.isEmpty)
        }
    }

    @Test func textIsNoiseOnlyInServiceLogs() {
        #expect(Decoded("hello", format: .analytics).batch.noiseLines == 1)
        for format in [InputFormat.synced, .auditLog, .nameFiltering, .json] {
            #expect(Decoded("hello", format: format).batch.quarantined.map(\.reason) == [.notJSON])
        }
        #expect(Decoded([0x68, 0xff], format: .synced).batch.quarantined.map(\.reason) == [.invalidUTF8])
    }
}

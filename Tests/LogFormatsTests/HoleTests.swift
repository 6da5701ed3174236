import FlowModel
import Testing

@testable import LogFormats

/// What a log itself says, or shows, that it lacks.
@Suite struct HoleTests {
    static func gaps(_ decoded: Decoded) -> [String] {
        decoded.batch.gaps.map { "\($0.kind.rawValue) \($0.count.map { "\($0)" } ?? "-") at \($0.offset)/\($0.line)" }
    }

    @Test func zeroBytes() {
        let event = "ANALYTICS " + StreamTests.event
        let length = event.utf8.count
        func zeros(_ count: Int) -> String { String(repeating: "\0", count: count) }
        let lead = Decoded(zeros(9) + event + "\n" + event + "\n")
        #expect(StreamTests.places(lead) == ["9/1", "\(length + 10)/2"])
        #expect(HoleTests.gaps(lead) == ["nul-hole 9 at 0/1"])
        let tail = Decoded(event + "\n" + zeros(4_096))
        #expect(StreamTests.places(tail) == ["0/1"])
        #expect(HoleTests.gaps(tail) == ["nul-hole 4096 at \(length + 1)/2"])
        // Within a line: what stands before it and behind it are read for themselves.
        let middle = Decoded(event + zeros(3) + event + "\n" + event.prefix(40) + zeros(1) + event + "\n" + event)
        #expect(
            StreamTests.places(middle) == [
                "0/1", "\(length + 3)/1", "\(2 * length + 45)/2", "\(3 * length + 46)/3", "malformed-json \(2 * length + 4)/2",
            ])
        #expect(HoleTests.gaps(middle) == ["nul-hole 3 at \(length)/1", "nul-hole 1 at \(2 * length + 44)/2"])
        let documents = Decoded(
            "[\(StreamTests.event),\(zeros(5))\(StreamTests.event.prefix(9))\(zeros(2))\(StreamTests.event)]", format: .json)
        #expect(documents.batch.flows.count == 2)
        #expect(documents.batch.quarantined.map(\.reason) == [.malformedJSON])
        #expect(documents.batch.gaps.map(\.count) == [5, 2])
    }

    /// A hole is no line: it may be longer than one.
    @Test func longHoles() {
        let bytes = [UInt8](repeating: 0, count: 3 << 20) + Array("ANALYTICS \(StreamTests.event)\n".utf8)
        for chunks in [[], [1, 1 << 20, 77, 1 << 20], [Int](repeating: 4_096, count: 700)] {
            let decoded = Decoded(bytes, chunks: chunks)
            #expect(StreamTests.places(decoded) == ["\(3 << 20)/1"])
            #expect(HoleTests.gaps(decoded) == ["nul-hole \(3 << 20) at 0/1"])
        }
        let torn = Array("ANALYTICS {\"event_type\":\"cl".utf8)
        #expect(StreamTests.places(Decoded(torn + bytes)) == ["\(torn.count + (3 << 20))/1", "malformed-json 0/1"])
    }

    @Test(
        arguments: [
            ("Sep 14 06:02:20 gw systemd-journald[300]: Suppressed 312 messages from twingate-connector.service", 312, nil),
            ("Sep 14 06:02:21 gw rsyslogd: imjournal: 4321 messages lost due to rate-limiting", 4_321, nil),
            ("2026-09-14T06:02:21.5Z gw rsyslogd: imuxsock lost 12 messages from pid 812 due to rate-limiting", 12, 1_789_365_741_500),
            ("<46>1 2026-09-14T06:02:21Z gw rsyslogd - - - imjournal: 7 messages lost due to rate-limiting", 7, 1_789_365_741_000),
            ("Sep 14 06:02:21 gw rsyslogd: imuxsock begins to drop messages from pid 812 due to rate-limiting", nil, nil),
            (
                #"{"__REALTIME_TIMESTAMP":"1789365741500123","SYSLOG_IDENTIFIER":"systemd-journald","MESSAGE":"Suppressed 5 messages from x.service"}"#,
                5, 1_789_365_741_500
            ),
            (
                #"{"log":"imjournal: 99999999999999999999 messages lost due to rate-limiting\n","time":"2026-09-14T06:02:21Z"}"#, nil,
                1_789_365_741_000
            ),
        ] as [(String, UInt64?, Int64?)])
    func suppressedMessages(_ line: String, _ count: UInt64?, _ time: Int64?) {
        let batch = Decoded("\n" + line + "\n").batch
        #expect(batch.gaps.map(\.kind) == [.suppressedMessages])
        #expect(batch.gaps.map(\.count) == [count])
        #expect(batch.gaps.map { $0.time?.milliseconds } == [time])
        #expect(batch.gaps.first.map { "\($0.offset)/\($0.line)" } == "1/2")
        #expect(batch.gaps.first?.text.contains("messages") ?? false)
        #expect(batch.noiseLines == 0)
    }

    @Test(arguments: ["[INFO] sent 12 messages", "Suppressed messages", "the messages are lost", "12 messages lost", "rate-limiting is on"])
    func nothingOfTheKind(_ line: String) {
        let batch = Decoded(line).batch
        #expect(batch.gaps.isEmpty && batch.noiseLines == 1)
    }
}

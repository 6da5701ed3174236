import Testing

@testable import LogFormats

@Suite struct SnifferTests {
    static func sniff(_ bytes: [UInt8]) -> Sniffed { bytes.withUnsafeBytes { FormatSniffer.examine(firstBytes: $0) } }
    static func sniff(_ text: String) -> Sniffed { sniff(Array(text.utf8)) }

    static let event = StreamTests.event

    @Test(
        arguments: [
            ("ANALYTICS \(event)\n", .analytics), ("[WARN] x\n\n[INFO] y\nANALYTICS \(event)\n", .analytics), (event, .analytics),
            ("\u{feff}\r\n\(event)\r\n", .analytics),
            (#"{"log":"up\n","stream":"stdout"}"# + "\n" + #"{"message":\#(event)}"#, .analytics),
            (#"{"event_type":"journal_opened","timestamp":1789344000001}"#, .analytics), (ReportTests.header, .networkReport),
            ("\u{feff}status,start_time\r\n", .networkReport), (ExportTests.synced, .synced), (ExportTests.query, .nameFiltering),
            (ExportTests.change, .auditLog), (#"{"event_type":"data_loss_prevention","event":{}}"#, .synced),
            ("[\(event)]", .json), ("[\n  \(event)\n]", .json), ("[]", .json), ("{\n  \"event_type\": \"x\"\n}", .json),
            ("{ \"event_type\" : \"x\",\n \"a\": 1 }\n", .json),
            (#"{"logger":"gateway","message":"x"}"#, .analytics), ("{\"event_type\":\"closed_con\n\(event)\n", .analytics),
        ] as [(String, InputFormat)])
    func formats(_ text: String, _ wanted: InputFormat) {
        #expect(SnifferTests.sniff(text) == .format(wanted))
    }

    @Test(arguments: [
        ("", "it is empty"), (" \n\n", "it holds nothing but blanks"), ("a\0b", "it is binary"),
        ("hello\nworld\n", "no event, no envelope of one and no report header is among its first 12 bytes; say with --format what it is"),
        (
            "[WARN] x\n[INFO] y\n",
            "no event, no envelope of one and no report header is among its first 18 bytes; say with --format what it is"
        ),
        ("a,b,c\n1,2,3\n", "no event, no envelope of one and no report header is among its first 12 bytes; say with --format what it is"),
        (
            "# A page\n{\"a\": 1}\nabout \"connector\":{\n",
            "no event, no envelope of one and no report header is among its first 38 bytes; say with --format what it is"
        ),
        (#"{"data":{"remoteNetworks":{"edges":[]}}}"#, "it looks like an export of the policy, which `policy import` reads"),
        ("{\n\"data\":{\"remoteNetworks\":{\"edges\":[]}}}", "it looks like an export of the policy, which `policy import` reads"),
    ])
    func noLogs(_ text: String, _ reason: String) {
        #expect(SnifferTests.sniff(text) == .notALog(reason))
    }

    /// However much noise stands before the first event, up to the limit, and however the bytes come.
    @Test(arguments: [0, 1, FormatSniffer.enough - 40, FormatSniffer.enough, 3 << 20])
    func noiseBeforeTheFirstEvent(_ count: Int) {
        let noise = Array(String(repeating: "[INFO] up\n", count: count / 10).utf8)
        let bytes = noise + Array("ANALYTICS \(SnifferTests.event)\n".utf8)
        #expect(SnifferTests.sniff(bytes) == .format(.analytics))
        #expect(SnifferTests.inPieces(bytes, [1, 7, 4_000, 65_536, 1 << 20, 5, 1 << 20]) == .format(.analytics))
        #expect(SnifferTests.inPieces(noise + Array("more\n".utf8), [9_000, 1 << 20, 1, 1 << 21]) != .format(.analytics))
        let events = [UInt8](String(repeating: SnifferTests.event + "\n", count: 2_000).utf8)
        #expect(SnifferTests.sniff(events) == .format(.analytics))
    }

    static func inPieces(_ bytes: [UInt8], _ sizes: [Int]) -> Sniffed {
        var sniffer = FormatSniffer()
        var start = 0
        for size in sizes + [bytes.count] {
            let end = min(start + size, bytes.count)
            if let answer = bytes[start..<end].withUnsafeBytes({ sniffer.see($0) }) { return answer }
            start = end
        }
        return sniffer.end()
    }

    /// The same answer for every input of the other tests, byte by byte.
    @Test func piecesDoNotMatter() {
        let texts = [
            "\u{feff}\r\n\(SnifferTests.event)\r\n", "[\n  \(SnifferTests.event)\n]", ReportTests.header, "hello\nworld\n", "a\0b",
            "\0\0\0\0\0x",
            "\(SnifferTests.event)\(SnifferTests.event)", "a\rb\r", "{\"data\":{\"remoteNetworks\":{}}}", ExportTests.synced,
        ]
        for text in texts {
            let bytes = Array(text.utf8)
            #expect(SnifferTests.inPieces(bytes, [Int](repeating: 1, count: bytes.count)) == SnifferTests.sniff(bytes), "\(text)")
        }
    }

    /// A log that cannot be read is a log: its lines must come to the quarantine.
    @Test(arguments: [
        #"ANALYTICS {"event_type":"denied_access","timestamp":"2026-09-14T06:02:11Z","connection":{"id":"c"}}"#,
        "\u{1b}[32mANALYTICS \(event)\u{1b}[0m", "Sep 14 06:02:11 gw x[8]: ANALYTICS \(event)#015", #"ANALYTICS {"event_type":"#,
    ])
    func unreadableEvents(_ line: String) {
        #expect(SnifferTests.sniff(line + "\n") == .format(.analytics))
        #expect(SnifferTests.sniff("hello\n" + line + "\nworld\n") == .format(.analytics))
        let batch = Decoded(line).batch
        #expect(batch.quarantined.count == 1 && batch.flows.isEmpty)
    }

    @Test(arguments: [
        "[INFO] [connector] state: Online\n", "[WARN] [libsdwan] [controller] operator(): failed\n",
        "Sep 14 07:20:00 gw twingate-connector[812]: State: Online\n", #"{"log":"[INFO] [connector] state: Online\n","stream":"stdout"}"#,
        "Sep 14 06:02:20 gw systemd-journald[300]: Suppressed 312 messages from twingate-connector.service\n",
    ])
    func quietConnectors(_ text: String) {
        #expect(SnifferTests.sniff(text) == .format(.analytics))
    }

    @Test(
        arguments: [
            (ReportTests.header.replacing(",", with: ";"), .networkReport), (ReportTests.header.replacing(",", with: "\t"), .networkReport),
            ("sep=;\n" + ReportTests.header.replacing(",", with: ";"), .networkReport), ("start_time , status\n", .networkReport),
            ("Network events\n\n" + ReportTests.header, .networkReport), ("start_time,status,status\n", .networkReport),
            (ReportTests.header + "\r" + ReportTests.row() + "\r", .networkReport), ("\(event)\(event)", .json),
            ("\(event)\r\(event)\r", .json),
            ("\0\0\0\0\0\0ANALYTICS \(event)\n", .analytics), ("ANALYTICS \(event)\n\0\0\0", .analytics),
        ] as [(String, InputFormat)])
    func whatSpreadsheetsAndShippersMake(_ text: String, _ wanted: InputFormat) {
        #expect(SnifferTests.sniff(text) == .format(wanted))
    }

    /// Text of another encoding, compressed text: named with the way out, whatever format is stated.
    @Test func obstacles() {
        let text = "ANALYTICS \(SnifferTests.event)\n\n[INFO] up\n"
        func wide(_ bytes: Int, _ littleEndian: Bool) -> [UInt8] {
            text.utf8.flatMap { byte in
                let zeros = [UInt8](repeating: 0, count: bytes - 1)
                return littleEndian ? [byte] + zeros : zeros + [byte]
            }
        }
        let cases: [([UInt8], String)] = [
            (wide(2, true), "UTF-16LE"), (wide(2, false), "UTF-16BE"), ([0xff, 0xfe] + wide(2, true), "UTF-16"),
            ([0xfe, 0xff] + wide(2, false), "UTF-16"), (wide(4, true), "UTF-32LE"), (wide(4, false), "UTF-32BE"),
            ([0xff, 0xfe, 0, 0] + wide(4, true), "UTF-32LE"), ([0, 0, 0xfe, 0xff] + wide(4, false), "UTF-32BE"),
            ([0x28, 0xb5, 0x2f, 0xfd, 4, 0], "zstdcat"), (Array("BZh91AY&SY".utf8), "bzcat"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xzcat"),
            ([0x04, 0x22, 0x4d, 0x18, 0x64], "lz4cat"), ([0x1f, 0x8b, 8, 0, 0], "zcat"), ([0x50, 0x4b, 3, 4, 20, 0], "unzip -p"),
            (Array("a: x\rANALYTICS \(SnifferTests.event)\r".utf8), "tr '\\r' '\\n'"),
        ]
        for (bytes, word) in cases {
            guard case .notALog(let reason) = SnifferTests.sniff(bytes) else {
                Issue.record("\(word) is taken for a log")
                continue
            }
            #expect(reason.contains(word) && !reason.contains("--format"), "\(reason)")
            let stated = bytes.withUnsafeBytes { FormatSniffer.obstacle(to: .analytics, firstBytes: $0) }
            #expect(stated == reason)
        }
        let plain = Array(text.utf8)
        for format in InputFormat.allCases { #expect(plain.withUnsafeBytes { FormatSniffer.obstacle(to: format, firstBytes: $0) } == nil) }
    }

    @Test func namesOfFormats() {
        #expect(
            InputFormat.allCases.map(\.rawValue) == [
                "analytics", "network-report", "synced", "audit-log", "name-filtering", "json",
            ])
    }
}

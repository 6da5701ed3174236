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
        ("hello\nworld\n", "no event, no envelope of one and no report header is among its first 12 bytes"),
        ("[WARN] x\n[INFO] y\n", "no event, no envelope of one and no report header is among its first 18 bytes"),
        ("a,b,c\n1,2,3\n", "no event, no envelope of one and no report header is among its first 12 bytes"),
        (
            "# A page\n{\"a\": 1}\nabout \"connector\":{\n",
            "no event, no envelope of one and no report header is among its first 38 bytes"
        ),
        (#"{"data":{"remoteNetworks":{"edges":[]}}}"#, "it looks like an export of the policy, which `policy import` reads"),
        ("{\n\"data\":{\"remoteNetworks\":{\"edges\":[]}}}", "it looks like an export of the policy, which `policy import` reads"),
    ])
    func noLogs(_ text: String, _ reason: String) {
        #expect(SnifferTests.sniff(text) == .notALog(reason))
    }

    @Test func onlyTheFirstBytesCount() {
        let noise = [UInt8](String(repeating: "[INFO] up\n", count: FormatSniffer.enough / 10 + 1).utf8)
        #expect(SnifferTests.sniff(noise + Array("ANALYTICS \(SnifferTests.event)\n".utf8)) != .format(.analytics))
        // A cut last line does not count against the rest.
        let events = [UInt8](String(repeating: SnifferTests.event + "\n", count: 2_000).utf8)
        #expect(SnifferTests.sniff(events) == .format(.analytics))
    }

    @Test func namesOfFormats() {
        #expect(
            InputFormat.allCases.map(\.rawValue) == [
                "analytics", "network-report", "synced", "audit-log", "name-filtering", "json",
            ])
    }
}

import FlowModel
import Testing

@testable import LogFormats

/// The network events report.
@Suite struct ReportTests {
    static let header =
        "start_time,end_time,user,user_id,device_id,client_ip,connector,connector_id,resource_ip,resource_port,resource_domain,"
        + "resource_id,protocol,status,bytes_transferred,bytes_received,remote_network,remote_network_id,applied_rule,relays,relay_ips,"
        + "relay_ports,service_account,service_account_id,service_account_key,service_account_key_id"

    static func row(
        start: String = "2024-02-20 20:16:05.92 UTC", end: String = "2024-02-20 20:17:05 UTC",
        user: String = "ada@harbour.example,3101",
        client: String = "203.0.113.7", ip: String = "10.0.0.1", port: String = "443", domain: String = "wiki.harbour.example",
        status: String = "NORMAL", bytes: String = "411,1037", network: String = "\"Depot, \"\"main\"\"\"",
        relays: String = "relay-a;relay-b,198.51.100.20;198.51.100.21,30000;30001", service: String = ",,,"
    ) -> String {
        "\(start),\(end),\(user),3401,\(client),brisk-heron,3011,\(ip),\(port),\(domain),3200,tcp,\(status),\(bytes),\(network),3001,"
            + "*.harbour.example,\(relays),\(service)"
    }

    static func read(_ rows: String...) -> [String] {
        let decoded = Decoded((["" + header] + rows).joined(separator: "\n"), format: .networkReport)
        return decoded.batch.flows.map { Decoded.describe($0, decoded.batch) }
            + decoded.batch.quarantined.map { "\($0.reason.rawValue): \($0.detail)" }
    }

    @Test func wholeRow() {
        #expect(
            ReportTests.read(ReportTests.row()) == [
                "kind=whole timestamp=2024-02-20T20:17:05Z transport=tcp clientIP=203.0.113.7 resourceIP=10.0.0.1 resourcePort=443 "
                    + "bytesReceived=1037 bytesTransferred=411 durationUnit=unstated startedAt=2024-02-20T20:16:05.920Z "
                    + "endedAt=2024-02-20T20:17:05Z principalKind=user principalID=3101 principalName=ada@harbour.example deviceID=3401 "
                    + "connectorID=3011 connectorName=brisk-heron networkID=3001 networkName=Depot, \"main\" resourceID=3200 "
                    + "resourceAddress=wiki.harbour.example appliedRule=*.harbour.example "
                    + #"relays=[{"ip":"198.51.100.20","name":"relay-a","port":30000},{"ip":"198.51.100.21","name":"relay-b","port":30001}] "#
                    + "sequence=0 offset=\(ReportTests.header.utf8.count + 1) line=2"
            ])
    }

    @Test func failedRows() {
        let rows = ReportTests.read(
            ReportTests.row(end: "", ip: "", status: "DNS_ERROR", bytes: ",", relays: ",,"),
            ReportTests.row(end: "", domain: "", status: "CONNECTION_FAILED", bytes: ",", relays: "[],[],[]"))
        #expect(
            rows[0].hasPrefix(
                "kind=failed timestamp=2024-02-20T20:16:05.920Z transport=tcp clientIP=203.0.113.7 resourcePort=443 duration"))
        #expect(rows[0].contains("errorMessage=DNS_ERROR") && rows[0].contains("resourceAddress=wiki.harbour.example"))
        #expect(rows[0].contains("relays=[] "))
        #expect(rows[1].contains("errorMessage=CONNECTION_FAILED") && rows[1].contains("resourceAddress=10.0.0.1 "))
        #expect(rows[1].contains("relays=[] "))
    }

    @Test func serviceAccounts() {
        #expect(
            ReportTests.read(ReportTests.row(user: ",", service: "builder,3150,nightly,3160"))[0].contains(
                "principalKind=serviceAccount principalID=3150 principalName=builder serviceKeyID=3160 serviceKeyName=nightly"))
    }

    @Test(arguments: [
        (row(start: ""), "missing-field: `start_time` is empty"),
        (row(start: "yesterday"), "bad-value: `start_time` is not an instant"),
        (row(status: ""), "missing-field: `status` is empty"),
        (row(status: "DENIED"), "bad-value: `status` is none of `NORMAL`, `DNS_ERROR`, `CONNECTION_FAILED`"),
        (row(client: "x"), "bad-value: `client_ip` is not an IP address"),
        (row(ip: "x"), "bad-value: `resource_ip` is not an IP address"),
        (row(port: "65536"), "number-out-of-range: `resource_port` is outside of 0…65535"),
        (row(port: "1.0"), "wrong-type: `resource_port` is not a whole number"),
        (row(bytes: "99999999999999999999,1"), "number-out-of-range: `bytes_transferred` is outside of 0…9007199254740992"),
        (row(bytes: "-1,1"), "wrong-type: `bytes_transferred` is not a whole number"),
        (row(service: "builder,,,"), "two-principals: both `user` and `service_account` are there"),
        (row() + ",", "csv-columns: 27 cells under a header of 26"),
        ("2024-02-20 20:16:05.92 UTC", "csv-columns: 1 cells under a header of 26"),
        (row(network: "\"Depot"), "csv-quoting: a quote that does not close"),
        (row(network: "De\"pot"), "csv-quoting: a quote inside of an unquoted cell at byte 171"),
        (row(network: "\"Depot\"x"), "csv-quoting: bytes after a closing quote at byte 176"),
    ])
    func setAside(_ row: String, _ wanted: String) {
        #expect(ReportTests.read(row) == [wanted])
    }

    @Test func headers() {
        func flows(_ text: String) -> Decoded { Decoded(text, format: .networkReport) }
        // Any order, names in any case, unknown columns kept, the rest missing.
        let other = flows("Status,x,start_time\nNORMAL,a\"b,2024-02-20 20:16:05 UTC\n".replacing("a\"b", with: "\"a\"\"b\""))
        #expect(
            Decoded.describe(other.batch.flows[0], other.batch)
                == #"kind=whole timestamp=2024-02-20T20:16:05Z durationUnit=unstated startedAt=2024-02-20T20:16:05Z sequence=0 offset=20 line=2 extras={"x":"a\"b"}"#
        )
        // Reports one behind the other, the second with fewer columns.
        let two = flows("\u{feff}\(ReportTests.header)\n\(ReportTests.row())\nstart_time,status\n2024-02-20 20:16:05 UTC,NORMAL\n")
        #expect((two.batch.headerLines, two.batch.flows.count, two.batch.quarantined.count) == (2, 2, 0))
        let none = flows("a,b\n1,2\n")
        #expect(none.batch.quarantined.map(\.reason) == [.badHeader, .badHeader])
        let twice = flows("start_time,status,status\n1,2,3\n")
        #expect(twice.batch.quarantined.map(\.reason) == [.badHeader, .badHeader])
        #expect(flows("start_time,status\n\"\u{fffd}\",NORMAL\n").batch.quarantined.map(\.reason) == [.badValue])
        #expect(
            Decoded(Array("start_time,status\n".utf8) + [0xff], format: .networkReport).batch.quarantined.map(\.reason) == [
                .invalidUTF8
            ])
    }

    @Test func chunksDoNotMatter() {
        let text = Array(
            (ReportTests.header + "\r\n" + (0..<10).map { ReportTests.row(port: "\($0)") }.joined(separator: "\r\n")).utf8)
        let whole = Decoded(text, format: .networkReport).description
        #expect(Decoded(text, format: .networkReport, chunks: [Int](repeating: 1, count: text.count)).description == whole)
    }

    /// Spreadsheets change the separator, the line ends and the blanks around names; the flows are the same.
    @Test func whatSpreadsheetsMakeOfIt() {
        let rows = (0..<5).map { ReportTests.row(port: "\($0)", network: "Depot", relays: "[],[],[]") }
        func flows(_ text: String, _ chunks: [Int] = []) -> [String] {
            let batch = Decoded(text, format: .networkReport, chunks: chunks).batch
            #expect(batch.quarantined.isEmpty, "\(batch.quarantined.map(\.detail))")
            return batch.flows.map { event in
                var bare = event
                (bare.offset, bare.line) = (0, 0)
                return Decoded.describe(bare, batch)
            }
        }
        let lines = [ReportTests.header] + rows
        let wanted = flows(lines.joined(separator: "\n"))
        #expect(wanted.count == 5)
        for separator in [",", ";", "\t", "|"] {
            for lineEnd in ["\n", "\r\n", "\r"] {
                for first in ["", "sep=\(separator)" + lineEnd, "\u{feff}"] {
                    let text = first + lines.map { $0.replacing(",", with: separator) }.joined(separator: lineEnd)
                    #expect(flows(text) == wanted, "\(separator.debugDescription) \(lineEnd.debugDescription) \(first.debugDescription)")
                    #expect(flows(text + lineEnd, [Int](repeating: 1, count: text.utf8.count)) == wanted)
                }
            }
        }
        #expect(flows(lines[0].replacing(",", with: " , ") + "\n" + rows.joined(separator: "\n")) == wanted)
        // A quoted cell may hold the separator of another report.
        let quoted =
            ReportTests.header.replacing(",", with: ";") + "\n" + rows[0].replacing(",", with: ";").replacing("Depot", with: "\"a;b\"")
        #expect(flows(quoted)[0].contains("networkName=a;b "))
    }

    /// A report whose header comes late, or is none, is set aside row by row.
    @Test func rowsAboveTheHeader() {
        let batch = Decoded("Network events\n\(ReportTests.header)\n\(ReportTests.row())", format: .networkReport).batch
        #expect(batch.quarantined.map(\.reason) == [.badHeader])
        #expect(batch.flows.count == 1)
    }
}

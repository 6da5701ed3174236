import FlowModel
import Foundation
import Testing

@testable import LogFormats

/// The files of SampleLogs, and files that others published.
@Suite struct SampleTests {
    struct Counts: Equatable, CustomStringConvertible {
        var format: InputFormat?
        var flows = 0
        var names = 0
        var changes = 0
        var noise = 0
        var blank = 0
        var headers = 0
        var quarantined: [QuarantineReason] = []

        var description: String {
            "\(format?.rawValue ?? "none") flows=\(flows) names=\(names) changes=\(changes) noise=\(noise) blank=\(blank) headers=\(headers) "
                + "quarantined=\(quarantined.map(\.rawValue))"
        }
    }

    static func counts(_ url: URL) throws -> Counts {
        let bytes = try Place.bytes(url)
        guard let format = bytes.withUnsafeBytes({ FormatSniffer.sniff(firstBytes: $0) }) else { return Counts() }
        let batch = Decoded(bytes, format: format).batch
        return Counts(
            format: format, flows: batch.flows.count, names: batch.nameQueries.count, changes: batch.changes.count,
            noise: batch.noiseLines,
            blank: batch.blankLines, headers: batch.headerLines, quarantined: batch.quarantined.map(\.reason))
    }

    static let samples: [(name: String, counts: Counts)] = [
        ("audit-array.json", Counts(format: .json, changes: 2)),
        ("connector-bare.ndjson.gz", Counts(format: .analytics, flows: 4)),
        ("connector-docker.json", Counts(format: .analytics, flows: 5, noise: 1)),
        ("connector-journalctl.json", Counts(format: .analytics, flows: 6, noise: 1)),
        ("connector-journald.log", Counts(format: .analytics, flows: 8, noise: 1)),
        ("connector-members.ndjson.gz", Counts(format: .analytics, flows: 4)),
        ("connector-raw.log", Counts(format: .analytics, flows: 7, noise: 3, blank: 1)),
        ("connector-rfc5424.log", Counts(format: .analytics, flows: 4)),
        ("connector-unended.log", Counts(format: .analytics, flows: 2)),
        ("connector-vector.ndjson", Counts(format: .analytics, flows: 6)),
        ("connector-windows.log", Counts(format: .analytics, flows: 2)),
        ("connector-zlib.ndjson", Counts(format: .analytics, flows: 2)),
        ("events-pretty.json", Counts(format: .json, flows: 2)),
        ("network-report-old.csv", Counts(format: .networkReport, flows: 2, headers: 1)),
        ("network-report.csv", Counts(format: .networkReport, flows: 4, headers: 1)),
        (
            "set-aside.ndjson",
            Counts(
                format: .analytics, quarantined: [.notAnEvent, .malformedJSON, .jsonFragment, .duplicateKey, .numberOutOfRange])
        ),
        ("synced-audit.ndjson", Counts(format: .auditLog, changes: 2)),
        ("synced-dns.ndjson", Counts(format: .nameFiltering, names: 3)),
        ("synced-network.ndjson", Counts(format: .synced, flows: 3)),
    ]

    @Test(arguments: samples)
    func sample(_ name: String, _ wanted: Counts) throws {
        #expect(try SampleTests.counts(Place.samples.appendingPathComponent(name)) == wanted)
    }

    /// Every file is listed here and in the table of the README, and the table says what is in it.
    @Test func everySampleIsListed() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Place.samples.path)
            .filter { !["README.md", "make-samples.py", "policy"].contains($0) && !$0.hasPrefix(".") }
        #expect(files.sorted() == SampleTests.samples.map(\.name))
        let readme = try String(contentsOf: Place.samples.appendingPathComponent("README.md"), encoding: .utf8)
        for (name, counts) in SampleTests.samples {
            let row = readme.split(separator: "\n").first { $0.hasPrefix("| `\(name)` |") }.map {
                $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
            let events = counts.flows + counts.names + counts.changes
            #expect(
                row?.dropFirst(1).prefix(4).joined(separator: " ")
                    == "`\(counts.format?.rawValue ?? "")` \(events) \(counts.noise) \(counts.quarantined.count)", "\(name)")
        }
    }

    @Test func policiesAreNoLogs() throws {
        for name in ["2026-09-14T00:00:00Z.json", "2026-09-14T12:00:00Z.json"] {
            #expect(try SampleTests.counts(Place.samples.appendingPathComponent("policy/" + name)) == Counts())
        }
    }

    @Test(
        .enabled(if: Place.hasForeign, Place.withoutForeign),
        arguments: [
            ("thirdparty/datadog_established_connection.raw.json", Counts(format: .json, flows: 1)),
            ("thirdparty/logshipper_SYNTHETIC_network_access.ndjson", Counts(format: .analytics, flows: 100)),
            ("thirdparty/logshipper_SYNTHETIC_dns_filtering.ndjson", Counts(format: .nameFiltering, names: 100)),
            (
                "thirdparty/gatorcast_sample_log_lines.ndjson",
                Counts(format: .analytics, quarantined: [.notAnEvent, .notAnEvent, .notAnEvent])
            ),
        ])
    func published(_ name: String, _ wanted: Counts) throws {
        #expect(try SampleTests.counts(Place.foreign.appendingPathComponent(name)) == wanted)
    }

    @Test(.enabled(if: Place.hasForeign, Place.withoutForeign))
    func acme() throws {
        let logs = Place.foreign.appendingPathComponent("acme/logs")
        var flows = 0
        var lines = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: logs.path) {
            let bytes = try Place.bytes(logs.appendingPathComponent(name))
            let batch = Decoded(bytes).batch
            #expect(batch.quarantined.isEmpty)
            #expect(batch.flows.count + batch.noiseLines + batch.blankLines == batch.lines)
            lines += bytes.count { $0 == 0x0a }
            flows += batch.flows.count
            // Every event has a line of its own with the marker.
            #expect(
                String(decoding: bytes, as: UTF8.self).split(separator: "\n").count { $0.contains("ANALYTICS {") }
                    == batch.flows.count)
        }
        #expect(flows > 240)
        #expect(lines > flows)
    }
}

import CZlib
import FlowJournal
import FlowModel
import Foundation

/// One thing that some source says of a connection.
struct SourceRecord: Hashable, CustomStringConvertible {
    enum Kind: Hashable {
        case event
        case row
        case synced
    }

    var kind: Kind
    var text: String
    var description: String { text }
    /// Equal for records that say the same: seconds that are none may be left out.
    var meaning: String { text.replacing(":00Z", with: "Z") }
}

/// Connections as Connectors, the report and synced objects tell of them.
enum ManyTongues {
    static let header =
        "start_time,end_time,user,user_id,device_id,client_ip,connector,connector_id,resource_ip,resource_port,resource_domain,resource_id,protocol,status,bytes_transferred,bytes_received,remote_network,remote_network_id,applied_rule,relays,relay_ips,relay_ports"

    /// All records of one connection among others that are begun within some seconds.
    static func connection(_ index: Int, using numbers: inout Numbers) -> [SourceRecord] {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &numbers) < percent }
        let start = SmallEvents.start + 59_000 + Int.random(in: 0..<8_000, using: &numbers)
        let length = chance(50) ? Int.random(in: 0..<2_000, using: &numbers) : Int.random(in: 0..<4_000_000, using: &numbers)
        let user = Int.random(in: 1...2, using: &numbers)
        let connector = Int.random(in: 1...2, using: &numbers)
        let host = "r\(Int.random(in: 0...1, using: &numbers)).small.example"
        let (received, transferred) = (Int.random(in: 0...3, using: &numbers), 5)
        // The second user's events say where they are, so that they are of other clients than rows of the report.
        let location = user == 2 ? #","location":{"geoip":{"country":"PT"}}"# : ""
        func event(_ type: String, at: Int, _ more: String = "") -> SourceRecord {
            SourceRecord(
                kind: .event,
                text: """
                    {"event_type":"\(type)","timestamp":\(at),"connection":{"id":"c\(index)-\(user)","protocol":"tcp",\
                    "client_ip":"203.0.113.\(user)","resource_ip":"10.0.0.1","resource_port":443\(more)},\
                    "user":{"id":"\(user)","email":"u\(user)@small.example"},"device":{"id":"\(70 + user)"},\
                    "connector":{"id":"\(connector)","name":"k\(connector)"},"remote_network":{"id":"9","name":"n"},\
                    "resource":{"id":"50","address":"\(host)","applied_rule":"*.small.example"},"relays":[]\(location)}
                    """)
        }
        func row(_ status: String, _ begin: Int, _ end: Int?, _ received: Int?) -> SourceRecord {
            let ended = end.map { instant($0 / 10 * 10) } ?? ""
            let bytes = received.map { "\(transferred),\($0)" } ?? ","
            let ip = received == nil ? "" : "10.0.0.1"
            return SourceRecord(
                kind: .row,
                text:
                    "\(instant(begin)),\(ended),u\(user)@small.example,\(user),\(70 + user),203.0.113.\(user),k\(connector),\(connector),\(ip),443,\(host),50,tcp,\(status),\(bytes),n,9,*.small.example,,,"
            )
        }
        func synced(_ status: String, _ at: Int, _ more: String = "") -> SourceRecord {
            let seconds = at / 1_000 * 1_000
            let time = chance(20) ? instant(seconds / 60_000 * 60_000, "T", "Z").replacing(":00Z", with: "Z") : instant(seconds, "T", "Z")
            return SourceRecord(
                kind: .synced,
                text: """
                    {"event_type":"network_access","event":{"status":"\(status)","time":"\(time)","connection":{"client_ip":\
                    "203.0.113.\(user)","protocol":"tcp"\(more)},"connector":{"id":"\(connector)","name":"k\(connector)"},\
                    "device":{"id":"\(70 + user)"},"relays":[],"remote_network":{"id":"9","name":"n"},"resource":{"address":"\(host)",\
                    "applied_rule":"*.small.example","id":"50","ip":"10.0.0.1","port":443},\
                    "user":{"id":"\(user)","email":"u\(user)@small.example"}}}
                    """)
        }
        var records: [SourceRecord] = []
        switch Int.random(in: 0..<10, using: &numbers) {
        case 0:
            records.append(event("denied_access", at: start, #","error_message":"access denied""#))
            if chance(60) { records.append(synced("denied_access", start)) }
        case 1:
            records.append(event("failed_to_connect", at: start, #","error_message":"refused""#))
            if chance(60) { records.append(row("DNS_ERROR", start / 10 * 10, nil, nil)) }
            if chance(60) { records.append(synced("failed_to_connect", start)) }
        default:
            let end = start + length
            let unit = connector == 1 ? ("duration", length * 1_000) : ("duration_ms", length)
            if chance(85) { records.append(event("established_connection", at: start)) }
            if chance(85) {
                records.append(
                    event("closed_connection", at: end, #","\#(unit.0)":\#(unit.1),"rx":\#(received),"tx":\#(transferred)"#))
            }
            // Now and then a report rounds more, is late, or counts otherwise.
            if chance(75) {
                let step = [10, 10, 10, 100, 1_000][Int.random(in: 0..<5, using: &numbers)]
                let late = chance(20) ? Int.random(in: 0..<1_200, using: &numbers) : 0
                records.append(row("NORMAL", (start + late) / step * step, end + late, chance(85) ? received : received + 1))
            }
            if chance(40) { records.append(synced("established_connection", start)) }
            if chance(40) {
                let bytes = #","bytes_received":\#(received),"bytes_transferred":\#(transferred)"#
                records.append(synced("closed_connection", end, bytes))
            }
        }
        return records
    }

    /// With as many digits as are not zero.
    private static func instant(_ ms: Int, _ separator: String = " ", _ zone: String = " UTC") -> String {
        let whole = String(Timestamp(milliseconds: Int64(ms - ms % 1_000)).rfc3339.prefix(19)).replacing("T", with: separator)
        var fraction = String(String(1_000 + ms % 1_000).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        return whole + (fraction.isEmpty ? "" : ".\(fraction)") + zone
    }
}

/// Records in one file, or in a journal.
struct Parcel: CustomStringConvertible {
    enum Envelope: String, CaseIterable {
        case bare
        case raw
        case journaldShort
        case syslog
        case journalctl
        case docker
        case vector
        case wrapped
    }

    enum Packing: Hashable {
        case plain
        case gzip(Int32)
        case members
        case zlib
        case journal
    }

    var records: [SourceRecord]
    var envelope: Envelope
    var packing: Packing
    var description: String { "\(envelope), \(packing):\n" + records.map { "  \($0)" }.joined(separator: "\n") }

    /// Writes it into a directory; gives what to ingest.
    func write(to folder: URL, number: Int) throws -> String {
        guard packing != .journal else { return try writeJournal(folder.appendingPathComponent("journal\(number)")) }
        let file = folder.appendingPathComponent("parcel\(number)")
        let bytes = Array((lines().joined(separator: "\n") + "\n").utf8)
        let packed: [UInt8]
        switch packing {
        case .plain, .journal: packed = bytes
        case .gzip(let level): packed = try Parcel.deflate(bytes, windowBits: 31, level: level)
        case .zlib: packed = try Parcel.deflate(bytes, windowBits: 15, level: 6)
        case .members:
            let half = bytes.count / 2
            packed =
                try Parcel.deflate(Array(bytes[..<half]), windowBits: 31, level: 6)
                + Parcel.deflate(Array(bytes[half...]), windowBits: 31, level: 9)
        }
        try Data(packed).write(to: file)
        return file.path
    }

    private func writeJournal(_ folder: URL) throws -> String {
        var options = JournalOptions()
        options.sync = .none
        options.reserveBytes = 0
        options.isConcurrent = false
        options.frameBytes = 2_000
        let identity = JournalIdentity(
            connector: FlowRecord.Named(id: "1", name: "k1"), network: FlowRecord.Named(id: "9", name: "n"), software: "tests 1")
        let writer = try JournalWriter(directory: folder.path, options: options, identity: identity) {
            Timestamp(milliseconds: Int64(SmallEvents.start))
        }
        for record in records { try writer.append(Array(record.text.utf8)) }
        try writer.close()
        return folder.path
    }

    private func lines() -> [String] {
        switch records.first?.kind {
        case .row: [ManyTongues.header] + records.map(\.text)
        case .event: ["[INFO] up and running"].filter { _ in envelope == .raw } + records.map { wrap($0.text) }
        case .synced, nil: records.map(\.text)
        }
    }

    private func wrap(_ event: String) -> String {
        let quoted = event.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        switch envelope {
        case .bare: return event
        case .raw: return "ANALYTICS \(event)"
        case .journaldShort: return "Sep 14 07:20:00 gw twingate-connector[812]: ANALYTICS \(event)"
        case .syslog: return "<30>1 2026-09-14T08:01:00.000Z gw twingate-connector 812 - - ANALYTICS \(event)"
        case .journalctl: return #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":"ANALYTICS \#(quoted)"}"#
        case .docker: return #"{"log":"ANALYTICS \#(quoted)\n","stream":"stdout","time":"2026-09-14T08:01:00Z"}"#
        case .vector: return #"{"host":"h","message":\#(event)}"#
        case .wrapped: return #"{"message":"\#(quoted)","stream":"stdout"}"#
        }
    }

    static func deflate(_ bytes: [UInt8], windowBits: Int32, level: Int32) throws -> [UInt8] {
        var stream = z_stream()
        guard twin_deflate_init(&stream, level, windowBits) == Z_OK else { throw CocoaError(.coderInvalidValue) }
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
        var input = bytes
        let status = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { destination in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = destination.baseAddress
                stream.avail_out = UInt32(destination.count)
                return CZlib.deflate(&stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END else { throw CocoaError(.coderInvalidValue) }
        return Array(output[..<Int(stream.total_out)])
    }
}

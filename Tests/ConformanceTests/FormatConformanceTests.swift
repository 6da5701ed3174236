import FlowModel
import Foundation
import LogFormats
import Testing

/// The format cases under `formats/`: input and what it must decode to, in files that any implementation can read.
///
/// `want` lists what the input holds; a list or count that is missing there is empty. A field that is missing in a wanted object
/// must be absent. `extras` is the object of the fields that are not read, by dotted path.
@Suite struct FormatConformanceTests {
    struct Case: CustomStringConvertible, @unchecked Sendable {
        var file: String
        var note: String
        var format: String
        var input: [UInt8]
        var want: NSDictionary

        var description: String { "\(file): \(note)" }
    }

    static let cases: [Case] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("formats")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.sorted().flatMap { file -> [Case] in
            guard let data = try? Data(contentsOf: folder.appendingPathComponent(file)),
                let root = try? JSONSerialization.jsonObject(with: data) as? NSDictionary,
                let list = root["cases"] as? [NSDictionary]
            else { return [Case(file: file, note: "unreadable", format: "", input: [], want: [:])] }
            return list.map { entry in
                let encoded = (entry["input_base64"] as? String).flatMap { Data(base64Encoded: $0) }
                return Case(
                    file: file, note: entry["note"] as? String ?? "", format: entry["format"] as? String ?? "",
                    input: encoded.map { [UInt8]($0) } ?? Array((entry["input"] as? String ?? "").utf8),
                    want: entry["want"] as? NSDictionary ?? [:])
            }
        }
    }()

    @Test func casesAreThere() {
        #expect(FormatConformanceTests.cases.count >= 60)
    }

    @Test(arguments: cases)
    func conforms(_ item: Case) throws {
        let format = try #require(InputFormat(rawValue: item.format), "\(item)")
        let symbols = SymbolTable()
        let batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: format, symbols: symbols)
        item.input.withUnsafeBytes { decoder.decode($0, isLast: true, into: batch) }
        let found = try FormatConformanceTests.render(batch)
        #expect(FormatConformanceTests.text(found) == FormatConformanceTests.text(item.want), "\(item)")
    }

    private static func text(_ value: NSDictionary) -> String {
        let data = try? JSONSerialization.data(
            withJSONObject: value, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "no JSON"
    }

    /// A batch in the terms of the cases.
    private static func render(_ batch: RecordBatch) throws -> NSDictionary {
        func text(_ symbol: Symbol) -> String? { batch.symbols.text(of: symbol) }
        func extras(_ index: Int32) throws -> Any? {
            index < 0 ? nil : try JSONSerialization.jsonObject(with: Data(batch.extras[Int(index)].utf8))
        }
        func object(_ members: KeyValuePairs<String, Any?>) -> NSDictionary {
            let result = NSMutableDictionary()
            for (key, value) in members { if let value { result[key] = value } }
            return result
        }
        let flows = try batch.flows.map { event in
            object([
                "kind": "\(event.kind)", "timestamp": event.timestamp.milliseconds,
                "connection_id": event.connectionID.isEmpty ? nil : event.connectionID.text,
                "protocol": event.transport?.rawValue ?? text(event.unknownTransport), "client_ip": event.clientIP?.description,
                "client_port": event.clientPort, "resource_ip": event.resourceIP?.description, "port": event.resourcePort,
                "bytes_received": event.bytesReceived, "bytes_transferred": event.bytesTransferred, "duration": event.duration,
                "duration_unit": event.duration == nil ? nil : "\(event.durationUnit)", "started_at": event.startedAt?.milliseconds,
                "ended_at": event.endedAt?.milliseconds, "tunnel_path": text(event.tunnelPath),
                "tunnel_proto": text(event.tunnelProtocol),
                "error": text(event.errorMessage), "close_reason": text(event.closeReason), "requested": text(event.requested),
                "principal_kind": event.principalKind?.rawValue, "principal_id": text(event.principalID),
                "principal": text(event.principalName), "service_key_id": text(event.serviceKeyID),
                "service_key": text(event.serviceKeyName),
                "device_id": text(event.deviceID), "connector_id": text(event.connectorID), "connector": text(event.connectorName),
                "network_id": text(event.networkID), "network": text(event.networkName), "resource_id": text(event.resourceID),
                "address": text(event.resourceAddress), "applied_rule": text(event.appliedRule), "relays": text(event.relays),
                "location": text(event.location), "policy_version": event.policyVersion, "policy_digest": text(event.policyDigest),
                "decision_effect": text(event.decisionEffect), "decision_reason": text(event.decisionReason),
                "sequence": event.sequence == 0 ? nil : event.sequence, "extras": try extras(event.extras), "line": event.line,
                "offset": event.offset,
            ])
        }
        let names = try batch.nameQueries.map { query in
            object([
                "time": query.time.milliseconds, "domain": text(query.domain), "root": text(query.root),
                "device_id": text(query.deviceID),
                "device": text(query.deviceName), "client_ip": query.clientIP?.description, "client_port": query.clientPort,
                "protocol": text(query.queryProtocol), "status": text(query.status),
                "reasons": query.reasons.compactMap { text($0) },
                "extras": try extras(query.extras), "line": query.line, "offset": query.offset,
            ])
        }
        let changes = try batch.changes.map { change in
            object([
                "version": change.version, "time": change.time.milliseconds, "actor_type": change.actorType,
                "actor_id": change.actorID,
                "actor_name": change.actorName, "actor_email": change.actorEmail, "action": change.action,
                "targets": change.targets.map { object(["type": $0.type, "id": $0.id, "name": $0.name]) },
                "extras": try extras(change.extras), "line": change.line, "offset": change.offset,
            ])
        }
        let journal = batch.journalEvents.map {
            object([
                "kind": $0.kind.rawValue, "timestamp": $0.timestamp.milliseconds, "sequence": $0.sequence,
                "connector_id": text($0.connectorID),
                "line": $0.line, "offset": $0.offset,
            ])
        }
        let result = NSMutableDictionary()
        let lists: [(String, [NSDictionary])] = [
            ("flows", flows), ("names", names), ("changes", changes), ("journal", journal),
            ("other", batch.otherEvents.map { object(["type": $0.type, "line": $0.line, "offset": $0.offset]) }),
            ("set_aside", batch.quarantined.map { object(["line": $0.line, "offset": $0.offset, "reason": $0.reason.rawValue]) }),
        ]
        for (key, list) in lists where !list.isEmpty { result[key] = list }
        for (key, count) in [("noise", batch.noiseLines), ("blank", batch.blankLines), ("headers", batch.headerLines)]
        where count > 0 {
            result[key] = count
        }
        return result
    }
}

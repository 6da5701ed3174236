import AccessPolicy
import FlowModel
import FlowStore
import Foundation
import Ingest
import LogFormats
import PolicyDocuments
import Testing

/// What an event says to the engine is what the database says of the flow that this event alone makes.
struct EventFactsTests {
    private static func decoded(_ line: String, _ symbols: SymbolTable) throws -> FlowEvent {
        let batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: .analytics, symbols: symbols)
        Array((line + "\n").utf8).withUnsafeBytes { decoder.decode($0, isLast: true, into: batch) }
        #expect(batch.quarantined.isEmpty, "\(line)")
        return try #require(batch.flows.first)
    }

    private static func stored(_ line: String, _ unit: FlowEvent.DurationUnit) throws -> FlowFacts {
        let store = try Store()
        var options = Ingest.Options()
        options.durationUnit = unit
        try store.ingest([line], options: options)
        return try AuditDatabase(path: store.path, mode: .readOnly).read { connection in
            let reader = try FlowFactsReader(connection)
            var found: [FlowFacts] = []
            try FlowScan(connection).forEach(order: .time, withMatched: true) {
                found.append(try FlowFacts($0, reader: reader, lastUses: .none))
            }
            return try #require(found.count == 1 ? found[0] : nil)
        }
    }

    private static let lines: [String] = {
        var numbers = Numbers(seed: 11)
        var made = (0..<40).flatMap { SmallEvents.connection($0, using: &numbers) }
        let rest = #""connector":{"id":"4"},"resource":{"id":"9"}}"#
        made += [
            // A service account, its key, a location, a policy; no name was asked for.
            #"{"event_type":"closed_connection","timestamp":1789344000000,"connection":{"id":"a","protocol":"udp","resource_ip":"2001:db8::1","resource_port":53,"duration_ms":1500},"service_account":{"id":"77","name":"ci"},"service_key":{"id":"k1"},"location":{"geoip":{"country":"DE"}},\#(rest)"#,
            #"{"event_type":"failed_to_connect","timestamp":1789344000000,"connection":{"id":"b","protocol":"icmp","resource_ip":"10.0.0.1"},"user":{"email":"only@name.example"},\#(rest)"#,
            #"{"event_type":"denied_access","timestamp":1789344000000,"connection":{"id":"c","protocol":"sctp","resource_port":1},"user":{"id":"","email":""},\#(rest)"#,
            #"{"event_type":"closed_connection","timestamp":1789344000000,"connection":{"id":"d"},\#(rest)"#,
        ]
        return made
    }()

    @Test("of every kind of event, in each unit of duration", arguments: lines)
    func same(line: String) throws {
        for unit in [FlowEvent.DurationUnit.unstated, .milliseconds, .microseconds] {
            let symbols = SymbolTable()
            let facts = FlowFacts(try EventFactsTests.decoded(line, symbols), symbols: symbols, durationUnit: unit)
            #expect(try facts == EventFactsTests.stored(line, unit), "\(line)")
        }
    }
}

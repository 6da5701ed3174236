import FlowModel
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

/// Dictionaries that hold rows back answer about them as if they were written: before they are taken, while they wait, and afterwards.
struct HeldBackTests {
    @Test("what is held back is read from memory, what is written from the table, and they are the same", arguments: 0..<30)
    func reading(seed: Int) throws {
        var dice = Numbers(seed: UInt64(seed))
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            let background = try BackgroundWriter(connection) {}
            let dictionaries = try IngestDictionaries(connection, background)
            var said: [Int64: String] = [:]
            var wanted: [(client: Int64, destination: Int64, remark: Int64, facts: String)] = []
            var write: () throws -> Void = {}
            func text() throws -> Int64 {
                let text = ["", "user", "ü", "a\0b", String(repeating: "long ", count: 9)].randomElement(using: &dice) ?? ""
                let made = text + String(Int.random(in: 0..<20, using: &dice))
                let id = try dictionaries.texts.id(made)
                #expect(said[id] ?? made == made)
                said[id] = made
                return id
            }
            for _ in 0..<60 {
                var client = ClientKey()
                (client.principal, client.principalID, client.principalKind) = (try text(), try text(), 1)
                client.device = try text()
                var destination = DestinationKey()
                (destination.address, destination.connectorID) = (try text(), try text())
                (destination.transport, destination.port) = (1, Int64.random(in: -1...65_535, using: &dice))
                var remark = RemarkKey()
                (remark.policyVersion, remark.policyDigest) = (Int64.random(in: -1...5, using: &dice), try text())
                let facts = """
                    \(said[client.principalID] ?? "") \(said[client.principal] ?? "") \(said[client.device] ?? "") \
                    \(said[destination.address] ?? "") \(said[destination.connectorID] ?? "") \(destination.port) \
                    \(remark.policyVersion) \(said[remark.policyDigest] ?? "")
                    """
                wanted.append(
                    (
                        try dictionaries.clients.id(client), try dictionaries.destinations.id(destination),
                        try dictionaries.remarks.id(remark),
                        facts
                    ))
                switch Int.random(in: 0..<6, using: &dice) {
                case 0:
                    try write()
                    write = dictionaries.takeUnwritten()
                case 1:
                    try write()
                    write = {}
                default: break
                }
                // A reader that remembers nothing yet.
                try check(wanted, FlowFactsReader(connection, dictionaries))
            }
            try write()
            try dictionaries.flush()
            try check(wanted, FlowFactsReader(connection))
            background.undo()
        }
    }

    private func check(
        _ wanted: [(client: Int64, destination: Int64, remark: Int64, facts: String)], _ reader: FlowFactsReader
    ) throws {
        for item in wanted {
            let (client, destination) = (try reader.client(item.client), try reader.destination(item.destination))
            let remark = try reader.recordedPolicy(item.remark)
            let found = """
                \(client.principal?.id ?? "") \(client.principalName ?? "") \(client.deviceID ?? "") \(destination.address ?? "") \
                \(destination.connectorID ?? "") \(destination.port.map { Int64($0) } ?? -1) \(remark.version ?? -1) \(remark.digest ?? "")
                """
            #expect(found == item.facts)
        }
    }

    @Test("a number that no row has is held by nobody")
    func nobody() throws {
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            let background = try BackgroundWriter(connection) {}
            let dictionaries = try IngestDictionaries(connection, background)
            var key = ClientKey()
            key.principal = try dictionaries.texts.id("one")
            #expect(try dictionaries.clients.id(key) == 1)
            for take in [false, true] {
                let write = take ? dictionaries.takeUnwritten() : {}
                for id in [Int64.min, -1, 0, 2, .max] {
                    #expect(dictionaries.clients.held(id) == nil)
                    #expect(try dictionaries.texts.text(id) == nil)
                }
                #expect(dictionaries.clients.held(1)?.principal == key.principal)
                #expect(try dictionaries.texts.text(key.principal) == "one")
                try write()
            }
            background.undo()
        }
    }
}

import FlowModel
import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// What a database knows is a function of the records, whatever source they came from, in whatever order, packed however.
struct DeliveryTests {
    /// Parcels by the ingest that takes them.
    struct Delivery: CustomStringConvertible {
        var ingests: [[Parcel]]
        /// Flows made into rows together; nil for as many as usual.
        var batchFlows: Int?
        var description: String {
            "flows in a batch: \(batchFlows ?? FlowAssembly.capacity)\n"
                + ingests.enumerated().map { "ingest \($0.offset + 1)\n" + $0.element.map(\.description).joined(separator: "\n") }
                .joined(separator: "\n")
        }

        var records: [SourceRecord] { ingests.flatMap { $0.flatMap(\.records) } }

        /// Without one of the `records`, and without what is empty then.
        func removing(_ place: Int) -> Delivery {
            var left = place
            var smaller = self
            for ingest in ingests.indices {
                for parcel in ingests[ingest].indices {
                    let count = ingests[ingest][parcel].records.count
                    if left >= 0, left < count { smaller.ingests[ingest][parcel].records.remove(at: left) }
                    left -= count
                }
                smaller.ingests[ingest].removeAll(where: \.records.isEmpty)
            }
            smaller.ingests.removeAll(where: \.isEmpty)
            return smaller
        }

        /// One file of each kind, in one ingest.
        static func plain(_ records: [SourceRecord]) -> Delivery {
            let parcels = [SourceRecord.Kind.event, .row, .synced].map { kind -> Parcel in
                let ordered = records.filter { $0.kind == kind }.sorted { $0.text < $1.text }
                var said: Set<String> = []
                return Parcel(records: ordered.filter { said.insert($0.meaning).inserted }, envelope: .bare, packing: .plain)
            }
            return Delivery(ingests: [parcels.filter { !$0.records.isEmpty }])
        }

        static func random(_ records: [SourceRecord], using numbers: inout Numbers) -> Delivery {
            var left = records.shuffled(using: &numbers)
            left += left.prefix(Int.random(in: 0...10, using: &numbers))
            var parcels: [Parcel] = []
            while let first = left.first {
                let most = Int.random(in: 1...25, using: &numbers)
                // What stands twice in one file without an id is said twice; in another file it is the same again.
                var said: Set<String> = []
                let chosen = left.filter { $0.kind == first.kind && said.insert($0.meaning).inserted }.prefix(most)
                for record in chosen { if let place = left.firstIndex(of: record) { left.remove(at: place) } }
                let envelope = Parcel.Envelope.allCases.randomElement(using: &numbers) ?? .bare
                var packings: [Parcel.Packing] = [.plain, .gzip(Int32.random(in: 1...9, using: &numbers)), .members, .zlib]
                if first.kind == .event { packings += [.journal, .journal] }
                parcels.append(
                    Parcel(records: Array(chosen), envelope: envelope, packing: packings.randomElement(using: &numbers) ?? .plain))
            }
            parcels.shuffle(using: &numbers)
            var ingests: [[Parcel]] = []
            while !parcels.isEmpty {
                let count = min(parcels.count, Int.random(in: 1...4, using: &numbers))
                ingests.append(Array(parcels.prefix(count)))
                parcels.removeFirst(count)
            }
            return Delivery(ingests: ingests, batchFlows: [nil, 1, 3, 20].randomElement(using: &numbers) ?? nil)
        }

        /// What the database says in the end.
        func facts() throws -> [String] {
            let store = try Store()
            var number = 0
            for parcels in ingests {
                let paths = try parcels.map { parcel in
                    number += 1
                    return try parcel.write(to: store.folder, number: number)
                }
                var options = Ingest.Options()
                if let batchFlows {
                    options.batchFlows = batchFlows
                    options.transactionEvents = batchFlows * 5
                }
                let report = try Ingest(options: options).run(paths: paths, databasePath: store.path)
                #expect(report.refusals.map(\.message) == [])
                #expect(report.quarantined == 0)
            }
            let problems = try store.problems()
            #expect(problems == [])
            return try store.facts()
        }
    }

    static func records(seed: Int, using numbers: inout Numbers) -> [SourceRecord] {
        (0..<40).flatMap { ManyTongues.connection($0, using: &numbers) }
    }

    @Test("any sources, order, division, repetition, compression and envelope gives the same database", arguments: 0..<16)
    func anyDelivery(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let records = DeliveryTests.records(seed: seed, using: &numbers)
        let delivery = Delivery.random(records, using: &numbers)
        let expected = try Delivery.plain(records).facts()
        #expect(expected.contains { $0.hasPrefix("source_match") && $0.contains("same") })
        guard try delivery.facts() != expected else { return }
        let smallest = try DeliveryTests.shrink(delivery)
        let (found, wanted) = (try smallest.facts(), try Delivery.plain(smallest.records).facts())
        Issue.record(
            """
            delivered like this\n\(smallest)\nthe database differs from the same records in one file of each kind: it says
            \(found.filter { !wanted.contains($0) }.joined(separator: "\n"))
            and not
            \(wanted.filter { !found.contains($0) }.joined(separator: "\n"))
            """)
    }

    /// The smallest part of a delivery, packed as plainly as may be, that still differs from its own records in the plain way.
    static func shrink(_ delivery: Delivery) throws -> Delivery {
        var current = delivery
        func differs(_ delivery: Delivery) throws -> Bool {
            try !delivery.records.isEmpty && delivery.facts() != Delivery.plain(delivery.records).facts()
        }
        for ingest in current.ingests.indices.reversed() {
            var smaller = current
            smaller.ingests.remove(at: ingest)
            if try differs(smaller) { current = smaller }
        }
        var record = 0
        while record < current.records.count {
            let smaller = current.removing(record)
            if try differs(smaller) { current = smaller } else { record += 1 }
        }
        for ingest in current.ingests.indices {
            for parcel in current.ingests[ingest].indices {
                var plainer = current
                plainer.ingests[ingest][parcel].packing = .plain
                plainer.ingests[ingest][parcel].envelope = .bare
                if try differs(plainer) { current = plainer }
            }
        }
        return current
    }

    @Test("an ingest that stopped before it compared is made good by the next")
    func stoppedBeforeComparing() throws {
        var numbers = Numbers(seed: 5)
        let records = DeliveryTests.records(seed: 5, using: &numbers)
        let store = try Store()
        for (number, parcel) in Delivery.plain(records).ingests[0].enumerated() {
            var ingest = Ingest(options: Ingest.Options())
            // Asked before the file, and before comparing.
            var asked = 0
            ingest.shouldStop = {
                asked += 1
                return asked > 1
            }
            let report = try ingest.run(paths: [parcel.write(to: store.folder, number: number)], databasePath: store.path)
            #expect(report.recognised == 0)
            #expect(try store.problems() == [])
        }
        #expect(try store.number("SELECT count(*) FROM source_match") == 0)
        let nothingNew = try Parcel(records: [records[0]], envelope: .bare, packing: .plain).write(to: store.folder, number: 99)
        let report = try Ingest(options: Ingest.Options()).run(paths: [nothingNew], databasePath: store.path)
        #expect(report.recognised > 0)
        #expect(try store.facts() == Delivery.plain(records).facts())
        #expect(try store.problems() == [])
    }
}

extension Store {
    /// The canonical dump of what is known; what journals say of themselves is left out.
    func facts() throws -> [String] {
        var lines: [String] = []
        try CanonicalDump.forEach(AuditDatabase(path: path, mode: .readOnly), .facts) { view, columns, row in
            guard view != "journal_record" else { return }
            var line = view
            for (column, value) in zip(columns, row) where value != .null {
                line += " "
                line += column
                line += "="
                line += Store.text(value)
            }
            lines.append(line)
        }
        return lines
    }

    /// A value and its type. Hundreds of thousands are compared, and the text that Swift makes of a case by itself takes long.
    private static func text(_ value: StoredValue) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): String(number)
        case .real(let number): "real " + String(number)
        case .text(let text): "'" + text + "'"
        case .blob(let bytes): "blob \(bytes)"
        }
    }
}

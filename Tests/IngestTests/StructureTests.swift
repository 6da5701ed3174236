import Foundation
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

/// The tables in memory held against the plain types of the standard library.
struct StructureTests {
    @Test("SipHash-2-4 gives the values of its authors' reference, for messages of whole words")
    func sipHash() {
        // Key 00 01 … 0f; messages 00 01 02 … of 0, 8, 16 and 24 bytes, from the vectors published with the reference code.
        let key = SipHash.Key(first: 0x0706_0504_0302_0100, second: 0x0f0e_0d0c_0b0a_0908)
        let expected: [UInt64] = [0x726f_db47_dd0e_0e31, 0x93f5_f579_9a93_2462, 0x3f2a_cc7f_57c2_9bdb, 0xad87_a353_5c49_ef28]
        for (words, value) in expected.enumerated() where words < 3 {
            var hash = SipHash(key)
            for word in 0..<words {
                let bytes = (0..<8).map { UInt64(word * 8 + $0) }
                hash.append(bytes.enumerated().reduce(UInt64(0)) { $0 | $1.element << UInt64(8 * $1.offset) })
            }
            #expect(hash.finish() == value, "\(words) words")
        }
    }

    @Test("bytes and their division into id and Connector are told apart")
    func identityIsInjective() {
        let key = IdentityKey(key: SipHash.Key(first: 1, second: 2))
        let texts = ["", "a", "ab", "abc", "abcdefgh", "abcdefghi", "\0", "\0\0", "a\0"]
        var seen: [UInt64: (String, String)] = [:]
        for id in texts {
            for connector in texts {
                let hash = key.hash(connection: id, connector: connector)
                #expect(seen[hash] == nil, "\(id.debugDescription) \(connector.debugDescription)")
                seen[hash] = (id, connector)
            }
        }
    }

    /// Keys whose words differ in few bits, or are the same but for their places, as a hash that mixes badly would confuse them.
    private static func keys(_ width: Int, _ count: Int, using numbers: inout Numbers) -> [[Int64]] {
        (0..<count).map { place in
            switch place % 4 {
            case 0: [Int64](repeating: Int64(place), count: width)
            case 1: (0..<width).map { Int64(1) << Int64((place / 4 + $0 * 7) % 63) }
            case 2: (0..<width).map { $0 == place % width ? Int64(place) : 0 }
            default: (0..<width).map { _ in Int64.random(in: .min ... .max, using: &numbers) }
            }
        }
    }

    @Test("a KeyTable is a dictionary that remembers the order", arguments: [1, 2, 3, 5, 9])
    func keyTable(width: Int) {
        var numbers = Numbers(seed: UInt64(width))
        let table = KeyTable<Int64>(width: width, capacity: 4)
        var model: [[Int64]: Int] = [:]
        var values: [Int64] = []
        for round in 0..<3 {
            for key in StructureTests.keys(width, 6_000, using: &numbers) {
                let place = key.withUnsafeBufferPointer { $0.baseAddress.flatMap { table.place($0) } }
                #expect(place == model[key])
                guard place == nil else { continue }
                let value = Int64.random(in: .min ... .max, using: &numbers)
                let made = key.withUnsafeBufferPointer { pointer in pointer.baseAddress.map { table.insert($0, value) } }
                #expect(made == values.count)
                model[key] = values.count
                values.append(value)
            }
            #expect(table.count == model.count)
            for (key, place) in model {
                #expect((0..<width).allSatisfy { table.key(at: place)[$0] == key[$0] })
                #expect(table.value(at: place).pointee == values[place])
            }
            if round == 1 {
                table.removeAll()
                model.removeAll()
                values.removeAll()
                #expect(table.count == 0)
            }
        }
    }

    @Test("many look-ups at once give what one after the other gives")
    func keyTablePlaces() {
        var numbers = Numbers(seed: 4)
        let table = KeyTable<Int64>(width: 2, capacity: 4)
        var model: [[Int64]: Int] = [:]
        for _ in 0..<200 {
            let keys = (0..<Int.random(in: 1...64, using: &numbers)).map { _ in
                [Int64.random(in: 0...40, using: &numbers), Int64.random(in: 0...40, using: &numbers)]
            }
            var places = [Int](repeating: -1, count: keys.count)
            keys.flatMap { $0 }.withUnsafeBufferPointer { words in
                places.withUnsafeMutableBufferPointer { places in
                    guard let words = words.baseAddress, let places = places.baseAddress else { return }
                    table.places(of: words, count: keys.count, new: 0, into: places)
                }
            }
            for (key, place) in zip(keys, places) {
                if let known = model[key] {
                    #expect(place == known)
                } else {
                    #expect(place == model.count)
                    model[key] = place
                }
            }
        }
        #expect(table.count == model.count)
    }

    @Test("paged memory is aligned, whole and writable at every size")
    func pagedMemory() {
        for size in [0, 1, 15, 4_096, (2 << 20) - 1, 4 << 20, (4 << 20) + 1, 9 << 20] {
            let memory = PagedMemory(byteCount: size)
            #expect(Int(bitPattern: memory.base) % 16 == 0)
            let bytes = memory.base.bindMemory(to: UInt8.self, capacity: max(1, size))
            for place in stride(from: 0, to: size, by: 4_093) { bytes[place] = UInt8(truncatingIfNeeded: place) }
            if size > 0 { bytes[size - 1] = 7 }
            for place in stride(from: 0, to: size - 1, by: 4_093) { #expect(bytes[place] == UInt8(truncatingIfNeeded: place)) }
            memory.deallocate()
        }
    }

    @Test("radix sort sorts by the upper 48 bits and leaves equal ones in their order")
    func radixSort() {
        var numbers = Numbers(seed: 8)
        var sort = RadixSort()
        for count in [0, 1, 2, 3, 100, 4_097, 65_536] {
            for few in [false, true] {
                var words = (0..<count).map { place -> UInt64 in
                    let key: UInt64 = few ? UInt64.random(in: 0...3, using: &numbers) << 62 | 5 << 16 : numbers.next()
                    return key & ~0xffff | UInt64(place & 0xffff)
                }
                let expected = words.enumerated().sorted {
                    ($0.element >> 16, $0.offset) < ($1.element >> 16, $1.offset)
                }.map(\.element)
                sort.sort(&words)
                #expect(words == expected)
            }
        }
    }

    @Test("runs of identities find every flow of a key through merges, also where keys collide", arguments: [true, false])
    func identityRuns(collide: Bool) throws {
        let store = try Store()
        let database = try AuditDatabase(path: store.path, mode: .create)
        var numbers = Numbers(seed: collide ? 1 : 2)
        var model: [UInt64: Set<Int64>] = [:]
        try database.write { connection in
            var runs = try IdentityRuns(connection)
            var base: Int64 = 1
            for round in 0..<40 {
                let count = Int.random(in: 1...600, using: &numbers)
                var entries: [(key: UInt64, flow: UInt32)] = (0..<count).map { place in
                    (collide ? UInt64.random(in: 0...5, using: &numbers) << 40 : numbers.next() >> 16, UInt32(place))
                }
                entries.sort { $0.key < $1.key }
                try runs.add(base: base, entries)
                for entry in entries { model[entry.key, default: []].insert(base + Int64(entry.flow)) }
                base += Int64(count)
                // What is read from the database again is the same as what memory holds.
                if round % 7 == 6 { runs = try IdentityRuns(connection) }
                let asked = (Array(model.keys.shuffled(using: &numbers).prefix(30)) + [0, 1, 0xffff_ffff_ffff]).sorted()
                var found: [Int: Set<Int64>] = [:]
                for candidate in try runs.find(asked, tag: { $0 }) { found[candidate.tag, default: []].insert(candidate.flowID) }
                for (place, key) in asked.enumerated() { #expect(found[place, default: []] == model[key, default: []]) }
            }
        }
    }

    @Test("equal records of a source are counted, however many do not fit into memory", arguments: [4, 1 << 20])
    func occurrences(limit: Int) throws {
        let store = try Store()
        let database = try AuditDatabase(path: store.path, mode: .create)
        try database.withoutTransaction { connection in
            let background = try BackgroundWriter(connection) {}
            let occurrences = RowOccurrences(connection, background: background, limit: limit)
            var numbers = Numbers(seed: 11)
            for source: Int64 in 1...3 {
                var model: [UInt64: Int64] = [:]
                for _ in 0..<400 {
                    let identity = UInt64.random(in: 0...60, using: &numbers) &* 0x9e37_79b9_7f4a_7c15
                    model[identity, default: 0] += 1
                    #expect(try occurrences.next(identity, source: source) == model[identity])
                }
            }
            background.undo()
        }
    }
}

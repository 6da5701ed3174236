import GRDB
import Testing

@testable import FlowStore

/// A dictionary that forgets its rows numbers like one that remembers all of them.
struct ForgottenKeysTests {
    @Test("equal keys have one number, other keys another, whatever was forgotten", arguments: 0..<24)
    func numbers(seed: Int) throws {
        var dice = Numbers(seed: UInt64(seed))
        let limit = [1, 3, 50, 400][seed % 4]
        let variety = Int64([30, 300, 3_000][seed / 4 % 3])
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            var expected: [Int64: Int64] = [:]
            // The second has rows from the start that it did not number.
            for _ in 0..<2 {
                let dictionary = try TupleDictionary<AggregateKey>(connection, limit: limit)
                for _ in 0..<1_500 {
                    let number = Int64.random(in: 1...variety, using: &dice)
                    let id = try dictionary.id(
                        AggregateKey(client: number % 17, destination: number, outcome: number % 3, assessment: 0))
                    #expect(id == expected[number] ?? Int64(expected.count + 1))
                    expected[number] = id
                }
            }
            try #expect(Int.fetchOne(connection, sql: "SELECT count(*) FROM aggregate") == expected.count)
        }
    }

    @Test("a key that was there is never denied; of the others few are taken for one that was")
    func filter() throws {
        let table = KeyTable<Int64>(width: 2)
        var keys: ForgottenKeys? = ForgottenKeys()
        func mayContain(_ number: Int64) throws -> Bool {
            let keys = try #require(keys)
            return withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2) { words in
                _ = words.initialize(fromContentsOf: [number, number ^ 5])
                return words.baseAddress.map { keys.mayContain($0, of: table) } ?? false
            }
        }
        #expect(try !mayContain(1))
        let (rounds, each) = (9, Int64(100_000))
        for round in 0..<Int64(rounds) {
            for number in round * each..<(round + 1) * each {
                withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2) { words in
                    _ = words.initialize(fromContentsOf: [number, number ^ 5])
                    if let base = words.baseAddress { table.insert(base, 0) }
                }
            }
            keys = keys?.adding(table)
            table.removeAll()
        }
        for number in 0..<Int64(rounds) * each where try !mayContain(number) { Issue.record("\(number) was denied") }
        var mistaken = 0
        for number in Int64(rounds) * each..<Int64(rounds + 1) * each where try mayContain(number) { mistaken += 1 }
        #expect(mistaken < 500)
    }

    @Test("keys that are remembered and forgotten again and again take the room of one time")
    func again() {
        let table = KeyTable<Int64>(width: 1)
        for number in 0..<Int64(200) { withUnsafePointer(to: number) { _ = table.insert($0, 0) } }
        var keys: ForgottenKeys? = ForgottenKeys(byteLimit: 4 << 20)
        for _ in 0..<5_000 { keys = keys.take()?.adding(table) }
        #expect(keys != nil)
    }

    @Test("beyond its memory it knows nothing any more, rather than too little")
    func tooMany() throws {
        let table = KeyTable<Int64>(width: 1)
        for number in 0..<Int64(10) { withUnsafePointer(to: number) { _ = table.insert($0, 0) } }
        let small = ForgottenKeys(byteLimit: 1_000).adding(table)
        #expect(small == nil)
        let large = ForgottenKeys().adding(table)
        #expect(large != nil)
    }
}

import FlowStore
import Ingest
import Testing

/// The flows in a database are a function of the events, not of the way in which they came.
struct OrderTests {
    /// A way to bring the same lines: in another order, in so many files, some of them twice.
    struct Delivery: CustomStringConvertible {
        var lines: [String]
        var files: Int
        var description: String { "\(files) files of\n" + lines.joined(separator: "\n") }

        func flows() throws -> [String] {
            let store = try Store()
            let size = max(1, (lines.count + files - 1) / files)
            for start in stride(from: 0, to: lines.count, by: size) {
                try store.ingest(Array(lines[start..<min(start + size, lines.count)]))
            }
            let problems = try store.problems()
            #expect(problems == [])
            return try store.flows()
        }
    }

    @Test("any order, division and repetition gives the same flows", arguments: 0..<12)
    func anyDelivery(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let lines = (0..<30).flatMap { SmallEvents.connection($0, using: &numbers) }
        var delivered = lines.shuffled(using: &numbers)
        delivered += delivered.prefix(Int.random(in: 0...10, using: &numbers))
        let delivery = Delivery(lines: delivered, files: Int.random(in: 1...5, using: &numbers))
        guard try delivery.flows() != Delivery(lines: lines, files: 1).flows() else { return }
        let smallest = try OrderTests.shrink(delivery)
        Issue.record("these lines give other flows than in their own order: \(smallest)")
    }

    /// The smallest part of a delivery that still differs from the same lines in the order of time.
    static func shrink(_ delivery: Delivery) throws -> Delivery {
        var current = delivery
        var index = 0
        while index < current.lines.count {
            var smaller = current
            smaller.lines.remove(at: index)
            let ordered = Delivery(lines: Array(Set(smaller.lines)).sorted(), files: 1)
            if !smaller.lines.isEmpty, try smaller.flows() != ordered.flows() { current = smaller } else { index += 1 }
        }
        return current
    }

    @Test("a second ingest of the same events under another name says that it knows them")
    func duplicates() throws {
        var numbers = Numbers(seed: 99)
        let lines = (0..<20).flatMap { SmallEvents.connection($0, using: &numbers) }
        let store = try Store()
        try store.ingest(lines)
        let before = try store.flows()
        // One more line in front makes another file, which has not grown from the first.
        let again = try store.ingest(["a line of a service log"] + lines)
        #expect(again.newFlows == 0)
        #expect(again.completions == 0)
        #expect(again.duplicates == Int64(lines.count))
        #expect(try store.flows() == before)
        #expect(try store.problems() == [])
    }
}

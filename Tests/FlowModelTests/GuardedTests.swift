import Dispatch
import FlowModel
import Testing

struct GuardedTests {
    private struct Trouble: Error {}

    @Test("of many threads one at a time has the value, and an error gives it back")
    func oneAtATime() throws {
        let places = Guarded<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { number in
            for place in 0..<5_000 { places.withLock { $0.append(number * 5_000 + place) } }
        }
        #expect(places.withLock { $0.sorted() } == Array(0..<20_000))
        #expect(throws: Trouble.self) { try places.withLock { _ in throw Trouble() } }
        #expect(places.withLock { $0.count } == 20_000)
    }
}

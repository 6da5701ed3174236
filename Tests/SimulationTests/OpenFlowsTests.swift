import FlowModel
import Testing

@testable import Simulation

struct OpenFlowsTests {
    private static func flow(_ number: Int, end: Int) -> PlannedFlow {
        PlannedFlow(
            number: UInt64(number), start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: Int64(end)), caller: .user(0),
            connector: 0, resource: 0, address: IPAddress(v4: 1), port: 443, policy: 0)
    }

    /// What comes out of the heap when everything that is due is taken at each of some times.
    private static func drained(_ ends: [Int]) -> [UInt64] {
        var open = OpenFlows()
        for (number, end) in ends.enumerated() { open.insert(flow(number, end: end)) }
        var order: [UInt64] = []
        for time in 0...(ends.max() ?? 0) {
            while let flow = open.removeFirst(endingBy: Timestamp(milliseconds: Int64(time))) { order.append(flow.number) }
        }
        return order
    }

    private static func sorted(_ ends: [Int]) -> [UInt64] {
        ends.indices.sorted { (ends[$0], $0) < (ends[$1], $1) }.map { UInt64($0) }
    }

    @Test("flows come out by their ends, equal ends by their numbers")
    func order() {
        var random = SeededRandom(seed: 11, stream: .traffic)
        for _ in 0..<300 {
            var ends = (0..<random.below(40)).map { _ in random.below(20) }
            guard OpenFlowsTests.drained(ends) != OpenFlowsTests.sorted(ends) else { continue }
            // The smallest list that still fails says most.
            var shrunk = true
            while shrunk {
                shrunk = false
                for index in ends.indices {
                    var fewer = ends
                    fewer.remove(at: index)
                    if OpenFlowsTests.drained(fewer) != OpenFlowsTests.sorted(fewer) {
                        ends = fewer
                        shrunk = true
                        break
                    }
                }
            }
            Issue.record("wrong order for the ends \(ends)")
            return
        }
    }

    @Test("nothing comes out before its time")
    func early() {
        var open = OpenFlows()
        open.insert(OpenFlowsTests.flow(1, end: 10))
        #expect(open.removeFirst(endingBy: Timestamp(milliseconds: 9)) == nil)
        #expect(open.removeFirst(endingBy: Timestamp(milliseconds: 10))?.number == 1)
        #expect(open.count == 0)
    }

    @Test("a flow that is cut has carried its share")
    func cut() {
        var flow = OpenFlowsTests.flow(1, end: 1_000)
        flow.received = 4_000
        flow.sent = 100
        flow.cut(at: Timestamp(milliseconds: 250), .shutdown)
        #expect(flow.received == 1_000)
        #expect(flow.sent == 25)
        #expect(flow.end == Timestamp(milliseconds: 250))
        #expect(flow.closeReason == .shutdown)
        // Cutting after the end changes nothing.
        flow.cut(at: Timestamp(milliseconds: 300), .policy)
        #expect(flow.end == Timestamp(milliseconds: 250))
        #expect(flow.closeReason == .shutdown)
    }
}

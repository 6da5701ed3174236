internal import FlowModel

/// The flows of one Connector that still have something to say, soonest first: a binary heap with a limit.
struct OpenFlows: Sendable {
    private var heap: [PlannedFlow] = []

    /// More open flows than this one Connector never has: the memory of a simulation stays flat. As many as a process may have
    /// sockets by the usual limits of an operating system.
    static let limit = 65_536

    var count: Int { heap.count }
    var isFull: Bool { heap.count >= OpenFlows.limit }
    var nextEnd: Timestamp? { heap.first?.end }

    /// Equal ends are told in the order of their numbers, so that the output does not depend on the heap's shape.
    private static func precedes(_ left: PlannedFlow, _ right: PlannedFlow) -> Bool {
        left.end != right.end ? left.end < right.end : left.number < right.number
    }

    mutating func insert(_ flow: PlannedFlow) {
        heap.append(flow)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard OpenFlows.precedes(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out the flow that ends first, when it ends at `time` or before.
    mutating func removeFirst(endingBy time: Timestamp) -> PlannedFlow? {
        guard let first = heap.first, first.end <= time else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && OpenFlows.precedes(heap[child], heap[least]) {
                least = child
            }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first
    }

    /// Takes out everything, in the order of the numbers.
    mutating func removeAll() -> [PlannedFlow] {
        let all = heap.sorted { $0.number < $1.number }
        heap.removeAll(keepingCapacity: true)
        return all
    }
}

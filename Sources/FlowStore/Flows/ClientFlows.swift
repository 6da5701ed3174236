package import GRDB

/// Keeps `flow_run` and `client_flows`: which flows a client has, and when the flows of a run start, so that questions about one user
/// or one hour read what they are about and not everything.
package final class ClientFlows {
    private let insertRun: RawStatement
    private let selectRun: RawStatement
    private let widenRun: RawStatement
    private let insertFlows: RawStatement
    private let selectFlows: RawStatement
    private var sort = RadixSort()

    package init(_ database: Database) throws {
        insertRun = try RawStatement(
            database, "INSERT INTO flow_run (first_flow, last_flow, earliest, latest) VALUES (?, ?, ?, ?)")
        selectRun = try RawStatement(
            database, "SELECT first_flow FROM flow_run WHERE first_flow <= ? ORDER BY first_flow DESC LIMIT 1")
        widenRun = try RawStatement(
            database, "UPDATE flow_run SET earliest = min(earliest, ?2), latest = max(latest, ?2) WHERE first_flow = ?1")
        insertFlows = try RawStatement(
            database, "INSERT OR REPLACE INTO client_flows (first_flow, client_id, flows) VALUES (?, ?, ?)")
        selectFlows = try RawStatement(database, "SELECT flows FROM client_flows WHERE first_flow = ? AND client_id = ?")
    }

    /// New flows with consecutive numbers.
    package struct Run {
        let first: Int64

        fileprivate var earliest = Int64.max
        fileprivate var latest = Int64.min
        /// The client above, the number within the run below.
        fileprivate var order: [UInt64] = []

        /// `capacity`: the most flows that it will have.
        package init(first: Int64, capacity: Int) {
            self.first = first
            order.reserveCapacity(capacity)
        }

        @inline(__always)
        package mutating func append(_ draft: UnsafePointer<FlowDraft>) {
            earliest = min(earliest, draft.pointee.startedAt)
            latest = max(latest, draft.pointee.startedAt)
            order.append(UInt64(bitPattern: draft.pointee.client) << 16 | UInt64(bitPattern: draft.pointee.flowID &- first))
        }
    }

    package func add(_ run: Run) throws {
        var order = run.order
        let first = run.first
        guard !order.isEmpty else { return }
        insertRun.bind(1, first)
        insertRun.bind(2, first + Int64(order.count) - 1)
        insertRun.bind(3, run.earliest)
        insertRun.bind(4, run.latest)
        try insertRun.run()
        sort.sort(&order)
        var numbers: [UInt8] = []
        for (place, word) in order.enumerated() {
            withUnsafeBytes(of: UInt16(truncatingIfNeeded: word).littleEndian) { numbers.append(contentsOf: $0) }
            guard place + 1 == order.count || order[place + 1] >> 16 != word >> 16 else { continue }
            insertFlows.bind(1, first)
            insertFlows.bind(2, Int64(word >> 16))
            insertFlows.bind(3, blob: numbers)
            try insertFlows.run()
            numbers.removeAll(keepingCapacity: true)
        }
    }

    /// Notes that a flow of an earlier run has another client or start now.
    package func note(flowID: Int64, client: Int64?, startedAt: Int64) throws {
        selectRun.bind(1, flowID)
        guard try selectRun.step() else {
            selectRun.reset()
            return
        }
        let first = selectRun.integer(0)
        selectRun.reset()
        widenRun.bind(1, first)
        widenRun.bind(2, startedAt)
        try widenRun.run()
        guard let client else { return }
        selectFlows.bind(1, first)
        selectFlows.bind(2, client)
        var numbers: [UInt8] = []
        if try selectFlows.step() { selectFlows.withBlob(0) { numbers.append(contentsOf: $0) } }
        selectFlows.reset()
        withUnsafeBytes(of: UInt16(truncatingIfNeeded: flowID &- first).littleEndian) { numbers.append(contentsOf: $0) }
        insertFlows.bind(1, first)
        insertFlows.bind(2, client)
        insertFlows.bind(3, blob: numbers)
        try insertFlows.run()
    }
}

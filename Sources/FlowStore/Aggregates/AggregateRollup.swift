package import GRDB

/// Collects what flows add to the tables `aggregate_hour` and `aggregate_page` and writes it with the transaction that holds the flows.
package final class AggregateRollup {
    /// What flows of an aggregate add up to.
    struct Sum {
        var flows: Int64 = 0
        var open: Int64 = 0
        /// 2^63−1 is a sum that was cut off there.
        var bytesReceived: Int64 = 0
        var bytesTransferred: Int64 = 0
        /// What flows added before that now add something else, or nothing.
        var removedReceived: Int64 = 0
        var removedTransferred: Int64 = 0
        var firstAt = Int64.max
        var lastAt = Int64.min
        var firstFlow = Int64.max
        var lastFlow = Int64.min
        /// A flow left: first and last must be found anew.
        var isReduced = false

        /// What is to be added to a sum that is stored. One that was cut off is known for so much that it cuts that one off too.
        var receivedChange: Int64 { Sum.change(bytesReceived, less: removedReceived) }
        var transferredChange: Int64 { Sum.change(bytesTransferred, less: removedTransferred) }

        private static func change(_ added: Int64, less removed: Int64) -> Int64 {
            added == .max ? .max : added.subtractingSaturating(removed)
        }

        /// Bytes left a sum that may have been cut off: what it is then does not follow from what it was.
        var mustBeSummedAnew: Bool { removedReceived > 0 || removedTransferred > 0 }
    }

    static let hourMs: Int64 = 3_600_000
    /// Hours with aggregates that are collected before they should be written; about 15 MB.
    private static let limit = 1 << 17
    /// Rows of `aggregate_hour` written together.
    private static let rowsAtOnce = 1 << 14

    /// By hour and aggregate.
    private let sums = KeyTable<Sum>(width: 2, capacity: limit)
    private var sort = RadixSort()
    /// Counts how often the sums were written: places from before are void.
    private(set) var generation: Int32 = 0
    private let incoming: IntegerTable
    private let upsertHours: RawStatement
    private let removeHour: RawStatement
    private let selectCut: RawStatement
    private let sumAnew: RawStatement
    private let narrowing: HourNarrowing
    private let pages: AggregatePages
    /// Of what was pruned, first and last cannot be found anew.
    private let watermark: PruneWatermark

    package init(_ database: Database) throws {
        watermark = try PruneWatermark(database)
        incoming = try IntegerTable("incoming_hour", columns: 9, in: database)
        upsertHours = try RawStatement(
            database,
            """
            INSERT INTO aggregate_hour (slot, flows, open, bytes_received, bytes_transferred, first_ms, span_ms, first_flow, span_flows)
            SELECT \(incoming.selection) FROM \(incoming.name) WHERE true
            ON CONFLICT DO UPDATE SET flows = flows + excluded.flows, open = open + excluded.open,
                bytes_received = \(AggregateRollup.changed("bytes_received")), bytes_transferred = \(AggregateRollup.changed("bytes_transferred")),
                first_ms = min(first_ms, excluded.first_ms), span_ms = \(AggregateRollup.span("first_ms", "span_ms")),
                first_flow = min(first_flow, excluded.first_flow), span_flows = \(AggregateRollup.span("first_flow", "span_flows"))
            """)
        removeHour = try RawStatement(database, "DELETE FROM aggregate_hour WHERE slot = ? AND flows <= 0")
        selectCut = try RawStatement(
            database,
            "SELECT 1 FROM aggregate_hour WHERE slot = ? AND max(bytes_received, bytes_transferred) = \(Int64.max)")
        sumAnew = try RawStatement(
            database,
            """
            UPDATE aggregate_hour SET (bytes_received, bytes_transferred) = (
                SELECT coalesce(sum(f.bytes_received), 0), coalesce(sum(f.bytes_transferred), 0)
                FROM flow_run r CROSS JOIN flow_fact f ON f.flow_id BETWEEN r.first_flow AND r.last_flow
                WHERE r.earliest <= ?4 AND r.latest >= ?3 AND f.aggregate_id = ?2 AND f.started_at BETWEEN ?3 AND ?4
                    AND f.state & \(FlowState.matched.rawValue) = 0)
            WHERE slot = ?1
            """)
        narrowing = try HourNarrowing(database)
        pages = try AggregatePages(database)
    }

    /// A column's value and what is added to it, cut off at 2^63−1.
    private static func changed(_ column: String) -> String {
        """
        CASE WHEN \(column) = \(Int64.max) OR excluded.\(column) > \(Int64.max) - \(column) THEN \(Int64.max)
            ELSE \(column) + excluded.\(column) END
        """
    }

    /// How far the last of both is from the first of both.
    private static func span(_ first: String, _ span: String) -> String {
        "max(\(first) + \(span), excluded.\(first) + excluded.\(span)) - min(\(first), excluded.\(first))"
    }

    /// Some flow left its hour: `flush` finds firsts and lasts anew, by reading.
    package private(set) var isReduced = false

    package var isFull: Bool { sums.count >= AggregateRollup.limit }

    /// Bits of an aggregate's number in a slot.
    private static let aggregateBits = 28
    private static let aggregates: Int64 = 1 << aggregateBits
    /// 2000-01-01T00:00Z, from which slots count, so that six bytes hold those of our time.
    private static let firstHour: Int64 = 262_968

    /// Hours from `firstHour` that have a slot, either way.
    private static let hourBits = 63 - aggregateBits

    /// The number of a row of `aggregate_hour`. Hours beyond any that there are give the slot of none, at their end.
    static func slot(hour: Int64, aggregate: Int64 = 0) -> Int64 {
        let (start, isBeyond) = (hour &- firstHour).multipliedReportingOverflow(by: aggregates)
        return isBeyond ? (hour < 0 ? .min : .max) : start + aggregate
    }

    static func hasSlot(hour: Int64, aggregate: Int64) -> Bool {
        (0..<aggregates).contains(aggregate) && (-1 << hourBits..<1 << hourBits).contains(hour &- firstHour)
    }

    private static func hasNoSlot(hour: Int64, aggregate: Int64) -> StoreFailure {
        StoreFailure(.refused, "hour \(hour) of aggregate \(aggregate) cannot be counted; ingest into a new database")
    }

    static func hour(of ms: Int64) -> Int64 {
        ms % hourMs < 0 ? ms / hourMs - 1 : ms / hourMs
    }

    /// Where an aggregate's flows of an hour are summed up; until `generation` changes.
    func place(hour: Int64, aggregate: Int64) -> Int {
        var key = (hour, aggregate)
        return withUnsafePointer(to: &key) { pointer in
            pointer.withMemoryRebound(to: Int64.self, capacity: 2) { words in
                sums.place(words) ?? sums.insert(words, Sum())
            }
        }
    }

    @inline(__always)
    func add(_ part: AggregateContribution, at place: Int, flowID: Int64) {
        let sum = sums.value(at: place)
        sum.pointee.flows += 1
        sum.pointee.open += part.isOpen ? 1 : 0
        sum.pointee.bytesReceived = sum.pointee.bytesReceived.addingSaturating(part.bytesReceived)
        sum.pointee.bytesTransferred = sum.pointee.bytesTransferred.addingSaturating(part.bytesTransferred)
        sum.pointee.firstAt = min(sum.pointee.firstAt, part.startedAt)
        sum.pointee.lastAt = max(sum.pointee.lastAt, part.startedAt)
        sum.pointee.firstFlow = min(sum.pointee.firstFlow, flowID)
        sum.pointee.lastFlow = max(sum.pointee.lastFlow, flowID)
    }

    /// Exchanges what the row of a flow added before for what it adds now.
    package func replace(_ old: AggregateContribution, with new: AggregateContribution, flowID: Int64) {
        if old == new { return }
        remove(old, flowID: flowID, isElsewhere: old.aggregate != new.aggregate || old.startedAt != new.startedAt)
        add(new, flowID: flowID)
    }

    package func add(_ part: AggregateContribution, flowID: Int64) {
        add(part, at: place(hour: AggregateRollup.hour(of: part.startedAt), aggregate: part.aggregate), flowID: flowID)
    }

    /// Takes out what a flow added. `isElsewhere`: it will not be added to the same place again.
    package func remove(_ old: AggregateContribution, flowID: Int64, isElsewhere: Bool = true) {
        let sum = sums.value(at: place(hour: AggregateRollup.hour(of: old.startedAt), aggregate: old.aggregate))
        sum.pointee.flows -= 1
        sum.pointee.open -= old.isOpen ? 1 : 0
        sum.pointee.removedReceived = sum.pointee.removedReceived.addingSaturating(old.bytesReceived)
        sum.pointee.removedTransferred = sum.pointee.removedTransferred.addingSaturating(old.bytesTransferred)
        if isElsewhere {
            sum.pointee.isReduced = true
            isReduced = true
        }
        // An upsert of this row needs times and numbers, even where no flow is left in the end.
        sum.pointee.firstAt = min(sum.pointee.firstAt, old.startedAt)
        sum.pointee.lastAt = max(sum.pointee.lastAt, old.startedAt)
        sum.pointee.firstFlow = min(sum.pointee.firstFlow, flowID)
        sum.pointee.lastFlow = max(sum.pointee.lastFlow, flowID)
    }

    /// Writes the sums; the flows they come from must be in `flow_fact` already.
    package func flush() throws {
        guard sums.count > 0 else { return }
        let byAggregate = try placesByAggregate()
        let byHour = placesByHour(byAggregate)
        var reduced: [HourNarrowing.Hour] = []
        try writeHours(byHour)
        for place in byHour {
            let sum = sums.value(at: place).pointee
            let (hour, aggregate) = (sums.key(at: place)[0], sums.key(at: place)[1])
            if sum.mustBeSummedAnew { try sumAnewIfCut(hour: hour, aggregate: aggregate) }
            guard sum.isReduced, hour >= watermark.hour else { continue }
            removeHour.bind(1, AggregateRollup.slot(hour: hour, aggregate: aggregate))
            try removeHour.run()
            reduced.append(HourNarrowing.Hour(hour: hour, aggregate: aggregate))
        }
        try narrowing.run(reduced)
        try flushTotals(byAggregate)
        discard()
    }

    private func writeHours(_ places: [Int]) throws {
        var rows: [Int64] = []
        rows.reserveCapacity(AggregateRollup.rowsAtOnce * incoming.columns)
        for (count, place) in places.enumerated() {
            let sum = sums.value(at: place).pointee
            let (hour, aggregate) = (sums.key(at: place)[0], sums.key(at: place)[1])
            rows.append(AggregateRollup.slot(hour: hour, aggregate: aggregate))
            rows.append(sum.flows)
            rows.append(sum.open)
            rows.append(sum.receivedChange)
            rows.append(sum.transferredChange)
            // The difference is right even where the product is not.
            rows.append(sum.firstAt &- hour &* AggregateRollup.hourMs)
            rows.append(sum.lastAt &- sum.firstAt)
            rows.append(sum.firstFlow)
            rows.append(sum.lastFlow &- sum.firstFlow)
            guard rows.count == AggregateRollup.rowsAtOnce * incoming.columns || count + 1 == places.count else { continue }
            try incoming.show(rows) { try upsertHours.run() }
            rows.removeAll(keepingCapacity: true)
        }
    }

    /// A place has so many bits: more than there are ever sums.
    private static let placeBits = 24

    /// The places of the sums, ascending by aggregate.
    private func placesByAggregate() throws -> [Int] {
        var words: [UInt64] = []
        words.reserveCapacity(sums.count)
        for place in 0..<sums.count {
            let (hour, aggregate) = (sums.key(at: place)[0], sums.key(at: place)[1])
            guard AggregateRollup.hasSlot(hour: hour, aggregate: aggregate), place >> AggregateRollup.placeBits == 0 else {
                throw AggregateRollup.hasNoSlot(hour: hour, aggregate: aggregate)
            }
            words.append(UInt64(aggregate) << AggregateRollup.placeBits | UInt64(place))
        }
        sort.sort(&words)
        return words.map { Int($0 & (1 << AggregateRollup.placeBits - 1)) }
    }

    /// The places of the sums, ascending by hour and aggregate: neighbouring rows are written together.
    private func placesByHour(_ byAggregate: [Int]) -> [Int] {
        let first = (0..<sums.count).lazy.map { self.sums.key(at: $0)[0] }.min() ?? 0
        var words = byAggregate.enumerated().map { UInt64(sums.key(at: $1)[0] - first) << AggregateRollup.placeBits | UInt64($0) }
        sort.sort(&words)
        return words.map { byAggregate[Int($0 & (1 << AggregateRollup.placeBits - 1))] }
    }

    /// Sums up an hour from its flows where bytes left a sum that was cut off. Where the flows were pruned, it stays cut off.
    private func sumAnewIfCut(hour: Int64, aggregate: Int64) throws {
        guard hour >= watermark.hour else { return }
        selectCut.bind(1, AggregateRollup.slot(hour: hour, aggregate: aggregate))
        let isCut = try selectCut.step()
        selectCut.reset()
        guard isCut else { return }
        sumAnew.bind(1, AggregateRollup.slot(hour: hour, aggregate: aggregate))
        sumAnew.bind(2, aggregate)
        sumAnew.bind(3, hour &* AggregateRollup.hourMs)
        sumAnew.bind(4, hour &* AggregateRollup.hourMs &+ (AggregateRollup.hourMs - 1))
        try sumAnew.run()
    }

    private func flushTotals(_ byAggregate: [Int]) throws {
        var totals: [AggregateTotal] = []
        for place in byAggregate {
            let aggregate = sums.key(at: place)[1]
            if totals.last?.aggregate != aggregate { totals.append(AggregateTotal(aggregate: aggregate)) }
            totals[totals.count - 1].sum.add(sums.value(at: place).pointee)
        }
        try pages.add(totals)
    }

    func discard() {
        generation &+= 1
        isReduced = false
        sums.removeAll()
    }

    /// What follows from the flows for `hourColumns` of `aggregate_hour`.
    static let hoursOfFlows = """
        SELECT CASE WHEN started_at >= 0 THEN started_at / \(hourMs) ELSE (started_at - \(hourMs - 1)) / \(hourMs) END AS hour,
            aggregate_id, count(*) AS flows, sum(duration_ms IS NULL AND state & 3 = 3) AS open,
            sum(coalesce(bytes_received, 0)) AS bytes_received, sum(coalesce(bytes_transferred, 0)) AS bytes_transferred,
            min(((started_at % \(hourMs)) + \(hourMs)) % \(hourMs)) AS first_ms,
            max(((started_at % \(hourMs)) + \(hourMs)) % \(hourMs)) AS last_ms,
            min(flow_id) AS first_flow, max(flow_id) AS last_flow
        FROM flow_fact WHERE state & \(FlowState.matched.rawValue) = 0 GROUP BY 1, 2
        """

    static let hourColumns = "hour, aggregate_id, flows, open, bytes_received, bytes_transferred, first_ms, last_ms, first_flow, last_flow"

    /// Computes both tables anew; hours of which flows were pruned stay as they are.
    package static func rebuild(_ database: Database) throws {
        let hour = try PruneWatermark(database).hour
        try database.execute(sql: "DELETE FROM aggregate_hour WHERE hour >= ?", arguments: [hour])
        // What has no slot has no first moment either, which the table refuses.
        do {
            try database.execute(
                sql: """
                    INSERT INTO aggregate_hour (slot, flows, open, bytes_received, bytes_transferred, first_ms, span_ms, first_flow, span_flows)
                    SELECT (hour - \(firstHour) << \(aggregateBits)) + aggregate_id, flows, open, bytes_received, bytes_transferred,
                        CASE WHEN aggregate_id BETWEEN 0 AND \(aggregates - 1)
                            AND hour - \(firstHour) BETWEEN -(1 << \(hourBits)) AND (1 << \(hourBits)) - 1 THEN first_ms END,
                        last_ms - first_ms, first_flow, last_flow - first_flow
                    FROM (\(hoursOfFlows)) WHERE hour >= ? ORDER BY 1
                    """, arguments: [hour])
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw StoreFailure(.refused, "flows have aggregates or times that cannot be counted; ingest into a new database")
        }
        try AggregatePages(database).rebuild(database)
    }
}

extension AggregateRollup.Sum {
    fileprivate mutating func add(_ sum: AggregateRollup.Sum) {
        flows += sum.flows
        open += sum.open
        bytesReceived = bytesReceived.addingSaturating(sum.bytesReceived)
        bytesTransferred = bytesTransferred.addingSaturating(sum.bytesTransferred)
        removedReceived = removedReceived.addingSaturating(sum.removedReceived)
        removedTransferred = removedTransferred.addingSaturating(sum.removedTransferred)
        firstAt = min(firstAt, sum.firstAt)
        lastAt = max(lastAt, sum.lastAt)
        firstFlow = min(firstFlow, sum.firstFlow)
        lastFlow = max(lastFlow, sum.lastFlow)
        isReduced = isReduced || sum.isReduced
    }
}

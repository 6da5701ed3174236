/// Finds the aggregate that a flow is counted under, and its place in the roll-up; remembers both for flows alike.
///
/// One look into memory answers three questions for all but the first of many flows alike: what the policy makes of it, which aggregate that
/// is, and where its hour is summed up.
package final class AggregateFinder {
    private struct Known {
        /// The times between which the assessment holds.
        var from: Int64
        var until: Int64
        var aggregate: Int64
        var hour: Int64
        var place: Int32
        /// Of the roll-up, when `place` was found.
        var generation: Int32
    }

    /// Combinations remembered; forgotten when more. About 30 MB at worst.
    private static let limit = 1 << 18

    private let aggregates: TupleDictionary<AggregateKey>
    private let judge: ((FlowDraft) throws -> Answer)?
    private let rollup: AggregateRollup
    /// Everything that an assessment depends on, but time: client, destination, address, outcome, what the Connector said of its policy.
    private let known = KeyTable<Known>(width: 5)

    /// An assessment, and from when until when it is the same for flows that differ in nothing but time.
    package struct Answer {
        var from: Int64
        var until: Int64
        var assessment: Int64

        /// Times in milliseconds since 1970, `until` exclusive; `assessment`: its number, 0 for none.
        package init(from: Int64, until: Int64, assessment: Int64) {
            self.from = from
            self.until = until
            self.assessment = assessment
        }
    }

    /// `judge`: what the policy makes of a flow; nil leaves flows unjudged.
    package init(aggregates: TupleDictionary<AggregateKey>, rollup: AggregateRollup, judge: ((FlowDraft) throws -> Answer)?) {
        self.aggregates = aggregates
        self.judge = judge
        self.rollup = rollup
    }

    /// The aggregate of a flow; with `counts`, the flow is added to its hour.
    @inline(__always)
    package func aggregate(of draft: UnsafePointer<FlowDraft>, counts: Bool) throws -> Int64 {
        try AggregateFinder.withKey(draft) { try aggregate($0, draft, counts: counts) }
    }

    /// To be called for a draft some places ahead of the one whose aggregate is asked for: memory is slow, and answers in the meantime.
    @inline(__always)
    package func prepareFirst(_ draft: UnsafePointer<FlowDraft>) {
        AggregateFinder.withKey(draft) { known.prefetchSlot($0) }
    }

    /// The same, later, for a draft fewer places ahead.
    @inline(__always)
    package func prepareThen(_ draft: UnsafePointer<FlowDraft>) {
        AggregateFinder.withKey(draft) { known.prefetchRecord($0) }
    }

    @inline(__always)
    private static func withKey<Value>(
        _ draft: UnsafePointer<FlowDraft>, _ body: (UnsafePointer<Int64>) throws -> Value
    ) rethrows -> Value {
        var key = (
            draft.pointee.client, draft.pointee.destination, draft.pointee.resourceIP, draft.pointee.state.outcomeCode, draft.pointee.remark
        )
        return try withUnsafePointer(to: &key) { pointer in
            try pointer.withMemoryRebound(to: Int64.self, capacity: 5, body)
        }
    }

    @inline(__always)
    private func aggregate(_ words: UnsafePointer<Int64>, _ draft: UnsafePointer<FlowDraft>, counts: Bool) throws -> Int64 {
        let start = draft.pointee.startedAt
        let end = draft.pointee.endedAt == FlowDraft.absent ? start : draft.pointee.endedAt
        let found: UnsafeMutablePointer<Known>
        if let place = known.place(words), case let value = known.value(at: place), start >= value.pointee.from,
            start < value.pointee.until, end >= value.pointee.from, end < value.pointee.until
        {
            found = value
        } else {
            found = known.value(at: try learn(words, draft.pointee))
        }
        let aggregate = found.pointee.aggregate
        guard counts else { return aggregate }
        let hour = AggregateRollup.hour(of: start)
        if found.pointee.generation != rollup.generation || found.pointee.hour != hour {
            found.pointee.place = Int32(truncatingIfNeeded: rollup.place(hour: hour, aggregate: aggregate))
            found.pointee.hour = hour
            found.pointee.generation = rollup.generation
        }
        rollup.add(draft.pointee.contribution(aggregate: aggregate), at: Int(found.pointee.place), flowID: draft.pointee.flowID)
        return aggregate
    }

    @inline(never)
    private func learn(_ words: UnsafePointer<Int64>, _ draft: FlowDraft) throws -> Int {
        let answer = try judge?(draft) ?? Answer(from: .min, until: .max, assessment: 0)
        let aggregate = try aggregates.id(
            AggregateKey(
                client: draft.client, destination: draft.destination, outcome: draft.state.outcomeCode, assessment: answer.assessment))
        let made = Known(from: answer.from, until: answer.until, aggregate: aggregate, hour: 0, place: 0, generation: -1)
        if let place = known.place(words) {
            known.value(at: place).pointee = made
            return place
        }
        if known.count >= AggregateFinder.limit { known.removeAll() }
        return known.insert(words, made)
    }
}

internal import FlowModel
internal import GRDB

/// Sums up the roll-up by any of its keys: by numbers first, of which there are few kinds, and names only for what is shown.
///
/// Time and memory grow with aggregates, or with aggregates and hours where a period or hours are asked for; never with flows.
struct AccessSums {
    struct Sum {
        var flows: Int64 = 0
        var denied: Int64 = 0
        var failed: Int64 = 0
        var bytesReceived: Int64 = 0
        var bytesTransferred: Int64 = 0
        var first = Int64.max
        var last = Int64.min
    }

    private let question: AccessQuestion
    private let database: Database

    init(_ question: AccessQuestion, _ database: Database) {
        self.question = question
        self.database = database
    }

    func answer() throws -> Answer {
        let numbers = try question.filter.numbers(database)
        let keys = try AccessKeys(question.keys, groups: numbers.members?.times, database)
        let (sums, unsure) = try sum(keys, numbers)
        return try AccessRanking(keys, sums, limit: question.limit, database).answer(question.keys, unsure: unsure)
    }

    private func sum(_ keys: AccessKeys, _ numbers: FlowFilter.Numbers) throws -> (sums: KeyTable<Sum>, unsure: Int64) {
        let groupKey = keys.groupKey
        let batch = SumBatch(KeyTable(width: keys.count, capacity: try capacity()))
        let isByHour = question.keys.contains(.hour) || question.keys.contains(.day)
        let parts = try AggregateParts(
            database, question.filter, numbers, isByHour: isByHour, groups: keys.groups, users: keys.groups == nil ? [] : try keys.users())
        let unsure = try parts.forEach { part in
            let key = batch.nextKey
            keys.write(part, to: key)
            guard let groupKey else { return batch.add(part) }
            let user = key[groupKey]
            var own = (0..<keys.count).map { key[$0] }
            for member in keys.groups(of: user, part) {
                own[groupKey] = member
                batch.nextKey.update(from: own, count: own.count)
                batch.add(part)
            }
        }
        return (batch.finish(), unsure)
    }

    /// Room for as many groups as there are aggregates; memory that is not used is never touched.
    private func capacity() throws -> Int {
        let aggregates = try Int64.fetchOne(database, sql: "SELECT coalesce(max(aggregate_id), 0) FROM aggregate") ?? 0
        return 1 << max(10, Int64.bitWidth - min(aggregates, 1 << 20).leadingZeroBitCount)
    }

    /// Adds parts to sums, many at a time: see `KeyTable.places`.
    private final class SumBatch {
        private static let size = 256

        private let sums: KeyTable<Sum>
        private let keys: UnsafeMutablePointer<Int64>
        private let parts = UnsafeMutablePointer<AggregatePart>.allocate(capacity: size)
        private let places = UnsafeMutablePointer<Int>.allocate(capacity: size)
        private var count = 0

        init(_ sums: KeyTable<Sum>) {
            self.sums = sums
            keys = .allocate(capacity: sums.width * SumBatch.size)
        }

        deinit {
            keys.deallocate()
            parts.deallocate()
            places.deallocate()
        }

        /// Where the key of the next part is to be put.
        @inline(__always)
        var nextKey: UnsafeMutablePointer<Int64> { keys + count * sums.width }

        @inline(__always)
        func add(_ part: AggregatePart) {
            (parts + count).initialize(to: part)
            count += 1
            if count == SumBatch.size { flush() }
        }

        private func flush() {
            sums.places(of: keys, count: count, new: Sum(), into: places)
            for index in 0..<count {
                let (part, sum) = (parts + index, sums.value(at: places[index]))
                sum.pointee.flows = sum.pointee.flows.addingSaturating(part.pointee.flows)
                if part.pointee.outcome == 1 { sum.pointee.denied = sum.pointee.denied.addingSaturating(part.pointee.flows) }
                if part.pointee.outcome == 2 { sum.pointee.failed = sum.pointee.failed.addingSaturating(part.pointee.flows) }
                sum.pointee.bytesReceived = sum.pointee.bytesReceived.addingSaturating(part.pointee.bytesReceived)
                sum.pointee.bytesTransferred = sum.pointee.bytesTransferred.addingSaturating(part.pointee.bytesTransferred)
                sum.pointee.first = min(sum.pointee.first, part.pointee.first)
                sum.pointee.last = max(sum.pointee.last, part.pointee.last)
            }
            count = 0
        }

        func finish() -> KeyTable<Sum> {
            flush()
            return sums
        }
    }
}

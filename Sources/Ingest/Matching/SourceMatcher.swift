internal import FlowStore

/// Finds out which records without connection id tell of which connections.
///
/// What it finds is a function of what the records say, never of the order in which they came, and depends only on records near in time:
/// the nearest pairs are joined first, in a bounded number of rounds, so that a change at one time cannot be felt farther away than
/// `influence`.
struct SourceMatcher {
    struct Pair: Hashable {
        /// Places in the lists that were given.
        var row: Int
        var original: Int
        var differences: SourceDifferences
    }

    /// How often the pairs that are each other's best are joined and those left looked at again. Telling one connection from the next
    /// takes one round, crowds of connections in one instant a few.
    static let rounds = 4
    /// Originals on either side of a row that it looks at, and the best of those that it considers: more connections of one device to
    /// one address within a second cannot be told apart.
    private static let lookedAt = 256
    private static let considered = 16

    /// How far in time a change can be felt, when no observation reaches farther than `reach`: each round looks at the originals within reach
    /// of a row, and at the rows within reach of those.
    static func influence(reach: Int64) -> Int64 { (2 * Int64(rounds) + 1) * reach }

    private struct Candidate {
        var row: Int32
        var original: Int32
        /// 0: bytes agree; 1: nothing speaks against it; more: 1 and the number of differences.
        var rank: Int
        var gap: Int64
        var endGap: Int64
        var differences: SourceDifferences
    }

    private struct Place {
        var index: Int
        var endPoint: Int
        var anchor: Int64
        var tie: UInt64
    }

    private let rows: [Observation]
    private let originals: [Observation]
    private let witness: Witness

    /// The pairs of one witness's rows and of originals, all of one device.
    static func pairs(rows: [Observation], originals: [Observation], witness: Witness) -> [Pair] {
        SourceMatcher(rows: rows, originals: originals, witness: witness).pairs()
    }

    private func pairs() -> [Pair] {
        let rowPlaces = places(rows.indices.filter { rows[$0].witness == witness }, in: rows)
        guard !rowPlaces.isEmpty else { return [] }
        let originalPlaces = places(Array(originals.indices), in: originals)
        var candidates: [Candidate] = []
        for row in rowPlaces { candidates += best(of: row, originalPlaces) }
        candidates.sort(by: isBefore)
        return join(candidates)
    }

    /// In the order of endPoint, time and content.
    private func places(_ indices: [Int], in observations: [Observation]) -> [Place] {
        indices.compactMap { index in
            observations[index].anchor(for: witness).map {
                Place(index: index, endPoint: observations[index].endPoint, anchor: $0, tie: observations[index].tie)
            }
        }.sorted { ($0.endPoint, $0.anchor, $0.tie) < ($1.endPoint, $1.anchor, $1.tie) }
    }

    private func best(of row: Place, _ originalPlaces: [Place]) -> [Candidate] {
        let reach = witness.rule.reach(at: row.anchor)
        var low = 0
        var high = originalPlaces.count
        while low < high {
            let middle = (low + high) / 2
            let place = originalPlaces[middle]
            if (place.endPoint, place.anchor) < (row.endPoint, row.anchor) { low = middle + 1 } else { high = middle }
        }
        var found: [Candidate] = []
        func look(_ index: Int) -> Bool {
            let place = originalPlaces[index]
            guard place.endPoint == row.endPoint, abs(place.anchor - row.anchor) <= reach else { return false }
            if let candidate = candidate(row, place) { found.append(candidate) }
            return true
        }
        for index in low..<min(low + SourceMatcher.lookedAt, originalPlaces.count) {
            guard look(index) else { break }
        }
        for index in stride(from: low - 1, through: max(0, low - SourceMatcher.lookedAt), by: -1) {
            guard look(index) else { break }
        }
        guard found.count > SourceMatcher.considered else { return found }
        return Array(found.sorted(by: isBefore).prefix(SourceMatcher.considered))
    }

    private func candidate(_ rowPlace: Place, _ place: Place) -> Candidate? {
        let (row, original) = (rows[rowPlace.index], originals[place.index])
        guard SourceMatcher.mayBeSamePrincipal(row, original) else { return nil }
        let gap = abs(place.anchor - rowPlace.anchor)
        let differences = SourceMatcher.differences(row, original)
        guard differences.isEmpty || gap <= witness.rule.precision(at: rowPlace.anchor) else { return nil }
        let haveBytes = [row.bytesReceived, row.bytesTransferred, original.bytesReceived, original.bytesTransferred]
            .allSatisfy { $0 != FlowDraft.absent }
        let haveEnds = row.endedAt != FlowDraft.absent && original.endedAt != FlowDraft.absent
        return Candidate(
            row: Int32(truncatingIfNeeded: rowPlace.index), original: Int32(truncatingIfNeeded: place.index),
            rank: differences.isEmpty ? (haveBytes ? 0 : 1) : 1 + differences.count, gap: gap,
            endGap: haveEnds ? SourceMatcher.distance(row.endedAt, original.endedAt) : .max, differences: differences)
    }

    private func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        if left.gap != right.gap { return left.gap < right.gap }
        if left.endGap != right.endGap { return left.endGap < right.endGap }
        let (a, b) = (originals[Int(left.original)], originals[Int(right.original)])
        if a.startedAt != b.startedAt { return a.startedAt < b.startedAt }
        if a.tie != b.tie { return a.tie < b.tie }
        let (c, d) = (rows[Int(left.row)], rows[Int(right.row)])
        return c.startedAt != d.startedAt ? c.startedAt < d.startedAt : c.tie < d.tie
    }

    /// Joins the pairs that are each other's best; `candidates` stand in their order, the best first.
    private func join(_ candidates: [Candidate]) -> [Pair] {
        var left = candidates
        var pairs: [Pair] = []
        var isTold: Set<Int32> = []
        var isUsed: Set<Int32> = []
        for _ in 0..<SourceMatcher.rounds where !left.isEmpty {
            var ofRow: Set<Int32> = []
            var ofOriginal: Set<Int32> = []
            for candidate in left {
                // The first of a row and the first of an original are their best.
                let isBestOfRow = ofRow.insert(candidate.row).inserted
                let isBestOfOriginal = ofOriginal.insert(candidate.original).inserted
                guard isBestOfRow, isBestOfOriginal else { continue }
                isTold.insert(candidate.row)
                isUsed.insert(candidate.original)
                pairs.append(
                    Pair(row: Int(candidate.row), original: Int(candidate.original), differences: candidate.differences))
            }
            left.removeAll { isTold.contains($0.row) || isUsed.contains($0.original) }
        }
        return pairs
    }

    /// As far as both say.
    private static func mayBeSamePrincipal(_ row: Observation, _ original: Observation) -> Bool {
        guard row.principalKind != 0, original.principalKind != 0 else { return true }
        guard row.principalKind == original.principalKind else { return false }
        if row.principalID != 0, original.principalID != 0 { return row.principalID == original.principalID }
        return row.principal == 0 || original.principal == 0 || row.principal == original.principal
    }

    /// What both say, and say differently.
    static func differences(_ row: Observation, _ original: Observation) -> SourceDifferences {
        var found = SourceDifferences()
        if row.outcome != original.outcome { found.insert(.outcome) }
        func compare(_ difference: SourceDifferences, _ a: Int64, _ b: Int64, absent: Int64) {
            if a != absent, b != absent, a != b { found.insert(difference) }
        }
        if row.endedAt != FlowDraft.absent, original.endedAt != FlowDraft.absent, row.witness?.rule.statesEnd == true,
            distance(row.endedAt, original.endedAt) > MatchReach.usual
        {
            found.insert(.end)
        }
        compare(.bytesReceived, row.bytesReceived, original.bytesReceived, absent: FlowDraft.absent)
        compare(.bytesTransferred, row.bytesTransferred, original.bytesTransferred, absent: FlowDraft.absent)
        compare(.resource, row.resource, original.resource, absent: 0)
        compare(.resourceIP, row.resourceIP, original.resourceIP, absent: 0)
        compare(.appliedRule, row.appliedRule, original.appliedRule, absent: 0)
        compare(.network, row.network, original.network, absent: 0)
        compare(.clientIP, row.clientIP, original.clientIP, absent: 0)
        return found
    }

    private static func distance(_ left: Int64, _ right: Int64) -> Int64 {
        let (difference, overflow) = left.subtractingReportingOverflow(right)
        return overflow || difference == .min ? .max : abs(difference)
    }
}

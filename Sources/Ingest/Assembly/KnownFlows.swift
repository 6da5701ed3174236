internal import FlowModel
internal import FlowStore

/// Finds out which drafts of a batch are of connections that the database knows, and merges them with those flows.
final class KnownFlows {
    /// A row that is written over.
    struct Change {
        var aggregate: Int64
        var old: FlowDraft
    }

    /// What became of a draft.
    enum Meeting: UInt8 {
        /// A new flow, to which its id leads.
        case new
        /// The draft is the flow of a row, with what it says added.
        case known
        /// What it said is in another flow.
        case absorbed
        /// A new flow whose id another flow has, which the id leads to.
        case secondary

        var isNew: Bool { self == .new || self == .secondary }
    }

    struct Result {
        /// By the draft's place; empty when all are new.
        private var meetings: [Meeting] = []
        /// Of known ones, by the draft's place.
        private(set) var changes: [Int: Change] = [:]
        private let count: Int
        /// Rows that change beside those of drafts.
        var changed: [(flow: FlowDraft, change: Change)] = []
        /// Rows whose records are another flow's now.
        var removed: [Change] = []
        /// What the records of a draft's flow say of its time, by the draft's place, where the row does not hold it.
        fileprivate(set) var claims: [Int: [FlowClaim]] = [:]
        /// Drafts of which the flow is to be entered with `ReusedIdentities` when it has a number.
        fileprivate(set) var reused: [Int] = []
        var completions: Int64 = 0
        /// Events that said nothing new, by source.
        var duplicates: [Int64: Int64] = [:]

        /// `known`: the flow that the draft was held against. A record that is read again at its own place is no duplicate.
        /// Of `count` drafts that are new.
        fileprivate init(count: Int) {
            self.count = count
        }

        /// What became of the draft at a place.
        @inline(__always)
        func meeting(_ place: Int) -> Meeting { meetings.isEmpty ? .new : meetings[place] }

        fileprivate mutating func set(_ place: Int, _ meeting: Meeting) {
            if meetings.isEmpty { meetings = [Meeting](repeating: .new, count: count) }
            meetings[place] = meeting
        }

        fileprivate mutating func set(_ place: Int, knownAs change: Change) {
            set(place, .known)
            changes[place] = change
        }

        fileprivate mutating func count(_ draft: FlowDraft, isNews: Bool, known: FlowDraft? = nil) {
            if let known, !isNews, draft.completions == 0, known.first == draft.first || known.last == draft.first { return }
            if isNews {
                completions += 1 + Int64(draft.completions)
            } else {
                duplicates[draft.first.source, default: 0] += 1 + Int64(draft.completions)
            }
        }
    }

    /// A flow with the id of a draft.
    private struct Row {
        var flow: FlowDraft
        var aggregate: Int64
        var isFirst: Bool
    }

    private let identities: IdentityRuns
    private let reused: ReusedIdentities
    private let table: FlowTable
    private let watermark: PruneWatermark
    private let remarks: RemarkDictionary
    private let precedence: RecordPrecedence

    init(
        identities: IdentityRuns, reused: ReusedIdentities, table: FlowTable, watermark: PruneWatermark, remarks: RemarkDictionary,
        precedence: RecordPrecedence
    ) {
        self.identities = identities
        self.reused = reused
        self.table = table
        self.watermark = watermark
        self.remarks = remarks
        self.precedence = precedence
    }

    /// `order`: the upper 48 bits of the drafts' hashes over their places, ascending.
    func meet(_ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ order: [UInt64]) throws -> Result {
        var result = Result(count: drafts.count)
        var contested = alike(drafts, order)
        var firsts: [Int: Row] = [:]
        var pruned: Set<Int> = []
        if !identities.isEmpty {
            let keys = order.map { IdentityRuns.key($0) }
            // In the order of rows, so that neighbours are read together.
            let candidates = try identities.find(keys) { Int(order[$0] & 0xffff) }.sorted { $0.flowID < $1.flowID }
            for candidate in candidates where result.meeting(candidate.tag) == .new {
                let made = drafts[candidate.tag]
                guard let (found, aggregate) = try table.draft(flowID: candidate.flowID, hash: made.hash) else {
                    // A number without a row: the flow was pruned, and does not come back. Others of its id may be there.
                    if !made.connectionID.isEmpty, try !reused.flows(of: made.hash, most: 1).isEmpty {
                        pruned.insert(candidate.tag)
                        contested.insert(candidate.tag)
                    } else if watermark.covers(startedAt: made.startedAt) {
                        absorb(candidate.tag, drafts, &result)
                        result.count(made, isNews: false)
                    }
                    continue
                }
                guard found.hasIdentity(of: made) else { continue }
                if !made.connectionID.isEmpty,
                    found.state.contains(.idReused) || contested.contains(candidate.tag) || !found.joining(made).isPlain
                {
                    contested.insert(candidate.tag)
                    firsts[candidate.tag] = firsts[candidate.tag] ?? Row(flow: found, aggregate: aggregate, isFirst: true)
                    continue
                }
                var merged = found
                result.count(made, isNews: try merged.merge(made, precedence, remarks: remarks), known: found)
                drafts[candidate.tag] = merged
                result.set(candidate.tag, knownAs: Change(aggregate: aggregate, old: found))
            }
        }
        if !contested.isEmpty { try settle(contested.filter { result.meeting($0) == .new }, firsts, pruned, drafts, &result) }
        return result
    }

    /// Enters the flows of reused ids, which have numbers now, and what rows do not hold.
    func enter(_ result: Result, _ drafts: UnsafeMutableBufferPointer<FlowDraft>) throws {
        for (place, said) in result.claims.sorted(by: { $0.key < $1.key }) { try table.claims.replace(said, of: drafts[place].flowID) }
        for change in result.removed { try reused.remove(flowID: change.old.flowID) }
        for (flow, _) in result.changed {
            try reused.remove(flowID: flow.flowID)
            if flow.state.contains(.idReused) { try reused.add(flow, table.claims.claims(of: flow)) }
        }
        for index in result.reused {
            if result.meeting(index) == .known { try reused.remove(flowID: drafts[index].flowID) }
            if drafts[index].state.contains(.idReused) { try reused.add(drafts[index], table.claims.claims(of: drafts[index])) }
        }
    }

    private func absorb(_ index: Int, _ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ result: inout Result) {
        drafts[index].isClean = true
        result.set(index, .absorbed)
    }

    /// Drafts that share their id with another of the batch.
    private func alike(_ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ order: [UInt64]) -> Set<Int> {
        var found: Set<Int> = []
        guard order.count > 1 else { return found }
        for place in 1..<order.count where order[place] >> 16 == order[place - 1] >> 16 {
            // As many as have the key; few in any honest batch.
            let (left, right) = (Int(order[place - 1] & 0xffff), Int(order[place] & 0xffff))
            if !drafts[left].connectionID.isEmpty { found.insert(left) }
            if !drafts[right].connectionID.isEmpty { found.insert(right) }
        }
        return found
    }

    // MARK: Ids that several flows have

    private func settle(
        _ contested: Set<Int>, _ firsts: [Int: Row], _ pruned: Set<Int>, _ drafts: UnsafeMutableBufferPointer<FlowDraft>,
        _ result: inout Result
    ) throws {
        var groups: [UInt64: [Int]] = [:]
        for index in contested { groups[drafts[index].hash, default: []].append(index) }
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            // Those of one hash that are another connection's, by an accident of 2^-64, are looked at among themselves.
            var left = group.sorted()
            while let first = left.first {
                let same = left.filter { drafts[$0].hasIdentity(of: drafts[first]) }
                left.removeAll { same.contains($0) }
                try settle(same, first: same.lazy.compactMap { firsts[$0] }.first, pruned, drafts, &result)
            }
        }
    }

    /// `group`: drafts of one id. `first`: the flow that the id leads to. `pruned`: drafts whose id leads to a flow that was pruned.
    private func settle(
        _ group: [Int], first: Row?, _ pruned: Set<Int>, _ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ result: inout Result
    ) throws {
        var pruned = pruned
        var rows: [Int64: Row] = [:]
        if let first { rows[first.flow.flowID] = first }
        var group = group
        group.removeAll { index in result.meeting(index) != .new }
        for index in group {
            for flowID in try reused.find(drafts[index]) where rows[flowID] == nil {
                guard let (found, aggregate) = try table.draft(flowID: flowID, hash: drafts[index].hash) else {
                    pruned.insert(index)
                    continue
                }
                if found.hasIdentity(of: drafts[index]) { rows[flowID] = Row(flow: found, aggregate: aggregate, isFirst: false) }
            }
        }
        let hash = drafts[group[0]].hash
        let rowList = Array(rows.values)
        let flows = group.map { drafts[$0] } + rowList.map(\.flow)
        let said = try flows.map { try table.claims.claims(of: $0) }
        let components = Components(flows, said, group.count)

        var news: [Int] = []
        var known: [Int] = []
        var gone = 0
        for component in components.all where component.contains(where: { $0 < group.count }) {
            let isPruned = component.allSatisfy { place in
                place < group.count && pruned.contains(group[place]) && watermark.covers(startedAt: drafts[group[place]].startedAt)
            }
            if isPruned {
                for place in component {
                    result.count(drafts[group[place]], isNews: false)
                    absorb(group[place], drafts, &result)
                }
                continue
            }
            var (draft, merged) = try merge(component, group, rowList, drafts, &result, &gone)
            let union = FlowClaim.united(component.flatMap { said[$0] })
            let old = result.changes[draft]?.old
            if !merged.keep(union), try old.map({ try table.claims.claims(of: $0) != union }) ?? true { result.claims[draft] = union }
            if let old, !merged.keepsClaims(as: old) { merged.isClean = false }
            drafts[draft] = merged
            if merged.flowID == 0 { news.append(draft) } else { known.append(draft) }
        }
        let before = try reused.flows(of: hash, most: gone + 2)
        let stored = first?.flow.state.contains(.idReused) == false ? 1 : max(before.count, first == nil ? 0 : 1)
        let isReused = stored - gone + news.count > 1

        var hasFirst = first != nil || !before.isEmpty
        for index in news {
            if hasFirst { result.set(index, .secondary) }
            hasFirst = true
        }
        for index in news + known { mark(&drafts[index], isReused) }
        result.reused += news + known
        if let first, isReused != first.flow.state.contains(.idReused), !known.contains(where: { drafts[$0].flowID == first.flow.flowID }) {
            var flow = first.flow
            mark(&flow, isReused)
            result.changed.append((flow, Change(aggregate: first.aggregate, old: first.flow)))
        }
    }

    private func mark(_ flow: inout FlowDraft, _ isReused: Bool) {
        guard flow.state.contains(.idReused) != isReused else { return }
        if isReused { flow.state.insert(.idReused) } else { flow.state.remove(.idReused) }
        flow.isClean = false
    }

    /// Merges what is of one connection. Gives the place of the draft that stands for it, and what it is now.
    private func merge(
        _ component: [Int], _ group: [Int], _ rows: [Row], _ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ result: inout Result,
        _ gone: inout Int
    ) throws -> (Int, FlowDraft) {
        let places = component.filter { $0 < group.count }.map { group[$0] }
        // The flow that the id leads to stays, else the oldest.
        let found = component.filter { $0 >= group.count }.map { rows[$0 - group.count] }.sorted {
            $0.isFirst != $1.isFirst ? $0.isFirst : $0.flow.flowID < $1.flow.flowID
        }
        var merged = found.first?.flow ?? drafts[places[0]]
        for row in found.dropFirst() {
            _ = try merged.merge(row.flow, precedence, remarks: remarks)
            merged.isClean = false
            result.removed.append(Change(aggregate: row.aggregate, old: row.flow))
            gone += 1
        }
        for (number, place) in places.enumerated() {
            let made = drafts[place]
            if number > 0 { absorb(place, drafts, &result) }
            if number == 0, found.isEmpty { continue }
            let before = merged
            let isNews = try merged.merge(made, precedence, remarks: remarks)
            if found.isEmpty {
                merged.completions += isNews ? 1 + made.completions : 0
                if !isNews { result.count(made, isNews: false) }
            } else {
                result.count(made, isNews: isNews, known: before)
            }
        }
        if let first = found.first { result.set(places[0], knownAs: Change(aggregate: first.aggregate, old: first.flow)) }
        return (places[0], merged)
    }
}

/// Which of several flows with one id are of one connection, directly or by way of others.
private struct Components {
    private(set) var all: [[Int]] = []

    /// Of `flows`, those before `drafts` came now; the others are known to be of different connections. `claims`: what each one's records say.
    init(_ flows: [FlowDraft], _ claims: [[FlowClaim]], _ drafts: Int) {
        var parent = Array(flows.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while parent[index] != index { index = parent[index] }
            return index
        }
        var bySubject: [UInt64: [Int]] = [:]
        for index in flows.indices { bySubject[flows[index].subject.subject, default: []].append(index) }
        for members in bySubject.values {
            for (place, right) in members.enumerated() {
                for left in members[..<place]
                where left < drafts && claims[left].contains(where: { claim in claims[right].contains { claim.links(to: $0) } }) {
                    let (a, b) = (root(left), root(right))
                    parent[max(a, b)] = min(a, b)
                }
            }
        }
        var found: [Int: [Int]] = [:]
        for index in flows.indices { found[root(index), default: []].append(index) }
        all = found.sorted { $0.key < $1.key }.map(\.value)
    }
}

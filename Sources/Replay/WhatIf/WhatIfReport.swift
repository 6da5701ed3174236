import AccessPolicy
public import FlowModel
import FlowStore
import PolicyDocuments

/// The difference that a proposed policy would have made to recorded flows.
public struct WhatIfReport: Sendable {
    /// In the order of `AccessChange`, within each by Resource and principal.
    public internal(set) var rows: [AccessChangeRow] = []
    /// Access that the proposal adds beyond what any flow asked for.
    public private(set) var neverUsed: [NewAccess] = []
    /// Flows that were examined.
    public private(set) var flows: Int64 = 0
    public private(set) var first: Timestamp?
    public private(set) var last: Timestamp?

    /// How many flows, and how many rows, of each kind.
    public func count(_ change: AccessChange) -> (flows: Int64, rows: Int) {
        rows.reduce((0, 0)) { $1.change == change ? ($0.0 + $1.flows, $0.1 + 1) : $0 }
    }

    /// Flows about which at least one of both policies says nothing certain.
    public var undecided: Int64 { count(.unknown).flows + count(.maybeRevoked).flows + count(.maybeGained).flows }

    mutating func count(_ flow: StoredFlow, in row: Int) {
        flows += 1
        let start = flow.startedAt
        first = min(first ?? start, start)
        last = max(last ?? start, start)
        rows[row].flows += 1
        if flow.outcome == .denied { rows[row].refused += 1 }
        if start < rows[row].firstSeen { rows[row].firstSeen = start }
        if start > rows[row].lastSeen { rows[row].lastSeen = start }
        rows[row].daySet.insert(start)
    }

    /// Adds flows, first and last of another report, not its rows.
    mutating func addTotals(_ later: WhatIfReport) {
        flows += later.flows
        first = [first, later.first].compactMap(\.self).min()
        last = [last, later.last].compactMap(\.self).max()
    }

    /// Adds a row about later flows of which the same is to be said.
    mutating func add(_ later: AccessChangeRow, to row: Int) {
        rows[row].flows += later.flows
        rows[row].refused += later.refused
        rows[row].firstSeen = min(rows[row].firstSeen, later.firstSeen)
        rows[row].lastSeen = max(rows[row].lastSeen, later.lastSeen)
        rows[row].daySet.formUnion(later.daySet)
        for sample in later.samples
        where rows[row].samples.count < AccessChangeRow.maxSamples && !rows[row].samples.contains(where: { $0.target == sample.target }) {
            rows[row].samples.append(sample)
        }
    }

    func wantsSample(_ facts: FlowFacts, _ row: Int) -> Bool {
        let samples = rows[row].samples
        guard samples.count < AccessChangeRow.maxSamples else { return false }
        let target = WhatIfReport.target(facts)
        return !samples.contains { $0.target == target }
    }

    mutating func addSample(_ flowID: Int64, _ connectionID: String?, _ facts: FlowFacts, to row: Int) {
        rows[row].samples.append(
            AccessChangeRow.Sample(flowID: flowID, connectionID: connectionID, target: WhatIfReport.target(facts)))
    }

    private static func target(_ facts: FlowFacts) -> String {
        ConnectionTarget(
            destination: facts.request.destination, transport: facts.transport ?? .tcp, port: facts.transport == .icmp ? nil : facts.port
        ).description
    }

    mutating func sort() {
        let order = Dictionary(uniqueKeysWithValues: AccessChange.allCases.enumerated().map { ($0.element, $0.offset) })
        var sorted = rows
        sorted.sort { left, right in
            let (a, b) = (order[left.change] ?? 0, order[right.change] ?? 0)
            if a != b { return a < b }
            let (x, y) = (left.resource?.id ?? "", right.resource?.id ?? "")
            if x != y { return identifierPrecedes(x, y) }
            if left.principal != right.principal {
                return WhatIfReport.precedes(left.principal, right.principal)
            }
            return (left.decidedBy, left.destination) < (right.decidedBy, right.destination)
        }
        rows = sorted
    }

    private static func precedes(_ left: PrincipalReference?, _ right: PrincipalReference?) -> Bool {
        guard let left, let right else { return right != nil }
        if left.kind != right.kind { return left.kind == .user }
        return identifierPrecedes(left.id, right.id)
    }

    mutating func addNeverUsed(from current: CompiledPolicy, to proposal: CompiledPolicy, _ options: EngineOptions) {
        struct Pair: Hashable {
            var principal: PrincipalReference
            var resource: String
        }
        var asked: Set<Pair> = []
        for row in rows where row.change == .gained || row.change == .maybeGained {
            guard let principal = row.principal else { continue }
            for resource in [row.resource, row.newResource] {
                if let resource { asked.insert(Pair(principal: principal, resource: resource.id)) }
            }
        }
        let moment = max(last ?? proposal.snapshot.effectiveAt, proposal.snapshot.effectiveAt)
        for difference in PolicyDiff(from: current, to: proposal, at: moment, options: options).access where difference.effect == .gained {
            for principal in difference.principals
            where asked.insert(Pair(principal: principal, resource: difference.resource.id)).inserted {
                neverUsed.append(
                    NewAccess(
                        principal: principal, principalName: proposal.snapshot.display(principal), resource: difference.resource,
                        example: difference.target.description,
                        decidedBy: difference.after.decidedBy))
            }
        }
    }
}

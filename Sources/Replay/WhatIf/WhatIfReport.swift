import AccessPolicy
import AuditStore
public import FlowModel

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

    mutating func addSample(_ flow: StoredFlow, _ facts: FlowFacts, to row: Int) {
        guard rows[row].samples.count < AccessChangeRow.mostSamples else { return }
        let target = ConnectionTarget(
            destination: facts.request.destination, transport: facts.transport ?? .tcp, port: facts.transport == .icmp ? nil : facts.port)
        let text = target.description
        guard !rows[row].samples.contains(where: { $0.target == text }) else { return }
        rows[row].samples.append(
            AccessChangeRow.Sample(flowID: flow.flowID, connectionID: flow.connectionID, target: text))
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

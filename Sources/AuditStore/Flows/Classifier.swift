public import AccessPolicy
public import FlowModel

/// Asks the policy engine about flows.
final class Classifier {
    /// A judgement, and from when until when it is the same for flows that differ in nothing but time.
    struct Answer {
        var from: Int64
        var until: Int64
        var judgement: Int64
    }

    private let history: PolicyHistory
    private let options: EngineOptions
    private let reader: FlowFactsReader
    private let judgements: JudgementDictionary
    private var lastUse = LastUse()

    /// Automatic locks depend on earlier flows, so flows must come in the order of time.
    let needsTimeOrder: Bool

    init(history: PolicyHistory, options: EngineOptions, reader: FlowFactsReader, judgements: JudgementDictionary) {
        self.history = history
        self.options = options
        self.reader = reader
        self.judgements = judgements
        needsTimeOrder = history.policies.contains(where: \.usesAutoLock)
    }

    /// What the policy makes of a flow.
    func judge(_ draft: FlowDraft) throws -> Answer {
        let startedAt = Timestamp(milliseconds: draft.startedAt)
        let endedAt = draft.endedAt == FlowDraft.absent ? nil : Timestamp(milliseconds: draft.endedAt)
        var facts = try FlowFacts(
            origin: reader.origin(draft.origin), target: reader.target(draft.target), resourceIP: reader.address(draft.resourceIP),
            outcome: draft.state.outcome, startedAt: startedAt, endedAt: endedAt)
        let recorded = try reader.recordedPolicy(draft.remark)
        facts.recordedPolicyVersion = recorded.version
        facts.recordedPolicyDigest = recorded.digest
        let judgement = history.judge(facts, options: options)
        return Answer(
            from: judgement.validity.from.milliseconds, until: judgement.validity.until.milliseconds,
            judgement: try judgements.id(JudgementKey(judgement)))
    }

    func judge(_ flow: StoredFlow) throws -> Int64 {
        let facts = try FlowFacts(flow, reader: reader, lastAccess: lastAccess(of: flow))
        return try judgements.id(JudgementKey(history.judge(facts, options: options)))
    }

    private func lastAccess(of flow: StoredFlow) throws -> Timestamp? {
        guard needsTimeOrder, !flow.isRetold else { return nil }
        return try lastUse.advance(flow, reader: reader)
    }
}

/// When each principal last used each Resource, for automatic locks; flows must come in the order of time.
public struct LastUse {
    private struct Pair: Hashable {
        var principal: PrincipalReference
        var resource: String
    }

    /// Edges whose pair is remembered: 4 MB.
    private static let mostEdges: Int64 = 1_000_000
    private static let unknown: Int32 = -1
    private static let none: Int32 = -2

    /// Positions in `times`.
    private var pairs: [Pair: Int32] = [:]
    /// By the number of the edge: position in `times`, `unknown`, or `none` for edges without principal or Resource.
    private var pairsOfEdges: [Int32] = []
    private var times: [Timestamp?] = []

    public init() {}

    /// The last use before `flow`, which is then noted as a use itself when it was carried.
    public mutating func advance(_ flow: StoredFlow, reader: FlowFactsReader) throws -> Timestamp? {
        let pair: Int32
        if flow.edge >= 0, flow.edge < Int64(pairsOfEdges.count), pairsOfEdges[Int(flow.edge)] != LastUse.unknown {
            pair = pairsOfEdges[Int(flow.edge)]
        } else {
            pair = try find(flow, reader)
        }
        guard pair >= 0 else { return nil }
        let last = times[Int(pair)]
        if flow.outcome != .denied { times[Int(pair)] = max(last ?? flow.startedAt, flow.startedAt) }
        return last
    }

    private mutating func find(_ flow: StoredFlow, _ reader: FlowFactsReader) throws -> Int32 {
        var found = LastUse.none
        if let principal = try reader.origin(flow.origin).principal, let resource = try reader.target(flow.target).resourceID {
            let pair = Pair(principal: principal, resource: resource)
            found = pairs[pair] ?? Int32(times.count)
            if found == times.count {
                pairs[pair] = found
                times.append(nil)
            }
        }
        if flow.edge >= 0, flow.edge < LastUse.mostEdges {
            let missing = Int(flow.edge) + 1 - pairsOfEdges.count
            if missing > 0 { pairsOfEdges.append(contentsOf: repeatElement(LastUse.unknown, count: missing)) }
            pairsOfEdges[Int(flow.edge)] = found
        }
        return found
    }
}

extension JudgementKey {
    init(_ judgement: Judgement) {
        self.init(
            verdict: judgement.verdictClass.rawValue, reason: judgement.reason?.rawValue ?? "",
            expectedResourceID: judgement.expectedResourceID ?? "", qualifiers: judgement.qualifierSet.text,
            policyVersion: judgement.policy?.snapshot.effectiveAt.rfc3339 ?? "")
    }
}

extension FlowFacts {
    init(
        origin: OriginFacts, target: TargetFacts, resourceIP: IPAddress?, outcome: RecordedOutcome, startedAt: Timestamp,
        endedAt: Timestamp?
    ) {
        self.init(
            principal: origin.principal, serviceKeyID: origin.serviceKeyID,
            destination: target.address ?? resourceIP?.description ?? "", resourceIP: resourceIP, transport: target.transport,
            port: target.port, connectorID: target.connectorID, networkID: target.networkID, deviceID: origin.deviceID,
            location: origin.evidence, recordedResourceID: target.resourceID,
            appliedRule: target.appliedRule, outcome: outcome, startedAt: startedAt, endedAt: endedAt)
    }

    /// What the database holds of a flow.
    public init(_ flow: StoredFlow, reader: FlowFactsReader, lastAccess: Timestamp?) throws {
        try self.init(
            origin: reader.origin(flow.origin), target: reader.target(flow.target), resourceIP: reader.address(flow.resourceIP),
            outcome: flow.outcome, startedAt: flow.startedAt, endedAt: flow.endedAt)
        let recorded = try reader.recordedPolicy(flow.remark)
        recordedPolicyVersion = recorded.version
        recordedPolicyDigest = recorded.digest
        self.lastAccess = lastAccess
    }
}

public import AccessPolicy
public import FlowModel

/// Asks the policy engine about flows and remembers answers for as long as they hold.
final class Classifier {
    /// Everything that an answer depends on, but time.
    private struct Question: Hashable {
        var origin: Int64
        var target: Int64
        var resourceIP: Int64
        var outcome: Int64
        var policyVersion: Int64
        var policyDigest: Int64
    }

    private struct Known {
        var validity: Validity
        var key: JudgementKey
    }

    /// Answers remembered; forgotten when more. About 100 MB at worst.
    private static let limit = 300_000

    private let history: PolicyHistory
    private let options: EngineOptions
    private let reader: FlowFactsReader
    private var known: [Question: Known] = [:]
    private var lastUse = LastUse()

    /// Automatic locks depend on earlier flows, so flows must come in the order of time.
    let needsTimeOrder: Bool

    init(history: PolicyHistory, options: EngineOptions, reader: FlowFactsReader) {
        self.history = history
        self.options = options
        self.reader = reader
        needsTimeOrder = history.policies.contains(where: \.usesAutoLock)
    }

    func judge(_ draft: FlowDraft) throws -> JudgementKey {
        let question = Question(
            origin: draft.origin, target: draft.target, resourceIP: draft.resourceIP, outcome: draft.state.outcomeCode,
            policyVersion: draft.remark.policyVersion, policyDigest: draft.remark.policyDigest)
        let recorded = RecordedPolicy(
            version: draft.remark.policyVersion == -1 ? nil : draft.remark.policyVersion,
            digest: draft.remark.policyDigest == 0 ? nil : try reader.text(draft.remark.policyDigest))
        return try judge(
            question, outcome: draft.state.outcome, recorded: recorded, start: draft.startedAt, end: draft.endedAt)
    }

    func judge(_ flow: StoredFlow) throws -> JudgementKey {
        let facts = try FlowFacts(flow, reader: reader, lastAccess: lastAccess(of: flow))
        return JudgementKey(history.judge(facts, options: options))
    }

    private func lastAccess(of flow: StoredFlow) throws -> Timestamp? {
        guard needsTimeOrder else { return nil }
        return try lastUse.advance(flow, reader: reader)
    }

    private func judge(
        _ question: Question, outcome: RecordedOutcome, recorded: RecordedPolicy, start: Int64, end: Int64?
    ) throws -> JudgementKey {
        let startedAt = Timestamp(milliseconds: start)
        let endedAt = end.map { Timestamp(milliseconds: $0) }
        if let answer = known[question], answer.validity.contains(startedAt), endedAt.map(answer.validity.contains) ?? true {
            return answer.key
        }
        var facts = try FlowFacts(
            origin: reader.origin(question.origin), target: reader.target(question.target),
            resourceIP: reader.address(question.resourceIP), outcome: outcome, startedAt: startedAt, endedAt: endedAt)
        facts.recordedPolicyVersion = recorded.version
        facts.recordedPolicyDigest = recorded.digest
        let judgement = history.judge(facts, options: options)
        let key = JudgementKey(judgement)
        if known.count >= Classifier.limit { known.removeAll(keepingCapacity: true) }
        known[question] = Known(validity: judgement.validity, key: key)
        return key
    }

    /// Numbers may be void after a transaction was rolled back.
    func forget() {
        known.removeAll()
        reader.forget()
    }
}

/// When each principal last used each Resource, for automatic locks; flows must come in the order of time.
public struct LastUse {
    private struct Pair: Hashable {
        var principal: PrincipalReference
        var resource: String
    }

    private var times: [Pair: Timestamp] = [:]

    public init() {}

    /// The last use before `flow`, which is then noted as a use itself when it was carried.
    public mutating func advance(_ flow: StoredFlow, reader: FlowFactsReader) throws -> Timestamp? {
        guard let principal = try reader.origin(flow.origin).principal, let resource = try reader.target(flow.target).resourceID
        else { return nil }
        let pair = Pair(principal: principal, resource: resource)
        let last = times[pair]
        if flow.outcome != .denied { times[pair] = max(last ?? flow.startedAt, flow.startedAt) }
        return last
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
            location: origin.location.flatMap { LocationEvidence(json: $0) }, recordedResourceID: target.resourceID,
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

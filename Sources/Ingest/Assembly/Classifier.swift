internal import AccessPolicy
internal import FlowModel
internal import FlowStore

/// Asks the policy engine about flows.
final class Classifier {
    private let history: PolicyHistory
    private let named: NamedHistory
    private let options: EngineOptions
    private let reader: FlowFactsReader
    private let assessments: AssessmentDictionary
    private var lastUse = LastUse()

    /// Automatic locks depend on earlier flows, so flows must come in the order of time.
    let needsTimeOrder: Bool

    init(_ named: NamedHistory, options: EngineOptions, reader: FlowFactsReader, assessments: AssessmentDictionary) {
        self.named = named
        history = named.history
        self.options = options
        self.reader = reader
        self.assessments = assessments
        needsTimeOrder = history.policies.contains(where: \.usesAutoLock)
    }

    /// What the policy makes of a flow.
    func judge(_ draft: FlowDraft) throws -> AggregateFinder.Answer {
        let startedAt = Timestamp(milliseconds: draft.startedAt)
        let endedAt = draft.endedAt == FlowDraft.absent ? nil : Timestamp(milliseconds: draft.endedAt)
        var facts = try FlowFacts(
            client: reader.client(draft.client), destination: reader.destination(draft.destination),
            resourceIP: reader.address(draft.resourceIP),
            outcome: draft.state.outcome, startedAt: startedAt, endedAt: endedAt)
        let recorded = try reader.recordedPolicy(draft.remark)
        facts.recordedPolicyVersion = recorded.version
        facts.recordedPolicyDigest = recorded.digest
        let assessment = history.judge(facts, options: options)
        return AggregateFinder.Answer(
            from: assessment.validity.from.milliseconds, until: assessment.validity.until.milliseconds,
            assessment: try assessments.id(key(assessment)))
    }

    func judge(_ flow: StoredFlow) throws -> Int64 {
        let facts = try FlowFacts(flow, reader: reader, lastUses: lastUses(before: flow))
        return try assessments.id(key(history.judge(facts, options: options)))
    }

    private func key(_ assessment: Assessment) -> AssessmentKey {
        AssessmentKey(
            verdict: assessment.verdictClass.rawValue, reason: assessment.reason?.rawValue ?? "",
            expectedResourceID: assessment.expectedResourceID ?? "", qualifiers: assessment.qualifierSet.text,
            policyVersion: assessment.policy.map(named.version) ?? "")
    }

    private func lastUses(before flow: StoredFlow) throws -> LastUses {
        guard needsTimeOrder, !flow.isMatched else { return .none }
        return try lastUse.advance(flow, reader: reader)
    }
}

import FlowModel

extension CompiledPolicy {
    /// Answers a request. Total and deterministic: every request gets an answer with a reason, and the first step that fails decides.
    ///
    /// Takes time that does not grow with users, and hardly with Resources: some hash look-ups and the shorter of two lists of groups.
    public func evaluate(_ request: AccessRequest, options: EngineOptions = EngineOptions()) -> Verdict {
        var evaluation = Evaluation()
        let reason = evaluation.decide(self, request, options)
        return Verdict(
            policy: self, effect: reason == .allowed ? .allow : .deny, reason: reason, isAmbiguous: evaluation.isAmbiguous,
            isPostureUnknown: reason == .allowed && evaluation.isPostureUnknown, isUndecidable: evaluation.isUndecidable,
            dependsOnLastUse: evaluation.dependsOnLastUse, validity: evaluation.validity, at: request.at,
            resourceIndex: evaluation.selected, nearestIndex: evaluation.nearest, isFallthrough: evaluation.isFallthrough,
            principalIndex: evaluation.principal)
    }

    /// The edges that grant, auto-locks aside.
    func liveEdges(resource: Int, principal: Int, at: Timestamp) -> [AccessEdge] {
        let subjects: Set<AccessEdge.Subject>
        if principal < users.count {
            let user = users[principal]
            subjects = Set(
                (user.groups..<user.groups + user.groupCount).map { Int(groupsOfUsers[$0]) }.filter { groupIsActive[$0] }
                    .map { .group(snapshot.groups[$0].id) })
        } else {
            subjects = [.serviceAccount(snapshot.serviceAccounts[principal - users.count].id)]
        }
        return snapshot.resources[resource].access.filter { edge in
            subjects.contains(edge.subject) && (edge.expiresAt.map { at < $0 } ?? true)
        }
    }

}

/// One run of the decision steps: what has been found so far.
///
/// Policy, request and options are handed from step to step, so that nothing of them is copied or counted.
struct Evaluation {
    var validity = Validity.always
    var principal: Int32 = -1
    var selected: Int32 = -1
    var nearest: Int32 = -1
    var isAmbiguous = false
    var isUndecidable = false
    var isPostureUnknown = false
    private(set) var isFallthrough = false
    var dependsOnLastUse = false
    var selectedRank: Int32 = -1
    /// Range in `groupsOfUsers`; empty for a service account.
    var groups = 0
    var groupsEnd = 0
    var isUser = false
    var subjectBits: UInt64 = 0

    mutating func decide(_ policy: CompiledPolicy, _ request: AccessRequest, _ options: EngineOptions) -> ReasonCode {
        if let refusal = identify(policy, request) { return refusal }
        if let refusal = select(policy, request, options) { return refusal }
        var resource = policy.resources[selected]
        if resource.isBypass { return .bypassResource }
        if let refusal = checkPort(policy, request, resource) {
            guard options.portFallthrough, !isUndecidable, let broader = broaderResource(policy, request) else { return refusal }
            selected = broader
            nearest = broader
            isFallthrough = true
            resource = policy.resources[selected]
            if resource.isBypass { return .bypassResource }
        }
        if let refusal = checkConnector(policy, request, resource) { return refusal }
        if let address = request.resolvedAddress, let refusal = checkAddress(policy, address, resource) { return refusal }
        if policy.usesPosture, isUser, let refusal = checkPosture(policy, request, resource) { return refusal }
        return .allowed
    }

}

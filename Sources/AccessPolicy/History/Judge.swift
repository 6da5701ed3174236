import FlowModel

extension PolicyHistory {
    /// Compares what a record says happened with what the policy in force at the flow's start says should have happened.
    public func judge(_ facts: FlowFacts, options: EngineOptions = EngineOptions()) -> Judgement {
        var request = facts.request
        guard let index = indexInForce(at: facts.startedAt) else {
            return .unverifiable(verdict: nil, validity: Validity(from: .distantPast, until: changes.first ?? .distantFuture))
        }
        let verdict = policies[index].evaluate(request, options: options)
        let window = reign(of: index).intersection(verdict.validity)
        if verdict.isUndecidable { return .unverifiable(verdict: verdict, validity: window) }

        var judgement = Judgement(
            verdictClass: facts.classify(verdict, request, options), reason: verdict.isAllowed ? nil : verdict.reason,
            qualifierSet: [], verdict: verdict, explainedBy: nil, lostAt: nil, outlivedByMs: nil, validity: window,
            dependsOnLastAccess: verdict.dependsOnLastAccess)
        if verdict.isAmbiguous { judgement.qualifierSet.insert(.ambiguous) }
        if verdict.isPostureUnknown { judgement.qualifierSet.insert(.postureUnknown) }
        var staleSince: Timestamp?
        switch judgement.verdictClass {
        case .misrouted, .overPermitted, .overBlocked:
            staleSince = explain(&judgement, facts, request, inForce: index, options)
        case .enforced, .blocked, .unverifiable: break
        }
        if facts.outcome == .allowed, let end = facts.endedAt {
            // A flow in use does not lock itself.
            request.lastAccess = nil
            findLoss(&judgement, request, from: facts.startedAt, to: end, inForce: index, staleSince: staleSince, options)
            // It rests on what came after the validity, which a flow that lies within did not live to see.
            if judgement.qualifierSet.contains(.outlived) { judgement.validity.until = judgement.validity.from }
        }
        return judgement
    }

    /// From a policy's coming into force to its successor's; nil stands for the time before the first.
    public func reign(of index: Int?) -> Validity {
        guard let index else { return Validity(from: .distantPast, until: changes.first ?? .distantFuture) }
        return Validity(from: changes[index], until: index + 1 < changes.count ? changes[index + 1] : .distantFuture)
    }

    /// Whether an older policy explains the mismatch: exactly the one that the record names, or else the previous one.
    ///
    /// - Returns: when the older policy went out of force, if the mismatch is `stale`.
    private func explain(
        _ judgement: inout Judgement, _ facts: FlowFacts, _ request: AccessRequest, inForce: Int, _ options: EngineOptions
    ) -> Timestamp? {
        let older: Int
        if facts.recordedPolicyVersion != nil || facts.recordedPolicyDigest != nil {
            let named = index(version: facts.recordedPolicyVersion, digest: facts.recordedPolicyDigest, at: facts.startedAt)
            guard let named, named < inForce else { return nil }
            older = named
        } else {
            guard inForce > 0 else { return nil }
            older = inForce - 1
        }
        let verdict = policies[older].evaluate(request, options: options)
        judgement.validity = judgement.validity.intersection(verdict.validity)
        if verdict.dependsOnLastAccess { judgement.dependsOnLastAccess = true }
        guard !verdict.isUndecidable else { return nil }
        switch facts.classify(verdict, request, options) {
        case .enforced, .blocked: break
        default: return nil
        }
        judgement.explainedBy = policies[older]
        let change = changes[older + 1]
        let windowEnd = change.advanced(byMilliseconds: options.graceMs)
        judgement.validity.cut(at: windowEnd.advanced(byMilliseconds: 1), keeping: facts.startedAt)
        guard facts.startedAt <= windowEnd else {
            judgement.qualifierSet.insert(.staleLate)
            return nil
        }
        judgement.qualifierSet.insert(.stale)
        return change
    }

    /// Walks the policy changes and expiries of a flow's life: permission that ends and stays away for longer than window and skew,
    /// with the flow still open, makes it `outlived`.
    private func findLoss(
        _ judgement: inout Judgement, _ request: AccessRequest, from start: Timestamp, to end: Timestamp, inForce: Int,
        staleSince: Timestamp?, _ options: EngineOptions
    ) {
        let (toleranceMs, overflow) = options.graceMs.addingReportingOverflow(options.skewMs)
        guard !overflow else { return }
        func isTooLong(_ lost: Timestamp, _ until: Timestamp) -> Bool { until > lost.advanced(byMilliseconds: toleranceMs) }
        func outlive(_ lost: Timestamp) {
            judgement.qualifierSet.insert(.outlived)
            judgement.lostAt = lost
            let (late, overflow) = end.milliseconds.subtractingReportingOverflow(lost.milliseconds)
            judgement.outlivedByMs = overflow ? .max : late
        }
        var lost = judgement.verdictClass == .overPermitted ? staleSince : nil
        if let lost {
            judgement.validity.cut(at: lost.advanced(byMilliseconds: toleranceMs).advanced(byMilliseconds: 1), keeping: start)
        }
        guard isTooLong(lost ?? start, end) else { return }
        var wasAllowed = judgement.verdict?.isAllowed ?? false
        var index = inForce
        var request = request
        var verdict = policies[index].evaluate(request, options: options)
        while true {
            let next = min(verdict.validity.until, reign(of: index).until)
            guard next < end else { break }
            if next == reign(of: index).until { index += 1 }
            request.at = next
            verdict = policies[index].evaluate(request, options: options)
            if verdict.isAllowed {
                if let since = lost, isTooLong(since, next) { return outlive(since) }
                lost = nil
                wasAllowed = true
            } else if !verdict.isUndecidable {
                if wasAllowed, lost == nil { lost = next }
                wasAllowed = false
            }
        }
        if let lost, isTooLong(lost, end) { outlive(lost) }
    }
}

extension Judgement {
    static func unverifiable(verdict: Verdict?, validity: Validity) -> Judgement {
        Judgement(
            verdictClass: .unverifiable, reason: nil, qualifierSet: [], verdict: verdict, explainedBy: nil, lostAt: nil,
            outlivedByMs: nil, validity: validity, dependsOnLastAccess: verdict?.dependsOnLastAccess ?? false)
    }
}

extension FlowFacts {
    func classify(_ verdict: Verdict, _ request: AccessRequest, _ options: EngineOptions) -> VerdictClass {
        guard outcome != .denied else { return verdict.isAllowed ? .overBlocked : .blocked }
        guard verdict.isAllowed else { return .overPermitted }
        return isSameResource(verdict, request, options) ? .enforced : .misrouted
    }

    /// Whether the record names the selected Resource, by id, or where it has none by its rule. A record with neither cannot disagree.
    private func isSameResource(_ verdict: Verdict, _ request: AccessRequest, _ options: EngineOptions) -> Bool {
        if let id = recordedResourceID, !id.isEmpty {
            if id == verdict.resourceID { return true }
            return verdict.isAmbiguous && verdict.policy.isTied(resourceID: id, with: verdict, request, options)
        }
        guard let rule = appliedRule, !rule.isEmpty else { return true }
        let normalized = DomainName.normalized(rule)
        if normalized == verdict.appliedRule { return true }
        if let resource = verdict.nearestResource {
            if normalized == resource.alias { return true }
            if case .block(let block) = resource.address, let named = try? AddressBlock(rule), named == block { return true }
        }
        return verdict.isAmbiguous && verdict.policy.isTied(rule: normalized, with: verdict, request, options)
    }
}

extension CompiledPolicy {
    /// Whether the Resource with that id is one of those among which the selection was arbitrary.
    func isTied(resourceID: String, with verdict: Verdict, _ request: AccessRequest, _ options: EngineOptions) -> Bool {
        tiedResources(with: verdict, request, options).contains { resourceIDs[Int($0)] == resourceID }
    }

    func isTied(rule: String, with verdict: Verdict, _ request: AccessRequest, _ options: EngineOptions) -> Bool {
        tiedResources(with: verdict, request, options).contains { resourceRules[Int($0)] == rule }
    }

    /// The Resources that match as well as the selected one, it included.
    func tiedResources(with verdict: Verdict, _ request: AccessRequest, _ options: EngineOptions) -> [Int32] {
        let candidates = covering(request.destination)
        guard let rank = candidates.first(where: { $0.resource == verdict.resourceIndex })?.rank else { return [] }
        return candidates.filter { candidate in
            guard candidate.rank == rank, resources[Int(candidate.resource)].isActive else { return false }
            return options.selection == .tenant
                || !liveEdges(resource: Int(candidate.resource), principal: Int(verdict.principalIndex), at: verdict.at).isEmpty
        }
        .map(\.resource)
    }
}

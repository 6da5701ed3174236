import FlowModel

extension PolicyHistory {
    /// Compares what a record says happened with what the policy in force at the flow's start says should have happened.
    public func judge(_ facts: FlowFacts, options: EngineOptions = EngineOptions()) -> Assessment {
        var request = facts.request
        guard let index = indexInForce(at: facts.startedAt) else {
            return .unverifiable(verdict: nil, validity: Validity(from: .distantPast, until: changes.first ?? .distantFuture))
        }
        let verdict = policies[index].evaluate(request, options: options)
        let window = reign(of: index).intersection(verdict.validity)
        if verdict.isUndecidable { return .unverifiable(verdict: verdict, validity: window) }

        var assessment = Assessment(
            verdictClass: facts.classify(verdict, request, options), reason: verdict.isAllowed ? nil : verdict.reason,
            qualifierSet: [], verdict: verdict, explainedBy: nil, lostAt: nil, outlivedByMs: nil, validity: window,
            dependsOnLastUse: verdict.dependsOnLastUse)
        if verdict.isAmbiguous { assessment.qualifierSet.insert(.ambiguous) }
        if verdict.isPostureUnknown { assessment.qualifierSet.insert(.postureUnknown) }
        var staleSince: Timestamp?
        switch assessment.verdictClass {
        case .misrouted, .overPermitted, .overBlocked:
            staleSince = explain(&assessment, facts, request, inForce: index, options)
        case .enforced, .blocked, .unverifiable: break
        }
        if facts.outcome == .allowed, let end = facts.endedAt {
            // A flow is a use of the Resource that it was allowed through, which does not lock meanwhile; what was locked stays locked.
            request.lastUses.inUse = verdict.isAllowed ? verdict.resourceID : nil
            findLoss(&assessment, request, from: facts.startedAt, to: end, inForce: index, staleSince: staleSince, options)
            // It rests on what came after the validity, which a flow that lies within did not live to see.
            if assessment.qualifierSet.contains(.outlived) { assessment.validity.until = assessment.validity.from }
        }
        return assessment
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
        _ assessment: inout Assessment, _ facts: FlowFacts, _ request: AccessRequest, inForce: Int, _ options: EngineOptions
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
        assessment.validity = assessment.validity.intersection(verdict.validity)
        if verdict.dependsOnLastUse { assessment.dependsOnLastUse = true }
        guard !verdict.isUndecidable else { return nil }
        switch facts.classify(verdict, request, options) {
        case .enforced, .blocked: break
        default: return nil
        }
        assessment.explainedBy = policies[older]
        let change = changes[older + 1]
        let windowEnd = change.advanced(byMilliseconds: options.graceMs)
        assessment.validity.cut(at: windowEnd.advanced(byMilliseconds: 1), keeping: facts.startedAt)
        guard facts.startedAt <= windowEnd else {
            assessment.qualifierSet.insert(.staleLate)
            return nil
        }
        assessment.qualifierSet.insert(.stale)
        return change
    }

    /// Walks the policy changes and expiries of a flow's life: permission that ends and stays away for longer than window and skew,
    /// with the flow still open, makes it `outlived`.
    private func findLoss(
        _ assessment: inout Assessment, _ request: AccessRequest, from start: Timestamp, to end: Timestamp, inForce: Int,
        staleSince: Timestamp?, _ options: EngineOptions
    ) {
        let (toleranceMs, overflow) = options.graceMs.addingReportingOverflow(options.skewMs)
        guard !overflow else { return }
        func isTooLong(_ lost: Timestamp, _ until: Timestamp) -> Bool { until > lost.advanced(byMilliseconds: toleranceMs) }
        func outlive(_ lost: Timestamp) {
            assessment.qualifierSet.insert(.outlived)
            assessment.lostAt = lost
            let (late, overflow) = end.milliseconds.subtractingReportingOverflow(lost.milliseconds)
            assessment.outlivedByMs = overflow ? .max : late
        }
        var lost = assessment.verdictClass == .overPermitted ? staleSince : nil
        if let lost {
            assessment.validity.cut(at: lost.advanced(byMilliseconds: toleranceMs).advanced(byMilliseconds: 1), keeping: start)
        }
        guard isTooLong(lost ?? start, end) else { return }
        var wasAllowed = assessment.verdict?.isAllowed ?? false
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

extension Assessment {
    static func unverifiable(verdict: Verdict?, validity: Validity) -> Assessment {
        Assessment(
            verdictClass: .unverifiable, reason: nil, qualifierSet: [], verdict: verdict, explainedBy: nil, lostAt: nil,
            outlivedByMs: nil, validity: validity, dependsOnLastUse: verdict?.dependsOnLastUse ?? false)
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
        let isNamed: (Resource) -> Bool
        if let id = recordedResourceID, !id.isEmpty {
            isNamed = { $0.id == id }
        } else if let rule = appliedRule, !rule.isEmpty {
            let rule = ResourceAddress.comparable(rule)
            isNamed = { $0.address.text == rule || $0.alias == rule }
        } else {
            return true
        }
        if let selected = verdict.nearestResource, isNamed(selected) { return true }
        return verdict.isAmbiguous && verdict.policy.tiedResources(with: verdict, request, options).contains(where: isNamed)
    }
}

extension CompiledPolicy {
    /// The Resources that match as well as the selected one, it included.
    func tiedResources(with verdict: Verdict, _ request: AccessRequest, _ options: EngineOptions) -> [Resource] {
        let candidates = covering(request.destination)
        guard let rank = candidates.first(where: { $0.resource == verdict.resourceIndex })?.rank else { return [] }
        return candidates.filter { candidate in
            let resource = snapshot.resources[Int(candidate.resource)]
            guard candidate.rank == rank, resource.isActive else { return false }
            if verdict.isFallthrough, !resource.allows(request.transport, request.port) { return false }
            if options.selection == .tenant, !verdict.isFallthrough { return true }
            return liveEdges(resource: Int(candidate.resource), principal: Int(verdict.principalIndex), at: verdict.at)
                .contains { !resource.isLocked($0, request) }
        }
        .map { snapshot.resources[Int($0.resource)] }
    }
}

extension Resource {
    /// Whether one of its grants has locked itself for the one who asks.
    func isLocked(_ edge: AccessEdge, _ request: AccessRequest) -> Bool {
        guard case .autoLock(let seconds) = edge.mode ?? mode, request.principal?.kind == .user,
            let last = request.lastUses.time(of: id)
        else { return false }
        return request.at >= last.advanced(byMilliseconds: max(1, min(seconds, maxDurationSeconds)) * 1_000)
    }

    /// Whether its protocols and ports admit a connection; what is not told is not admitted.
    func allows(_ transport: TransportProtocol?, _ port: UInt16?) -> Bool {
        guard let protocols else { return true }
        switch transport {
        case .icmp: return protocols.allowsICMP
        case .tcp: return protocols.tcp == .all || port.map(protocols.tcp.allows) ?? false
        case .udp: return protocols.udp == .all || port.map(protocols.udp.allows) ?? false
        case nil: return false
        }
    }
}

/// The second step: which Resource answers for the destination.
extension Evaluation {
    private struct Choice {
        var best: Int32 = -1
        var bestRank: Int32 = -1
        var isTied = false
        /// The most specific covering Resource that has an edge to the principal.
        var edge: Int32 = -1
        var edgeRank: Int32 = -1
        var edgeStanding: Standing = []
        /// The most specific covering Resource at all.
        var cover: Int32 = -1
        var coverRank: Int32 = -1

        mutating func prefer(_ resource: Int32, _ rank: Int32) {
            if rank > bestRank {
                best = resource
                bestRank = rank
                isTied = false
            } else if rank == bestRank, resource != best {
                isTied = true
                best = min(best, resource)
            }
        }
    }

    mutating func select(_ policy: CompiledPolicy, _ request: AccessRequest, _ options: EngineOptions) -> ReasonCode? {
        if case .name("") = request.destination {
            isUndecidable = true
            return .noResource
        }
        var choice = Choice()
        // What is less specific than a choice already made is not looked at.
        policy.forEachCovering(request.destination, goOn: { choice.best < 0 }) { rank, resource in
            consider(policy, request, options.selection, rank, resource, &choice)
        }
        if choice.best >= 0 {
            selected = choice.best
            selectedRank = choice.bestRank
            nearest = selected
            isAmbiguous = choice.isTied
            guard options.selection == .tenant else { return nil }
            let standing = standing(policy, request, selected, policy.resources[selected])
            return standing.contains(.live) ? nil : refusal(policy, standing, isActive: true)
        }
        guard choice.cover >= 0 else {
            isUndecidable = policy.gaps.contains(.resources)
            return .noResource
        }
        nearest = choice.edge >= 0 ? choice.edge : choice.cover
        return refusal(policy, choice.edgeStanding, isActive: policy.resources[nearest].isActive)
    }

    private mutating func refusal(_ policy: CompiledPolicy, _ standing: Standing, isActive: Bool) -> ReasonCode {
        // An edge or a member that the source left out could have granted.
        isUndecidable = policy.gaps.contains(.resources) || (isUser && policy.gaps.contains(.groupMembers))
        if !standing.contains(.hasEdge) { return .noGrant }
        if !isActive { return .resourceInactive }
        if standing.contains(.expired) { return .grantExpired }
        if standing.contains(.locked) { return .grantLocked }
        return .groupInactive
    }

    private mutating func consider(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ selection: EngineOptions.Selection, _ rank: Int32,
        _ number: Int32, _ choice: inout Choice
    ) {
        // Patterns come in no order: what cannot win any more needs no look at its edges.
        if choice.best >= 0, rank < choice.bestRank { return }
        if rank > choice.coverRank || (rank == choice.coverRank && number < choice.cover) {
            choice.cover = number
            choice.coverRank = rank
        }
        let resource = policy.resources[number]
        if selection == .tenant, resource.isActive {
            choice.prefer(number, rank)
            return
        }
        let standing = standing(policy, request, number, resource)
        if resource.isActive, standing.contains(.live) {
            choice.prefer(number, rank)
        } else if standing.contains(.hasEdge), rank > choice.edgeRank || (rank == choice.edgeRank && number < choice.edge) {
            choice.edge = number
            choice.edgeRank = rank
            choice.edgeStanding = standing
        }
    }
}

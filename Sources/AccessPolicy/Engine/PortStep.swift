import FlowModel

/// The third step: protocol and port.
extension Evaluation {
    mutating func checkPort(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        guard resource.isRestricted else { return nil }
        guard let transport = request.transport else {
            isUndecidable = true
            return .protocolNotAllowed
        }
        let rule: CompiledPolicy.CompiledRule
        switch transport {
        case .icmp: return resource.allowsICMP ? nil : .protocolNotAllowed
        case .tcp: rule = resource.tcp
        case .udp: rule = resource.udp
        }
        if rule.isOpen { return nil }
        if rule.start == rule.end { return .protocolNotAllowed }
        guard let port = request.port else {
            isUndecidable = true
            return .portNotAllowed
        }
        // The last range that begins at or before the port.
        var low = rule.start
        var high = rule.end
        while low < high {
            let middle = (low + high) >> 1
            if policy.ports[middle].first <= port { low = middle + 1 } else { high = middle }
        }
        return low > rule.start && policy.ports[low - 1].last >= port ? nil : .portNotAllowed
    }

    /// The most specific granted Resource not above the selected one whose ports allow the request; ties go to the lowest id. When there
    /// is none, and one might allow a port that the request does not tell, the answer is undecidable.
    mutating func broaderResource(_ policy: CompiledPolicy, _ request: AccessRequest) -> Int32? {
        let open = policy.covering(request.destination).filter { candidate in
            let resource = policy.resources[candidate.resource]
            return candidate.rank <= selectedRank && candidate.resource != selected && resource.isActive
                && standing(policy, request, candidate.resource, resource).contains(.live) && checkPort(policy, request, resource) == nil
        }
        guard let rank = open.map(\.rank).max() else { return nil }
        let best = open.filter { $0.rank == rank }.map(\.resource)
        isAmbiguous = best.count > 1
        isUndecidable = false
        return best.min()
    }
}

/// The last step: device and place.
extension Evaluation {
    mutating func checkPosture(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        var isUnknown = false
        var refusal: ReasonCode?
        for index in resource.edgeStart..<resource.edgeEnd {
            let edge = policy.edges[index]
            guard Int(edge.subject) < policy.groupIsActive.count else { break }
            guard isMember(policy, edge.subject),
                weigh(policy, edge, of: selected, isGroupActive: policy.groupIsActive[edge.subject], request).contains(.live)
            else { continue }
            guard edge.securityPolicy >= 0 else { return nil }
            switch meets(policy, request, policy.securityPolicies[Int(edge.securityPolicy)]) {
            case .met: return nil
            case .unknown: isUnknown = true
            case .refused(let reason): refusal = furthest(refusal, reason)
            }
        }
        if isUnknown {
            isPostureUnknown = true
            return nil
        }
        return refusal
    }

    private enum Posture {
        case met
        case unknown
        case refused(ReasonCode)
    }

    private func meets(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ requirement: CompiledPolicy.CompiledRequirement
    ) -> Posture {
        var isUnknown = false
        if requirement.trustedDevice {
            if let id = request.deviceID {
                if let device = policy.deviceIndex.find(id) {
                    if !policy.deviceIsTrusted[device] { return .refused(.deviceUntrusted) }
                } else if policy.gaps.contains(.devices) {
                    isUnknown = true
                } else {
                    return .refused(.deviceUnknown)
                }
            } else {
                isUnknown = true
            }
        }
        if requirement.asksForLocation {
            if let country = request.location?.country.lowercased() {
                let isAllowed = requirement.allowedCountries.isEmpty || requirement.allowedCountries.contains(country)
                if !isAllowed || requirement.deniedCountries.contains(country) { return .refused(.locationDenied) }
            } else {
                isUnknown = true
            }
        }
        return isUnknown ? .unknown : .met
    }

    /// Of several refusals the one that came furthest through the checks.
    private func furthest(_ left: ReasonCode?, _ right: ReasonCode) -> ReasonCode {
        let order: [ReasonCode] = [.deviceUnknown, .deviceUntrusted, .locationDenied]
        guard let left, let a = order.firstIndex(of: left), let b = order.firstIndex(of: right) else { return right }
        return a >= b ? left : right
    }
}

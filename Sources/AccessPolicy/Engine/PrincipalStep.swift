import FlowModel

/// The first step: who asks, with which key.
extension Evaluation {
    mutating func identify(_ policy: CompiledPolicy, _ request: AccessRequest) -> ReasonCode? {
        guard let who = request.principal else {
            isUndecidable = true
            return .unknownPrincipal
        }
        switch who.kind {
        case .user:
            guard let slot = policy.userIndex.findSlot(who.id) else {
                isUndecidable = policy.gaps.contains(.users)
                return .unknownPrincipal
            }
            let user = policy.usersBySlot[slot]
            principal = Int32(truncatingIfNeeded: policy.userIndex.number(at: slot))
            groups = Int(user.groups)
            groupsEnd = groups + Int(user.groupCount)
            isUser = true
            subjectBits = user.groupBits
            return user.isActive ? nil : .principalDisabled
        case .serviceAccount:
            guard let position = policy.accountIndex.find(who.id) else {
                isUndecidable = policy.gaps.contains(.serviceAccounts)
                return .unknownPrincipal
            }
            principal = Int32(truncatingIfNeeded: policy.users.count + position)
            subjectBits = CompiledPolicy.bit(ofSubject: Int32(truncatingIfNeeded: policy.groupIsActive.count + position))
            return checkKey(policy, request, position)
        }
    }

    private mutating func checkKey(_ policy: CompiledPolicy, _ request: AccessRequest, _ position: Int) -> ReasonCode? {
        if let id = request.serviceKeyID {
            if let number = policy.keyIndex.find(id), Int(policy.keys[number].account) == position {
                return refusal(of: policy.keys[number], request.at)
            }
            return policy.gaps.contains(.serviceKeys) ? nil : .unknownPrincipal
        }
        // The record names no key: it was one of these.
        let account = policy.accounts[position]
        var result: ReasonCode?
        for number in account.keys..<account.keys + account.keyCount {
            guard let refusal = refusal(of: policy.keys[number], request.at) else { return nil }
            if result != .keyRevoked { result = refusal }
        }
        return policy.gaps.contains(.serviceKeys) ? nil : result
    }

    private mutating func refusal(of key: CompiledPolicy.CompiledKey, _ at: Timestamp) -> ReasonCode? {
        cut(key.revokedFrom, at)
        cut(key.expiresAt, at)
        if at.milliseconds >= key.revokedFrom { return .keyRevoked }
        return at.milliseconds >= key.expiresAt ? .keyExpired : nil
    }

    @inline(__always)
    mutating func cut(_ milliseconds: Int64, _ at: Timestamp) {
        if milliseconds != .max { validity.cut(at: Timestamp(milliseconds: milliseconds), keeping: at) }
    }
}

import FlowModel

/// How a principal stands to a Resource through its edges.
struct Standing: OptionSet {
    let rawValue: UInt8

    static let hasEdge = Standing(rawValue: 1)
    static let live = Standing(rawValue: 2)
    static let expired = Standing(rawValue: 4)
    static let locked = Standing(rawValue: 8)
    static let groupInactive = Standing(rawValue: 16)
}

extension Evaluation {
    /// The edges between the principal and a Resource: the shorter of the two lists is walked, the longer one searched.
    mutating func standing(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ number: Int32, _ resource: CompiledPolicy.CompiledResource
    ) -> Standing {
        guard subjectBits & resource.subjectBits != 0 else { return [] }
        let start = Int(resource.edgeStart)
        let end = Int(resource.edgeEnd)
        var result: Standing = []
        guard isUser else {
            let subject = Int32(truncatingIfNeeded: policy.groupIsActive.count + Int(principal) - policy.users.count)
            let index = firstEdge(policy, start, end, subject)
            if index < end, policy.edges[index].subject == subject {
                result = weigh(policy, policy.edges[index], of: number, isGroupActive: true, request)
            }
            return result
        }
        if groupsEnd - groups < end - start {
            for index in groups..<groupsEnd {
                let group = policy.groupsOfUsers[index]
                var position = firstEdge(policy, start, end, group)
                while position < end, policy.edges[position].subject == group {
                    result.formUnion(weigh(policy, policy.edges[position], of: number, isGroupActive: policy.groupIsActive[group], request))
                    position += 1
                }
            }
        } else {
            for index in start..<end {
                let edge = policy.edges[index]
                guard Int(edge.subject) < policy.groupIsActive.count else { break }
                if isMember(policy, edge.subject) {
                    result.formUnion(weigh(policy, edge, of: number, isGroupActive: policy.groupIsActive[edge.subject], request))
                }
            }
        }
        return result
    }

    private func firstEdge(_ policy: CompiledPolicy, _ start: Int, _ end: Int, _ subject: Int32) -> Int {
        var low = start
        var high = end
        while low < high {
            let middle = (low + high) >> 1
            if policy.edges[middle].subject < subject { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @inline(__always)
    func isMember(_ policy: CompiledPolicy, _ group: Int32) -> Bool {
        guard subjectBits & CompiledPolicy.bit(ofSubject: group) != 0 else { return false }
        // Most users are in a handful of groups, where a walk beats a search.
        let shortList = 8
        if groupsEnd - groups <= shortList {
            for index in groups..<groupsEnd where policy.groupsOfUsers[index] == group { return true }
            return false
        }
        var low = groups
        var high = groupsEnd
        while low < high {
            let middle = (low + high) >> 1
            if policy.groupsOfUsers[middle] < group { low = middle + 1 } else { high = middle }
        }
        return low < groupsEnd && policy.groupsOfUsers[low] == group
    }

    @inline(__always)
    mutating func weigh(
        _ policy: CompiledPolicy, _ edge: CompiledPolicy.CompiledEdge, of resource: Int32, isGroupActive: Bool, _ request: AccessRequest
    ) -> Standing {
        if edge.expiresAt != .max {
            cut(edge.expiresAt, request.at)
            if request.at.milliseconds >= edge.expiresAt { return [.hasEdge, .expired] }
        }
        guard isGroupActive else { return [.hasEdge, .groupInactive] }
        if edge.autoLockMs > 0, isUser {
            dependsOnLastUse = true
            if let last = request.lastUses.time(of: policy.resourceIDs[Int(resource)]) {
                let locksAt = last.advanced(byMilliseconds: edge.autoLockMs)
                cut(locksAt.milliseconds, request.at)
                if request.at >= locksAt { return [.hasEdge, .locked] }
            }
        }
        return [.hasEdge, .live]
    }

}

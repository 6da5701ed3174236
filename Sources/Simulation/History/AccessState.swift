internal import FlowModel

/// What a policy snapshot says, by the indices of a `Tenant`: the form in which traffic is made and changes are applied.
struct AccessState: Sendable {
    /// An access edge from a group to a Resource.
    struct Grant: Sendable, Hashable {
        var resource: Int
        /// Exclusive.
        var expiresAt: Timestamp?
    }

    var effectiveAt: Timestamp
    var isUserActive: [Bool]
    /// Of each group, in ascending order of Resource.
    var grants: [[Grant]]
    var isResourceActive: [Bool]
    var networkOfResource: [Int]
    /// Hosts of Resources that moved, where their names resolve now.
    var movedHosts: [Int: IPAddress] = [:]
    /// Of each service account, of each key.
    var revokedAt: [[Timestamp?]]

    /// Where a host's name resolves in this state.
    func address(of host: SimulatedResource.Host, resource: Int) -> IPAddress {
        movedHosts[resource] ?? host.address
    }

    func grant(group: Int, resource: Int) -> Grant? {
        let list = grants[group]
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].resource < resource { low = middle + 1 } else { high = middle }
        }
        return low < list.count && list[low].resource == resource ? list[low] : nil
    }

    mutating func add(_ grant: Grant, to group: Int) {
        guard self.grant(group: group, resource: grant.resource) == nil else { return }
        let index = grants[group].firstIndex { $0.resource > grant.resource } ?? grants[group].count
        grants[group].insert(grant, at: index)
    }

    /// Whether one of `groups` holds an unexpired edge to the Resource.
    func isGranted(_ resource: Int, to groups: [Int], at time: Timestamp) -> Bool {
        groups.contains { group in
            guard let grant = grant(group: group, resource: resource) else { return false }
            return grant.expiresAt.map { time < $0 } ?? true
        }
    }

    /// The first key of a service account that is not revoked at `time`.
    func usableKey(of account: Int, at time: Timestamp) -> Int? {
        revokedAt[account].firstIndex { $0.map { time < $0 } ?? true }
    }
}

/// Who a flow is made for.
enum Caller: Hashable, Sendable {
    case user(Int)
    case serviceAccount(Int, key: Int)
}

extension AccessState {
    /// Whether the caller may use the Resource at `time`, by the rules that simulated traffic keeps. Says nothing about ports.
    func allows(_ caller: Caller, _ resource: Int, of tenant: Tenant, at time: Timestamp) -> Bool {
        guard isResourceActive[resource], tenant.resources[resource].form != .bypass else { return false }
        switch caller {
        case .user(let user):
            return isUserActive[user] && isGranted(resource, to: tenant.users[user].groups, at: time)
        case .serviceAccount(let account, let key):
            return revokedAt[account][key].map { time < $0 } ?? true && tenant.serviceAccounts[account].resources.contains(resource)
        }
    }
}

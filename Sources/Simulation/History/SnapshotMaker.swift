internal import AccessPolicy
internal import FlowModel

/// Turns a state of the simulation into the policy document that an administrator would have written.
struct SnapshotMaker {
    let tenant: Tenant

    static let trustedDevicePolicyID = "9001"

    /// Throws what no simulated tenant should cause: a definition that the policy model refuses.
    func snapshot(of state: AccessState, version: Int64) throws(SimulationProblem) -> PolicySnapshot {
        var managed = SecurityPolicy(id: SnapshotMaker.trustedDevicePolicyID, name: "Managed devices")
        managed.requiresTrustedDevice = true
        return PolicySnapshot(
            effectiveAt: state.effectiveAt, version: version, networks: networks, connectors: connectors, users: users(state),
            groups: groups, serviceAccounts: serviceAccounts(state), devices: devices, securityPolicies: [managed],
            resources: try resources(state))
    }

    private var networks: [RemoteNetwork] {
        tenant.networks.map { network in
            var value = RemoteNetwork(id: network.id, name: network.name)
            value.ranges = [network.block]
            return value
        }
    }

    private var connectors: [Connector] {
        tenant.connectors.map { Connector(id: $0.id, name: $0.name, networkID: tenant.networks[$0.network].id) }
    }

    private func users(_ state: AccessState) -> [User] {
        tenant.users.enumerated().map { index, user in
            User(id: user.id, email: user.email, state: state.isUserActive[index] ? .active : .disabled)
        }
    }

    private var groups: [Group] {
        var members = [[String]](repeating: [], count: tenant.groups.count)
        for user in tenant.users {
            for group in user.groups where !tenant.groups[group].isEveryone { members[group].append(user.id) }
        }
        return tenant.groups.enumerated().map { index, group in
            var value = Group(id: group.id, name: group.name, members: group.isEveryone ? .everyone : .users(members[index]))
            if group.isEveryone { value.kind = .system }
            return value
        }
    }

    private func serviceAccounts(_ state: AccessState) -> [ServiceAccount] {
        tenant.serviceAccounts.enumerated().map { index, account in
            let keys = account.keys.enumerated().map { number, key in
                var value = ServiceAccount.Key(id: key.id, name: key.name)
                if let revokedAt = state.revokedAt[index][number] {
                    value.isRevoked = true
                    value.revokedAt = revokedAt
                }
                return value
            }
            return ServiceAccount(id: account.id, name: account.name, keys: keys)
        }
    }

    private var devices: [Device] {
        var devices: [Device] = []
        for user in tenant.users {
            for (number, id) in user.devices.enumerated() {
                var device = Device(id: id, name: number == 0 ? "laptop-\(id)" : "phone-\(id)", isTrusted: number == 0)
                device.userID = user.id
                devices.append(device)
            }
        }
        return devices
    }

    private func resources(_ state: AccessState) throws(SimulationProblem) -> [Resource] {
        var edges = [[AccessEdge]](repeating: [], count: tenant.resources.count)
        for (group, grants) in state.grants.enumerated() {
            for grant in grants {
                edges[grant.resource].append(AccessEdge(.group(tenant.groups[group].id), expiresAt: grant.expiresAt))
            }
        }
        for account in tenant.serviceAccounts {
            for resource in account.resources { edges[resource].append(AccessEdge(.serviceAccount(account.id))) }
        }
        var resources: [Resource] = []
        resources.reserveCapacity(tenant.resources.count)
        for (index, resource) in tenant.resources.enumerated() {
            let address: ResourceAddress
            do {
                address = try ResourceAddress(resource.address)
            } catch {
                throw SimulationProblem(.request, error.message)
            }
            var value = Resource(
                id: resource.id, name: resource.name, address: address,
                networkID: tenant.networks[state.networkOfResource[index]].id)
            value.alias = resource.alias
            value.isActive = state.isResourceActive[index]
            value.routing = resource.form == .bypass ? .bypass : .through
            value.securityPolicyID = resource.needsTrustedDevice ? SnapshotMaker.trustedDevicePolicyID : nil
            let ports = PortRule(resource.ports.compactMap { PortRange(Int($0), Int($0)) })
            value.protocols = ProtocolRules(
                allowsICMP: false, tcp: resource.transport == .tcp ? ports : .none, udp: resource.transport == .udp ? ports : .none)
            value.access = edges[index]
            resources.append(value)
        }
        return resources
    }
}

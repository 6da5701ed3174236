import FlowModel

/// Looks for single changes that would have turned a denial into an allowance. Every proposal is tried with the engine on a slice of
/// the tenant that holds only the principal and the covering Resources, so that trying costs nothing even in a large tenant.
struct RemedySearch {
    let policy: CompiledPolicy
    let request: AccessRequest
    let options: EngineOptions
    let verdict: Verdict

    /// Proposals that are tried, and remedies that are named.
    private static let maxTried = 64
    private static let maxNamed = 5

    private struct Proposal {
        var text: String
        var snapshot: PolicySnapshot
        var request: AccessRequest
    }

    func run() -> [String] {
        let base = slice()
        var proposals: [Proposal] = []
        func propose(_ text: String, _ change: (inout PolicySnapshot, inout AccessRequest) -> Void) {
            guard proposals.count < RemedySearch.maxTried else { return }
            var snapshot = base
            var request = request
            change(&snapshot, &request)
            proposals.append(Proposal(text: text, snapshot: snapshot, request: request))
        }
        proposePrincipal(propose)
        for resource in base.resources.sorted(by: { rank($0) > rank($1) }) { proposeResource(resource, propose) }
        var texts: [String] = []
        for proposal in proposals where texts.count < RemedySearch.maxNamed && !texts.contains(proposal.text) {
            if CompiledPolicy(proposal.snapshot).evaluate(proposal.request, options: options).isAllowed { texts.append(proposal.text) }
        }
        return texts
    }

    private func rank(_ resource: Resource) -> Int32 {
        policy.covering(request.destination).first { policy.resourceIDs[Int($0.resource)] == resource.id }?.rank ?? -1
    }

    /// The principal, the Resources that cover the destination, and what these refer to.
    private func slice() -> PolicySnapshot {
        let whole = policy.snapshot
        var slice = PolicySnapshot(effectiveAt: whole.effectiveAt)
        slice.networks = whole.networks
        slice.connectors = whole.connectors
        slice.securityPolicies = whole.securityPolicies
        slice.resources = policy.covering(request.destination).map { whole.resources[Int($0.resource)] }
        if let principal = request.principal {
            switch principal.kind {
            case .user:
                slice.users = whole.users.filter { $0.id == principal.id }
                let mine = Set((policy.groups(ofUser: principal.id) ?? []).map(\.id))
                slice.groups = whole.groups.map { group in
                    var group = group
                    group.members = .users(mine.contains(group.id) ? [principal.id] : [])
                    return group
                }
            case .serviceAccount: slice.serviceAccounts = whole.serviceAccounts.filter { $0.id == principal.id }
            }
        }
        if let device = request.deviceID { slice.devices = whole.devices.filter { $0.id == device } }
        slice.sort()
        return slice
    }

    private typealias Propose = (String, (inout PolicySnapshot, inout AccessRequest) -> Void) -> Void

    private func proposePrincipal(_ propose: Propose) {
        guard let principal = request.principal else { return }
        let name = policy.snapshot.display(principal)
        switch verdict.reason {
        case .principalDisabled:
            propose("if \(name) were active") { snapshot, _ in
                for index in snapshot.users.indices { snapshot.users[index].state = .active }
            }
        case .keyRevoked, .keyExpired, .unknownPrincipal:
            for key in policy.serviceAccount(principal.id)?.keys ?? [] where key.id != request.serviceKeyID {
                propose("with key \(key.name) (\(key.id))") { _, request in request.serviceKeyID = key.id }
            }
        default: break
        }
    }

    private func proposeResource(_ resource: Resource, _ propose: Propose) {
        let snapshot = policy.snapshot
        func change(_ text: String, _ edit: @escaping (inout Resource) -> Void) {
            propose(text) { snapshot, _ in
                if let index = snapshot.resources.firstIndex(where: { $0.id == resource.id }) { edit(&snapshot.resources[index]) }
            }
        }
        let narrator = Narrator(policy: policy, request: request, options: options, verdict: verdict)
        for edge in narrator.edgesToPrincipal(resource) {
            let name = snapshot.display(edge.subject)
            if let time = edge.expiresAt, request.at >= time {
                change("if the grant of \(resource.name) to \(name) had not expired at \(time)") { resource in
                    for index in resource.access.indices where resource.access[index].subject == edge.subject {
                        resource.access[index].expiresAt = nil
                    }
                }
            }
            if case .group(let id) = edge.subject, snapshot.groups.first(where: { $0.id == id })?.isActive == false {
                propose("if \(name) were active") { snapshot, _ in
                    for index in snapshot.groups.indices where snapshot.groups[index].id == id { snapshot.groups[index].isActive = true }
                }
            }
        }
        if verdict.reason == .grantLocked {
            propose("if the grant of \(resource.name) were unlocked") { _, request in request.lastUses = LastUses(otherwise: request.at) }
        }
        if !resource.isActive { change("if \(resource.name) were active") { $0.isActive = true } }
        if resource.routing == .bypass { change("if \(resource.name) were routed through Connectors") { $0.routing = .through } }
        proposeMembership(resource, propose)
        if let principal = request.principal, principal.kind == .serviceAccount,
            !resource.access.contains(where: { $0.subject == .serviceAccount(principal.id) })
        {
            change("if \(resource.name) were granted to \(snapshot.display(principal))") {
                $0.access.append(AccessEdge(.serviceAccount(principal.id)))
            }
        }
        proposePorts(resource, propose, change)
        proposeWay(resource, propose)
    }

    private func proposeMembership(_ resource: Resource, _ propose: Propose) {
        guard let principal = request.principal, principal.kind == .user else { return }
        for edge in resource.access {
            guard case .group(let id) = edge.subject else { continue }
            propose("as a member of \(policy.snapshot.display(edge.subject)), to which \(resource.name) is granted") { snapshot, _ in
                for index in snapshot.groups.indices where snapshot.groups[index].id == id {
                    snapshot.groups[index].members = .users([principal.id])
                }
            }
        }
    }

    private func proposePorts(_ resource: Resource, _ propose: Propose, _ change: (String, @escaping (inout Resource) -> Void) -> Void) {
        guard let rules = resource.protocols else { return }
        for (transport, rule) in [(TransportProtocol.tcp, rules.tcp), (.udp, rules.udp)] {
            guard case .only(let ranges) = rule else { continue }
            for range in ranges {
                propose("at \(transport.rawValue.uppercased()) port \(range), which \(resource.name) allows") { _, request in
                    request.transport = transport
                    request.port = range.first
                }
            }
        }
        if let transport = request.transport {
            let asked = transport == .icmp ? "ICMP" : "\(transport.rawValue.uppercased()) port \(request.port.map(String.init) ?? "?")"
            change("if \(resource.name) allowed \(asked)") { $0.protocols = nil }
        }
    }

    private func proposeWay(_ resource: Resource, _ propose: Propose) {
        let snapshot = policy.snapshot
        if let connector = snapshot.connectors.first(where: { $0.networkID == resource.networkID }), connector.id != request.connectorID {
            propose("through Connector \(connector.name) (\(connector.id)) of \(snapshot.display(network: resource.networkID))") {
                _, request in
                request.connectorID = connector.id
                request.networkID = resource.networkID
            }
        }
        if request.resolvedAddress != nil {
            propose("if the name resolved to an address of the Resource") { _, request in request.resolvedAddress = nil }
        }
        switch verdict.reason {
        case .deviceUntrusted, .deviceUnknown:
            let id = request.deviceID ?? ""
            propose("from a trusted device") { snapshot, _ in snapshot.devices = [Device(id: id, name: id, isTrusted: true)] }
        case .locationDenied:
            propose("from a place that the security policy admits") { _, request in request.location = nil }
        default: break
        }
    }
}

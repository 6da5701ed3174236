import FlowModel
import Wording

/// Why the engine answers a request as it does, step by step, in words.
public struct Explanation: Sendable {
    public struct Step: Hashable, Sendable {
        public enum Outcome: String, Hashable, Sendable {
            case passed
            case failed
            /// An earlier step had decided already.
            case notReached = "not reached"
        }

        /// `principal`, `grant`, `routing`, `port`, `connector`, `address`, `posture`.
        public var name: String
        public var outcome: Outcome
        /// What the step found; empty when it was not reached.
        public var detail: String
    }

    /// A Resource that covers the destination, and how the principal stands to it.
    public struct Candidate: Hashable, Sendable {
        public var resourceID: String
        public var name: String
        public var rule: String
        public var isSelected: Bool
        /// One clause: granted by whom, or why not.
        public var standing: String
    }

    public var verdict: Verdict
    public var steps: [Step]
    /// Most specific first.
    public var candidates: [Candidate]
    /// Every edge that grants, in words.
    public var grants: [String]
    /// For a denial: single changes, each of which would have allowed the request, the nearest first. Each was tried with the engine.
    public var remedies: [String]
}

extension CompiledPolicy {
    /// Answers a request and says why.
    public func explain(_ request: AccessRequest, options: EngineOptions = EngineOptions()) -> Explanation {
        let verdict = evaluate(request, options: options)
        let narrator = Narrator(policy: self, request: request, options: options, verdict: verdict)
        return Explanation(
            verdict: verdict, steps: narrator.steps(), candidates: narrator.candidates(),
            grants: verdict.grants.map { narrator.words($0) },
            remedies: verdict.isAllowed ? [] : RemedySearch(policy: self, request: request, options: options, verdict: verdict).run())
    }
}

/// Puts an answer into words.
struct Narrator {
    let policy: CompiledPolicy
    let request: AccessRequest
    let options: EngineOptions
    let verdict: Verdict

    private var snapshot: PolicySnapshot { policy.snapshot }

    /// Which step each reason belongs to.
    private static func step(of reason: ReasonCode) -> Int {
        switch reason {
        case .unknownPrincipal, .principalDisabled, .keyRevoked, .keyExpired: 0
        case .grantExpired, .grantLocked, .groupInactive, .resourceInactive, .noGrant, .noResource: 1
        case .bypassResource: 2
        case .protocolNotAllowed, .portNotAllowed: 3
        case .wrongNetwork, .unknownConnector: 4
        case .resolvedOutsideResource: 5
        case .deviceUntrusted, .deviceUnknown, .locationDenied: 6
        case .allowed: 7
        }
    }

    func steps() -> [Explanation.Step] {
        let details = [principalDetail, grantDetail, routingDetail, portDetail, connectorDetail, addressDetail, postureDetail]
        let names = ["principal", "grant", "routing", "port", "connector", "address", "posture"]
        let failed = Narrator.step(of: verdict.reason)
        return names.indices.map { index in
            if index > failed { return Explanation.Step(name: names[index], outcome: .notReached, detail: "") }
            return Explanation.Step(name: names[index], outcome: index == failed ? .failed : .passed, detail: details[index]())
        }
    }

    private func principalDetail() -> String {
        guard let principal = request.principal else { return "the request names nobody" }
        let name = snapshot.display(principal)
        switch verdict.reason {
        case .unknownPrincipal:
            if let key = request.serviceKeyID, policy.serviceAccount(principal.id) != nil, principal.kind == .serviceAccount {
                return "\(name) has no key \(key.quoted)"
            }
            return "the tenant has no \(principal.kind == .user ? "user" : "service account") \(principal.id.quoted)"
        case .principalDisabled: return "\(name) is \(policy.user(principal.id)?.state.rawValue ?? "not active")"
        case .keyRevoked, .keyExpired: return keyDetail(principal, name)
        default: return principal.kind == .user ? "\(name) is active" : "\(name) and its key are good"
        }
    }

    private func keyDetail(_ principal: PrincipalReference, _ name: String) -> String {
        let keys = policy.serviceAccount(principal.id)?.keys ?? []
        guard let id = request.serviceKeyID, let key = keys.first(where: { $0.id == id }) else {
            return "no key of \(name) works any more"
        }
        if verdict.reason == .keyRevoked {
            return "key \(key.name) (\(id)) of \(name) is revoked" + (key.revokedAt.map { " since \($0)" } ?? "")
        }
        return "key \(key.name) (\(id)) of \(name) expired at \(key.expiresAt?.rfc3339 ?? "an unknown time")"
    }

    private func grantDetail() -> String {
        if let resource = verdict.resourceID.flatMap({ policy.resource($0) }) {
            let tie = verdict.isAmbiguous ? "; others match equally well and the lowest id was taken" : ""
            let grants = verdict.grants.map { words($0) }
            if grants.isEmpty { return "\(resource.display) is the most specific Resource and is not granted" }
            return "\(resource.display), granted to \(grants.joined(separator: " and "))\(tie)"
        }
        guard let resource = verdict.nearestResource else { return "no Resource of the tenant covers the destination" }
        return "\(resource.display) covers the destination: \(standing(resource))"
    }

    private var selected: Resource? { verdict.resourceID.flatMap { policy.resource($0) } }

    private func routingDetail() -> String {
        guard let selected else { return "" }
        return selected.routing == .bypass ? "\(selected.name) is to be reached directly, not through Connectors" : "through Connectors"
    }

    private func portDetail() -> String {
        guard let selected else { return "" }
        let asked = [
            request.transport?.rawValue.uppercased() ?? "an unknown protocol",
            request.transport == .icmp ? nil : request.port.map(String.init),
        ]
        .compactMap { $0 }.joined(separator: " ")
        return "\(selected.name) allows \(ProtocolRules.words(selected.protocols)); asked for \(asked)"
    }

    private func connectorDetail() -> String {
        guard let selected else { return "" }
        let network = snapshot.display(network: selected.networkID)
        guard let id = request.connectorID else {
            guard let asked = request.networkID else { return "no Connector is named; the Resource is in \(network)" }
            return "recorded for Remote network \(snapshot.display(network: asked)); the Resource is in \(network)"
        }
        guard let connector = policy.connector(id) else { return "the tenant has no Connector \(id.quoted)" }
        return "Connector \(connector.name) (\(id)) is in \(snapshot.display(network: connector.networkID)); the Resource is in \(network)"
    }

    private func addressDetail() -> String {
        guard let address = request.resolvedAddress else { return "no resolved address is given" }
        guard let selected else { return "" }
        guard verdict.reason == .resolvedOutsideResource else { return "\(address) may stand for the Resource" }
        if case .block(let block) = selected.address { return "\(address) is outside \(block)" }
        if address.isForbiddenTarget { return "\(address) is \(address.addressClass.rawValue), which no Resource can be" }
        let ranges = policy.network(selected.networkID)?.ranges.map(\.description).joined(separator: ", ") ?? ""
        return "\(address) is outside the ranges that the Remote network declares: \(ranges)"
    }

    private func postureDetail() -> String {
        switch verdict.reason {
        case .deviceUntrusted: return "device \(request.deviceID?.quoted ?? "") is not trusted, as the security policy asks"
        case .deviceUnknown: return "the tenant has no device \(request.deviceID?.quoted ?? "")"
        case .locationDenied: return "the security policy does not admit \(request.location?.country.quoted ?? "that place")"
        default: break
        }
        if verdict.isPostureUnknown { return "a security policy asks for a device or a place that the request does not tell" }
        let applied = verdict.grants.map { edge in
            (edge.securityPolicyID ?? selected?.securityPolicyID).flatMap { id in snapshot.securityPolicies.first { $0.id == id } }
        }
        // The most permissive grant decides.
        guard !applied.contains(nil), let first = applied.compactMap(\.self).first else { return "no security policy applies" }
        if let opaque = applied.compactMap(\.self).first(where: \.isOpaque) {
            return "security policy \(opaque.name) is known by name only"
        }
        return applied.count == 1 ? "security policy \(first.name) is met" : "the security policy of a grant is met"
    }

    /// `group DBA (7302), until …`.
    func words(_ edge: AccessEdge) -> String {
        snapshot.display(edge.subject) + (edge.expiresAt.map { " until \($0)" } ?? "")
    }

    func candidates() -> [Explanation.Candidate] {
        policy.covering(request.destination)
            .sorted { $0.rank != $1.rank ? $0.rank > $1.rank : $0.resource < $1.resource }
            .map { candidate in
                let resource = snapshot.resources[Int(candidate.resource)]
                return Explanation.Candidate(
                    resourceID: resource.id, name: resource.name, rule: resource.address.text,
                    isSelected: verdict.resourceIndex == candidate.resource, standing: standing(resource))
            }
    }

    /// How the principal stands to a Resource, in one clause.
    private func standing(_ resource: Resource) -> String {
        let edges = edgesToPrincipal(resource)
        if !resource.isActive { return edges.isEmpty ? "inactive, not granted" : "inactive" }
        guard !edges.isEmpty else {
            let others = resource.access.map { snapshot.display($0.subject) }
            return others.isEmpty ? "granted to nobody" : "granted only to \(others.prefix(5).joined(separator: ", "))"
        }
        return edges.map { edge in
            let name = snapshot.display(edge.subject)
            if let time = edge.expiresAt, request.at >= time { return "grant to \(name) expired at \(time)" }
            if case .group(let id) = edge.subject, snapshot.groups.first(where: { $0.id == id })?.isActive == false {
                return "\(name) is inactive"
            }
            if resource.isLocked(edge, request), let last = request.lastUses.time(of: resource.id) {
                return "grant to \(name) locked, last used at \(last)"
            }
            return "granted to \(name)"
        }
        .joined(separator: "; ")
    }

    func edgesToPrincipal(_ resource: Resource) -> [AccessEdge] {
        guard let principal = request.principal else { return [] }
        switch principal.kind {
        case .serviceAccount: return resource.access.filter { $0.subject == .serviceAccount(principal.id) }
        case .user:
            let groups = Set((policy.groups(ofUser: principal.id) ?? []).map { AccessEdge.Subject.group($0.id) })
            return resource.access.filter { groups.contains($0.subject) }
        }
    }
}

internal import AccessPolicy
internal import FlowModel

/// Asks the policy engine about simulated flows.
struct Judge: Sendable {
    private let world: World
    private let history: PolicyHistory
    private let speakers: [EventLines.Speaker]

    /// What the engine says of a flow as its Connector recorded it.
    struct Verdict: Sendable, Hashable {
        var flowClass: String
        var reason: String?
        var qualifiers: [String]
        var expectedResource: String?
    }

    init(_ world: World) throws(SimulationProblem) {
        self.world = world
        speakers = world.speakers
        do {
            history = try PolicyHistory(snapshots: world.snapshots)
        } catch {
            throw SimulationProblem(.request, error.description)
        }
    }

    func verdict(of flow: PlannedFlow) -> Verdict {
        let assessment = history.judge(facts(of: flow))
        return Verdict(
            flowClass: assessment.verdictClass.rawValue, reason: assessment.reason?.rawValue,
            qualifiers: assessment.qualifiers.map(\.rawValue), expectedResource: assessment.expectedResourceID)
    }

    /// The reason for which the policy in force refuses the flow at its start; nil when it allows it.
    func denial(of flow: PlannedFlow) -> String? {
        guard let policy = history.inForce(at: flow.start) else { return nil }
        let verdict = policy.evaluate(facts(of: flow).request)
        return verdict.isAllowed ? nil : verdict.reason.rawValue
    }

    private func facts(of flow: PlannedFlow) -> FlowFacts {
        let principal: PrincipalReference
        let device: String
        var key: String?
        switch flow.caller {
        case .user(let number):
            let user = world.tenant.users[number]
            principal = PrincipalReference(kind: .user, id: user.id)
            device = user.devices[flow.device]
        case .serviceAccount(let number, let keyNumber):
            let account = world.tenant.serviceAccounts[number]
            principal = PrincipalReference(kind: .serviceAccount, id: account.id)
            device = account.device
            key = account.keys[keyNumber].id
        }
        let outcome: RecordedOutcome
        var end: Timestamp?
        switch flow.outcome {
        case .carried:
            outcome = .allowed
            end = flow.end
        case .failed: outcome = .failed
        case .denied: outcome = .denied
        }
        let resource = world.tenant.resources[flow.resource]
        return FlowFacts(
            principal: principal, serviceKeyID: key, destination: flow.dialled ?? resource.hosts[flow.host].dialled,
            resourceIP: flow.address, transport: flow.transport, port: flow.port, connectorID: speakers[flow.connector].id,
            networkID: speakers[flow.connector].networkID, deviceID: device, recordedResourceID: resource.id,
            appliedRule: outcome == .denied ? "" : resource.address, outcome: outcome, startedAt: flow.start, endedAt: end,
            recordedPolicyVersion: world.policies[flow.policy].version, recordedPolicyDigest: world.policies[flow.policy].digest)
    }
}

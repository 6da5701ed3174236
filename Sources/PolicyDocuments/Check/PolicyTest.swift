public import AccessPolicy
public import FlowModel
import Wording

/// An expectation that a policy document carries with it: the change gate of whoever edits it.
public struct PolicyTest: Hashable, Sendable {
    public var name: String
    /// From 1; where the test stands in its document.
    public var line: Int
    public var principal: PrincipalReference?
    public var serviceKeyID: String?
    public var target: ConnectionTarget
    public var resolvedAddress: IPAddress?
    public var connectorID: String?
    public var deviceID: String?
    public var location: LocationEvidence?
    /// The snapshot's own time when absent.
    public var at: Timestamp?
    public var effect: Verdict.Effect
    /// Checked when given.
    public var reason: ReasonCode?
    /// Checked when given: the Resource that must be selected.
    public var resourceID: String?

    public enum Outcome: String, Sendable, CaseIterable {
        case passed
        case failed
        /// The policy does not say enough: neither what was expected nor the opposite of it.
        case undecidable
    }

    public struct Result: Sendable {
        public var test: PolicyTest
        public var verdict: Verdict
        /// What differs from what was expected, or why nothing can be said; empty when the test passed.
        public var differences: [String]

        public var outcome: Outcome {
            if verdict.isUndecidable { return .undecidable }
            return differences.isEmpty ? .passed : .failed
        }
    }

    public func request(under snapshot: PolicySnapshot) -> AccessRequest {
        AccessRequest(
            principal: principal, serviceKeyID: serviceKeyID, destination: target.destination,
            resolvedAddress: resolvedAddress, transport: target.transport, port: target.port, connectorID: connectorID,
            deviceID: deviceID, location: location, at: at ?? snapshot.effectiveAt)
    }

    public func run(_ policy: CompiledPolicy, options: EngineOptions = EngineOptions()) -> Result {
        let verdict = policy.evaluate(request(under: policy.snapshot), options: options)
        var differences: [String] = []
        guard !verdict.isUndecidable else {
            let why = "expected \(effect.rawValue), and the document does not say enough to decide (\(verdict.reason.rawValue))"
            return Result(test: self, verdict: verdict, differences: [why])
        }
        if verdict.effect != effect {
            differences.append("expected \(effect.rawValue), got \(verdict.effect.rawValue) (\(verdict.reason.rawValue))")
        } else if let reason, verdict.reason != reason {
            differences.append("expected the reason \(reason.rawValue), got \(verdict.reason.rawValue)")
        }
        if let resourceID, verdict.resourceID != resourceID {
            differences.append("expected Resource \(resourceID.quoted), got \(verdict.resourceID.map(\.quoted) ?? "none")")
        }
        return Result(test: self, verdict: verdict, differences: differences)
    }
}

/// Who, from where.
package struct OriginKey: TupleKey {
    package static let table = "origin"
    package static let idColumn = "origin_id"
    package static let columns = ["principal", "principal_id", "principal_kind", "service_key", "device", "client_ip", "location"]

    package var principal: Int64 = 0
    package var principalID: Int64 = 0
    /// 1 user, 2 service account.
    package var principalKind: Int64 = 0
    package var serviceKey: Int64 = 0
    package var device: Int64 = 0
    package var clientIP: Int64 = 0
    package var location: Int64 = 0

    package init() {}
}

/// What, through which Connector.
package struct TargetKey: TupleKey {
    package static let table = "target"
    package static let idColumn = "target_id"
    package static let columns = [
        "address", "connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "protocol", "port",
    ]

    package var address: Int64 = 0
    package var connectorID: Int64 = 0
    package var connector: Int64 = 0
    package var networkID: Int64 = 0
    package var network: Int64 = 0
    package var resourceID: Int64 = 0
    package var appliedRule: Int64 = 0
    /// 1 tcp, 2 udp, 3 icmp, else the text of another protocol + 16.
    package var transport: Int64 = 0
    /// -1: absent.
    package var port: Int64 = -1

    package init() {}
}

/// Relays and tunnel.
package struct RouteKey: TupleKey, Equatable {
    package static let table = "route"
    package static let idColumn = "route_id"
    package static let columns = ["relays", "tunnel_path", "tunnel_protocol"]

    package var relays: Int64 = 0
    package var tunnelPath: Int64 = 0
    package var tunnelProtocol: Int64 = 0

    package init() {}

    package var isEmpty: Bool { self == RouteKey() }
}

/// What else a Connector said: errors, reasons, the policy that it enforced.
package struct RemarkKey: TupleKey, Equatable {
    package static let table = "remark"
    package static let idColumn = "remark_id"
    package static let columns = [
        "error", "close_reason", "requested", "decision_effect", "decision_reason", "policy_version", "policy_digest",
    ]

    package var error: Int64 = 0
    package var closeReason: Int64 = 0
    package var requested: Int64 = 0
    package var decisionEffect: Int64 = 0
    package var decisionReason: Int64 = 0
    /// A number, not that of a text; -1: absent.
    package var policyVersion: Int64 = -1
    package var policyDigest: Int64 = 0

    package init() {}

    var isEmpty: Bool { self == RemarkKey() }

    /// Takes in what `other` has; where both say something, the lesser.
    mutating func join(_ other: RemarkKey, _ precedence: RecordPrecedence) throws {
        error = try precedence.text(error, other.error)
        closeReason = try precedence.text(closeReason, other.closeReason)
        requested = try precedence.text(requested, other.requested)
        decisionEffect = try precedence.text(decisionEffect, other.decisionEffect)
        decisionReason = try precedence.text(decisionReason, other.decisionReason)
        policyDigest = try precedence.text(policyDigest, other.policyDigest)
        if policyVersion == -1 || other.policyVersion == -1 {
            policyVersion = max(policyVersion, other.policyVersion)
        } else {
            policyVersion = min(policyVersion, other.policyVersion)
        }
    }
}

/// An edge: who, from where, to what, through which Connector, with what outcome and verdict.
package struct EdgeKey: TupleKey, Hashable {
    package static let table = "edge"
    package static let idColumn = "edge_id"
    package static let columns = ["origin_id", "target_id", "outcome", "judgement_id"]

    package var origin: Int64 = 0
    package var target: Int64 = 0
    /// 1 denied, 2 failed, 3 allowed.
    package var outcome: Int64 = 0
    /// 0: not judged.
    package var judgement: Int64 = 0

    package init() {}

    package init(origin: Int64, target: Int64, outcome: Int64, judgement: Int64) {
        self.origin = origin
        self.target = target
        self.outcome = outcome
        self.judgement = judgement
    }
}

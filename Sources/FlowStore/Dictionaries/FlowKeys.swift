package import FlowModel

/// A key of which most columns are texts. Of an event it is made in two steps: first of the numbers of the event's symbols, by which its
/// combination is known again while a file is decoded, then of the numbers that the texts have in the database.
package protocol TextKey: TupleKey, Equatable {
    /// Columns that are no texts; absent is -1.
    static var numberColumns: [String] { get }
    /// What an event says, each text as the number of its symbol.
    init(symbolsOf event: UnsafePointer<FlowEvent>)
}

extension TextKey {
    package static var numberColumns: [String] { [] }

    package var isEmpty: Bool { self == Self() }

    /// Exchanges symbols for the texts that they stand for.
    package mutating func replaceSymbols(_ text: (Symbol) throws -> Int64) rethrows {
        try withUnsafeMutableBytes(of: &self) { bytes in
            let words = bytes.assumingMemoryBound(to: Int64.self)
            for place in words.indices where !Self.numberColumns.contains(Self.columns[place]) {
                words[place] = try text(Symbol(rawValue: UInt32(truncatingIfNeeded: words[place])))
            }
        }
    }

    /// Takes in what `other` has; where both say something, the lesser.
    mutating func join(_ other: Self, _ precedence: RecordPrecedence) throws {
        try withUnsafeMutableBytes(of: &self) { bytes in
            try withUnsafeBytes(of: other) { otherBytes in
                let words = bytes.assumingMemoryBound(to: Int64.self)
                let others = otherBytes.assumingMemoryBound(to: Int64.self)
                for place in words.indices {
                    if !Self.numberColumns.contains(Self.columns[place]) {
                        words[place] = try precedence.text(words[place], others[place])
                    } else if words[place] == -1 || others[place] == -1 {
                        words[place] = max(words[place], others[place])
                    } else {
                        words[place] = min(words[place], others[place])
                    }
                }
            }
        }
    }
}

/// Who, from where.
package struct ClientKey: TupleKey {
    package static let table = "client"
    package static let idColumn = "client_id"
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
package struct DestinationKey: TupleKey {
    package static let table = "destination"
    package static let idColumn = "destination_id"
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
package struct RouteKey: TextKey {
    package static let table = "route"
    package static let idColumn = "route_id"
    package static let columns = ["relays", "tunnel_path", "tunnel_protocol"]

    package var relays: Int64 = 0
    package var tunnelPath: Int64 = 0
    package var tunnelProtocol: Int64 = 0

    package init() {}

    package init(symbolsOf event: UnsafePointer<FlowEvent>) {
        relays = Int64(event.pointee.relays.rawValue)
        tunnelPath = Int64(event.pointee.tunnelPath.rawValue)
        tunnelProtocol = Int64(event.pointee.tunnelProtocol.rawValue)
    }
}

/// What else a Connector said: errors, reasons, the policy that it enforced.
package struct RemarkKey: TextKey {
    package static let table = "remark"
    package static let idColumn = "remark_id"
    package static let columns = [
        "error", "close_reason", "requested", "decision_effect", "decision_reason", "policy_version", "policy_digest",
        "client_version",
    ]
    package static let numberColumns = ["policy_version"]

    package var error: Int64 = 0
    package var closeReason: Int64 = 0
    package var requested: Int64 = 0
    package var decisionEffect: Int64 = 0
    package var decisionReason: Int64 = 0
    package var policyVersion: Int64 = -1
    package var policyDigest: Int64 = 0
    package var clientVersion: Int64 = 0

    package init() {}

    package init(symbolsOf event: UnsafePointer<FlowEvent>) {
        error = Int64(event.pointee.errorMessage.rawValue)
        closeReason = Int64(event.pointee.closeReason.rawValue)
        requested = Int64(event.pointee.requested.rawValue)
        decisionEffect = Int64(event.pointee.decisionEffect.rawValue)
        decisionReason = Int64(event.pointee.decisionReason.rawValue)
        policyVersion = event.pointee.policyVersion ?? -1
        policyDigest = Int64(event.pointee.policyDigest.rawValue)
        clientVersion = Int64(event.pointee.clientVersion.rawValue)
    }
}

/// An aggregate: who, from where, to what, through which Connector, with what outcome and verdict.
package struct AggregateKey: TupleKey, Hashable {
    package static let table = "aggregate"
    package static let idColumn = "aggregate_id"
    package static let columns = ["client_id", "destination_id", "outcome", "assessment_id"]

    package var client: Int64 = 0
    package var destination: Int64 = 0
    /// 1 denied, 2 failed, 3 allowed.
    package var outcome: Int64 = 0
    /// 0: not judged.
    package var assessment: Int64 = 0

    package init() {}

    package init(client: Int64, destination: Int64, outcome: Int64, assessment: Int64) {
        self.client = client
        self.destination = destination
        self.outcome = outcome
        self.assessment = assessment
    }
}

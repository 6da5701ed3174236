import FlowModel

/// The fourth step: Connector, and the address that a name stood for.
extension Evaluation {
    mutating func checkConnector(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        if let id = request.connectorID {
            if let connector = policy.connectorIndex.find(id) {
                return policy.connectorNetworks[connector] == resource.network ? nil : .wrongNetwork
            }
            guard policy.gaps.contains(.connectors) else { return .unknownConnector }
            guard request.networkID != nil else {
                isUndecidable = true
                return .unknownConnector
            }
        }
        guard let network = request.networkID else { return nil }
        return policy.networkIndex.find(network) == Int(resource.network) ? nil : .wrongNetwork
    }

    func checkAddress(
        _ policy: CompiledPolicy, _ address: IPAddress, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        if resource.block >= 0 {
            // Also when it was dialled by its alias: the address must still be the Resource's.
            return policy.blocks[resource.block].contains(address) ? nil : .resolvedOutsideResource
        }
        if address.isForbiddenTarget { return .resolvedOutsideResource }
        guard resource.network >= 0 else { return nil }
        let network = policy.networks[resource.network]
        guard network.rangeStart < network.rangeEnd else { return nil }
        for index in network.rangeStart..<network.rangeEnd where policy.ranges[index].contains(address) { return nil }
        return .resolvedOutsideResource
    }

}

extension IPAddress {
    /// The instance metadata service of one large cloud over IPv6, which no private address range hints at: fd00:ec2::254.
    static let metadataServiceV6 = IPAddress(high: 0xfd00_0ec2_0000_0000, low: 0x254)

    /// Whether no name of a private network may stand for this address: the Connector itself, link-local and metadata services,
    /// groups of hosts, and the range that clients use for addresses they make up.
    var isForbiddenTarget: Bool {
        switch addressClass {
        case .loopback, .unspecified, .linkLocal, .multicast, .sharedClientRange: true
        case .private: self == .metadataServiceV6
        case .documentation, .reserved, .public: false
        }
    }
}

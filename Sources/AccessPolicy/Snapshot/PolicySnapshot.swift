public import FlowModel

/// Who may reach what in one tenant, as it stood from `effectiveAt` on: an immutable document.
///
/// Lists are kept in the order of ids (numbers by value, then texts), members and edges likewise, so that two snapshots that say
/// the same are equal.
public struct PolicySnapshot: Hashable, Sendable {
    /// Sections that the source could not give in full. An answer that rests on something missing from one of them is undecidable.
    public struct Gaps: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        public static let users = Gaps(rawValue: 1)
        public static let groupMembers = Gaps(rawValue: 2)
        public static let serviceAccounts = Gaps(rawValue: 4)
        public static let serviceKeys = Gaps(rawValue: 8)
        public static let connectors = Gaps(rawValue: 16)
        public static let devices = Gaps(rawValue: 32)
        public static let resources = Gaps(rawValue: 64)

        /// The words of the document key `incomplete`.
        public static let names: [(name: String, gap: Gaps)] = [
            ("users", .users), ("groupMembers", .groupMembers), ("serviceAccounts", .serviceAccounts),
            ("serviceKeys", .serviceKeys), ("connectors", .connectors), ("devices", .devices), ("resources", .resources),
        ]
    }

    public var effectiveAt: Timestamp
    /// A number that journals name, where the tenant numbers its policies.
    public var version: Int64?
    public var gaps: Gaps = []
    /// What the source could not say, one sentence each. Not part of the canonical form.
    public var sourceNotes: [String] = []

    public var networks: [RemoteNetwork]
    public var connectors: [Connector]
    public var users: [User]
    public var groups: [Group]
    public var serviceAccounts: [ServiceAccount]
    public var devices: [Device]
    public var securityPolicies: [SecurityPolicy]
    public var resources: [Resource]

    public init(
        effectiveAt: Timestamp, version: Int64? = nil, networks: [RemoteNetwork] = [], connectors: [Connector] = [],
        users: [User] = [], groups: [Group] = [], serviceAccounts: [ServiceAccount] = [], devices: [Device] = [],
        securityPolicies: [SecurityPolicy] = [], resources: [Resource] = []
    ) {
        self.effectiveAt = effectiveAt
        self.version = version
        self.networks = networks
        self.connectors = connectors
        self.users = users
        self.groups = groups
        self.serviceAccounts = serviceAccounts
        self.devices = devices
        self.securityPolicies = securityPolicies
        self.resources = resources
        sort()
    }

    /// The version number where there is one, else the effective time as RFC 3339.
    public var versionText: String { version.map(String.init) ?? effectiveAt.rfc3339 }

    /// Puts every list into its order.
    public mutating func sort() {
        networks.sort { identifierPrecedes($0.id, $1.id) }
        connectors.sort { identifierPrecedes($0.id, $1.id) }
        users.sort { identifierPrecedes($0.id, $1.id) }
        groups.sort { identifierPrecedes($0.id, $1.id) }
        serviceAccounts.sort { identifierPrecedes($0.id, $1.id) }
        devices.sort { identifierPrecedes($0.id, $1.id) }
        securityPolicies.sort { identifierPrecedes($0.id, $1.id) }
        resources.sort { identifierPrecedes($0.id, $1.id) }
        for index in networks.indices where networks[index].ranges.count > 1 {
            networks[index].ranges.sort { ($0.base, $0.prefixLength) < ($1.base, $1.prefixLength) }
        }
        for index in connectors.indices where connectors[index].addresses.count > 1 { connectors[index].addresses.sort() }
        for index in groups.indices {
            if case .users(var ids) = groups[index].members, ids.count > 1 {
                groups[index].members = .everyone
                ids.sort(by: identifierPrecedes)
                groups[index].members = .users(ids)
            }
        }
        for index in serviceAccounts.indices where serviceAccounts[index].keys.count > 1 {
            serviceAccounts[index].keys.sort { identifierPrecedes($0.id, $1.id) }
        }
        for index in resources.indices where resources[index].access.count > 1 {
            resources[index].access.sort { edgePrecedes($0, $1) }
        }
        for index in securityPolicies.indices {
            securityPolicies[index].allowedCountries.sort()
            securityPolicies[index].deniedCountries.sort()
        }
    }
}

/// Ids that are numbers come first, by value; other texts after them, by bytes.
public func identifierPrecedes(_ left: String, _ right: String) -> Bool {
    let a = left.utf8
    let b = right.utf8
    let leftIsNumber = !a.isEmpty && a.allSatisfy { $0 >= 48 && $0 <= 57 }
    let rightIsNumber = !b.isEmpty && b.allSatisfy { $0 >= 48 && $0 <= 57 }
    if leftIsNumber != rightIsNumber { return leftIsNumber }
    if leftIsNumber {
        let x = a.drop { $0 == 48 }
        let y = b.drop { $0 == 48 }
        if x.count != y.count { return x.count < y.count }
        if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
    }
    return a.lexicographicallyPrecedes(b)
}

private func edgePrecedes(_ left: AccessEdge, _ right: AccessEdge) -> Bool {
    switch (left.subject, right.subject) {
    case (.group, .serviceAccount): true
    case (.serviceAccount, .group): false
    default: identifierPrecedes(left.subject.id, right.subject.id)
    }
}

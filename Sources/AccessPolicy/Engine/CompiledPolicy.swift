import FlowModel
import Synchronization

/// A snapshot with the indexes that make a decision take a handful of look-ups, whatever the size of the tenant.
///
/// Building it takes time and memory proportional to the snapshot; it is immutable and may be used from any number of threads.
/// References that dangle are ignored here: documents that hold any are refused when they are read.
public final class CompiledPolicy: Sendable {
    public let snapshot: PolicySnapshot
    private let digestCache = Mutex<String?>(nil)

    /// SHA-256 of the snapshot's canonical form, computed when first asked for.
    public var digest: String {
        digestCache.withLock { cache in
            if let cache { return cache }
            let digest = snapshot.digest
            cache = digest
            return digest
        }
    }

    /// Whether any grant locks itself: only then does `AccessRequest.lastAccess` matter.
    public let usesAutoLock: Bool
    /// Whether any security policy asks for devices or places: only then do those fields matter.
    public let usesPosture: Bool

    let resourceIDs: [String]
    let resourceRules: [String]

    let userIndex: TextIndex
    let userIsActive: [Bool]
    let accountIndex: TextIndex
    let groupIsActive: [Bool]
    /// Groups of each user, ascending.
    let groupsOfUser: PackedLists
    let keyIndex: TextIndex
    let keys: [CompiledKey]
    /// Positions in `keys` for each service account.
    let keysOfAccount: [Range<Int>]

    let networkIndex: TextIndex
    let connectorIndex: TextIndex
    /// Positions of networks; -1 when the reference dangles.
    let connectorNetworks: [Int32]
    let deviceIndex: TextIndex
    let deviceIsTrusted: [Bool]

    let names: NameIndex
    let addresses: AddressIndex
    let resources: [CompiledResource]
    /// Edges of all Resources, those of one Resource together and ascending by subject.
    let edges: [CompiledEdge]
    let ports: [PortRange]
    let securityPolicies: [CompiledRequirement]

    struct CompiledKey: Sendable {
        var account: Int32
        /// First instant at which the key is refused as revoked.
        var revokedFrom: Timestamp
        var expiresAt: Timestamp
    }

    struct CompiledEdge: Sendable {
        /// A group's position, or the number of groups plus a service account's position.
        var subject: Int32
        /// Position of the security policy that applies; -1 = none.
        var securityPolicy: Int32
        /// `distantFuture` = never.
        var expiresAt: Timestamp
        /// 0 = does not lock.
        var autoLockMs: Int64
    }

    struct CompiledPorts: Sendable {
        enum Kind: Sendable { case all, closed, ranges }
        var kind: Kind
        var range: Range<Int32>
    }

    struct CompiledResource: Sendable {
        var isActive: Bool
        var isBypass: Bool
        var allowsICMP: Bool
        /// False when every protocol and port is open.
        var isRestricted: Bool
        var network: Int32
        var edges: Range<Int32>
        var tcp: CompiledPorts
        var udp: CompiledPorts
        /// Nil for names.
        var block: AddressBlock?
    }

    struct CompiledRequirement: Sendable {
        var trustedDevice: Bool
        var asksForLocation: Bool
        /// Lower case.
        var allowedCountries: Set<String>
        var deniedCountries: Set<String>

        var asksForNothing: Bool { !trustedDevice && !asksForLocation }
    }

    public init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        var builder = PolicyCompiler(snapshot)
        builder.compile()
        resourceIDs = snapshot.resources.map(\.id)
        resourceRules = snapshot.resources.map(\.address.text)
        userIndex = builder.userIndex
        userIsActive = snapshot.users.map { $0.state == .active }
        accountIndex = builder.accountIndex
        groupIsActive = snapshot.groups.map(\.isActive)
        groupsOfUser = builder.groupsOfUser
        keyIndex = builder.keyIndex
        keys = builder.keys
        keysOfAccount = builder.keysOfAccount
        networkIndex = builder.networkIndex
        connectorIndex = TextIndex(snapshot.connectors.map(\.id))
        connectorNetworks = builder.connectorNetworks
        deviceIndex = TextIndex(snapshot.devices.map(\.id))
        deviceIsTrusted = snapshot.devices.map { $0.isTrusted && $0.isActive }
        names = builder.names
        addresses = builder.addresses
        resources = builder.resources
        edges = builder.edges
        ports = builder.ports
        securityPolicies = builder.securityPolicies
        usesAutoLock = builder.edges.contains { $0.autoLockMs > 0 }
        usesPosture = builder.securityPolicies.contains { !$0.asksForNothing }
    }
}

// MARK: - Looking things up

extension CompiledPolicy {
    public func resource(_ id: String) -> Resource? {
        // Ids are few enough per question that the ordered list serves as the index.
        let resources = snapshot.resources
        var low = 0
        var high = resources.count
        while low < high {
            let middle = (low + high) / 2
            if identifierPrecedes(resources[middle].id, id) { low = middle + 1 } else { high = middle }
        }
        return low < resources.count && resources[low].id == id ? resources[low] : nil
    }

    public func connector(_ id: String) -> Connector? {
        connectorIndex.find(id).map { snapshot.connectors[$0] }
    }

    public func network(_ id: String) -> RemoteNetwork? {
        networkIndex.find(id).map { snapshot.networks[$0] }
    }

    public func user(_ id: String) -> User? {
        userIndex.find(id).map { snapshot.users[$0] }
    }

    public func serviceAccount(_ id: String) -> ServiceAccount? {
        accountIndex.find(id).map { snapshot.serviceAccounts[$0] }
    }

    public func device(_ id: String) -> Device? {
        deviceIndex.find(id).map { snapshot.devices[$0] }
    }

    /// The groups of a user, inactive ones included, ascending by id; nil when the user is unknown.
    public func groups(ofUser id: String) -> [Group]? {
        userIndex.find(id).map { user in groupsOfUser.range(user).map { snapshot.groups[Int(groupsOfUser.items[$0])] } }
    }
}

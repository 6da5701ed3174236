import FlowModel

/// A snapshot with the indexes that make a decision take a handful of look-ups, whatever the size of the tenant.
///
/// Building it takes time and memory proportional to the snapshot; it is immutable and may be used from any number of threads.
/// References that dangle are ignored here: documents that hold any are refused when they are read.
///
/// ```swift
/// let policy = CompiledPolicy(snapshot)
/// let verdict = policy.evaluate(
///     AccessRequest(
///         principal: PrincipalReference(kind: .user, id: "1"), destination: Destination("wiki.corp.example"), transport: .tcp,
///         port: 443, at: snapshot.effectiveAt))
/// return "\(verdict.effect.rawValue): \(verdict.reason.rawValue)"
/// ```
public final class CompiledPolicy: Sendable {
    public let snapshot: PolicySnapshot
    private let digestCache = Guarded<String?>(nil)

    /// SHA-256 of the snapshot's canonical form, computed when first asked for.
    public var digest: String {
        digestCache.withLock { cache in
            if let cache { return cache }
            let digest = snapshot.digest
            cache = digest
            return digest
        }
    }

    /// Whether any grant locks itself: only then does `AccessRequest.lastUses` matter.
    public let usesAutoLock: Bool
    /// Whether any security policy asks for devices or places: only then do those fields matter.
    public let usesPosture: Bool

    let resourceIDs: [String]
    let resourceRules: [String]

    private let arena: TableArena

    let userIndex: TextIndex
    let users: Table<CompiledUser>
    /// The same, laid out like `userIndex`.
    let usersBySlot: Table<CompiledUser>
    /// Groups of all users, those of one user together and ascending.
    let groupsOfUsers: Table<Int32>
    let groupIsActive: Table<Bool>
    let accountIndex: TextIndex
    let accounts: Table<CompiledAccount>
    let keyIndex: TextIndex
    /// Keys of all service accounts, those of one account together.
    let keys: Table<CompiledKey>

    let networkIndex: TextIndex
    let connectorIndex: TextIndex
    /// Positions of networks; -1 when the reference dangles.
    let connectorNetworks: Table<Int32>
    let networks: Table<CompiledNetwork>
    /// Declared ranges of all networks, those of one network together.
    let ranges: Table<CompiledBlock>
    let deviceIndex: TextIndex
    let deviceIsTrusted: Table<Bool>

    let names: NameIndex
    let addresses: AddressIndex
    let resources: Table<CompiledResource>
    let blocks: Table<CompiledBlock>
    /// Edges of all Resources, those of one Resource together and ascending by subject.
    let edges: Table<CompiledEdge>
    let ports: Table<CompiledPorts>
    let securityPolicies: [CompiledRequirement]
    let gaps: PolicySnapshot.Gaps

    struct CompiledUser: BitwiseCopyable, Sendable {
        /// A bit for each group, by `bit(ofSubject:)`: a group whose bit is not there is not among the user's.
        var groupBits: UInt64
        var groups: Int32
        /// All bits but the highest, which says whether the user is active.
        private var countAndState: UInt32

        static let nobody = CompiledUser(groupBits: 0, groups: 0, groupCount: 0, isActive: false)
        private static let activeBit: UInt32 = 1 << 31

        init(groupBits: UInt64, groups: Int32, groupCount: Int32, isActive: Bool) {
            self.groupBits = groupBits
            self.groups = groups
            countAndState = UInt32(bitPattern: groupCount) | (isActive ? CompiledUser.activeBit : 0)
        }

        var groupCount: Int32 { Int32(truncatingIfNeeded: countAndState & ~CompiledUser.activeBit) }
        var isActive: Bool { countAndState & CompiledUser.activeBit != 0 }
    }

    /// The bit that stands for a subject in a set of 64 bits; several subjects share one.
    @inline(__always)
    static func bit(ofSubject subject: Int32) -> UInt64 { 1 << UInt64(truncatingIfNeeded: subject & 63) }

    struct CompiledAccount: BitwiseCopyable, Sendable {
        var keys: Int32
        var keyCount: Int32
    }

    /// Times are milliseconds; `Int64.max` = never.
    struct CompiledKey: BitwiseCopyable, Sendable {
        var account: Int32
        /// First instant at which the key is refused as revoked.
        var revokedFrom: Int64
        var expiresAt: Int64
    }

    struct CompiledEdge: BitwiseCopyable, Sendable {
        /// A group's position, or the number of groups plus a service account's position.
        var subject: Int32
        /// Position of the security policy that applies; -1 = none.
        var securityPolicy: Int32
        /// Milliseconds; `Int64.max` = never.
        var expiresAt: Int64
        /// 0 = does not lock.
        var autoLockMs: Int64
    }

    struct CompiledPorts: BitwiseCopyable, Sendable {
        var first: UInt16
        var last: UInt16
    }

    struct CompiledRule: BitwiseCopyable, Sendable {
        var isOpen: Bool
        /// Positions in `ports`; none = closed, unless open.
        var start: Int32
        var end: Int32
    }

    struct CompiledResource: BitwiseCopyable, Sendable {
        var isActive: Bool
        var isBypass: Bool
        var allowsICMP: Bool
        /// False when every protocol and port is open.
        var isRestricted: Bool
        /// Position in `blocks`; -1 for names.
        var block: Int32
        /// A bit for each subject of its edges: most questions about Resources that a principal cannot reach end here.
        var subjectBits: UInt64
        var network: Int32
        var edgeStart: Int32
        var edgeEnd: Int32
        var tcp: CompiledRule
        var udp: CompiledRule
    }

    struct CompiledBlock: BitwiseCopyable, Sendable {
        var isV4: Bool
        var length: UInt8
        var high: UInt64
        var low: UInt64

        init(_ block: AddressBlock) {
            isV4 = block.base.family == .v4
            length = UInt8(block.prefixLength)
            high = block.base.high
            low = block.base.low
        }

        func contains(_ address: IPAddress) -> Bool {
            guard (address.family == .v4) == isV4 else { return false }
            let masked = AddressBlock.mask(address, Int(length))
            return masked.high == high && masked.low == low
        }
    }

    struct CompiledNetwork: BitwiseCopyable, Sendable {
        /// Positions in `ranges`; none = nothing declared.
        var rangeStart: Int32
        var rangeEnd: Int32
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
        let arena = TableArena()
        self.arena = arena
        var compiler = PolicyCompiler(snapshot, arena)
        compiler.compile()
        resourceIDs = snapshot.resources.map(\.id)
        resourceRules = snapshot.resources.map(\.address.text)
        userIndex = compiler.userIndex
        users = arena.table(compiler.users)
        usersBySlot = userIndex.bySlot(compiler.users, filler: .nobody, arena)
        groupsOfUsers = arena.table(compiler.groupsOfUsers)
        groupIsActive = arena.table(snapshot.groups.map(\.isActive))
        accountIndex = compiler.accountIndex
        accounts = arena.table(compiler.accounts)
        keyIndex = TextIndex(compiler.keyIDs, arena)
        keys = arena.table(compiler.keys)
        networkIndex = compiler.networkIndex
        connectorIndex = TextIndex(snapshot.connectors.map(\.id), arena)
        connectorNetworks = arena.table(compiler.connectorNetworks)
        networks = arena.table(compiler.networks)
        ranges = arena.table(compiler.ranges)
        deviceIndex = TextIndex(snapshot.devices.map(\.id), arena)
        deviceIsTrusted = arena.table(snapshot.devices.map { $0.isTrusted && $0.isActive })
        names = NameIndex(exact: compiler.exactNames, wild: compiler.patterns, arena)
        addresses = AddressIndex(compiler.addresses, arena)
        resources = arena.table(compiler.resources)
        blocks = arena.table(compiler.blocks)
        edges = arena.table(compiler.edges)
        ports = arena.table(compiler.ports)
        securityPolicies = compiler.securityPolicies
        usesAutoLock = compiler.edges.contains { $0.autoLockMs > 0 }
        usesPosture = compiler.securityPolicies.contains { !$0.asksForNothing }
        gaps = snapshot.gaps
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

    /// Every Resource that covers the destination, inactive ones and those of other people included, ascending by id.
    public func resources(covering destination: Destination) -> [Resource] {
        covering(destination).map(\.resource).sorted().map { snapshot.resources[Int($0)] }
    }

    /// The groups of a user, inactive ones included, ascending by id; nil when the user is unknown.
    public func groups(ofUser id: String) -> [Group]? {
        userIndex.find(id).map { user in
            let record = users[user]
            return (record.groups..<record.groups + record.groupCount).map { snapshot.groups[Int(groupsOfUsers[$0])] }
        }
    }
}

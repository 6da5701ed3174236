public import AccessPolicy
public import FlowModel

/// A narrower policy that still allows everything that was used: grants without use removed, ports closed that nobody asked for,
/// patterns replaced by the names and blocks by the addresses that were asked for.
///
/// Resources that overlap with others keep their definitions, and their grants where these hide a broader Resource: taking them away
/// could let traffic fall through to the broader one. Resources that no Connector carries are left alone, since their use is not
/// recorded.
public struct PolicySuggestion: Sendable {
    /// How far patterns, blocks and ports are taken apart.
    public struct Limits: Hashable, Sendable {
        /// A pattern or block under which more was asked for keeps one definition: a list that nobody reads protects nothing.
        public static let defaultAddresses = 32
        /// More ports than this look like a protocol that picks them: their ranges stay.
        public static let defaultPorts = 24

        public var addresses = defaultAddresses
        public var ports = defaultPorts

        public init() {}
    }

    public private(set) var snapshot: PolicySnapshot
    /// What was narrowed, one sentence each, in the order of Resources.
    public private(set) var steps: [String] = []
    /// The Resource from which one that is new was made, by ids.
    public private(set) var clients: [String: String] = [:]

    private var takenIDs: Set<String>
    private let policy: CompiledPolicy

    /// - Parameters:
    ///   - uses: what `policy` allows of the records.
    ///   - untouched: Resources that stay as they are.
    public init(
        for policy: CompiledPolicy, uses: [RecordedUse], limits: Limits = Limits(), untouched: Set<String> = [],
        effectiveAt: Timestamp
    ) {
        self.policy = policy
        snapshot = policy.snapshot
        snapshot.effectiveAt = effectiveAt
        snapshot.version = nil
        takenIDs = Set(snapshot.resources.map(\.id))
        let usesByResource = Dictionary(grouping: uses, by: \.resourceID)
        let overlaps = PolicySuggestion.overlaps(snapshot.resources)
        var resources: [Resource] = []
        for resource in snapshot.resources {
            guard resource.isActive, resource.routing == .through, !resource.access.isEmpty, !untouched.contains(resource.id) else {
                resources.append(resource)
                continue
            }
            resources += narrow(resource, usesByResource[resource.id] ?? [], overlaps[resource.id] ?? .none, limits)
        }
        snapshot.resources = resources
        snapshot.sourceNotes += steps
        snapshot.sort()
    }

    private enum Overlap {
        case none
        /// Some other Resource covers part of the same and is selected before this one.
        case broader
        /// This one is selected before another one for part of what it covers, or it is arbitrary which.
        case hidesAnother
    }

    private static func overlaps(_ resources: [Resource]) -> [String: Overlap] {
        let active = resources.filter { $0.isActive && !$0.access.isEmpty }
        // Exact names can only meet by patterns, aliases and equality; comparing each with each is left for what is not exact.
        var byName: [String: [Int]] = [:]
        var loose: [Int] = []
        for (index, resource) in active.enumerated() {
            if case .name(let pattern) = resource.address, pattern.isExact {
                byName[pattern.text, default: []].append(index)
            } else if case .block(let block) = resource.address, block.isSingleAddress {
                byName[block.base.description, default: []].append(index)
            } else {
                loose.append(index)
            }
            if let alias = resource.alias { byName[alias, default: []].append(index) }
        }
        var result: [String: Overlap] = [:]
        func note(_ left: Resource, _ right: Resource) {
            guard left.id != right.id else { return }
            // By an alias the one that has it is as specific as can be.
            let isAlias = left.alias != nil || right.alias != nil
            let (a, b) = (left.address.specificity, right.address.specificity)
            if isAlias || a >= b { result[left.id] = .hidesAnother } else if result[left.id] == nil { result[left.id] = .broader }
            if isAlias || b >= a { result[right.id] = .hidesAnother } else if result[right.id] == nil { result[right.id] = .broader }
        }
        for group in byName.values where group.count > 1 {
            for left in group { for right in group where left < right { note(active[left], active[right]) } }
        }
        for left in loose {
            for right in active.indices where right != left && active[left].overlaps(active[right]) { note(active[left], active[right]) }
        }
        return result
    }

    private mutating func narrow(_ resource: Resource, _ uses: [RecordedUse], _ overlap: Overlap, _ limits: Limits) -> [Resource] {
        let ports = PortUse(uses)
        var narrow = resource
        guard !uses.isEmpty else {
            if overlap == .hidesAnother {
                narrow.protocols = ProtocolRules(allowsICMP: false, tcp: .none, udp: .none)
                guard narrow.protocols != resource.protocols else { return [resource] }
                steps.append("\(resource.display) was not used: closed; it keeps its grants, since it hides a broader Resource")
            } else {
                narrow.access = []
                steps.append("\(resource.display) was not used: granted to nobody any more")
            }
            return [narrow]
        }
        narrow.protocols = ports.narrowed(resource.protocols, most: limits.ports)
        if overlap != .hidesAnother {
            let exercised = uses.reduce(into: Set<AccessEdge.Subject>()) { $0.formUnion($1.subjects) }
            let idle = resource.access.filter { !exercised.contains($0.subject) }
            if !idle.isEmpty {
                narrow.access = resource.access.filter { exercised.contains($0.subject) }
                let names = idle.map { snapshot.display($0.subject) }.joined(separator: ", ")
                steps.append("\(resource.display): no longer granted to \(names), which did not use it")
            }
        }
        if overlap != .hidesAnother, isAlone(resource, uses), let parts = split(narrow, uses, limits) { return parts }
        if narrow.protocols != resource.protocols { steps.append("\(resource.display): \(PolicySuggestion.words(narrow.protocols))") }
        return [narrow]
    }

    /// Whether nothing else covers what was asked for, so that a more specific definition takes nothing from another Resource.
    private func isAlone(_ resource: Resource, _ uses: [RecordedUse]) -> Bool {
        Set(uses.map(\.destination)).allSatisfy { destination in
            policy.resources(covering: destination).allSatisfy { $0.id == resource.id || !$0.isActive || $0.access.isEmpty }
        }
    }

    private static func words(_ rules: ProtocolRules?) -> String {
        guard let rules else { return "all ports" }
        return "TCP \(rules.tcp), UDP \(rules.udp), ICMP \(rules.allowsICMP ? "yes" : "no")"
    }

    /// One Resource for each name or address that was asked for, or for many addresses the smallest block around them; nil where the
    /// definition stays.
    private mutating func split(_ resource: Resource, _ uses: [RecordedUse], _ limits: Limits) -> [Resource]? {
        let groups = Dictionary(grouping: uses, by: \.destination)
        switch resource.address {
        case .name(let pattern):
            guard !pattern.isExact, groups.count <= limits.addresses else { return nil }
        case .block(let block):
            guard !block.isSingleAddress else { return nil }
            let addresses = groups.keys.compactMap { if case .address(let address) = $0 { address } else { nil } }
            // What was dialled by an alias is not known by its address.
            guard addresses.count == groups.count else { return nil }
            if addresses.count > limits.addresses {
                guard let smaller = PolicySuggestion.smallestBlock(around: addresses), smaller.prefixLength > block.prefixLength else {
                    return nil
                }
                var narrow = resource
                narrow.address = .block(smaller)
                steps.append("\(resource.display): narrowed to \(smaller), which holds the \(addresses.count) addresses asked for")
                return [narrow]
            }
        }
        var parts: [Resource] = []
        for (number, destination) in groups.keys.sorted(by: { $0.text < $1.text }).enumerated() {
            guard let address = try? ResourceAddress(destination.text), let used = groups[destination] else { return nil }
            if case .name(let pattern) = address, !pattern.isExact { return nil }
            var part = resource
            part.id = freeID(resource.id, number + 1)
            part.name = "\(resource.name): \(destination.text)"
            part.address = address
            part.alias = nil
            part.protocols = PortUse(used).narrowed(resource.protocols, most: limits.ports)
            let subjects = used.reduce(into: Set<AccessEdge.Subject>()) { $0.formUnion($1.subjects) }
            part.access = resource.access.filter { subjects.contains($0.subject) }
            parts.append(part)
        }
        for part in parts {
            takenIDs.insert(part.id)
            clients[part.id] = resource.id
        }
        let names = parts.map(\.address.text).joined(separator: ", ")
        steps.append("\(resource.display): replaced by the \(parts.count) that were asked for: \(names)")
        return parts
    }

    private func freeID(_ id: String, _ number: Int) -> String {
        var candidate = "\(id)-\(number)"
        while takenIDs.contains(candidate) { candidate += "-\(number)" }
        return candidate
    }

    private static func smallestBlock(around addresses: [IPAddress]) -> AddressBlock? {
        guard let low = addresses.min(), let high = addresses.max(), low.family == high.family else { return nil }
        var length = low.bitWidth
        while length > 0, AddressBlock.mask(low, length) != AddressBlock.mask(high, length) { length -= 1 }
        return try? AddressBlock(base: AddressBlock.mask(low, length), prefixLength: length)
    }
}

public import AccessPolicy
public import FlowModel

/// A part of a policy that a period never used.
public struct UnusedPart: Sendable {
    /// Raw values are public and never change meaning.
    public enum Kind: String, Sendable, CaseIterable {
        /// Nobody asked for anything that the Resource covers.
        case resource
        /// The Resource was used, and never by this grant.
        case grant
        /// Ports that are open and were not asked for.
        case ports
        /// Of a pattern or block, little was asked for.
        case addresses
        /// Members of a group who used nothing that the group grants.
        case members
        /// A key that was never presented.
        case key
    }

    public var kind: Kind
    public var resource: Resource?
    /// The group or service account, with its id.
    public var subject: String?
    /// What is not used, or of addresses what is.
    public var text: String
    /// Since when the part has been in force without a break, as far as the history tells; a part that is younger than the period could
    /// not be used for all of it.
    public var since: Timestamp?
}

/// What of a policy a period never used.
public struct UnusedParts: Sendable {
    public private(set) var parts: [UnusedPart] = []

    /// Names shown of what was used or who did not use anything.
    private static let maxNamed = 5

    private let snapshot: PolicySnapshot
    private let history: PolicyHistory?

    /// - Parameters:
    ///   - report: of `UseSurvey(.policy(policy))`.
    ///   - history: says since when a part has been there.
    ///   - at: expired grants and keys are no matter of use.
    public init(_ report: UseReport, of policy: CompiledPolicy, history: PolicyHistory?, at: Timestamp) {
        snapshot = policy.snapshot
        self.history = history
        let usesByResource = Dictionary(grouping: report.uses, by: \.resourceID)
        for resource in snapshot.resources where resource.isActive && resource.routing == .through && !resource.access.isEmpty {
            add(resource, usesByResource[resource.id] ?? [], at)
        }
        addMembers(report.uses)
        addKeys(report.uses, at)
    }

    private mutating func add(_ resource: Resource, _ uses: [RecordedUse], _ at: Timestamp) {
        guard !uses.isEmpty else {
            parts.append(
                UnusedPart(
                    kind: .resource, resource: resource, subject: nil, text: resource.address.text,
                    since: since { $0.resource(resource.id)?.isActive == true }))
            return
        }
        let exercised = uses.reduce(into: Set<AccessEdge.Subject>()) { $0.formUnion($1.subjects) }
        for edge in resource.access where !exercised.contains(edge.subject) && (edge.expiresAt.map { at < $0 } ?? true) {
            parts.append(
                UnusedPart(
                    kind: .grant, resource: resource, subject: snapshot.display(edge.subject), text: "\(uses.count) uses by other grants",
                    since: since { $0.resource(resource.id)?.access.contains { $0.subject == edge.subject } ?? false }))
        }
        if let text = PortUse(uses).unused(of: resource.protocols) {
            parts.append(
                UnusedPart(
                    kind: .ports, resource: resource, subject: nil, text: text,
                    since: since { $0.resource(resource.id)?.protocols == resource.protocols }))
        }
        if let text = addresses(resource, uses) {
            parts.append(
                UnusedPart(
                    kind: .addresses, resource: resource, subject: nil, text: text,
                    since: since { $0.resource(resource.id)?.address == resource.address }))
        }
    }

    private func addresses(_ resource: Resource, _ uses: [RecordedUse]) -> String? {
        let seen = Set(uses.map(\.destination.text)).sorted()
        let named = seen.prefix(UnusedParts.maxNamed).joined(separator: ", ")
        let more = seen.count > UnusedParts.maxNamed ? " and \(seen.count - UnusedParts.maxNamed) more" : ""
        switch resource.address {
        case .name(let pattern):
            return pattern.isExact ? nil : "only \(named)\(more) asked for under \(pattern)"
        case .block(let block):
            guard !block.isSingleAddress else { return nil }
            let bits = block.base.bitWidth - block.prefixLength
            let size = bits < 63 ? "\(UInt64(1) << UInt64(bits))" : "2^\(bits)"
            return "only \(named)\(more) of \(size) addresses asked for"
        }
    }

    private mutating func addMembers(_ uses: [RecordedUse]) {
        var active: [String: Set<String>] = [:]
        for use in uses where use.principal.kind == .user {
            for case .group(let id) in use.subjects { active[id, default: []].insert(use.principal.id) }
        }
        var granting: Set<String> = []
        for resource in snapshot.resources where resource.isActive && resource.routing == .through {
            for case .group(let id) in resource.access.map(\.subject) { granting.insert(id) }
        }
        for group in snapshot.groups where group.isActive && granting.contains(group.id) {
            guard case .users(let members) = group.members else { continue }
            let idle = members.filter { !(active[group.id]?.contains($0) ?? false) }
            guard !idle.isEmpty else { continue }
            let named = idle.prefix(UnusedParts.maxNamed).map { snapshot.display(PrincipalReference(kind: .user, id: $0)) }
            let more = idle.count > named.count ? " and \(idle.count - named.count) more" : ""
            parts.append(
                UnusedPart(
                    kind: .members, resource: nil, subject: "group \(group.name) (\(group.id))",
                    text: "\(idle.count) of \(members.count) members: \(named.joined(separator: ", "))\(more)",
                    since: since { $0.snapshot.groups.contains { $0.id == group.id && $0.members == group.members } }))
        }
    }

    private mutating func addKeys(_ uses: [RecordedUse], _ at: Timestamp) {
        let presented = Set(uses.compactMap(\.serviceKeyID))
        // Records that never name a key say nothing about keys.
        guard !presented.isEmpty else { return }
        for account in snapshot.serviceAccounts {
            for key in account.keys where !presented.contains(key.id) {
                let isDead = (key.revokedAt.map { at >= $0 } ?? key.isRevoked) || (key.expiresAt.map { at >= $0 } ?? false)
                guard !isDead else { continue }
                parts.append(
                    UnusedPart(
                        kind: .key, resource: nil, subject: "service account \(account.name) (\(account.id))",
                        text: "key \(key.name) (\(key.id))",
                        since: since { $0.serviceAccount(account.id)?.keys.contains { $0.id == key.id } ?? false }))
            }
        }
    }

    private func since(_ isThere: (CompiledPolicy) -> Bool) -> Timestamp? {
        var result: Timestamp?
        for policy in (history?.policies ?? []).reversed() where policy.snapshot.effectiveAt <= snapshot.effectiveAt {
            guard isThere(policy) else { break }
            result = policy.snapshot.effectiveAt
        }
        return result
    }
}

/// Ports that were asked for.
struct PortUse {
    private(set) var tcp: Set<UInt16> = []
    private(set) var udp: Set<UInt16> = []
    private(set) var icmp = false
    /// Some record does not say the protocol or port: nothing can be said about ports then.
    private(set) var isUnclear = false

    init(_ uses: [RecordedUse]) {
        for use in uses {
            switch (use.transport, use.port) {
            case (.icmp, _): icmp = true
            case (.tcp, .some(let port)): tcp.insert(port)
            case (.udp, .some(let port)): udp.insert(port)
            default: isUnclear = true
            }
        }
    }

    /// What the rules open beyond it, in words; nil when there is nothing, or nothing can be said.
    func unused(of rules: ProtocolRules?) -> String? {
        guard !isUnclear else { return nil }
        var parts: [String] = []
        for (name, rule, seen) in [("TCP", rules?.tcp ?? .all, tcp), ("UDP", rules?.udp ?? .all, udp)] {
            switch rule {
            case .all:
                let used = seen.sorted().map(String.init).joined(separator: ", ")
                parts.append(seen.isEmpty ? "all \(name)" : "all \(name) but \(used)")
            case .only(let ranges):
                let idle = ranges.flatMap { PortUse.gaps(in: $0, seen) }
                if !idle.isEmpty { parts.append("\(name) " + idle.map(\.description).joined(separator: ", ")) }
            }
        }
        if rules?.allowsICMP ?? true, !icmp { parts.append("ICMP") }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    private static func gaps(in range: PortRange, _ seen: Set<UInt16>) -> [PortRange] {
        var result: [PortRange] = []
        var start = Int(range.first)
        for port in seen.filter(range.contains).sorted() {
            if let gap = PortRange(start, Int(port) - 1) { result.append(gap) }
            start = Int(port) + 1
        }
        if let gap = PortRange(start, Int(range.last)) { result.append(gap) }
        return result
    }

    /// The rules with only the ports that were asked for. Where these are more than `most`, the ranges that hold one stay as they are.
    func narrowed(_ rules: ProtocolRules?, most: Int) -> ProtocolRules? {
        guard !isUnclear else { return rules }
        func narrow(_ rule: PortRule, _ seen: Set<UInt16>) -> PortRule {
            if seen.count <= most { return PortRule(seen.compactMap { PortRange(Int($0), Int($0)) }) }
            guard case .only(let ranges) = rule else { return .all }
            return .only(ranges.filter { range in seen.contains(where: range.contains) })
        }
        return ProtocolRules(
            allowsICMP: icmp, tcp: narrow(rules?.tcp ?? .all, tcp), udp: narrow(rules?.udp ?? .all, udp))
    }
}

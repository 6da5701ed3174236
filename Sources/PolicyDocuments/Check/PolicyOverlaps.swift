import AccessPolicy
import FlowModel

/// Resources that cover the same destinations and are granted to the same principals.
extension PolicyReview {
    /// Pairs of patterns that are compared at most: a second's work.
    private static let maxComparisons = 2_000_000

    mutating func reviewOverlaps() {
        let active = snapshot.resources.filter { $0.isActive && !$0.access.isEmpty }
        reviewSameDefinition(active)
        reviewBlocks(active)
        reviewPatterns(active)
    }

    /// Who is granted both, as words; nil when nobody is.
    private func shared(_ left: Resource, _ right: Resource) -> String? {
        let subjects = Set(left.access.map(\.subject)).intersection(right.access.map(\.subject))
        if let subject = subjects.min(by: { identifierPrecedes($0.id, $1.id) }) { return snapshot.display(subject) }
        guard let user = sharedUser(left, right) else { return nil }
        return snapshot.display(PrincipalReference(kind: .user, id: user))
    }

    /// A user who reaches both through different groups.
    private func sharedUser(_ left: Resource, _ right: Resource) -> String? {
        let (a, b) = (users(of: left), users(of: right))
        switch (a, b) {
        case (nil, nil): return snapshot.users.first?.id
        case (nil, .some(let ids)), (.some(let ids), nil): return ids.min(by: identifierPrecedes)
        case (.some(let x), .some(let y)): return x.intersection(y).min(by: identifierPrecedes)
        }
    }

    /// Nil means everyone.
    private func users(of resource: Resource) -> Set<String>? {
        var result: Set<String> = []
        for edge in resource.access {
            guard case .group(let id) = edge.subject, let group = groups[id], group.isActive
            else { continue }
            switch group.members {
            case .everyone: return nil
            case .users(let ids): result.formUnion(ids)
            }
        }
        return result
    }

    private mutating func reviewSameDefinition(_ resources: [Resource]) {
        var byDefinition: [String: [Resource]] = [:]
        for resource in resources {
            byDefinition[resource.address.text, default: []].append(resource)
            if let alias = resource.alias, alias != resource.address.text { byDefinition[alias, default: []].append(resource) }
        }
        for (definition, group) in byDefinition.sorted(by: { $0.key < $1.key }) where group.count > 1 {
            let first = group[0]
            for other in group.dropFirst() {
                guard let who = shared(first, other) else { continue }
                warn(
                    .ambiguousOverlap, .resource, other.id,
                    "\(other.name) and \(first.name) (\(first.id)) both cover \(definition) exactly, for \(who)")
                let subjects = Set(first.access.map(\.subject))
                if other.alias == nil, other.address == first.address, other.access.allSatisfy({ subjects.contains($0.subject) }) {
                    warn(
                        .shadowed, .resource, other.id,
                        "\(other.name) is never selected: \(first.name) (\(first.id)) has the same definition, a lower id and all its grants"
                    )
                }
            }
        }
    }

    /// Nested blocks: sorted by base and then by length, every block's parents are on a stack.
    private mutating func reviewBlocks(_ resources: [Resource]) {
        let blocks = resources.compactMap { resource -> (block: AddressBlock, resource: Resource)? in
            guard case .block(let block) = resource.address else { return nil }
            return (block, resource)
        }
        .sorted { ($0.block.base, $0.block.prefixLength) < ($1.block.base, $1.block.prefixLength) }
        var parents: [(block: AddressBlock, resource: Resource)] = []
        for entry in blocks {
            while let last = parents.last, !last.block.contains(entry.block) { parents.removeLast() }
            for parent in parents where parent.block != entry.block { reviewNarrower(entry.resource, within: parent.resource) }
            parents.append(entry)
        }
    }

    private mutating func reviewNarrower(_ narrow: Resource, within broad: Resource) {
        guard let refused = refusal(narrow, broad), let who = shared(narrow, broad) else { return }
        warn(
            .narrowerRefuses, .resource, narrow.id,
            "\(narrow.name) (\(narrow.address.text)) refuses \(refused), which \(broad.name) (\(broad.address.text)) allows to \(who)")
    }

    /// What the broad Resource allows and the narrow one refuses.
    private func refusal(_ narrow: Resource, _ broad: Resource) -> String? {
        guard let inner = narrow.protocols else { return nil }
        guard let outer = broad.protocols else { return "everything but its own ports" }
        for (name, a, b) in [("TCP", inner.tcp, outer.tcp), ("UDP", inner.udp, outer.udp)] {
            if let port = firstPort(of: b, notIn: a) { return "\(name) port \(port)" }
        }
        return outer.allowsICMP && !inner.allowsICMP ? "ICMP" : nil
    }

    private func firstPort(of outer: PortRule, notIn inner: PortRule) -> UInt16? {
        guard case .only(let ranges) = inner else { return nil }
        func gap(from first: UInt16, to last: UInt16) -> UInt16? {
            guard let range = ranges.first(where: { $0.contains(first) }) else { return first }
            return range.last < last ? range.last + 1 : nil
        }
        switch outer {
        case .all: return gap(from: 1, to: .max)
        case .only(let outerRanges): return outerRanges.lazy.compactMap { gap(from: $0.first, to: $0.last) }.first
        }
    }

    /// Names and patterns against patterns.
    private mutating func reviewPatterns(_ resources: [Resource]) {
        let named = resources.compactMap { resource -> (pattern: HostPattern, resource: Resource)? in
            guard case .name(let pattern) = resource.address else { return nil }
            return (pattern, resource)
        }
        let wild = named.filter { !$0.pattern.isExact }
        guard wild.count * named.count <= PolicyReview.maxComparisons else {
            if let first = wild.first {
                warn(
                    .notExamined, .resource, first.resource.id,
                    "\(wild.count) patterns and \(named.count) names are too many to compare each with each; overlaps of names were not looked for"
                )
            }
            return
        }
        for broad in wild {
            for narrow in named where narrow.resource.id != broad.resource.id && narrow.pattern != broad.pattern {
                if narrow.pattern.isExact {
                    if broad.pattern.matches(normalized: narrow.pattern.text) { reviewNarrower(narrow.resource, within: broad.resource) }
                    continue
                }
                guard narrow.pattern.literalCount >= broad.pattern.literalCount, narrow.pattern.overlaps(broad.pattern) else {
                    continue
                }
                if narrow.pattern.literalCount > broad.pattern.literalCount {
                    reviewNarrower(narrow.resource, within: broad.resource)
                } else if identifierPrecedes(broad.resource.id, narrow.resource.id), let who = shared(narrow.resource, broad.resource) {
                    warn(
                        .ambiguousOverlap, .resource, narrow.resource.id,
                        "\(narrow.resource.name) (\(narrow.pattern)) and \(broad.resource.name) (\(broad.pattern), \(broad.resource.id)) can cover the same name equally well, for \(who)"
                    )
                }
            }
        }
    }
}

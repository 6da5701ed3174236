public import AccessPolicy
public import FlowModel

extension PolicySnapshot {
    /// What an auditor would ask about, in the order of the document's sections and ids.
    ///
    /// - Parameter at: the moment at which expiries are taken; the snapshot's own time when nil.
    public func review(at: Timestamp? = nil) -> [PolicyWarning] {
        var review = PolicyReview(self, at: at ?? effectiveAt)
        review.run()
        return review.warnings.sorted()
    }
}

/// Looks for what is valid and still odd.
struct PolicyReview {
    let snapshot: PolicySnapshot
    let at: Timestamp
    private(set) var warnings: [PolicyWarning] = []
    let groups: [String: Group]

    init(_ snapshot: PolicySnapshot, at: Timestamp) {
        self.snapshot = snapshot
        self.at = at
        groups = Dictionary(snapshot.groups.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func warn(_ code: PolicyWarning.Code, _ kind: PolicyObject.Kind, _ id: String, _ message: String) {
        warnings.append(PolicyWarning(code: code, object: PolicyObject(kind, id), message: message))
    }

    mutating func run() {
        reviewNetworks()
        reviewUsers()
        reviewGroups()
        reviewAccounts()
        for resource in snapshot.resources { review(resource) }
        reviewOverlaps()
    }

    private mutating func reviewNetworks() {
        guard !snapshot.gaps.contains(.connectors) else { return }
        let used = Set(snapshot.resources.filter(\.isActive).map(\.networkID))
        let connectors = Dictionary(grouping: snapshot.connectors, by: \.networkID)
        for network in snapshot.networks where used.contains(network.id) {
            let count = connectors[network.id]?.count ?? 0
            if count < 2 {
                warn(
                    .noRedundancy, .network, network.id,
                    "Remote network \(network.name) has \(count == 0 ? "no Connector" : "one Connector") for its Resources")
            }
        }
    }

    private mutating func reviewUsers() {
        var memberships: [String: Int] = [:]
        for group in snapshot.groups where group.isActive {
            if case .users(let ids) = group.members { for id in ids { memberships[id, default: 0] += 1 } }
        }
        for user in snapshot.users where user.state != .active {
            let count = memberships[user.id] ?? 0
            if count > 0 {
                warn(
                    .idleMember, .user, user.id,
                    "\(user.email.isEmpty ? user.id : user.email) is \(user.state.rawValue) and still a member of \(count) \(count == 1 ? "group" : "groups")"
                )
            }
        }
    }

    private mutating func reviewGroups() {
        guard !snapshot.gaps.contains(.groupMembers) else { return }
        let granting = Set(snapshot.resources.flatMap(\.access).map(\.subject))
        for group in snapshot.groups where group.isActive && hasNoMembers(group) {
            let grants = granting.contains(.group(group.id)) ? " and is granted Resources" : ""
            warn(.emptyGroup, .group, group.id, "group \(group.name) has no members\(grants)")
        }
    }

    private func hasNoMembers(_ group: Group) -> Bool {
        switch group.members {
        case .everyone: snapshot.users.isEmpty
        case .users(let ids): ids.isEmpty
        }
    }

    private mutating func reviewAccounts() {
        let granted = Set(snapshot.resources.flatMap(\.access).map(\.subject))
        for account in snapshot.serviceAccounts {
            let working = account.keys.filter { key in
                !(key.revokedAt.map { at >= $0 } ?? key.isRevoked) && (key.expiresAt.map { at < $0 } ?? true)
            }
            if granted.contains(.serviceAccount(account.id)), working.isEmpty, !snapshot.gaps.contains(.serviceKeys) {
                warn(
                    .deadAccount, .serviceAccount, account.id,
                    "service account \(account.name) is granted Resources and has no key that works")
            }
            for key in working where key.expiresAt == nil && !snapshot.gaps.contains(.serviceKeys) {
                warn(
                    .endlessKey, .serviceAccount, account.id, "key \(key.name) (\(key.id)) of service account \(account.name) never expires"
                )
            }
        }
    }

    private mutating func review(_ resource: Resource) {
        let title = "\(resource.name) (\(resource.address.text))"
        if resource.address.isCatchAll {
            warn(.catchAll, .resource, resource.id, "\(title) covers everything")
        }
        if resource.access.isEmpty {
            warn(.unreachable, .resource, resource.id, "\(title) is granted to nobody")
        }
        if resource.routing == .bypass, resource.protocols != nil {
            warn(.bypassRestricted, .resource, resource.id, "\(title) is reached directly, so that nobody enforces its protocols and ports")
        }
        let isClosed = resource.protocols.map { !$0.allowsICMP && $0.tcp == .none && $0.udp == .none } ?? false
        if isClosed, !resource.access.isEmpty {
            warn(.deadGrant, .resource, resource.id, "\(title) is granted and has no protocol open")
        } else if !resource.isActive, !resource.access.isEmpty {
            warn(.deadGrant, .resource, resource.id, "\(title) is granted and inactive")
        }
        for edge in resource.access {
            let subject = snapshot.display(edge.subject)
            if let time = edge.expiresAt, at >= time {
                warn(.expiredGrant, .resource, resource.id, "the grant of \(title) to \(subject) expired at \(time)")
            }
            guard case .group(let id) = edge.subject, let group = groups[id] else { continue }
            if !group.isActive {
                warn(.deadGrant, .resource, resource.id, "\(title) is granted to \(subject), which is inactive")
            } else if hasNoMembers(group), !snapshot.gaps.contains(.groupMembers) {
                warn(.deadGrant, .resource, resource.id, "\(title) is granted to \(subject), which has no members")
            }
        }
    }
}

internal import AccessPolicy
internal import FlowModel
internal import TerminalSupport

/// The objects of a snapshot as rows.
struct PolicyRows {
    let policy: CompiledPolicy
    let at: Timestamp

    typealias Table = (columns: [String], rows: [[Cell]])

    private var snapshot: PolicySnapshot { policy.snapshot }

    func table(of section: PolicySection) -> Table {
        switch section {
        case .history, .document, .reach: ([], [])
        case .networks:
            (
                ["id", "name", "type", "active", "ranges", "connectors", "resources"],
                snapshot.networks.map { network in
                    [
                        .text(network.id), .text(network.name), .text(network.kind.rawValue), flag(network.isActive),
                        list(network.ranges.map(\.description)), .integer(snapshot.connectors.count { $0.networkID == network.id }),
                        .integer(snapshot.resources.count { $0.networkID == network.id }),
                    ]
                }
            )
        case .connectors:
            (
                ["id", "name", "network_id", "network", "hostname", "version", "addresses"],
                snapshot.connectors.map {
                    [
                        .text($0.id), .text($0.name), .text($0.networkID), .text(policy.network($0.networkID)?.name), .text($0.hostname),
                        .text($0.version), list($0.addresses.map(\.description)),
                    ]
                }
            )
        case .users:
            (
                ["id", "email", "state", "role", "groups"],
                snapshot.users.map { user in
                    [
                        .text(user.id), .text(user.email), .text(user.state.rawValue), .text(user.role),
                        list((policy.groups(ofUser: user.id) ?? []).map(\.name)),
                    ]
                }
            )
        case .groups:
            (
                ["id", "name", "type", "active", "members", "grants"],
                snapshot.groups.map { group in
                    let grants = snapshot.resources.count { $0.access.contains { $0.subject == .group(group.id) } }
                    return [
                        .text(group.id), .text(group.name), .text(group.kind.rawValue), flag(group.isActive), members(group),
                        .integer(grants),
                    ]
                }
            )
        case .serviceAccounts:
            (
                ["id", "name", "key_id", "key", "revoked", "revoked_at", "expires_at"],
                snapshot.serviceAccounts.flatMap { account -> [[Cell]] in
                    guard !account.keys.isEmpty else {
                        return [[.text(account.id), .text(account.name), .null, .null, .null, .null, .null]]
                    }
                    return account.keys.map { key in
                        [
                            .text(account.id), .text(account.name), .text(key.id), .text(key.name), flag(key.isRevoked),
                            time(key.revokedAt),
                            time(key.expiresAt),
                        ]
                    }
                }
            )
        case .devices:
            (
                ["id", "name", "user", "trusted", "active"],
                snapshot.devices.map { device in
                    let owner = device.userID.map { policy.user($0)?.email ?? $0 }
                    return [.text(device.id), .text(device.name), .text(owner), flag(device.isTrusted), flag(device.isActive)]
                }
            )
        case .resources: resources()
        case .grants: grants()
        }
    }

    private func resources() -> Table {
        (
            [
                "id", "name", "address", "alias", "network", "active", "routing", "tcp", "udp", "icmp", "security_policy", "grants",
            ],
            snapshot.resources.map { resource in
                [
                    .text(resource.id), .text(resource.name), .text(resource.address.text), .text(resource.alias),
                    .text(policy.network(resource.networkID)?.name ?? resource.networkID), flag(resource.isActive),
                    .text(resource.routing.rawValue), .text(resource.protocols?.tcp.description ?? "all"),
                    .text(resource.protocols?.udp.description ?? "all"), flag(resource.protocols?.allowsICMP ?? true),
                    .text(resource.securityPolicyID), .integer(resource.access.count),
                ]
            }
        )
    }

    private func grants() -> Table {
        let rows = snapshot.resources.flatMap { resource in
            resource.access.map { edge -> [Cell] in
                let (kind, name) = subject(edge)
                return [
                    .text(resource.id), .text(resource.name), .text(resource.address.text), .text(kind), .text(edge.subject.id),
                    .text(name),
                    time(edge.expiresAt), .text(edge.securityPolicyID ?? resource.securityPolicyID),
                ]
            }
        }
        return (
            ["resource_id", "resource", "address", "subject_kind", "subject_id", "subject", "expires_at", "security_policy"], rows
        )
    }

    /// What one principal may reach, if each Resource is the one that is selected.
    func reach(of name: String) throws -> Table {
        let principal = try snapshot.principalOnCommandLine(name)
        let rows = snapshot.resources.flatMap { resource -> [[Cell]] in
            guard resource.isActive else { return [] }
            return edges(of: resource, to: principal).map { edge in
                let (kind, name) = subject(edge)
                return [
                    .text(resource.id), .text(resource.name), .text(resource.address.text), .text(resource.routing.rawValue),
                    .text(resource.protocols?.tcp.description ?? "all"), .text(resource.protocols?.udp.description ?? "all"),
                    flag(resource.protocols?.allowsICMP ?? true), .text(policy.network(resource.networkID)?.name ?? resource.networkID),
                    .text("\(kind) \(name)"), time(edge.expiresAt),
                ]
            }
        }
        return (
            ["resource_id", "resource", "address", "routing", "tcp", "udp", "icmp", "network", "through", "expires_at"], rows
        )
    }

    private func edges(of resource: Resource, to principal: PrincipalReference) -> [AccessEdge] {
        let subjects: Set<AccessEdge.Subject>
        switch principal.kind {
        case .serviceAccount: subjects = [.serviceAccount(principal.id)]
        case .user:
            guard policy.user(principal.id)?.state == .active else { return [] }
            subjects = Set((policy.groups(ofUser: principal.id) ?? []).filter(\.isActive).map { .group($0.id) })
        }
        return resource.access.filter { edge in subjects.contains(edge.subject) && (edge.expiresAt.map { at < $0 } ?? true) }
    }

    private func subject(_ edge: AccessEdge) -> (kind: String, name: String) {
        switch edge.subject {
        case .group(let id): ("group", snapshot.groups.first { $0.id == id }?.name ?? id)
        case .serviceAccount(let id): ("service account", policy.serviceAccount(id)?.name ?? id)
        }
    }

    private func members(_ group: Group) -> Cell {
        switch group.members {
        case .everyone: .text("everyone")
        case .users(let ids): .integer(ids.count)
        }
    }

    private func flag(_ value: Bool) -> Cell { .text(value ? "yes" : "no") }

    private func time(_ value: Timestamp?) -> Cell { value.map { .time($0.rfc3339) } ?? .null }

    private func list(_ values: [String]) -> Cell { values.isEmpty ? .null : .text(values.joined(separator: " ")) }
}

extension PolicySnapshot {
    /// The id of the Resource of that id, name or address.
    func resourceOnCommandLine(_ name: String, option: String) throws -> String {
        do throws(PolicySnapshot.NameProblem) {
            return try resource(named: name)
        } catch {
            throw CommandFailure(.usage, "\(option): \(error)")
        }
    }

    /// A name that nobody has, or that several have, is a matter of the command line.
    func principalOnCommandLine(_ name: String) throws -> PrincipalReference {
        do throws(PolicySnapshot.NameProblem) {
            return try principal(named: name)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }
}

import Crypto
import FlowModel
import TextEncodings

/// Writes a snapshot as the document that is read again as the same. What has its default value is left out.
package struct SnapshotWriter {
    /// The value of the key `format`.
    package static let format = "access-policy/1"

    private typealias Fields = [(key: String, value: DocumentValue)]

    /// - Parameter withNotes: notes are for people and not part of the canonical form.
    package static func document(_ snapshot: PolicySnapshot, withNotes: Bool) -> DocumentValue {
        var fields: Fields = [("format", .text(SnapshotWriter.format)), ("effectiveAt", .text(snapshot.effectiveAt.rfc3339))]
        if let version = snapshot.version { fields.append(("version", .number(version))) }
        let gaps = PolicySnapshot.Gaps.names.filter { snapshot.gaps.contains($0.gap) }
        list(gaps.map { .text($0.name) }, "incomplete", &fields)
        if withNotes { list(snapshot.sourceNotes.map { .text($0) }, "notes", &fields) }
        list(snapshot.networks.map(network), "networks", &fields)
        list(snapshot.connectors.map(connector), "connectors", &fields)
        list(snapshot.users.map(user), "users", &fields)
        list(snapshot.groups.map(group), "groups", &fields)
        list(snapshot.serviceAccounts.map(account), "serviceAccounts", &fields)
        list(snapshot.devices.map(device), "devices", &fields)
        list(snapshot.securityPolicies.map(securityPolicy), "securityPolicies", &fields)
        list(snapshot.resources.map(resource), "resources", &fields)
        return .mapping(fields)
    }

    private static func list(_ items: [DocumentValue], _ key: String, _ fields: inout Fields) {
        if !items.isEmpty { fields.append((key, .list(items))) }
    }

    private static func text(_ value: String?, _ key: String, _ fields: inout Fields) {
        if let value { fields.append((key, .text(value))) }
    }

    private static func flag(_ value: Bool, _ key: String, unless usual: Bool, _ fields: inout Fields) {
        if value != usual { fields.append((key, .flag(value))) }
    }

    private static func named(_ id: String, _ name: String) -> Fields {
        name == id ? [("id", .text(id))] : [("id", .text(id)), ("name", .text(name))]
    }

    private static func network(_ network: RemoteNetwork) -> DocumentValue {
        var fields = named(network.id, network.name)
        if network.kind != .regular { fields.append(("type", .text(network.kind.rawValue))) }
        flag(network.isActive, "active", unless: true, &fields)
        list(network.ranges.map { .text($0.description) }, "ranges", &fields)
        return .mapping(fields)
    }

    private static func connector(_ connector: Connector) -> DocumentValue {
        var fields = named(connector.id, connector.name)
        fields.append(("network", .text(connector.networkID)))
        text(connector.hostname, "hostname", &fields)
        text(connector.version, "version", &fields)
        list(connector.addresses.map { .text($0.description) }, "addresses", &fields)
        return .mapping(fields)
    }

    private static func user(_ user: User) -> DocumentValue {
        var fields: Fields = [("id", .text(user.id))]
        if !user.email.isEmpty { fields.append(("email", .text(user.email))) }
        if user.state != .active { fields.append(("state", .text(user.state.rawValue))) }
        text(user.role, "role", &fields)
        return .mapping(fields)
    }

    private static func group(_ group: Group) -> DocumentValue {
        var fields = named(group.id, group.name)
        if group.kind != .manual { fields.append(("type", .text(group.kind.rawValue))) }
        flag(group.isActive, "active", unless: true, &fields)
        switch group.members {
        case .everyone: fields.append(("members", .text("everyone")))
        case .users(let ids): list(ids.map { .text($0) }, "members", &fields)
        }
        return .mapping(fields)
    }

    private static func account(_ account: ServiceAccount) -> DocumentValue {
        var fields = named(account.id, account.name)
        list(account.keys.map(key), "keys", &fields)
        return .mapping(fields)
    }

    private static func key(_ key: ServiceAccount.Key) -> DocumentValue {
        var fields = named(key.id, key.name)
        if key.isRevoked, key.revokedAt == nil { fields.append(("revoked", .flag(true))) }
        text(key.revokedAt?.rfc3339, "revokedAt", &fields)
        text(key.expiresAt?.rfc3339, "expiresAt", &fields)
        return .mapping(fields)
    }

    private static func device(_ device: Device) -> DocumentValue {
        var fields = named(device.id, device.name)
        text(device.userID, "user", &fields)
        flag(device.isTrusted, "trusted", unless: false, &fields)
        flag(device.isActive, "active", unless: true, &fields)
        return .mapping(fields)
    }

    private static func securityPolicy(_ policy: SecurityPolicy) -> DocumentValue {
        var fields = named(policy.id, policy.name)
        if !policy.isOpaque {
            var requires: Fields = [("trustedDevice", .flag(policy.requiresTrustedDevice))]
            list(policy.allowedCountries.map { .text($0) }, "countries", &requires)
            list(policy.deniedCountries.map { .text($0) }, "notCountries", &requires)
            fields.append(("requires", .mapping(requires)))
        }
        return .mapping(fields)
    }

    private static func resource(_ resource: Resource) -> DocumentValue {
        var fields = named(resource.id, resource.name)
        fields.append(("address", .text(resource.address.text)))
        text(resource.alias, "alias", &fields)
        fields.append(("network", .text(resource.networkID)))
        flag(resource.isActive, "active", unless: true, &fields)
        if resource.routing != .through { fields.append(("routing", .text(resource.routing.rawValue))) }
        text(resource.securityPolicyID, "securityPolicy", &fields)
        mode(resource.mode, default: .manual, &fields)
        if let rules = resource.protocols {
            fields.append(
                ("protocols", .mapping([("icmp", .flag(rules.allowsICMP)), ("tcp", ports(rules.tcp)), ("udp", ports(rules.udp))])))
        }
        list(resource.access.map(edge), "access", &fields)
        return .mapping(fields)
    }

    private static func mode(_ mode: GrantMode?, default usual: GrantMode?, _ fields: inout Fields) {
        guard let mode, mode != usual else { return }
        switch mode {
        case .manual: fields.append(("manual", .flag(true)))
        case .autoLock(let seconds): fields.append(("autoLockSeconds", .number(seconds)))
        case .accessRequest(let seconds): fields.append(("accessRequestSeconds", .number(seconds ?? 0)))
        }
    }

    private static func ports(_ rule: PortRule) -> DocumentValue {
        switch rule {
        case .all: .text("all")
        case .only(let ranges): ranges.isEmpty ? .text("none") : .list(ranges.map { .text($0.description) })
        }
    }

    private static func edge(_ edge: AccessEdge) -> DocumentValue {
        var fields: Fields
        switch edge.subject {
        case .group(let id): fields = [("group", .text(id))]
        case .serviceAccount(let id): fields = [("serviceAccount", .text(id))]
        }
        text(edge.expiresAt?.rfc3339, "expiresAt", &fields)
        text(edge.securityPolicyID, "securityPolicy", &fields)
        mode(edge.mode, default: nil, &fields)
        return .mapping(fields)
    }
}

extension PolicySnapshot {
    /// The canonical form: the document of docs/policy-model.md as RFC 8785 JSON, without notes and tests.
    public func canonicalJSON() -> [UInt8] {
        SnapshotWriter.document(self, withNotes: false).canonicalJSON()
    }

    /// SHA-256 of the canonical form in lower-case hexadecimal.
    public var digest: String {
        Hexadecimal.text(SHA256.hash(data: canonicalJSON()))
    }
}

public import AccessPolicy
import FlowModel

/// One difference between two snapshots, object by object.
public struct PolicyChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case added
        case removed
        case changed
    }

    public var object: PolicyObject
    public var kind: Kind
    /// One sentence: what is new, or which field went from what to what.
    public var text: String

    /// Every difference, in the order of sections and ids.
    public static func between(_ old: PolicySnapshot, _ new: PolicySnapshot) -> [PolicyChange] {
        var changes: [PolicyChange] = []
        compare(.network, old.networks, new.networks, \.id, \.name, &changes) { before, after in
            fields([
                ("name", before.name, after.name), ("type", before.kind.rawValue, after.kind.rawValue),
                ("active", "\(before.isActive)", "\(after.isActive)"),
                ("ranges", list(before.ranges.map(\.description)), list(after.ranges.map(\.description))),
            ])
        }
        compare(.connector, old.connectors, new.connectors, \.id, \.name, &changes) { before, after in
            fields([
                ("name", before.name, after.name),
                ("Remote network", old.display(network: before.networkID), new.display(network: after.networkID)),
                ("hostname", before.hostname ?? "none", after.hostname ?? "none"),
                ("version", before.version ?? "none", after.version ?? "none"),
                ("addresses", list(before.addresses.map(\.description)), list(after.addresses.map(\.description))),
            ])
        }
        compare(.user, old.users, new.users, \.id, \.email, &changes) { before, after in
            fields([
                ("e-mail", before.email, after.email), ("state", before.state.rawValue, after.state.rawValue),
                ("role", before.role ?? "none", after.role ?? "none"),
            ])
        }
        compare(.group, old.groups, new.groups, \.id, \.name, &changes) { before, after in
            fields([
                ("name", before.name, after.name), ("type", before.kind.rawValue, after.kind.rawValue),
                ("active", "\(before.isActive)", "\(after.isActive)"),
            ]) + members(before, after, old, new)
        }
        compare(.serviceAccount, old.serviceAccounts, new.serviceAccounts, \.id, \.name, &changes) { before, after in
            fields([("name", before.name, after.name), ("keys", list(before.keys.map(words)), list(after.keys.map(words)))])
        }
        compare(.device, old.devices, new.devices, \.id, \.name, &changes) { before, after in
            fields([
                ("name", before.name, after.name), ("trusted", "\(before.isTrusted)", "\(after.isTrusted)"),
                ("active", "\(before.isActive)", "\(after.isActive)"), ("user", before.userID ?? "none", after.userID ?? "none"),
            ])
        }
        compare(.securityPolicy, old.securityPolicies, new.securityPolicies, \.id, \.name, &changes) { before, after in
            fields([("name", before.name, after.name), ("requirements", words(before), words(after))])
        }
        compare(.resource, old.resources, new.resources, \.id, \.name, &changes) { before, after in
            resource(before, after, old, new)
        }
        return changes
    }

    private static func compare<Object: Equatable>(
        _ kind: PolicyObject.Kind, _ old: [Object], _ new: [Object], _ id: (Object) -> String, _ name: (Object) -> String,
        _ changes: inout [PolicyChange], _ differences: (Object, Object) -> [String]
    ) {
        let before = Dictionary(old.map { (id($0), $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { (id($0), $0) }, uniquingKeysWith: { first, _ in first })
        for key in Set(before.keys).union(after.keys).sorted(by: identifierPrecedes) {
            let object = PolicyObject(kind, key)
            switch (before[key], after[key]) {
            case (nil, .some(let added)):
                changes.append(PolicyChange(object: object, kind: .added, text: "\(kind.rawValue) \(name(added)) (\(key)) is new"))
            case (.some(let removed), nil):
                changes.append(PolicyChange(object: object, kind: .removed, text: "\(kind.rawValue) \(name(removed)) (\(key)) is gone"))
            case (.some(let left), .some(let right)) where left != right:
                let title = "\(kind.rawValue) \(name(right)) (\(key)): "
                changes += differences(left, right).map { PolicyChange(object: object, kind: .changed, text: title + $0) }
            default: break
            }
        }
    }

    private static func fields(_ fields: [(String, String, String)]) -> [String] {
        fields.filter { $0.1 != $0.2 }.map { "\($0.0) from \($0.1) to \($0.2)" }
    }

    private static func list(_ items: [String]) -> String {
        items.isEmpty ? "none" : items.joined(separator: ", ")
    }

    /// More names than this in one sentence help nobody; the rest is counted.
    private static let namesShown = 10

    private static func names(_ ids: [String], _ snapshot: PolicySnapshot) -> String {
        let shown = ids.prefix(namesShown).map { snapshot.display(PrincipalReference(kind: .user, id: $0)) }
        return shown.joined(separator: ", ") + (ids.count > namesShown ? " and \(ids.count - namesShown) more" : "")
    }

    private static func members(_ before: Group, _ after: Group, _ old: PolicySnapshot, _ new: PolicySnapshot) -> [String] {
        switch (before.members, after.members) {
        case (.everyone, .everyone): return []
        case (.everyone, .users(let ids)): return ["members from everyone to \(ids.count) users"]
        case (.users(let ids), .everyone): return ["members from \(ids.count) users to everyone"]
        case (.users(let left), .users(let right)):
            let gone = Set(left).subtracting(right).sorted(by: identifierPrecedes)
            let joined = Set(right).subtracting(left).sorted(by: identifierPrecedes)
            var texts: [String] = []
            if !joined.isEmpty { texts.append("gained \(names(joined, new))") }
            if !gone.isEmpty { texts.append("lost \(names(gone, old))") }
            return texts
        }
    }

    private static func words(_ key: ServiceAccount.Key) -> String {
        var text = "\(key.name) (\(key.id))"
        if let time = key.revokedAt { text += " revoked \(time)" } else if key.isRevoked { text += " revoked" }
        if let time = key.expiresAt { text += " expires \(time)" }
        return text
    }

    private static func words(_ policy: SecurityPolicy) -> String {
        if policy.isOpaque { return "not known" }
        var parts: [String] = policy.requiresTrustedDevice ? ["trusted device"] : []
        if !policy.allowedCountries.isEmpty { parts.append("in " + policy.allowedCountries.joined(separator: ", ")) }
        if !policy.deniedCountries.isEmpty { parts.append("not in " + policy.deniedCountries.joined(separator: ", ")) }
        return list(parts)
    }

    static func words(_ mode: GrantMode?) -> String {
        switch mode {
        case nil: "that of the Resource"
        case .manual: "manual"
        case .autoLock(let seconds): "locks after \(seconds) s without use"
        case .accessRequest(let seconds): "by request" + (seconds.map { " for \($0) s" } ?? "")
        }
    }

    private static func resource(_ before: Resource, _ after: Resource, _ old: PolicySnapshot, _ new: PolicySnapshot) -> [String] {
        var texts = fields([
            ("name", before.name, after.name), ("address", before.address.text, after.address.text),
            ("alias", before.alias ?? "none", after.alias ?? "none"),
            ("Remote network", old.display(network: before.networkID), new.display(network: after.networkID)),
            ("active", "\(before.isActive)", "\(after.isActive)"), ("routing", before.routing.rawValue, after.routing.rawValue),
            ("security policy", before.securityPolicyID ?? "none", after.securityPolicyID ?? "none"),
            ("mode", words(before.mode), words(after.mode)),
            ("protocols", ProtocolRules.words(before.protocols), ProtocolRules.words(after.protocols)),
        ])
        let left = Dictionary(before.access.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        let right = Dictionary(after.access.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        let subjects = Set(left.keys).union(right.keys).sorted { identifierPrecedes($0.id, $1.id) }
        for subject in subjects {
            switch (left[subject], right[subject]) {
            case (nil, .some(let edge)):
                texts.append("granted to \(new.display(subject))" + (edge.expiresAt.map { " until \($0)" } ?? ""))
            case (.some, nil): texts.append("no longer granted to \(old.display(subject))")
            case (.some(let before), .some(let after)):
                texts += fields([
                    ("expiry", before.expiresAt?.rfc3339 ?? "never", after.expiresAt?.rfc3339 ?? "never"),
                    (
                        "security policy", before.securityPolicyID ?? "that of the Resource",
                        after.securityPolicyID ?? "that of the Resource"
                    ),
                    ("mode", words(before.mode), words(after.mode)),
                ]).map { "the grant to \(new.display(subject)): \($0)" }
            default: break
            }
        }
        return texts
    }
}

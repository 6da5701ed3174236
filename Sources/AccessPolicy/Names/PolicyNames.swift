public import FlowModel
import Wording

/// What people call things, looked up in a snapshot.
extension PolicySnapshot {
    public struct NameProblem: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String
    }

    /// A principal by e-mail (in any case), name of a service account, id, or `user:ID` and `service_account:ID`; the last two need not
    /// exist, so that a question about somebody unknown can be asked.
    public func principal(named name: String) throws(NameProblem) -> PrincipalReference {
        for kind in PrincipalKind.allCases where name.hasPrefix(kind.rawValue + ":") {
            return PrincipalReference(kind: kind, id: String(name.dropFirst(kind.rawValue.count + 1)))
        }
        let lower = name.lowercased()
        var found = users.filter { $0.id == name || $0.email.lowercased() == lower }
            .map { PrincipalReference(kind: .user, id: $0.id) }
        found += serviceAccounts.filter { $0.id == name || $0.name == name }
            .map { PrincipalReference(kind: .serviceAccount, id: $0.id) }
        guard let first = found.first else {
            let known = users.lazy.flatMap { [$0.email, $0.id] } + serviceAccounts.flatMap { [$0.name, $0.id] }
            throw NameProblem(
                description: "no user or service account is called \(name.quoted)\(PolicySnapshot.hint(name, among: known))")
        }
        guard found.count == 1 else {
            let choices = found.map { "`\($0.kind.rawValue):\($0.id)`" }.joined(separator: ", ")
            throw NameProblem(description: "\(name.quoted) may be \(choices); give one of these")
        }
        return first
    }

    /// A Connector's id by its name or id; text that is neither is taken for an id.
    public func connectorID(named name: String) -> String {
        connectors.first { $0.id == name }?.id ?? connectors.first { $0.name == name }?.id ?? name
    }

    /// The same, of Connectors that the snapshot must know. `connector:ID` need not be known.
    public func connector(named name: String) throws(NameProblem) -> String {
        if let id = PolicySnapshot.unchecked(name, "connector") { return id }
        if connectors.contains(where: { $0.id == name }) { return name }
        return try one(connectors.filter { $0.name == name }.map(\.id), name, "Connector", connectors.lazy.flatMap { [$0.name, $0.id] })
    }

    /// A Resource's id by its id, name, definition or alias, definitions in any spelling.
    public func resource(named name: String) throws(NameProblem) -> String {
        if resources.contains(where: { $0.id == name }) { return name }
        let comparable = ResourceAddress.comparable(name)
        var found = resources.filter { $0.name == name }
        if found.isEmpty { found = resources.filter { $0.address.text == comparable || $0.alias == comparable } }
        return try one(
            found.map(\.id), name, "Resource", resources.lazy.flatMap { [$0.name, $0.address.text, $0.alias ?? "", $0.id] })
    }

    /// A device by its id. `device:ID` need not be known.
    public func device(named name: String) throws(NameProblem) -> String {
        if let id = PolicySnapshot.unchecked(name, "device") { return id }
        return try one(devices.filter { $0.id == name }.map(\.id), name, "device", devices.lazy.map(\.id))
    }

    /// A key of a service account by its id. `key:ID` need not be known.
    public func key(named name: String, ofAccount id: String) throws(NameProblem) -> String {
        if let id = PolicySnapshot.unchecked(name, "key") { return id }
        let keys = serviceAccounts.first { $0.id == id }?.keys ?? []
        return try one(
            keys.filter { $0.id == name }.map(\.id), name, "key of service account \(id.quoted)", keys.lazy.map(\.id))
    }

    private static func unchecked(_ name: String, _ kind: String) -> String? {
        name.hasPrefix(kind + ":") && name.utf8.count > kind.utf8.count + 1 ? String(name.dropFirst(kind.count + 1)) : nil
    }

    private func one(
        _ ids: [String], _ name: String, _ what: String, _ known: some Sequence<String>
    ) throws(NameProblem) -> String {
        guard let first = ids.first else {
            throw NameProblem(description: "no \(what) is called \(name.quoted)\(PolicySnapshot.hint(name, among: known))")
        }
        guard ids.count == 1 else {
            throw NameProblem(
                description:
                    "\(ids.count) \(what)s are called \(name.quoted); give one of the ids \(ids.map(\.quoted).joined(separator: ", "))")
        }
        return first
    }

    /// A question after the nearest name; empty when none is near.
    private static func hint(_ name: String, among known: some Sequence<String>) -> String {
        NearestWord.find(name, among: known).map { "; is \($0.quoted) meant?" } ?? ""
    }

    /// E-mail or name with id, as people read it.
    public func display(_ principal: PrincipalReference) -> String {
        switch principal.kind {
        case .user:
            let email = users.first { $0.id == principal.id }?.email ?? ""
            return email.isEmpty ? "user \(principal.id)" : "\(email) (\(principal.id))"
        case .serviceAccount:
            let name = serviceAccounts.first { $0.id == principal.id }?.name
            return name.map { "service account \($0) (\(principal.id))" } ?? "service account \(principal.id)"
        }
    }

    /// Name with id of a group or service account.
    public func display(_ subject: AccessEdge.Subject) -> String {
        switch subject {
        case .group(let id): groups.first { $0.id == id }.map { "group \($0.name) (\(id))" } ?? "group \(id)"
        case .serviceAccount(let id): display(PrincipalReference(kind: .serviceAccount, id: id))
        }
    }

    package func display(network id: String) -> String {
        networks.first { $0.id == id }.map { "\($0.name) (\(id))" } ?? id
    }
}

extension Resource {
    /// Name, id and definition.
    public var display: String { "\(name) (\(id)), \(address.text)" }
}

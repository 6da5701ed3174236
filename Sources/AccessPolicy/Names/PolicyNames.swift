public import FlowModel

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
            throw NameProblem(description: "no user or service account is called \(name.quoted)")
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

    /// A Resource's id by its id, name, or address; nil when there is none.
    public func resourceID(named name: String) -> String? {
        let normalized = DomainName.normalized(name)
        return resources.first { $0.id == name }?.id ?? resources.first { $0.name == name }?.id
            ?? resources.first { $0.address.text == normalized || $0.alias == normalized }?.id
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

    func display(network id: String) -> String {
        networks.first { $0.id == id }.map { "\($0.name) (\(id))" } ?? id
    }
}

extension Resource {
    /// Name, id and definition.
    public var display: String { "\(name) (\(id)), \(address.text)" }
}

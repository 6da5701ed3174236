import AccessPolicy
import FlowModel
import Wording

/// A snapshot as it was read, with the place of everything that can be wrong, before it is checked and put in order.
struct SnapshotDraft {
    var snapshot = PolicySnapshot(effectiveAt: .distantPast)

    var networkPlaces: [SourceLine] = []
    var connectorPlaces: [SourceLine] = []
    var userPlaces: [SourceLine] = []
    var groupPlaces: [SourceLine] = []
    var memberPlaces: [[SourceLine]] = []
    var accountPlaces: [SourceLine] = []
    var devicePlaces: [SourceLine] = []
    var securityPolicyPlaces: [SourceLine] = []
    var resourcePlaces: [SourceLine] = []
    var edgePlaces: [[SourceLine]] = []

    mutating func add(_ network: RemoteNetwork, at place: SourceLine) {
        snapshot.networks.append(network)
        networkPlaces.append(place)
    }

    mutating func add(_ connector: Connector, at place: SourceLine) {
        snapshot.connectors.append(connector)
        connectorPlaces.append(place)
    }

    mutating func add(_ user: User, at place: SourceLine) {
        snapshot.users.append(user)
        userPlaces.append(place)
    }

    mutating func add(_ group: Group, at place: SourceLine, members: [SourceLine]) {
        snapshot.groups.append(group)
        groupPlaces.append(place)
        memberPlaces.append(members)
    }

    mutating func add(_ account: ServiceAccount, at place: SourceLine) {
        snapshot.serviceAccounts.append(account)
        accountPlaces.append(place)
    }

    mutating func add(_ device: Device, at place: SourceLine) {
        snapshot.devices.append(device)
        devicePlaces.append(place)
    }

    mutating func add(_ policy: SecurityPolicy, at place: SourceLine) {
        snapshot.securityPolicies.append(policy)
        securityPolicyPlaces.append(place)
    }

    mutating func add(_ resource: Resource, at place: SourceLine, edges: [SourceLine]) {
        snapshot.resources.append(resource)
        resourcePlaces.append(place)
        edgePlaces.append(edges)
    }

    /// The snapshot in its order, or every duplicate id and dangling reference.
    ///
    /// A reference into a section that `gaps` calls incomplete is allowed to dangle: what it names exists, the source just did not
    /// list it.
    func finished() throws(PolicyDocumentErrors) -> PolicySnapshot {
        var problems: [PolicyProblem] = []
        func report(_ place: SourceLine, _ message: String) {
            problems.append(PolicyProblem(file: place.file, line: place.line, message: message))
        }
        func unique(_ ids: [String], _ places: [SourceLine], _ what: String) -> Set<String> {
            var seen: [String: SourceLine] = [:]
            seen.reserveCapacity(ids.count)
            for (id, place) in zip(ids, places) {
                if let first = seen[id] {
                    report(
                        place,
                        "\(what) \(id.quoted) is defined twice, first on line \(first.line)\(first.file == place.file ? "" : " of \(first.file)")"
                    )
                } else {
                    seen[id] = place
                }
            }
            return Set(seen.keys)
        }
        let networks = unique(snapshot.networks.map(\.id), networkPlaces, "Remote network")
        _ = unique(snapshot.connectors.map(\.id), connectorPlaces, "Connector")
        let users = unique(snapshot.users.map(\.id), userPlaces, "user")
        let groups = unique(snapshot.groups.map(\.id), groupPlaces, "group")
        let accounts = unique(snapshot.serviceAccounts.map(\.id), accountPlaces, "service account")
        _ = unique(snapshot.devices.map(\.id), devicePlaces, "device")
        let policies = unique(snapshot.securityPolicies.map(\.id), securityPolicyPlaces, "security policy")
        _ = unique(snapshot.resources.map(\.id), resourcePlaces, "Resource")

        for (connector, place) in zip(snapshot.connectors, connectorPlaces) where !networks.contains(connector.networkID) {
            report(
                place,
                "Connector \(connector.id.quoted) belongs to Remote network \(connector.networkID.quoted), which is not defined")
        }
        for (index, group) in snapshot.groups.enumerated() {
            guard case .users(let ids) = group.members else { continue }
            var seen: Set<String> = []
            for (id, place) in zip(ids, memberPlaces[index]) {
                if !seen.insert(id).inserted {
                    report(place, "group \(group.id.quoted) lists user \(id.quoted) twice")
                } else if !users.contains(id), !snapshot.gaps.contains(.users) {
                    report(place, "group \(group.id.quoted) has the member \(id.quoted), which is not defined")
                }
            }
        }
        var keys: Set<String> = []
        for (account, place) in zip(snapshot.serviceAccounts, accountPlaces) {
            for key in account.keys where !keys.insert(key.id).inserted {
                report(place, "service account key \(key.id.quoted) is defined twice")
            }
        }
        for (device, place) in zip(snapshot.devices, devicePlaces) {
            if let user = device.userID, !users.contains(user), !snapshot.gaps.contains(.users) {
                report(place, "device \(device.id.quoted) belongs to user \(user.quoted), which is not defined")
            }
        }
        for (index, resource) in snapshot.resources.enumerated() {
            let name = "Resource \(resource.id.quoted)"
            if !networks.contains(resource.networkID) {
                report(resourcePlaces[index], "\(name) is in Remote network \(resource.networkID.quoted), which is not defined")
            }
            if let policy = resource.securityPolicyID, !policies.contains(policy) {
                report(resourcePlaces[index], "\(name) uses security policy \(policy.quoted), which is not defined")
            }
            var seen: Set<AccessEdge.Subject> = []
            for (edge, place) in zip(resource.access, edgePlaces[index]) {
                let subject: String
                let isDefined: Bool
                switch edge.subject {
                case .group(let id):
                    subject = "group \(id.quoted)"
                    isDefined = groups.contains(id)
                case .serviceAccount(let id):
                    subject = "service account \(id.quoted)"
                    isDefined = accounts.contains(id) || snapshot.gaps.contains(.serviceAccounts)
                }
                if !isDefined { report(place, "\(name) is granted to \(subject), which is not defined") }
                if !seen.insert(edge.subject).inserted { report(place, "\(name) is granted to \(subject) twice") }
                if let policy = edge.securityPolicyID, !policies.contains(policy) {
                    report(place, "\(name) uses security policy \(policy.quoted) for \(subject), which is not defined")
                }
            }
        }
        guard problems.isEmpty else { throw PolicyDocumentErrors(problems) }
        var result = snapshot
        result.sort()
        return result
    }
}

import AccessPolicy
import Wording

/// What the answers could not say: stubs for what is only referred to, gaps and notes.
extension AdminAPIImport {
    mutating func note(_ text: String) {
        notes.append(text)
    }

    mutating func complete() {
        if !seen.contains("remoteNetworks") {
            note("Remote networks are not in the answers; they are known by reference only")
            for (id, name, place) in referencedNetworks where networkIndex[id] == nil {
                networkIndex[id] = draft.snapshot.networks.count
                draft.add(RemoteNetwork(id: id, name: name ?? id), at: place)
            }
        }
        if !seen.contains("groups") {
            draft.snapshot.gaps.insert(.groupMembers)
            note("groups are not in the answers; their members are unknown")
            for (id, name, place) in referencedGroups where groupIndex[id] == nil {
                groupIndex[id] = draft.snapshot.groups.count
                draft.add(Group(id: id, name: name ?? id, members: .users([])), at: place, members: [])
            }
        }
        if !seen.contains("users") {
            draft.snapshot.gaps.insert(.users)
            note("users are not in the answers; members of groups are known, their state is taken as active where it is not given")
            for (user, place) in referencedUsers where userIndex[user.id] == nil {
                userIndex[user.id] = draft.snapshot.users.count
                draft.add(user, at: place)
            }
        }
        absent("serviceAccounts", .serviceAccounts, "service accounts are not in the answers")
        absent("connectors", .connectors, "Connectors are not in the answers")
        absent("devices", .devices, "devices are not in the answers; whether a device is trusted cannot be said")
        absent("resources", .resources, "Resources are not in the answers")
        if accountsWithoutKeys {
            draft.snapshot.gaps.insert(.serviceKeys)
            note("keys of service accounts are not in the answers")
        }
        if !draft.snapshot.securityPolicies.isEmpty {
            note("security policies are known by name only; what they require is not in the answers")
        }
        if !resourcesWithoutProtocols.isEmpty {
            note(
                "the protocols of \(count(resourcesWithoutProtocols, "Resource")) are not in the answers and count as unrestricted")
        }
        if !accessRequests.isEmpty {
            note("access by request counts as open; whether a request was open is not in the answers")
        }
        for (owner, isUnfinished) in unfinished.sorted(by: { $0.key < $1.key }) where isUnfinished {
            note("\(owner): further pages exist and are not in the answers")
            switch owner {
            case "users": draft.snapshot.gaps.insert(.users)
            case "groups": draft.snapshot.gaps.insert(.groupMembers)
            case "serviceAccounts": draft.snapshot.gaps.insert(.serviceAccounts)
            case "connectors": draft.snapshot.gaps.insert(.connectors)
            case "devices": draft.snapshot.gaps.insert(.devices)
            case _ where owner.hasPrefix("the members"): draft.snapshot.gaps.insert(.groupMembers)
            case _ where owner.hasPrefix("the keys"): draft.snapshot.gaps.insert(.serviceKeys)
            default: draft.snapshot.gaps.insert(.resources)
            }
        }
        if !unread.isEmpty {
            note("fields that are not read: " + unread.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", "))
        }
        draft.snapshot.sourceNotes = notes
    }

    private mutating func absent(_ section: String, _ gap: PolicySnapshot.Gaps, _ text: String) {
        guard !seen.contains(section) else { return }
        draft.snapshot.gaps.insert(gap)
        note(text)
    }

    private func count(_ ids: [String], _ what: String) -> String {
        ids.count == 1 ? "\(what) \(ids[0].quoted)" : "\(ids.count) \(what)s"
    }
}

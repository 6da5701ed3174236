import AccessPolicy
import FlowModel
import Wording

/// The objects of the administration interface, one reader each.
extension AdminAPIImport {
    /// Whether an object is new and must be added; a second, different definition is reported.
    private mutating func isNew<Object: Equatable>(
        _ object: Object, id: String, _ index: WritableKeyPath<AdminAPIImport, [String: Int]>,
        _ existing: KeyPath<PolicySnapshot, [Object]>, _ what: String, line: Int
    ) -> Bool {
        let known = draft.snapshot[keyPath: existing]
        guard let position = self[keyPath: index][id] else {
            self[keyPath: index][id] = known.count
            return true
        }
        if known[position] != object {
            scanner.report(line, "\(what) \(id.quoted) is given twice with different contents; are these answers of one instant?")
        }
        return false
    }

    mutating func readNetwork(_ node: DocumentNode) {
        guard let id = id(node, "a Remote network", type: "RemoteNetwork", &scanner) else { return }
        var network = RemoteNetwork(id: id, name: scanner.text(node["name"], "`name`") ?? id)
        network.isActive = scanner.flag(node["isActive"], "`isActive`", default: true)
        if let kind = word(node["networkType"], "`networkType`", ["REGULAR", "EXIT"]) {
            network.kind = kind == "EXIT" ? .exit : .regular
        }
        if isNew(network, id: id, \.networkIndex, \.networks, "Remote network", line: node.line) {
            draft.add(network, at: scanner.place(node))
        }
    }

    mutating func readConnector(_ node: DocumentNode) {
        guard let id = id(node, "a Connector", type: "Connector", &scanner) else { return }
        guard let network = reference(node["remoteNetwork"], "the Remote network of Connector \(id.quoted)", "RemoteNetwork", node)
        else { return }
        referencedNetworks.append((network, node["remoteNetwork"].flatMap { name($0) }, scanner.place(node)))
        var connector = Connector(id: id, name: scanner.text(node["name"], "`name`") ?? id, networkID: network)
        connector.hostname = scanner.text(node["hostname"], "`hostname`")
        connector.version = scanner.text(node["version"], "`version`")
        var addresses: [DocumentNode] = node["publicIP"].map { [$0] } ?? []
        addresses += scanner.list(node["privateIPs"], "`privateIPs`")
        for item in addresses {
            guard let text = scanner.text(item, "an address"), !text.isEmpty else { continue }
            if let address = IPAddress(text) {
                if !connector.addresses.contains(address) { connector.addresses.append(address) }
            } else {
                scanner.report(item.line, "\(text.quoted) is not an address")
            }
        }
        if isNew(connector, id: id, \.connectorIndex, \.connectors, "Connector", line: node.line) {
            draft.add(connector, at: scanner.place(node))
        }
    }

    mutating func readUser(_ node: DocumentNode) {
        guard let user = user(node) else { return }
        if isNew(user, id: user.id, \.userIndex, \.users, "user", line: node.line) {
            draft.add(user, at: scanner.place(node))
        }
    }

    private mutating func user(_ node: DocumentNode) -> User? {
        guard let id = id(node, "a user", type: "User", &scanner) else { return nil }
        var user = User(id: id, email: scanner.text(node["email"], "`email`") ?? "")
        user.role = scanner.text(node["role"], "`role`")?.lowercased()
        switch word(node["state"], "`state`", ["ACTIVE", "PENDING", "DISABLED"]) {
        case "PENDING": user.state = .pending
        case "DISABLED": user.state = .disabled
        default: user.state = .active
        }
        return user
    }

    mutating func readGroup(_ node: DocumentNode, isContinuation: Bool) {
        guard let id = id(node, "a group", type: "Group", &scanner) else { return }
        var members: [String] = []
        var places: [SourceLine] = []
        if let users = node["users"] {
            for member in nodes(users, of: "the members of group \(id.quoted)") {
                guard let user = user(member) else { continue }
                members.append(user.id)
                places.append(scanner.place(member))
                referencedUsers.append((user, scanner.place(member)))
            }
        } else if !isContinuation {
            draft.snapshot.gaps.insert(.groupMembers)
            note("the members of group \(id.quoted) are not in the answers")
        }
        if let position = groupIndex[id] {
            // Pages of one list may overlap.
            let fresh = zip(members, places).filter { membersSeen[position, default: []].insert($0.0).inserted }
            guard case .users(var known) = draft.snapshot.groups[position].members, !fresh.isEmpty else { return }
            draft.snapshot.groups[position].members = .everyone
            known += fresh.map(\.0)
            draft.snapshot.groups[position].members = .users(known)
            draft.memberPlaces[position] += fresh.map(\.1)
            return
        }
        var group = Group(id: id, name: scanner.text(node["name"], "`name`") ?? id, members: .users(members))
        group.isActive = scanner.flag(node["isActive"], "`isActive`", default: true)
        switch word(node["type"], "`type`", ["MANUAL", "SYNCED", "SYSTEM"]) {
        case "SYNCED": group.kind = .synced
        case "SYSTEM": group.kind = .system
        default: group.kind = .manual
        }
        groupIndex[id] = draft.snapshot.groups.count
        membersSeen[draft.snapshot.groups.count] = Set(members)
        draft.add(group, at: scanner.place(node), members: places)
    }

    mutating func readAccount(_ node: DocumentNode, isContinuation: Bool) {
        guard let id = id(node, "a service account", type: "ServiceAccount", &scanner) else { return }
        var keys: [ServiceAccount.Key] = []
        if let list = node["keys"] {
            for item in nodes(list, of: "the keys of service account \(id.quoted)") {
                guard let key = readKey(item) else { continue }
                keys.append(key)
            }
        } else if !isContinuation {
            accountsWithoutKeys = true
        }
        if let position = accountIndex[id] {
            for key in keys where !draft.snapshot.serviceAccounts[position].keys.contains(key) {
                draft.snapshot.serviceAccounts[position].keys.append(key)
            }
            return
        }
        accountIndex[id] = draft.snapshot.serviceAccounts.count
        let account = ServiceAccount(id: id, name: scanner.text(node["name"], "`name`") ?? id, keys: keys)
        draft.add(account, at: scanner.place(node))
    }

    private mutating func readKey(_ node: DocumentNode) -> ServiceAccount.Key? {
        guard let id = id(node, "a service account key", type: "ServiceAccountKey", &scanner) else { return nil }
        var key = ServiceAccount.Key(id: id, name: scanner.text(node["name"], "`name`") ?? id)
        key.revokedAt = scanner.time(node["revokedAt"], "`revokedAt`")
        key.expiresAt = scanner.time(node["expiresAt"], "`expiresAt`")
        let status = word(node["status"], "`status`", ["ACTIVE", "REVOKED", "EXPIRED"])
        key.isRevoked = status == "REVOKED" || key.revokedAt != nil
        // Expired, and the answer does not say since when.
        if status == "EXPIRED", key.expiresAt == nil { key.expiresAt = Timestamp(milliseconds: 0) }
        return key
    }

    mutating func readDevice(_ node: DocumentNode) {
        guard let id = id(node, "a device", type: "Device", &scanner) else { return }
        var device = Device(
            id: id, name: scanner.text(node["name"], "`name`") ?? id,
            isTrusted: scanner.flag(node["isTrusted"], "`isTrusted`", default: false))
        if let state = scanner.text(node["activeState"], "`activeState`") { device.isActive = state == "ACTIVE" }
        if let user = node["user"] { device.userID = reference(user, "the user of device \(id.quoted)", "User", node) }
        if isNew(device, id: id, \.deviceIndex, \.devices, "device", line: node.line) {
            draft.add(device, at: scanner.place(node))
        }
    }

    mutating func readSecurityPolicy(_ node: DocumentNode) {
        guard let id = id(node, "a security policy", type: "SecurityPolicy", &scanner) else { return }
        var policy = SecurityPolicy(id: id, name: scanner.text(node["name"], "`name`") ?? id)
        policy.isOpaque = true
        if let position = policyIndex[id] {
            if draft.snapshot.securityPolicies[position].name == id { draft.snapshot.securityPolicies[position].name = policy.name }
            return
        }
        policyIndex[id] = draft.snapshot.securityPolicies.count
        draft.add(policy, at: scanner.place(node))
    }

    mutating func readResource(_ node: DocumentNode, isContinuation: Bool) {
        guard let id = id(node, "a Resource", type: "Resource", &scanner) else { return }
        let what = "Resource \(id.quoted)"
        var edges: [AccessEdge] = []
        var places: [SourceLine] = []
        readEdges(node, what, &edges, &places)
        if isContinuation, let position = resourceIndex[id] {
            let known = Set(draft.snapshot.resources[position].access.map(\.subject))
            for (edge, place) in zip(edges, places) where !known.contains(edge.subject) {
                draft.snapshot.resources[position].access.append(edge)
                draft.edgePlaces[position].append(place)
            }
            return
        }
        guard let address = address(node, what),
            let network = reference(node["remoteNetwork"], "the Remote network of \(what)", "RemoteNetwork", node)
        else { return }
        referencedNetworks.append((network, node["remoteNetwork"].flatMap { name($0) }, scanner.place(node)))
        var resource = Resource(id: id, name: scanner.text(node["name"], "`name`") ?? id, address: address, networkID: network)
        resource.alias = readAlias(node["alias"], &scanner)
        resource.isActive = scanner.flag(node["isActive"], "`isActive`", default: true)
        if word(node["routingMode"], "`routingMode`", ["THROUGH_TWINGATE", "BYPASS_TWINGATE"]) == "BYPASS_TWINGATE" {
            resource.routing = .bypass
        }
        resource.securityPolicyID = node["securityPolicy"].flatMap { securityPolicy($0) }
        resource.mode = mode(node, what) ?? .manual
        if case .mapping(let entries) = node.content, !entries.contains(where: { $0.key == "protocols" }) {
            resourcesWithoutProtocols.append(id)
        }
        resource.protocols = node["protocols"].map { protocols($0, what) }
        resource.access = edges
        if let position = resourceIndex[id] {
            if draft.snapshot.resources[position] != resource {
                scanner.report(node.line, "\(what) is given twice with different contents; are these answers of one instant?")
            }
            return
        }
        resourceIndex[id] = draft.snapshot.resources.count
        draft.add(resource, at: scanner.place(node), edges: places)
    }

    /// Edges of today's answers (`access`) and of older ones (`groups`, `serviceAccounts`).
    private mutating func readEdges(
        _ node: DocumentNode, _ what: String, _ result: inout [AccessEdge], _ places: inout [SourceLine]
    ) {
        var items: [(DocumentNode, String?)] = []
        if let access = node["access"] { items += edges(access, of: "the access of \(what)").map { ($0, nil) } }
        if let groups = node["groups"] { items += edges(groups, of: "the groups of \(what)").map { ($0, "Group") } }
        if let accounts = node["serviceAccounts"] {
            items += edges(accounts, of: "the service accounts of \(what)").map { ($0, "ServiceAccount") }
        }
        var subjects: Set<AccessEdge.Subject> = []
        for (item, presumed) in items {
            let target = item["node"] ?? item
            guard case .mapping = target.content, let idNode = target["id"], let text = scanner.text(idNode, "`id`") else {
                scanner.report(item.line, "a grant of \(what) names nobody")
                continue
            }
            let type = scanner.text(target["__typename"], "`__typename`") ?? presumed ?? GlobalID.decode(text)?.type
            guard let type, type == "Group" || type == "ServiceAccount" else {
                scanner.report(item.line, "a grant of \(what) must go to a `Group` or a `ServiceAccount`")
                continue
            }
            guard let id = scanner.identifier(idNode, "the subject of a grant of \(what)", type: type) else { continue }
            let subject = type == "Group" ? AccessEdge.Subject.group(id) : .serviceAccount(id)
            // An export that asks for old and new fields at once tells the same edge twice.
            if presumed != nil, subjects.contains(subject) { continue }
            subjects.insert(subject)
            if type == "Group" { referencedGroups.append((id, name(target), scanner.place(item))) }
            var edge = AccessEdge(subject, expiresAt: scanner.time(item["expiresAt"], "`expiresAt`"))
            edge.securityPolicyID = item["securityPolicy"].flatMap { securityPolicy($0) }
            edge.mode = mode(item, what)
            result.append(edge)
            places.append(scanner.place(item))
        }
    }

    private mutating func address(_ node: DocumentNode, _ what: String) -> ResourceAddress? {
        guard let field = node["address"] else {
            scanner.report(node.line, "\(what) has no `address`")
            return nil
        }
        guard case .mapping = field.content else { return readAddress(field, &scanner) }
        guard let value = field["value"] else {
            scanner.report(field.line, "the address of \(what) has no `value`")
            return nil
        }
        guard let address = readAddress(value, &scanner) else { return nil }
        if let type = word(field["type"], "`type`", ["IP", "DNS"]) {
            switch (type, address) {
            case ("IP", .name):
                scanner.report(value.line, "the address \(address.text.quoted) of \(what) is of type `IP` and is a name")
            case ("DNS", .block):
                scanner.report(value.line, "the address \(address.text.quoted) of \(what) is of type `DNS` and is none")
            default: break
            }
        }
        return address
    }

    private mutating func protocols(_ node: DocumentNode, _ what: String) -> ProtocolRules {
        ProtocolRules(
            allowsICMP: scanner.flag(node["allowIcmp"], "`allowIcmp`", default: false),
            tcp: ports(node["tcp"], what), udp: ports(node["udp"], what))
    }

    private mutating func ports(_ node: DocumentNode?, _ what: String) -> PortRule {
        guard let node else { return .none }
        switch word(node["policy"], "`policy`", ["ALLOW_ALL", "RESTRICTED", "DENY_ALL"]) {
        case "ALLOW_ALL": return .all
        case "DENY_ALL": return .none
        default: break
        }
        var ranges: [PortRange] = []
        for item in scanner.list(node["ports"], "`ports`") {
            let first = scanner.number(item["start"], "`start`", lowest: 1)
            let last = scanner.number(item["end"], "`end`", lowest: 1)
            guard let first, let last, let range = PortRange(Int(first), Int(last)) else {
                scanner.report(item.line, "\(what) has a range of ports that is not within 1 to 65535")
                continue
            }
            ranges.append(range)
        }
        return PortRule(ranges)
    }

    /// `accessPolicy` of today's answers, `usageBasedAutolockDurationDays` of older ones.
    private mutating func mode(_ node: DocumentNode, _ what: String) -> GrantMode? {
        if let policy = node["accessPolicy"] {
            let seconds = scanner.number(policy["durationSeconds"], "`durationSeconds`", lowest: 0).map {
                min($0, maxDurationSeconds)
            }
            switch word(policy["mode"], "`mode`", ["MANUAL", "AUTO_LOCK", "ACCESS_REQUEST"]) {
            case "AUTO_LOCK":
                guard let seconds, seconds > 0 else {
                    scanner.report(policy.line, "\(what) locks by itself and has no `durationSeconds`")
                    return nil
                }
                return .autoLock(seconds: seconds)
            case "ACCESS_REQUEST":
                accessRequests.append(what)
                return .accessRequest(seconds: seconds == 0 ? nil : seconds)
            case "MANUAL": return .manual
            default: return nil
            }
        }
        guard let days = scanner.number(node["usageBasedAutolockDurationDays"], "`usageBasedAutolockDurationDays`", lowest: 0),
            days > 0
        else { return nil }
        return .autoLock(seconds: min(days, maxDurationSeconds / 86_400) * 86_400)
    }

    private mutating func securityPolicy(_ node: DocumentNode) -> String? {
        readSecurityPolicy(node)
        guard let field = node["id"] else { return nil }
        return scanner.identifier(field, "the id of a security policy", type: "SecurityPolicy")
    }

    /// The id within `{"id": …}`, or the id itself.
    private mutating func reference(_ node: DocumentNode?, _ what: String, _ type: String, _ owner: DocumentNode) -> String? {
        guard let node else {
            scanner.report(owner.line, "\(what) is missing")
            return nil
        }
        return scanner.identifier(node["id"] ?? node, what, type: type)
    }

    private mutating func name(_ node: DocumentNode) -> String? {
        guard case .mapping = node.content else { return nil }
        return scanner.text(node["name"], "`name`")
    }

    private mutating func word(_ node: DocumentNode?, _ what: String, _ known: [String]) -> String? {
        guard let text = scanner.text(node, what), let node else { return nil }
        guard known.contains(text) else {
            scanner.report(
                node.line, "\(what) must be one of \(known.map { "`\($0)`" }.joined(separator: ", ")), not \(text.quoted)")
            return nil
        }
        return text
    }
}

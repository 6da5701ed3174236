public import FlowModel

/// Reads what `terraform show -json` prints of a state or a plan, and raw state files of version 4: the objects of the provider `twingate`.
///
/// Terraform knows what it manages and nothing else, so that everything it could have left out is a gap of the snapshot: users,
/// members of groups, devices, and Resources made elsewhere.
public struct TerraformImport {
    private var draft = SnapshotDraft()
    private var scanner: DocumentScanner
    private var notes: [String] = []
    private var objects: [(type: String, node: DocumentNode)] = []
    private var keys: [String: [ServiceAccount.Key]] = [:]
    private var ids: [String: Set<String>] = [:]
    private var referencedUsers: [(id: String, place: SourceLine)] = []

    /// The snapshot that the state describes, in force from `effectiveAt`.
    public static func read(_ bytes: [UInt8], file: String, effectiveAt: Timestamp) throws(PolicyDocumentErrors) -> PolicySnapshot {
        let root = try DocumentNode.read(bytes, file: file)
        guard recognises(root) else {
            throw PolicyDocumentErrors(file: file, "is not what `terraform show -json` prints")
        }
        var importer = TerraformImport(scanner: DocumentScanner(file: file))
        importer.collect(root)
        guard !importer.objects.isEmpty else {
            throw PolicyDocumentErrors(file: file, "holds no object of the provider `twingate`")
        }
        importer.readObjects()
        importer.complete()
        guard importer.scanner.problems.isEmpty else { throw PolicyDocumentErrors(importer.scanner.problems) }
        importer.draft.snapshot.effectiveAt = effectiveAt
        return try importer.draft.finished()
    }

    private init(scanner: DocumentScanner) {
        self.scanner = scanner
    }

    /// Told from an answer of the administration interface by its own keys.
    public static func recognises(_ bytes: [UInt8]) -> Bool {
        guard let root = try? DocumentNode.read(bytes, file: "") else { return false }
        return recognises(root)
    }

    static func recognises(_ root: DocumentNode) -> Bool {
        root["terraform_version"] != nil || (root["format_version"] != nil && (root["values"] ?? root["planned_values"]) != nil)
    }

    // MARK: Finding the objects

    private mutating func collect(_ root: DocumentNode) {
        if let module = (root["values"] ?? root["planned_values"])?["root_module"] {
            collect(module: module)
        } else {
            for resource in scanner.list(root["resources"], "`resources`") {
                guard let type = scanner.text(resource["type"], "`type`"), type.hasPrefix("twingate_") else { continue }
                for instance in scanner.list(resource["instances"], "`instances`") {
                    if let values = instance["attributes"] { objects.append((type, values)) }
                }
            }
        }
    }

    private mutating func collect(module: DocumentNode) {
        for resource in scanner.list(module["resources"], "`resources`") {
            guard let type = scanner.text(resource["type"], "`type`"), type.hasPrefix("twingate_"), let values = resource["values"]
            else { continue }
            objects.append((type, values))
        }
        for child in scanner.list(module["child_modules"], "`child_modules`") { collect(module: child) }
    }

    // MARK: Reading them

    private mutating func readObjects() {
        for (type, node) in objects {
            switch type {
            case "twingate_remote_network": readNetwork(node, isExit: false)
            case "twingate_exit_network": readNetwork(node, isExit: true)
            case "twingate_connector": readConnector(node)
            case "twingate_user": readUser(node)
            case "twingate_group": readGroup(node)
            case "twingate_service_account": readAccount(node)
            case "twingate_service_account_key": readKey(node)
            case "twingate_security_policy": readSecurityPolicy(node["id"], name: scanner.text(node["name"], "`name`"), node)
            case "twingate_resource": readResource(node)
            default: break
            }
        }
        for index in draft.snapshot.serviceAccounts.indices {
            draft.snapshot.serviceAccounts[index].keys = keys[draft.snapshot.serviceAccounts[index].id] ?? []
        }
    }

    /// The id of an object that is seen for the first time: data sources repeat what resources define.
    private mutating func newID(_ node: DocumentNode, _ type: String) -> String? {
        guard let field = node["id"] else {
            scanner.report(node.line, "a \(type) has no `id`; is this a plan that was not applied?")
            return nil
        }
        guard let id = scanner.identifier(field, "the id of a \(type)", type: type) else { return nil }
        return ids[type, default: []].insert(id).inserted ? id : nil
    }

    private mutating func readNetwork(_ node: DocumentNode, isExit: Bool) {
        guard let id = newID(node, "RemoteNetwork") else { return }
        var network = RemoteNetwork(id: id, name: scanner.text(node["name"], "`name`") ?? id)
        if isExit || scanner.text(node["type"], "`type`") == "EXIT" { network.kind = .exit }
        draft.add(network, at: scanner.place(node))
    }

    private mutating func readConnector(_ node: DocumentNode) {
        guard let id = newID(node, "Connector"), let field = node["remote_network_id"],
            let network = scanner.identifier(field, "`remote_network_id`", type: "RemoteNetwork")
        else { return }
        var connector = Connector(id: id, name: scanner.text(node["name"], "`name`") ?? id, networkID: network)
        connector.hostname = scanner.text(node["hostname"], "`hostname`")
        connector.version = scanner.text(node["version"], "`version`")
        var addresses = [scanner.text(node["public_ip"], "`public_ip`")]
        for item in scanner.list(node["private_ips"], "`private_ips`") { addresses.append(scanner.text(item, "an address")) }
        connector.addresses = addresses.compactMap { $0.flatMap { IPAddress($0) } }
        draft.add(connector, at: scanner.place(node))
    }

    private mutating func readUser(_ node: DocumentNode) {
        guard let id = newID(node, "User") else { return }
        var user = User(id: id, email: scanner.text(node["email"], "`email`") ?? "")
        if !scanner.flag(node["is_active"], "`is_active`", default: true) { user.state = .disabled }
        user.role = scanner.text(node["role"], "`role`")?.lowercased()
        draft.add(user, at: scanner.place(node))
    }

    private mutating func readGroup(_ node: DocumentNode) {
        guard let id = newID(node, "Group") else { return }
        var members: [String] = []
        var places: [SourceLine] = []
        for item in scanner.list(node["user_ids"], "`user_ids`") {
            guard let user = scanner.identifier(item, "a member", type: "User"), !members.contains(user) else { continue }
            members.append(user)
            places.append(scanner.place(item))
            referencedUsers.append((user, scanner.place(item)))
        }
        var group = Group(id: id, name: scanner.text(node["name"], "`name`") ?? id, members: .users(members))
        group.isActive = scanner.flag(node["is_active"], "`is_active`", default: true)
        switch scanner.text(node["type"], "`type`") {
        case "SYNCED": group.kind = .synced
        case "SYSTEM": group.kind = .system
        default: break
        }
        draft.add(group, at: scanner.place(node), members: places)
    }

    private mutating func readAccount(_ node: DocumentNode) {
        guard let id = newID(node, "ServiceAccount") else { return }
        draft.add(ServiceAccount(id: id, name: scanner.text(node["name"], "`name`") ?? id), at: scanner.place(node))
    }

    private mutating func readKey(_ node: DocumentNode) {
        guard let id = newID(node, "ServiceAccountKey"), let field = node["service_account_id"],
            let account = scanner.identifier(field, "`service_account_id`", type: "ServiceAccount")
        else { return }
        var key = ServiceAccount.Key(id: id, name: scanner.text(node["name"], "`name`") ?? id)
        key.isRevoked = !scanner.flag(node["is_active"], "`is_active`", default: true)
        keys[account, default: []].append(key)
    }

    @discardableResult
    private mutating func readSecurityPolicy(_ field: DocumentNode?, name: String?, _ node: DocumentNode) -> String? {
        guard let field, let text = scanner.text(field, "`security_policy_id`"), !text.isEmpty,
            let id = scanner.identifier(field, "the id of a security policy", type: "SecurityPolicy")
        else { return nil }
        if ids["SecurityPolicy", default: []].insert(id).inserted {
            var policy = SecurityPolicy(id: id, name: name ?? id)
            policy.isOpaque = true
            draft.add(policy, at: scanner.place(node))
        } else if let name, let index = draft.snapshot.securityPolicies.firstIndex(where: { $0.id == id && $0.name == id }) {
            draft.snapshot.securityPolicies[index].name = name
        }
        return id
    }

    private mutating func readResource(_ node: DocumentNode) {
        // The data source of that name tells less than the object that Terraform manages.
        guard node["remote_network_id"] != nil, let id = newID(node, "Resource") else { return }
        let what = "Resource \(id.quoted)"
        guard let address = readAddress(node["address"], &scanner),
            let network = scanner.identifier(node["remote_network_id"], "`remote_network_id`", type: "RemoteNetwork")
        else {
            if node["address"] == nil { scanner.report(node.line, "\(what) has no `address`") }
            return
        }
        var resource = Resource(id: id, name: scanner.text(node["name"], "`name`") ?? id, address: address, networkID: network)
        resource.alias = readAlias(node["alias"], &scanner)
        resource.isActive = scanner.flag(node["is_active"], "`is_active`", default: true)
        switch scanner.text(node["routing_mode"], "`routing_mode`") {
        case nil, "THROUGH_TWINGATE": break
        case "BYPASS_TWINGATE": resource.routing = .bypass
        case .some(let other): scanner.report(node.line, "\(what) has the unknown routing mode \(other.quoted)")
        }
        resource.securityPolicyID = readSecurityPolicy(node["security_policy_id"], name: nil, node)
        resource.mode = mode(node, what) ?? .manual
        // A block written in older providers is a list of one.
        if let rules = first(node["protocols"]) { resource.protocols = protocols(rules, what) }
        var places: [SourceLine] = []
        readEdges(node, what, &resource.access, &places)
        draft.add(resource, at: scanner.place(node), edges: places)
    }

    private func first(_ node: DocumentNode?) -> DocumentNode? {
        guard let node else { return nil }
        if case .sequence(let items) = node.content { return items.first { !$0.isNull } }
        return node
    }

    private mutating func readEdges(_ node: DocumentNode, _ what: String, _ edges: inout [AccessEdge], _ places: inout [SourceLine]) {
        for item in scanner.list(node["access_group"], "`access_group`") {
            guard let field = item["group_id"], let id = scanner.identifier(field, "`group_id`", type: "Group") else {
                scanner.report(item.line, "an `access_group` of \(what) has no `group_id`")
                continue
            }
            var edge = AccessEdge(.group(id))
            edge.securityPolicyID = readSecurityPolicy(item["security_policy_id"], name: nil, item)
            edge.mode = mode(item, what)
            edges.append(edge)
            places.append(scanner.place(item))
        }
        for item in scanner.list(node["access_service"], "`access_service`") {
            guard let field = item["service_account_id"],
                let id = scanner.identifier(field, "`service_account_id`", type: "ServiceAccount")
            else {
                scanner.report(item.line, "an `access_service` of \(what) has no `service_account_id`")
                continue
            }
            edges.append(AccessEdge(.serviceAccount(id)))
            places.append(scanner.place(item))
        }
    }

    private mutating func mode(_ node: DocumentNode, _ what: String) -> GrantMode? {
        if let policy = first(node["access_policy"]) {
            let seconds = policy["duration"].flatMap { duration($0, what) }
            switch scanner.text(policy["mode"], "`mode`") {
            case "AUTO_LOCK":
                if let seconds { return .autoLock(seconds: seconds) }
                scanner.report(policy.line, "\(what) locks by itself and has no `duration`")
                return nil
            case "ACCESS_REQUEST": return .accessRequest(seconds: seconds)
            case "MANUAL": return .manual
            case let other: scanner.report(policy.line, "\(what) has the unknown access mode \((other ?? "").quoted)")
            }
            return nil
        }
        guard let days = scanner.number(node["usage_based_autolock_duration_days"], "`usage_based_autolock_duration_days`", lowest: 0),
            days > 0
        else { return nil }
        return .autoLock(seconds: min(days, longestDurationSeconds / 86_400) * 86_400)
    }

    /// `48h`, `2d`, `1h30m`, in seconds.
    private mutating func duration(_ node: DocumentNode, _ what: String) -> Int64? {
        guard let text = scanner.text(node, "`duration`") else { return nil }
        var total: Int64 = 0
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber, digits.utf8.count < 9 {
                digits.append(character)
                continue
            }
            let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
            guard let count = Int64(digits), let unit = units[character] else {
                digits = "?"
                break
            }
            total += count * unit
            digits = ""
        }
        guard digits.isEmpty, total > 0 else {
            scanner.report(node.line, "\(what) has a duration that is not like `48h`: \(text.quoted)")
            return nil
        }
        return min(total, longestDurationSeconds)
    }

    private mutating func protocols(_ node: DocumentNode, _ what: String) -> ProtocolRules {
        ProtocolRules(
            allowsICMP: scanner.flag(node["allow_icmp"], "`allow_icmp`", default: true),
            tcp: ports(first(node["tcp"]), what), udp: ports(first(node["udp"]), what))
    }

    private mutating func ports(_ node: DocumentNode?, _ what: String) -> PortRule {
        guard let node else { return .all }
        switch scanner.text(node["policy"], "`policy`") {
        case nil, "ALLOW_ALL": return .all
        case "DENY_ALL": return .none
        case "RESTRICTED": break
        case .some(let other): scanner.report(node.line, "\(what) has the unknown port policy \(other.quoted)")
        }
        var ranges: [PortRange] = []
        for item in scanner.list(node["ports"], "`ports`") {
            guard let text = scanner.text(item, "a port") else { continue }
            if let range = PortRange(text) {
                ranges.append(range)
            } else {
                scanner.report(item.line, "\(text.quoted) is not a port or a range of ports within 1 to 65535")
            }
        }
        return PortRule(ranges)
    }

    // MARK: What the state cannot say

    private mutating func complete() {
        draft.snapshot.gaps = [.users, .groupMembers, .serviceAccounts, .serviceKeys, .connectors, .devices, .resources]
        notes.append("a Terraform state holds what Terraform manages; whatever was made elsewhere is missing")
        notes.append("expiry times of grants and keys, devices, and members of synced groups are not in a Terraform state")
        for (id, place) in referencedUsers where ids["User", default: []].insert(id).inserted {
            draft.add(User(id: id, email: ""), at: place)
        }
        var strangers: [String] = []
        for (resource, places) in zip(draft.snapshot.resources, draft.edgePlaces) {
            for (edge, place) in zip(resource.access, places) {
                if case .group(let id) = edge.subject, ids["Group", default: []].insert(id).inserted {
                    draft.add(Group(id: id, name: id, members: .users([])), at: place, members: [])
                    strangers.append("group \(id)")
                }
            }
        }
        let networks = draft.snapshot.resources.map(\.networkID) + draft.snapshot.connectors.map(\.networkID)
        let places = draft.resourcePlaces + draft.connectorPlaces
        for (id, place) in zip(networks, places) where ids["RemoteNetwork", default: []].insert(id).inserted {
            draft.add(RemoteNetwork(id: id, name: id), at: place)
            strangers.append("Remote network \(id)")
        }
        if !strangers.isEmpty { notes.append("known by reference only: " + strangers.joined(separator: ", ")) }
        if !draft.snapshot.securityPolicies.isEmpty {
            notes.append("security policies are known by name only; what they require is not in a Terraform state")
        }
        draft.snapshot.sourceNotes = notes
    }
}

import AccessPolicy
import FlowModel
import Wording

/// The objects of the provider, one reader each.
extension TerraformImport {
    /// The id of an object that is seen for the first time; made up where a plan does not know it yet.
    private mutating func newID(_ object: Object, _ type: String) -> String? {
        guard let field = object.values["id"] else {
            if let id = plannedIDs[object.address] {
                ids[type, default: []].insert(id)
                return id
            }
            scanner.report(object.values.line, "a \(type) has no `id`; is this a plan that was not applied?")
            return nil
        }
        guard let id = scanner.identifier(field, "the id of a \(type)", type: type) else { return nil }
        return ids[type, default: []].insert(id).inserted ? id : nil
    }

    /// The id behind a reference: as it is written, or where a plan does not know it yet that of the one object that is meant.
    private mutating func reference(_ object: Object, _ key: String, type: String, of kind: String) -> String? {
        if let field = object.values[key] { return scanner.identifier(field, "`\(key)`", type: type) }
        guard isPlan, TerraformReferences.isUnknown(object.unknown?[key]) || object.unknown == nil else { return nil }
        guard let targets = references.targets(of: [key], in: object.address, type: kind), targets.count == 1 else { return nil }
        return plannedIDs[targets[0]]
    }

    /// Ids made up for the objects of a kind to which an attribute refers; nil when a reference cannot be followed.
    private func plannedTargets(_ object: Object, _ path: [String], of kind: String) -> [String]? {
        references.targets(of: path, in: object.address, type: kind)?.compactMap { plannedIDs[$0] }
    }

    mutating func readNetwork(_ object: Object, isExit: Bool) {
        let node = object.values
        guard let id = newID(object, "RemoteNetwork") else { return }
        leftovers.look(object, reads: ["id", "name", "type"])
        var network = RemoteNetwork(id: id, name: scanner.text(node["name"], "`name`") ?? id)
        switch scanner.text(node["type"], "`type`") {
        case "EXIT": network.kind = .exit
        case nil, "REGULAR": if isExit { network.kind = .exit }
        case .some(let other): scanner.report(node.line, "Remote network \(id.quoted) has the unknown type \(other.quoted)")
        }
        draft.add(network, at: scanner.place(node))
    }

    mutating func readConnector(_ object: Object) {
        let node = object.values
        guard let id = newID(object, "Connector") else { return }
        leftovers.look(object, reads: ["id", "name", "remote_network_id", "hostname", "version", "public_ip", "private_ips"])
        guard let network = reference(object, "remote_network_id", type: "RemoteNetwork", of: "twingate_remote_network") else {
            leftovers.remark("Connector \(id) is not imported: its Remote network is not given")
            return
        }
        var connector = Connector(id: id, name: scanner.text(node["name"], "`name`") ?? id, networkID: network)
        connector.hostname = scanner.text(node["hostname"], "`hostname`")
        connector.version = scanner.text(node["version"], "`version`")
        var addresses = [scanner.text(node["public_ip"], "`public_ip`")]
        for item in scanner.list(node["private_ips"], "`private_ips`") { addresses.append(scanner.text(item, "an address")) }
        for text in addresses.compactMap(\.self) where !text.isEmpty {
            if let address = IPAddress(text) {
                if !connector.addresses.contains(address) { connector.addresses.append(address) }
            } else {
                leftovers.remark("\(text.quoted) of Connector \(id) is not an address and is not imported")
            }
        }
        draft.add(connector, at: scanner.place(node))
    }

    mutating func readUser(_ object: Object) {
        let node = object.values
        guard let id = newID(object, "User") else { return }
        leftovers.look(object, reads: ["id", "email", "is_active", "role"])
        var user = User(id: id, email: scanner.text(node["email"], "`email`") ?? "")
        if !scanner.flag(node["is_active"], "`is_active`", default: true) { user.state = .disabled }
        user.role = scanner.text(node["role"], "`role`")?.lowercased()
        draft.add(user, at: scanner.place(node))
    }

    mutating func readGroup(_ object: Object) {
        let node = object.values
        guard let id = newID(object, "Group") else { return }
        leftovers.look(object, reads: ["id", "name", "user_ids", "is_active", "type", "security_policy_id"])
        var members: [String] = []
        var places: [SourceLine] = []
        func add(_ user: String, _ place: SourceLine) {
            guard !members.contains(user) else { return }
            members.append(user)
            places.append(place)
        }
        let items = scanner.list(node["user_ids"], "`user_ids`")
        for item in items where !item.isNull {
            if let user = scanner.identifier(item, "a member", type: "User") { add(user, scanner.place(item)) }
        }
        if TerraformReferences.isUnknown(object.unknown?["user_ids"]) || (isPlan && items.contains(where: \.isNull)) {
            if let users = plannedTargets(object, ["user_ids"], of: "twingate_user") {
                for user in users { add(user, scanner.place(node)) }
            } else {
                leftovers.addUnknown("\(object.address).user_ids")
            }
        }
        for (user, place) in zip(members, places) { referencedUsers.append((user, place)) }
        var group = Group(id: id, name: scanner.text(node["name"], "`name`") ?? id, members: .users(members))
        group.isActive = scanner.flag(node["is_active"], "`is_active`", default: true)
        switch scanner.text(node["type"], "`type`") {
        case "SYNCED": group.kind = .synced
        case "SYSTEM": group.kind = .system
        case nil, "", "MANUAL": break
        case .some(let other): scanner.report(node.line, "group \(id.quoted) has the unknown type \(other.quoted)")
        }
        if scanner.text(node["security_policy_id"], "`security_policy_id`")?.isEmpty == false {
            leftovers.remark("the security policy of group \(id) is not imported: grants name theirs")
        }
        draft.add(group, at: scanner.place(node), members: places)
    }

    mutating func readAccount(_ object: Object) {
        let node = object.values
        guard let id = newID(object, "ServiceAccount") else { return }
        leftovers.look(object, reads: ["id", "name"])
        draft.add(ServiceAccount(id: id, name: scanner.text(node["name"], "`name`") ?? id), at: scanner.place(node))
    }

    mutating func readKey(_ object: Object) {
        let node = object.values
        guard let id = newID(object, "ServiceAccountKey") else { return }
        leftovers.look(object, reads: ["id", "name", "service_account_id", "is_active"])
        guard let account = reference(object, "service_account_id", type: "ServiceAccount", of: "twingate_service_account") else {
            leftovers.remark("key \(id) is not imported: its service account is not given")
            return
        }
        var key = ServiceAccount.Key(id: id, name: scanner.text(node["name"], "`name`") ?? id)
        key.isRevoked = !scanner.flag(node["is_active"], "`is_active`", default: true)
        keys[account, default: []].append(key)
    }

    @discardableResult
    mutating func readSecurityPolicy(_ field: DocumentNode?, name: String?, _ node: DocumentNode) -> String? {
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

    private static let resourceKeys: Set<String> = [
        "id", "name", "address", "alias", "remote_network_id", "is_active", "routing_mode", "security_policy_id", "access_policy",
        "usage_based_autolock_duration_days", "protocols", "access_group", "access_service", "access", "group_ids",
    ]

    mutating func readResource(_ object: Object) {
        let node = object.values
        guard let id = newID(object, "Resource") else { return }
        let what = "Resource \(id.quoted)"
        leftovers.look(object, reads: TerraformImport.resourceKeys)
        if node["address"] == nil {
            guard TerraformReferences.isUnknown(object.unknown?["address"]) else {
                return scanner.report(node.line, "\(what) has no `address`")
            }
            return leftovers.addUnknown("\(object.address).address, without which the Resource is not imported")
        }
        guard let address = readAddress(node["address"], &scanner) else { return }
        guard let network = reference(object, "remote_network_id", type: "RemoteNetwork", of: "twingate_remote_network") else {
            guard isPlan else { return scanner.report(node.line, "\(what) has no `remote_network_id`") }
            return leftovers.addUnknown("\(object.address).remote_network_id, without which the Resource is not imported")
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
        if let rules = first(node["protocols"], "the protocols of \(what)") { resource.protocols = protocols(rules, what) }
        for key in ["alias", "is_active", "routing_mode", "protocols", "access_policy"]
        where TerraformReferences.isUnknown(object.unknown?[key]) && node[key] == nil && key != "is_active" {
            leftovers.addUnknown("\(object.address).\(key)")
        }
        var grants = TerraformGrants()
        readGrants(object, what, &grants)
        resource.access = grants.edges
        draft.add(resource, at: scanner.place(node), edges: grants.places)
    }

    /// The one item of a block; more than one are refused, since only one would be read.
    private mutating func first(_ node: DocumentNode?, _ what: String) -> DocumentNode? {
        guard let node else { return nil }
        guard case .sequence(let items) = node.content else { return node }
        let given = items.filter { !$0.isNull }
        if given.count > 1 { scanner.report(node.line, "\(what) are given \(given.count) times") }
        return given.first
    }

    // MARK: Grants

    /// Edges of one Resource, each subject once.
    private struct TerraformGrants {
        var edges: [AccessEdge] = []
        var places: [SourceLine] = []

        mutating func add(_ edge: AccessEdge, _ place: SourceLine) {
            guard !edges.contains(where: { $0.subject == edge.subject }) else { return }
            edges.append(edge)
            places.append(place)
        }
    }

    /// `access_group` and `access_service` of today's provider, `access` of versions 1 and 2, `group_ids` of versions before.
    private mutating func readGrants(_ object: Object, _ what: String, _ grants: inout TerraformGrants) {
        let node = object.values
        for (key, field, type, kind) in [
            ("access_group", "group_id", "Group", "twingate_group"),
            ("access_service", "service_account_id", "ServiceAccount", "twingate_service_account"),
        ] {
            var open: [DocumentNode] = []
            for item in scanner.list(node[key], "`\(key)`") {
                leftovers.look(
                    item, as: "twingate_resource.\(key)",
                    reads: [field, "security_policy_id", "access_policy", "usage_based_autolock_duration_days"])
                if item[field] == nil, isPlan {
                    open.append(item)
                } else if let subject = item[field], let id = scanner.identifier(subject, "`\(field)`", type: type) {
                    grants.add(edge(type, id, item, what), scanner.place(item))
                } else if item[field] == nil {
                    scanner.report(item.line, "an `\(key)` of \(what) has no `\(field)`")
                }
            }
            readOpen(object, [key, field], type, kind, open, what, &grants)
        }
        for item in scanner.list(node["access"], "`access`") {
            leftovers.look(item, as: "twingate_resource.access", reads: ["group_ids", "service_account_ids"])
            readIDs(object, item, ["access", "group_ids"], "Group", "twingate_group", &grants)
            readIDs(object, item, ["access", "service_account_ids"], "ServiceAccount", "twingate_service_account", &grants)
        }
        readIDs(object, node, ["group_ids"], "Group", "twingate_group", &grants)
    }

    /// Grants whose subject is known only after apply: when the plan's expressions mean as many new subjects, these are they.
    private mutating func readOpen(
        _ object: Object, _ path: [String], _ type: String, _ kind: String, _ open: [DocumentNode], _ what: String,
        _ grants: inout TerraformGrants
    ) {
        let isWhollyUnknown = object.values[path[0]] == nil && TerraformReferences.isUnknown(object.unknown?[path[0]])
        guard !open.isEmpty || isWhollyUnknown else { return }
        let targets = plannedTargets(object, path, of: kind)
        let edges = open.map { edge(type, "", $0, what) }
        guard let targets, targets.count == open.count, let first = edges.first, edges.allSatisfy({ $0 == first }) else {
            leftovers.addUnknown("\(object.address).\(path.joined(separator: "."))")
            return
        }
        for (id, item) in zip(targets, open) { grants.add(edge(type, id, item, what), scanner.place(item)) }
    }

    private mutating func readIDs(
        _ object: Object, _ node: DocumentNode, _ path: [String], _ type: String, _ kind: String, _ grants: inout TerraformGrants
    ) {
        let key = path[path.count - 1]
        let items = scanner.list(node[key], "`\(key)`")
        for item in items where !item.isNull {
            guard let id = scanner.identifier(item, "an entry of `\(key)`", type: type) else { continue }
            grants.add(AccessEdge(type == "Group" ? .group(id) : .serviceAccount(id)), scanner.place(item))
        }
        var unknown = object.unknown
        for key in path {
            if case .sequence(let items) = unknown?.content { unknown = items.first }
            unknown = unknown?[key]
        }
        guard isPlan, items.contains(where: \.isNull) || TerraformReferences.isUnknown(unknown) else { return }
        guard let targets = plannedTargets(object, path, of: kind) else {
            return leftovers.addUnknown("\(object.address).\(path.joined(separator: "."))")
        }
        for id in targets { grants.add(AccessEdge(type == "Group" ? .group(id) : .serviceAccount(id)), scanner.place(node)) }
    }

    private mutating func edge(_ type: String, _ id: String, _ item: DocumentNode, _ what: String) -> AccessEdge {
        guard type == "Group" else { return AccessEdge(.serviceAccount(id)) }
        var edge = AccessEdge(.group(id))
        edge.securityPolicyID = readSecurityPolicy(item["security_policy_id"], name: nil, item)
        edge.mode = mode(item, what)
        return edge
    }

    private mutating func mode(_ node: DocumentNode, _ what: String) -> GrantMode? {
        if let policy = first(node["access_policy"], "the access policies of \(what)") {
            leftovers.look(policy, as: "twingate_resource.access_policy", reads: ["mode", "duration"])
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
        return .autoLock(seconds: min(days, maxDurationSeconds / 86_400) * 86_400)
    }

    /// `48h`, `2d`, `1h30m`, in seconds.
    private mutating func duration(_ node: DocumentNode, _ what: String) -> Int64? {
        guard let text = scanner.text(node, "`duration`") else { return nil }
        guard let seconds = TerraformDuration.seconds(text) else {
            scanner.report(node.line, "\(what) has a duration that is not like `48h`: \(text.quoted)")
            return nil
        }
        return min(seconds, maxDurationSeconds)
    }

    private mutating func protocols(_ node: DocumentNode, _ what: String) -> ProtocolRules {
        leftovers.look(node, as: "twingate_resource.protocols", reads: ["allow_icmp", "tcp", "udp"])
        return ProtocolRules(
            allowsICMP: scanner.flag(node["allow_icmp"], "`allow_icmp`", default: true),
            tcp: ports(first(node["tcp"], "the TCP rules of \(what)"), what),
            udp: ports(first(node["udp"], "the UDP rules of \(what)"), what))
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
}

/// Lengths of time as Terraform writes them.
enum TerraformDuration {
    /// Seconds of `48h`, `2d`, `1h30m`, `1w`; nil for any other text and for nothing. What no number can hold is the largest one.
    static func seconds(_ text: String) -> Int64? {
        let units: [UInt8: Int64] = [
            UInt8(ascii: "s"): 1, UInt8(ascii: "m"): 60, UInt8(ascii: "h"): 3_600, UInt8(ascii: "d"): 86_400, UInt8(ascii: "w"): 604_800,
        ]
        var total: Int64 = 0
        var count: Int64?
        for byte in text.utf8 {
            if byte >= 48, byte <= 57 {
                count = saturated((count ?? 0).multipliedReportingOverflow(by: 10))
                count = saturated((count ?? 0).addingReportingOverflow(Int64(byte) - 48))
            } else {
                guard let number = count, let unit = units[byte] else { return nil }
                total = saturated(total.addingReportingOverflow(saturated(number.multipliedReportingOverflow(by: unit))))
                count = nil
            }
        }
        return count == nil && total > 0 ? total : nil
    }

    private static func saturated(_ result: (partialValue: Int64, overflow: Bool)) -> Int64 {
        result.overflow ? .max : result.partialValue
    }
}

import AccessPolicy
import FlowModel
import Wording

/// Reads the project's own documents, YAML or JSON.
struct SnapshotDocument {
    /// 2^53 − 1: every reader of JSON keeps it exactly (RFC 8785 §3.2.2.3).
    static let largestVersion: Int64 = 9_007_199_254_740_991

    private var scanner: DocumentScanner
    private var draft = SnapshotDraft()
    private var testNodes: [DocumentNode] = []

    static let keys: Set<String> = [
        "format", "effectiveAt", "version", "incomplete", "notes", "networks", "connectors", "users", "groups",
        "serviceAccounts", "devices", "securityPolicies", "resources", "tests",
    ]
    static let networkKeys: Set<String> = ["id", "name", "type", "active", "ranges"]
    static let connectorKeys: Set<String> = ["id", "name", "network", "hostname", "version", "addresses"]
    static let userKeys: Set<String> = ["id", "email", "state", "role"]
    static let groupKeys: Set<String> = ["id", "name", "type", "active", "members"]
    static let accountKeys: Set<String> = ["id", "name", "keys"]
    static let keyKeys: Set<String> = ["id", "name", "revoked", "revokedAt", "expiresAt"]
    static let deviceKeys: Set<String> = ["id", "name", "user", "trusted", "active"]
    static let securityPolicyKeys: Set<String> = ["id", "name", "requires"]
    static let requirementKeys: Set<String> = ["trustedDevice", "countries", "notCountries"]
    static let resourceKeys: Set<String> = [
        "id", "name", "address", "alias", "network", "active", "routing", "securityPolicy", "autoLockSeconds",
        "accessRequestSeconds", "protocols", "access",
    ]
    static let protocolKeys: Set<String> = ["icmp", "tcp", "udp"]
    static let edgeKeys: Set<String> = [
        "group", "serviceAccount", "expiresAt", "securityPolicy", "autoLockSeconds", "accessRequestSeconds", "manual",
    ]

    static func read(_ root: DocumentNode, file: String) throws(PolicyDocumentErrors) -> PolicyDocument {
        var reader = SnapshotDocument(scanner: DocumentScanner(file: file))
        reader.readRoot(root)
        var problems = reader.scanner.problems
        var snapshot: PolicySnapshot?
        do throws(PolicyDocumentErrors) {
            snapshot = try reader.draft.finished()
        } catch {
            problems += error.problems
        }
        var tests: [PolicyTest] = []
        if let snapshot {
            var scanner = DocumentScanner(file: file)
            let testReader = PolicyTestReader(snapshot: snapshot)
            for (index, node) in reader.testNodes.enumerated() {
                if let test = testReader.read(node, index + 1, &scanner) { tests.append(test) }
            }
            problems += scanner.problems
        }
        guard let snapshot, problems.isEmpty else {
            throw PolicyDocumentErrors(problems.sorted { $0.line < $1.line })
        }
        return PolicyDocument(file: file, snapshot: snapshot, tests: tests, lines: reader.draft.lines)
    }

    private mutating func readRoot(_ root: DocumentNode) {
        let fields = scanner.entries(root, "the document", known: SnapshotDocument.keys)
        let format = scanner.text(fields["format"], "`format`")
        if format != SnapshotWriter.format {
            scanner.report(fields["format"]?.line ?? root.line, "`format` must be `\(SnapshotWriter.format)`")
        }
        let effectiveAt = scanner.time(fields["effectiveAt"], "`effectiveAt`")
        if fields["effectiveAt"] == nil { scanner.report(root.line, "the document has no `effectiveAt`") }
        draft.snapshot.effectiveAt = effectiveAt ?? .distantPast
        draft.snapshot.version = scanner.number(fields["version"], "`version`", lowest: 0)
        if let version = draft.snapshot.version, version > SnapshotDocument.largestVersion {
            scanner.report(fields["version"]?.line ?? root.line, "`version` must be at most \(SnapshotDocument.largestVersion)")
        }
        for node in scanner.list(fields["incomplete"], "`incomplete`") {
            guard let word = scanner.text(node, "an entry of `incomplete`") else { continue }
            if let gap = PolicySnapshot.Gaps.names.first(where: { $0.name == word }) {
                draft.snapshot.gaps.insert(gap.gap)
            } else {
                let words = PolicySnapshot.Gaps.names.map { "`\($0.name)`" }.joined(separator: ", ")
                scanner.report(node.line, "an entry of `incomplete` must be one of \(words), not \(word.quoted)")
            }
        }
        for node in scanner.list(fields["notes"], "`notes`") {
            if let note = scanner.text(node, "a note") { draft.snapshot.sourceNotes.append(note) }
        }
        for node in scanner.list(fields["networks"], "`networks`") { readNetwork(node) }
        for node in scanner.list(fields["connectors"], "`connectors`") { readConnector(node) }
        for node in scanner.list(fields["users"], "`users`") { readUser(node) }
        for node in scanner.list(fields["groups"], "`groups`") { readGroup(node) }
        for node in scanner.list(fields["serviceAccounts"], "`serviceAccounts`") { readAccount(node) }
        for node in scanner.list(fields["devices"], "`devices`") { readDevice(node) }
        for node in scanner.list(fields["securityPolicies"], "`securityPolicies`") { readSecurityPolicy(node) }
        for node in scanner.list(fields["resources"], "`resources`") { readResource(node) }
        testNodes = scanner.list(fields["tests"], "`tests`")
    }

    /// The `id` of an object, reported when it is missing.
    private mutating func id(_ fields: [String: DocumentNode], _ what: String, _ node: DocumentNode, type: String) -> String? {
        guard let field = fields["id"] else {
            if case .mapping = node.content { scanner.report(node.line, "\(what) has no `id`") }
            return nil
        }
        return scanner.identifier(field, "the id of \(what)", type: type)
    }

    private mutating func reference(_ node: DocumentNode?, _ what: String, in owner: DocumentNode, type: String) -> String? {
        guard let node else {
            scanner.report(owner.line, "\(what) is missing")
            return nil
        }
        return scanner.identifier(node, what, type: type)
    }

    private mutating func readNetwork(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a Remote network", known: SnapshotDocument.networkKeys)
        guard let id = id(fields, "a Remote network", node, type: "RemoteNetwork") else { return }
        var network = RemoteNetwork(id: id, name: scanner.text(fields["name"], "`name`") ?? id)
        network.kind = scanner.word(fields["type"], "`type`", default: .regular)
        network.isActive = scanner.flag(fields["active"], "`active`", default: true)
        for range in scanner.list(fields["ranges"], "`ranges`") {
            guard let text = scanner.text(range, "a range") else { continue }
            do {
                network.ranges.append(try AddressBlock(text))
            } catch {
                scanner.report(range.line, ResourceAddress.message(error, text))
            }
        }
        draft.add(network, at: scanner.place(node))
    }

    private mutating func readConnector(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a Connector", known: SnapshotDocument.connectorKeys)
        guard let id = id(fields, "a Connector", node, type: "Connector"),
            let network = reference(fields["network"], "the `network` of Connector \(id.quoted)", in: node, type: "RemoteNetwork")
        else { return }
        var connector = Connector(id: id, name: scanner.text(fields["name"], "`name`") ?? id, networkID: network)
        connector.hostname = scanner.text(fields["hostname"], "`hostname`")
        connector.version = scanner.text(fields["version"], "`version`")
        for item in scanner.list(fields["addresses"], "`addresses`") {
            guard let text = scanner.text(item, "an address") else { continue }
            if let address = IPAddress(text) {
                connector.addresses.append(address)
            } else {
                scanner.report(item.line, "\(text.quoted) is not an address")
            }
        }
        draft.add(connector, at: scanner.place(node))
    }

    private mutating func readUser(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a user", known: SnapshotDocument.userKeys)
        guard let id = id(fields, "a user", node, type: "User") else { return }
        var user = User(id: id, email: scanner.text(fields["email"], "`email`") ?? "")
        user.state = scanner.word(fields["state"], "`state`", default: .active)
        user.role = scanner.text(fields["role"], "`role`")
        draft.add(user, at: scanner.place(node))
    }

    private mutating func readGroup(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a group", known: SnapshotDocument.groupKeys)
        guard let id = id(fields, "a group", node, type: "Group") else { return }
        var group = Group(id: id, name: scanner.text(fields["name"], "`name`") ?? id, members: .users([]))
        group.kind = scanner.word(fields["type"], "`type`", default: .manual)
        group.isActive = scanner.flag(fields["active"], "`active`", default: true)
        var places: [SourceLine] = []
        if let members = fields["members"], case .scalar(let text, _) = members.content, text == "everyone" {
            group.members = .everyone
        } else {
            var ids: [String] = []
            for member in scanner.list(fields["members"], "`members`", or: "`everyone`") {
                guard let id = scanner.identifier(member, "a member", type: "User") else { continue }
                ids.append(id)
                places.append(scanner.place(member))
            }
            group.members = .users(ids)
        }
        draft.add(group, at: scanner.place(node), members: places)
    }

    private mutating func readAccount(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a service account", known: SnapshotDocument.accountKeys)
        guard let id = id(fields, "a service account", node, type: "ServiceAccount") else { return }
        var account = ServiceAccount(id: id, name: scanner.text(fields["name"], "`name`") ?? id)
        for item in scanner.list(fields["keys"], "`keys`") {
            let fields = scanner.entries(item, "a key", known: SnapshotDocument.keyKeys)
            guard let id = self.id(fields, "a key", item, type: "ServiceAccountKey") else { continue }
            var key = ServiceAccount.Key(id: id, name: scanner.text(fields["name"], "`name`") ?? id)
            key.revokedAt = scanner.time(fields["revokedAt"], "`revokedAt`")
            key.isRevoked = scanner.flag(fields["revoked"], "`revoked`", default: key.revokedAt != nil)
            key.expiresAt = scanner.time(fields["expiresAt"], "`expiresAt`")
            if key.revokedAt != nil, !key.isRevoked {
                scanner.report(item.line, "key \(id.quoted) has a time of revocation and says that it is not revoked")
            }
            account.keys.append(key)
        }
        draft.add(account, at: scanner.place(node))
    }

    private mutating func readDevice(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a device", known: SnapshotDocument.deviceKeys)
        guard let id = id(fields, "a device", node, type: "Device") else { return }
        var device = Device(
            id: id, name: scanner.text(fields["name"], "`name`") ?? id,
            isTrusted: scanner.flag(fields["trusted"], "`trusted`", default: false))
        device.isActive = scanner.flag(fields["active"], "`active`", default: true)
        device.userID = scanner.identifier(fields["user"], "the `user` of device \(id.quoted)", type: "User")
        draft.add(device, at: scanner.place(node))
    }

    private mutating func readSecurityPolicy(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a security policy", known: SnapshotDocument.securityPolicyKeys)
        guard let id = id(fields, "a security policy", node, type: "SecurityPolicy") else { return }
        var policy = SecurityPolicy(id: id, name: scanner.text(fields["name"], "`name`") ?? id)
        if let requires = fields["requires"] {
            let fields = scanner.entries(requires, "`requires`", known: SnapshotDocument.requirementKeys)
            policy.requiresTrustedDevice = scanner.flag(fields["trustedDevice"], "`trustedDevice`", default: false)
            policy.allowedCountries = texts(fields["countries"], "`countries`")
            policy.deniedCountries = texts(fields["notCountries"], "`notCountries`")
        } else {
            policy.isOpaque = true
        }
        draft.add(policy, at: scanner.place(node))
    }

    private mutating func texts(_ node: DocumentNode?, _ what: String) -> [String] {
        var result: [String] = []
        for item in scanner.list(node, what) {
            guard let text = scanner.text(item, "an entry of \(what)") else { continue }
            if text.isEmpty { scanner.report(item.line, "an entry of \(what) is empty") }
            if result.contains(text) { scanner.report(item.line, "\(what) lists \(text.quoted) twice") }
            result.append(text)
        }
        return result
    }

    private mutating func readResource(_ node: DocumentNode) {
        let fields = scanner.entries(node, "a Resource", known: SnapshotDocument.resourceKeys)
        guard let id = id(fields, "a Resource", node, type: "Resource") else { return }
        let what = "Resource \(id.quoted)"
        if fields["address"] == nil { scanner.report(node.line, "\(what) has no `address`") }
        let address = readAddress(fields["address"], &scanner)
        let network = reference(fields["network"], "the `network` of \(what)", in: node, type: "RemoteNetwork")
        var edges: [AccessEdge] = []
        var places: [SourceLine] = []
        for item in scanner.list(fields["access"], "`access`") {
            guard let edge = readEdge(item, what) else { continue }
            edges.append(edge)
            places.append(scanner.place(item))
        }
        let name = scanner.text(fields["name"], "`name`") ?? id
        let routing: Resource.Routing = scanner.word(fields["routing"], "`routing`", default: .through)
        let isActive = scanner.flag(fields["active"], "`active`", default: true)
        let alias = readAlias(fields["alias"], &scanner)
        let securityPolicy = scanner.identifier(fields["securityPolicy"], "`securityPolicy`", type: "SecurityPolicy")
        let mode = readMode(fields, node) ?? .manual
        let protocols = fields["protocols"].map { readProtocols($0) }
        guard let address, let network else { return }
        var resource = Resource(id: id, name: name, address: address, networkID: network)
        resource.routing = routing
        resource.isActive = isActive
        resource.alias = alias
        resource.securityPolicyID = securityPolicy
        resource.mode = mode
        resource.protocols = protocols
        resource.access = edges
        draft.add(resource, at: scanner.place(node), edges: places)
    }

    private mutating func readMode(_ fields: [String: DocumentNode], _ node: DocumentNode) -> GrantMode? {
        var modes: [GrantMode] = []
        if let seconds = scanner.number(fields["autoLockSeconds"], "`autoLockSeconds`", lowest: 1) {
            modes.append(.autoLock(seconds: min(seconds, maxDurationSeconds)))
        }
        if let seconds = scanner.number(fields["accessRequestSeconds"], "`accessRequestSeconds`", lowest: 0) {
            modes.append(.accessRequest(seconds: seconds == 0 ? nil : min(seconds, maxDurationSeconds)))
        }
        if scanner.flag(fields["manual"], "`manual`", default: false) { modes.append(.manual) }
        if modes.count > 1 {
            scanner.report(node.line, "only one of `autoLockSeconds`, `accessRequestSeconds` and `manual` can apply")
        }
        return modes.first
    }

    private mutating func readEdge(_ node: DocumentNode, _ what: String) -> AccessEdge? {
        let fields = scanner.entries(node, "a grant", known: SnapshotDocument.edgeKeys)
        guard case .mapping = node.content else { return nil }
        guard (fields["group"] == nil) != (fields["serviceAccount"] == nil) else {
            scanner.report(node.line, "a grant of \(what) needs either a `group` or a `serviceAccount`")
            return nil
        }
        let subject: AccessEdge.Subject
        if let field = fields["group"] {
            guard let id = scanner.identifier(field, "`group`", type: "Group") else { return nil }
            subject = .group(id)
        } else {
            guard let id = scanner.identifier(fields["serviceAccount"], "`serviceAccount`", type: "ServiceAccount") else {
                return nil
            }
            subject = .serviceAccount(id)
        }
        var edge = AccessEdge(subject, expiresAt: scanner.time(fields["expiresAt"], "`expiresAt`"))
        edge.securityPolicyID = scanner.identifier(fields["securityPolicy"], "`securityPolicy`", type: "SecurityPolicy")
        edge.mode = readMode(fields, node)
        return edge
    }

    private mutating func readProtocols(_ node: DocumentNode) -> ProtocolRules {
        let fields = scanner.entries(node, "`protocols`", known: SnapshotDocument.protocolKeys)
        return ProtocolRules(
            allowsICMP: scanner.flag(fields["icmp"], "`icmp`", default: false),
            tcp: readPorts(fields["tcp"], "`tcp`"), udp: readPorts(fields["udp"], "`udp`"))
    }

    private mutating func readPorts(_ node: DocumentNode?, _ what: String) -> PortRule {
        guard let node else { return .none }
        if case .scalar(let text, _) = node.content {
            if text == "all" { return .all }
            if text == "none" { return .none }
        }
        guard case .sequence(let items) = node.content else {
            scanner.report(node.line, "\(what) must be `all`, `none` or a list of ports")
            return .none
        }
        var ranges: [PortRange] = []
        for item in items {
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

func readAddress(_ node: DocumentNode?, _ scanner: inout DocumentScanner) -> ResourceAddress? {
    guard let node, let text = scanner.text(node, "`address`") else { return nil }
    do {
        return try ResourceAddress(text)
    } catch {
        scanner.report(node.line, error.message)
        return nil
    }
}

func readAlias(_ node: DocumentNode?, _ scanner: inout DocumentScanner) -> String? {
    guard let node, let text = scanner.text(node, "`alias`") else { return nil }
    do {
        return try ResourceAddress.exactName(text)
    } catch {
        scanner.report(node.line, error.message)
        return nil
    }
}

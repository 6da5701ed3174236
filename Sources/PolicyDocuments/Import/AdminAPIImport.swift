public import AccessPolicy
public import FlowModel
import Wording

/// Reads answers of the administration interface (GraphQL with relay paging): one file or many pages of one instant, with or without
/// the `data` wrapper, as objects or as an array of them.
///
/// Fields that the engine has no use for are counted in a note. What the answers cannot say becomes a gap and a note of the snapshot; an
/// unfinished page sequence is such a gap. Contradictions and dangling references are refused.
public struct AdminAPIImport {
    var draft = SnapshotDraft()
    var scanner = DocumentScanner(file: "")
    var problems: [PolicyProblem] = []
    var notes: [String] = []
    /// Fields that say something and are not read, by object and name.
    var unread: [String: Int] = [:]

    /// Index in the draft by id.
    var networkIndex: [String: Int] = [:]
    var connectorIndex: [String: Int] = [:]
    var userIndex: [String: Int] = [:]
    var groupIndex: [String: Int] = [:]
    var accountIndex: [String: Int] = [:]
    var deviceIndex: [String: Int] = [:]
    var policyIndex: [String: Int] = [:]
    var resourceIndex: [String: Int] = [:]

    /// Sections for which at least one page was seen.
    var seen: Set<String> = []
    /// Connections with pages missing at the end: true while only pages with `hasNextPage` were seen.
    var unfinished: [String: Bool] = [:]
    /// Objects that are only known from references, with the place of the first.
    var referencedNetworks: [(id: String, name: String?, place: SourceLine)] = []
    var referencedGroups: [(id: String, name: String?, place: SourceLine)] = []
    var referencedUsers: [(user: User, place: SourceLine)] = []
    /// Further pages of lists inside one object: read last, whatever the order of the files.
    var continuationsFound: [(file: String, section: String, node: DocumentNode)] = []
    /// Members already known, by position of the group.
    var membersSeen: [Int: Set<String>] = [:]
    var accountsWithoutKeys = false
    var resourcesWithoutProtocols: [String] = []
    var accessRequests: [String] = []

    /// The snapshot that the answers describe, in force from `effectiveAt`.
    ///
    /// - Parameter files: name (for messages) and bytes of each answer.
    public static func read(
        _ files: [(name: String, bytes: [UInt8])], effectiveAt: Timestamp
    ) throws(PolicyDocumentErrors) -> PolicySnapshot {
        var roots: [(String, DocumentNode)] = []
        var problems: [PolicyProblem] = []
        for file in files {
            do {
                roots.append((file.name, try DocumentNode.read(file.bytes, file: file.name)))
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw PolicyDocumentErrors(problems) }
        return try read(roots, effectiveAt: effectiveAt)
    }

    static func read(_ roots: [(String, DocumentNode)], effectiveAt: Timestamp) throws(PolicyDocumentErrors) -> PolicySnapshot {
        try readDraft(roots, effectiveAt: effectiveAt).finished()
    }

    static func readDraft(_ roots: [(String, DocumentNode)], effectiveAt: Timestamp) throws(PolicyDocumentErrors) -> SnapshotDraft {
        var importer = AdminAPIImport()
        for (name, root) in roots {
            importer.scanner = DocumentScanner(file: name)
            importer.readAnswer(root)
            importer.problems += importer.scanner.problems
        }
        for (file, section, node) in importer.continuationsFound {
            importer.scanner = DocumentScanner(file: file)
            importer.readObject(node, in: section, isContinuation: true)
            importer.problems += importer.scanner.problems
        }
        if importer.problems.isEmpty, importer.seen.isEmpty {
            importer.problems.append(
                PolicyProblem(file: roots.first?.0 ?? "input", line: 0, message: "holds no section of a tenant's configuration"))
        }
        guard importer.problems.isEmpty else { throw PolicyDocumentErrors(importer.problems) }
        importer.complete()
        importer.draft.snapshot.effectiveAt = effectiveAt
        return importer.draft
    }

    static let sections: Set<String> = [
        "remoteNetworks", "connectors", "users", "groups", "serviceAccounts", "resources", "devices", "securityPolicies",
    ]
    /// Answers about one object, which carry the further pages of a list inside it.
    static let continuations: [String: String] = [
        "remoteNetwork": "remoteNetworks", "connector": "connectors", "user": "users", "group": "groups",
        "serviceAccount": "serviceAccounts", "resource": "resources", "device": "devices", "securityPolicy": "securityPolicies",
    ]

    static func recognises(_ root: DocumentNode) -> Bool {
        switch root.content {
        case .scalar: false
        case .sequence(let items): items.first.map(recognises) ?? false
        case .mapping(let entries):
            entries.contains { $0.key == "data" || $0.key == "errors" }
                || entries.contains { entry in
                    guard sections.contains(entry.key), case .mapping(let inner) = entry.value.content else { return false }
                    return inner.contains { $0.key == "edges" || $0.key == "nodes" }
                }
        }
    }

    private mutating func readAnswer(_ root: DocumentNode) {
        if case .sequence(let items) = root.content {
            for item in items { readAnswer(item) }
            return
        }
        guard case .mapping(let entries) = root.content else {
            scanner.report(root.line, "an answer must be a mapping, not \(root.kind)")
            return
        }
        for entry in entries {
            if entry.key == "errors", case .sequence(let errors) = entry.value.content, let first = errors.first {
                let message = first["message"].flatMap { scanner.text($0, "`message`") } ?? ""
                scanner.report(entry.line, "the answer carries an error and cannot be trusted: \(message.quoted)")
            } else if entry.key == "data" {
                if !entry.value.isNull { readAnswer(entry.value) }
            } else if AdminAPIImport.sections.contains(entry.key), !entry.value.isNull {
                seen.insert(entry.key)
                for node in nodes(entry.value, of: entry.key) { readObject(node, in: entry.key, isContinuation: false) }
            } else if let section = AdminAPIImport.continuations[entry.key], !entry.value.isNull {
                continuationsFound.append((scanner.file, section, entry.value))
            } else if !entry.value.isNull, entry.key != "errors", entry.key != "extensions", entry.key != "__typename" {
                unread[entry.key, default: 0] += 1
            }
        }
    }

    /// What is read of each object.
    private static let fields: [String: Set<String>] = [
        "remoteNetworks": ["name", "isActive", "networkType"],
        "connectors": ["name", "remoteNetwork", "hostname", "version", "publicIP", "privateIPs"],
        "users": ["email", "role", "state"], "groups": ["name", "type", "isActive", "users"], "serviceAccounts": ["name", "keys"],
        "devices": ["name", "isTrusted", "activeState", "user"], "securityPolicies": ["name"],
        "resources": [
            "name", "address", "alias", "remoteNetwork", "isActive", "routingMode", "securityPolicy", "accessPolicy", "protocols", "access",
            "usageBasedAutolockDurationDays", "groups", "serviceAccounts",
        ],
    ]

    private mutating func countUnread(_ node: DocumentNode, in section: String) {
        guard case .mapping(let entries) = node.content, let known = AdminAPIImport.fields[section] else { return }
        for entry in entries where entry.key != "id" && entry.key != "__typename" && !known.contains(entry.key) && !entry.value.isNull {
            unread["\(section).\(entry.key)", default: 0] += 1
        }
    }

    private mutating func readObject(_ node: DocumentNode, in section: String, isContinuation: Bool) {
        countUnread(node, in: section)
        switch section {
        case "remoteNetworks": readNetwork(node)
        case "connectors": readConnector(node)
        case "users": readUser(node)
        case "groups": readGroup(node, isContinuation: isContinuation)
        case "serviceAccounts": readAccount(node, isContinuation: isContinuation)
        case "resources": readResource(node, isContinuation: isContinuation)
        case "devices": readDevice(node)
        default: readSecurityPolicy(node)
        }
    }

    /// The edges of a relay connection; also accepts `nodes`, and a plain list. Notes whether pages are missing.
    mutating func edges(_ connection: DocumentNode, of owner: String) -> [DocumentNode] {
        if case .sequence(let items) = connection.content { return items }
        guard case .mapping = connection.content else {
            scanner.report(connection.line, "\(owner) must be a list or a paged list, not \(connection.kind)")
            return []
        }
        let items = scanner.list(connection["edges"] ?? connection["nodes"], "`edges` of \(owner)")
        if let more = connection["pageInfo"]?["hasNextPage"] {
            let hasMore = scanner.flag(more, "`hasNextPage`", default: false)
            unfinished[owner] = (unfinished[owner] ?? true) && hasMore
        }
        return items
    }

    mutating func nodes(_ connection: DocumentNode, of owner: String) -> [DocumentNode] {
        edges(connection, of: owner).map { $0["node"] ?? $0 }
    }

    func id(_ node: DocumentNode, _ what: String, type: String, _ scanner: inout DocumentScanner) -> String? {
        guard case .mapping = node.content else {
            scanner.report(node.line, "\(what) must be a mapping, not \(node.kind)")
            return nil
        }
        guard let field = node["id"] else {
            scanner.report(node.line, "\(what) has no `id`")
            return nil
        }
        return scanner.identifier(field, "the id of \(what)", type: type)
    }
}

public import AccessPolicy
public import FlowModel

/// One entry of the administrative audit log: who changed which objects, and when.
public struct AdministrativeChange: Hashable, Sendable {
    public var time: Timestamp
    /// E-mail, name or id of who did it; `API` and the like where no person is named.
    public var actor: String
    /// `create`, `edit`, `delete`, or what else the log says.
    public var action: String
    public var targets: [Target]
    public var file: String
    public var line: Int

    public struct Target: Hashable, Sendable {
        /// As the log writes it, such as `resource` or `serviceAccountKey`.
        public var type: String
        public var id: String
        public var name: String

        /// The object of a policy that is meant; nil for kinds that a policy does not hold.
        public var object: PolicyObject? {
            switch type {
            case "remoteNetwork": PolicyObject(.network, id)
            case "connector": PolicyObject(.connector, id)
            case "user": PolicyObject(.user, id)
            case "group": PolicyObject(.group, id)
            case "serviceAccount": PolicyObject(.serviceAccount, id)
            case "device": PolicyObject(.device, id)
            case "securityPolicy": PolicyObject(.securityPolicy, id)
            case "resource": PolicyObject(.resource, id)
            default: nil
            }
        }
    }
}

/// Reads the administrative audit log as a source of *when*.
public enum AdministrativeLog {
    /// Reads NDJSON, synced objects (`{"event_type":"audit_log","event":{…}}`), or one JSON array; lines of other kinds are passed over.
    ///
    /// - Throws: every entry that cannot be understood.
    public static func read(_ bytes: [UInt8], file: String) throws(PolicyDocumentErrors) -> [AdministrativeChange] {
        var changes: [AdministrativeChange] = []
        var problems: [PolicyProblem] = []
        let first = bytes.first { $0 != 32 && $0 != 9 && $0 != 10 && $0 != 13 }
        if first == UInt8(ascii: "[") {
            let root = try DocumentNode.read(bytes, file: file)
            if case .sequence(let items) = root.content {
                for item in items { add(item, file, item.line, &changes, &problems) }
            }
        } else {
            var number = 0
            for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
                number += 1
                guard line.contains(where: { $0 > 32 }) else { continue }
                guard line.first(where: { $0 > 32 }) == UInt8(ascii: "{") else {
                    problems.append(PolicyProblem(file: file, line: number, message: "is not a JSON object"))
                    continue
                }
                do throws(PolicyDocumentErrors) {
                    add(try DocumentNode.read(Array(line), file: file), file, number, &changes, &problems)
                } catch {
                    problems += error.problems.map { PolicyProblem(file: file, line: number, message: $0.message) }
                }
            }
        }
        guard problems.isEmpty else { throw PolicyDocumentErrors(problems) }
        return changes.sorted { $0.time < $1.time }
    }

    private static func add(
        _ node: DocumentNode, _ file: String, _ line: Int, _ changes: inout [AdministrativeChange],
        _ problems: inout [PolicyProblem]
    ) {
        var scanner = DocumentScanner(file: file)
        if let kind = scanner.text(node["event_type"], "`event_type`"), kind != "audit_log" { return }
        let event = node["event"] ?? node
        guard event["action"] != nil || event["targets"] != nil else { return }
        let time = scanner.time(event["time"], "`time`")
        if event["time"] == nil { scanner.report(line, "an entry has no `time`") }
        let actor = event["actor"]
        let name =
            scanner.text(actor?["info"]?["email"] ?? actor?["info"]?["name"], "`actor`") ?? scanner.text(actor?["id"], "`actor`")
            ?? scanner.text(actor?["type"], "`actor`")
        let targets = scanner.list(event["targets"], "`targets`").compactMap { target -> AdministrativeChange.Target? in
            guard let type = scanner.text(target["type"], "`type`"), let id = scanner.identifier(target["id"], "`id`") else { return nil }
            return AdministrativeChange.Target(type: type, id: id, name: scanner.text(target["name"], "`name`") ?? id)
        }
        problems += scanner.problems.map { PolicyProblem(file: file, line: line, message: $0.message) }
        guard let time else { return }
        changes.append(
            AdministrativeChange(
                time: time, actor: name ?? "", action: scanner.text(event["action"], "`action`") ?? "", targets: targets, file: file,
                line: line))
    }
}

/// What the log says of the change from one snapshot to the next.
public struct DatedChange: Sendable {
    public var object: PolicyObject
    /// What changed, in words.
    public var text: String
    /// Entries about that object after the older snapshot and not after the newer one, in the order of time; empty when the log has none.
    public var entries: [AdministrativeChange]
}

extension PolicyHistory {
    /// Dates the difference between the policy at `index` and the one before it by the log: a snapshot was taken at some time after the
    /// changes that it shows.
    public func dated(at index: Int, by log: [AdministrativeChange]) -> [DatedChange] {
        guard index > 0, index < policies.count else { return [] }
        let older = policies[index - 1].snapshot
        let newer = policies[index].snapshot
        return PolicyChange.between(older, newer).map { change in
            let entries = log.filter { entry in
                entry.time > older.effectiveAt && entry.time <= newer.effectiveAt
                    && entry.targets.contains { $0.object == change.object }
            }
            return DatedChange(object: change.object, text: change.text, entries: entries)
        }
    }

    /// The time at which the policy at `index` must have been in force already: that of the last entry which explains one of its changes.
    /// Nil when the log leaves any change unexplained.
    public func narrowedTime(at index: Int, by log: [AdministrativeChange]) -> Timestamp? {
        let changes = dated(at: index, by: log)
        guard !changes.isEmpty, changes.allSatisfy({ !$0.entries.isEmpty }) else { return nil }
        return changes.compactMap { $0.entries.last?.time }.max()
    }
}

import FlowModel

/// Entries of the administrative audit log.
enum AuditLogReader: ExportedObject {
    static let eventType = "audit_log"
    static let marks: [Field] = [.action, .actor]

    static func read(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, into batch: RecordBatch
    ) throws(Rejection) {
        batch.changes.append(try read(start, end, place, batch))
    }

    static func read(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch
    ) throws(Rejection) -> AdministrativeChange {
        let tree = try JSONTree.read(start, end)
        guard var root = try ObjectReader(tree, path: "") else { throw Rejection(.notAnEvent, "no object") }
        _ = root.take("event_type")
        let time = try ForeignTime.read(&root)
        guard let action = try root.text("action") else { throw Rejection(.missingField, "`action` is missing") }
        var change = AdministrativeChange(time: time, action: action, targets: [])
        change.version = try root.integer("version", ValueRanges.count)
        var rest: [String] = []
        if var actor = try ObjectReader(root.take("actor"), path: "actor") {
            change.actorType = try actor.text("type")
            change.actorID = try actor.identifier("id")
            if var info = try ObjectReader(actor.take("info"), path: "actor.info") {
                change.actorName = try info.text("name")
                change.actorEmail = try info.text("email")
                rest += info.rest
            }
            // Some exports have no `info` and name the actor directly.
            if change.actorEmail == nil { change.actorEmail = try actor.text("email") }
            if change.actorName == nil { change.actorName = try actor.text("name") }
            rest = actor.rest + rest
        }
        for (index, target) in try targets(&root).enumerated() {
            change.targets.append(try self.target(target, "targets[\(index)]"))
        }
        change.offset = place.offset
        change.line = place.line
        change.extras = batch.keep(root.rest + rest)
        return change
    }

    /// A list under `targets`, or one object under `target`.
    private static func targets(_ root: inout ObjectReader) throws(Rejection) -> [JSONTree] {
        guard let list = root.take("targets") else { return root.take("target").map { [$0] } ?? [] }
        switch list.value {
        case .null: return []
        case .array(let elements): return elements
        default: throw Rejection(.wrongType, "`targets` is not an array")
        }
    }

    private static func target(_ tree: JSONTree, _ path: String) throws(Rejection) -> AdministrativeChange.Target {
        guard var object = try ObjectReader(tree, path: path) else { throw Rejection(.wrongType, "`\(path)` is not an object") }
        guard let type = try object.text("type") else { throw Rejection(.missingField, "`\(path).type` is missing") }
        guard let id = try object.identifier("id") else { throw Rejection(.missingField, "`\(path).id` is missing") }
        return AdministrativeChange.Target(type: type, id: id, name: try object.text("name"), raw: tree.rawText)
    }
}

/// The instant of an exported entry.
enum ForeignTime {
    /// Under `time`, else under `timestamp`: RFC 3339 text.
    static func read(_ root: inout ObjectReader) throws(Rejection) -> Timestamp {
        for key in ["time", "timestamp"] {
            guard let text = try root.text(key) else { continue }
            guard let time = Timestamp(text) else { throw Rejection(.badValue, "`\(key)` is not an instant of RFC 3339") }
            return try Rejection.check(time, key)
        }
        throw Rejection(.missingField, "`time` is missing")
    }
}

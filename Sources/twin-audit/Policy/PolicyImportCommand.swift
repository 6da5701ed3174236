internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import Glibc
internal import PolicyDocuments
internal import TerminalSupport
internal import Wording

struct PolicyImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a policy snapshot of an export of the administration interface or of a Terraform state.",
        discussion: """
            FILEs are answers of the administration interface, one or several pages of one moment, or what `terraform show -json` prints.
            Writes DIR/TIME.yaml, a document that people can read and change; where nothing changed since the snapshot before it in DIR,
            nothing is written. What the source cannot say is listed in it and on standard error. Ends with 0, with 3 when an export is
            refused or another snapshot of that time is there, with 4 when the document cannot be written.

            An export shows what held when it was taken, not since when. With --log, an export of the administrative audit log, the
            changes since the snapshot before it in DIR are dated: when the log explains all of them, the time of the last one takes the
            place of the given one.

            Examples:
              twin-audit policy import export.json --effective-at 2026-10-08T06:00:00Z --out policies
              twin-audit policy import page-*.json --effective-at 2026-10-08T06:00:00Z --log audit.ndjson --out policies
              terraform show -json | twin-audit policy import /dev/stdin --effective-at now --out policies
            """)

    @Argument(help: ArgumentHelp("Exports of one moment.", valueName: "file"))
    var files: [String]
    @Option(help: ArgumentHelp("From when on the policy was in force.", valueName: "time"))
    var effectiveAt: String
    @Option(help: ArgumentHelp("Where the snapshot goes; made when missing.", valueName: "directory"))
    var out: String
    @Option(help: ArgumentHelp("Administrative audit log that dates the changes since the snapshot before.", valueName: "file"))
    var log: [String] = []
    @Flag(help: "Write over a different snapshot of the same time.")
    var force = false

    func run() throws {
        guard var time = try TimeOption.parse(effectiveAt, option: "--effective-at") else { return }
        let exports = try files.map { (name: $0, bytes: try PolicyFile.read($0)) }
        var snapshot = try read(exports, effectiveAt: time)
        let entries = try log.flatMap { try AdministrativeLog.read(try PolicyFile.read($0), file: $0) }
        let earlier = try policies(upTo: time)
        if let inForce = earlier.last, !force, inForce.isLike(snapshot) {
            return Message.write(
                "nothing changed since the snapshot of \(inForce.snapshot.effectiveAt) in `\(Escaping.terminal(out))`; nothing was written")
        }
        if !log.isEmpty, let dated = try narrowed(snapshot, since: earlier.last { $0.snapshot.effectiveAt < time }, entries) {
            time = dated
            snapshot.effectiveAt = dated
        }
        let path = (out.hasSuffix("/") ? String(out.dropLast()) : out) + "/" + time.rfc3339 + ".yaml"
        try write(snapshot.yaml(), to: path)
        for note in snapshot.sourceNotes { Message.write("note: " + Escaping.terminal(note)) }
        Message.write(
            """
            wrote \(Escaping.terminal(path)): \(snapshot.resources.count) Resources, \(snapshot.users.count) users, \
            \(snapshot.groups.count) groups, \(snapshot.connectors.count) Connectors; digest \(snapshot.digest)
            """)
    }

    /// The snapshots in the directory that took effect up to a time, the one of just that time included.
    private func policies(upTo time: Timestamp) throws -> [CompiledPolicy] {
        let documents = access(out, F_OK) == 0 ? try PolicyHistory.documents(inDirectory: out) : []
        guard !documents.isEmpty else { return [] }
        do throws(PolicyDocumentErrors) {
            return try PolicyHistory.load(files: documents).policies.filter { $0.snapshot.effectiveAt <= time }
        } catch {
            // What is imported is not lost because of it.
            for problem in error.problems { Message.warning(Escaping.terminal(problem.description)) }
            return []
        }
    }

    /// The time by which the log says the snapshot was in force; nil when it does not explain every change.
    private func narrowed(_ snapshot: PolicySnapshot, since before: CompiledPolicy?, _ entries: [AdministrativeChange]) throws
        -> Timestamp?
    {
        guard let before else {
            Message.write("the log dates nothing: `\(Escaping.terminal(out))` holds no snapshot before \(snapshot.effectiveAt)")
            return nil
        }
        let pair = try PolicyHistory(policies: [before, CompiledPolicy(snapshot)])
        let changes = pair.dated(at: 1, by: entries)
        // What differs is nothing that a log would tell of.
        guard !changes.isEmpty else { return nil }
        let unexplained = changes.filter(\.entries.isEmpty)
        guard unexplained.isEmpty, let time = pair.narrowedTime(at: 1, by: entries) else {
            for change in unexplained { Message.write("the log does not explain: " + Escaping.terminal(change.text)) }
            Message.write(
                "\(unexplained.count) of \(changes.count) changes are not in the log; \(snapshot.effectiveAt) stands as it was given")
            return nil
        }
        Message.write("the log explains all \(changes.count) changes; in force from \(time) on, not from \(snapshot.effectiveAt)")
        return time
    }

    private func read(_ exports: [(name: String, bytes: [UInt8])], effectiveAt: Timestamp) throws -> PolicySnapshot {
        guard let first = exports.first, TerraformImport.recognises(first.bytes) else {
            return try AdminAPIImport.read(exports, effectiveAt: effectiveAt)
        }
        guard exports.count == 1 else {
            throw CommandFailure(.usage, "give one Terraform state at a time; `\(first.name)` is one")
        }
        return try TerraformImport.read(first.bytes, file: first.name, effectiveAt: effectiveAt)
    }

    private func write(_ text: String, to path: String) throws {
        try ResultFile.makeDirectory(out)
        if access(path, F_OK) == 0 {
            let there = try PolicyFile.read(path)
            if there == Array(text.utf8) { return }
            guard force else {
                throw CommandFailure(
                    .inputRefused, "`\(path)` holds a different snapshot of that time; look at it, or write over it with --force")
            }
        }
        try ResultFile.write(text, to: path)
    }
}

extension CompiledPolicy {
    /// Whether another snapshot says the same, of whatever time.
    fileprivate func isLike(_ other: PolicySnapshot) -> Bool {
        var moved = snapshot
        moved.effectiveAt = other.effectiveAt
        return moved.digest == other.digest
    }
}

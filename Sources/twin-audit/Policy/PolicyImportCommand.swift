internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import Glibc
internal import ShellSupport

struct PolicyImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a policy snapshot of an export of the administration interface or of a Terraform state.",
        discussion: """
            FILEs are answers of the administration interface, one or several pages of one moment, or what `terraform show -json` prints.
            Writes DIR/TIME.yaml, a document that people can read and change. What the source cannot say is listed in it and on
            standard error.

            Examples:
              twin-audit policy import export.json --effective-at 2026-10-08T06:00:00Z --out policies
              terraform show -json | twin-audit policy import /dev/stdin --effective-at now --out policies
            """)

    @Argument(help: ArgumentHelp("Exports of one moment.", valueName: "file"))
    var files: [String]
    @Option(help: ArgumentHelp("From when on the policy was in force.", valueName: "time"))
    var effectiveAt: String
    @Option(help: ArgumentHelp("Where the snapshot goes; made when missing.", valueName: "directory"))
    var out: String
    @Flag(help: "Write over a different snapshot of the same time.")
    var force = false

    func run() throws {
        guard let time = try TimeOption.parse(effectiveAt, option: "--effective-at") else { return }
        let exports = try files.map { (name: $0, bytes: try PolicyFile.read($0)) }
        let snapshot = try read(exports, effectiveAt: time)
        let path = (out.hasSuffix("/") ? String(out.dropLast()) : out) + "/" + time.rfc3339 + ".yaml"
        let text = snapshot.yaml()
        try write(text, to: path)
        for note in snapshot.sourceNotes { Message.write("note: " + Escaping.terminal(note)) }
        Message.write(
            """
            wrote \(Escaping.terminal(path)): \(snapshot.resources.count) Resources, \(snapshot.users.count) users, \
            \(snapshot.groups.count) groups, \(snapshot.connectors.count) Connectors; digest \(snapshot.digest)
            """)
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
        if mkdir(out, 0o755) != 0, errno != EEXIST {
            throw CommandFailure(.environment, "cannot make `\(out)`: \(String(cString: strerror(errno)))")
        }
        if access(path, F_OK) == 0 {
            let there = try PolicyFile.read(path)
            if there == Array(text.utf8) { return }
            guard force else {
                throw CommandFailure(
                    .inputRefused, "`\(path)` holds a different snapshot of that time; look at it, or write over it with --force")
            }
        }
        // Written beside and renamed, so that nobody ever reads half a policy.
        let draft = path + ".part"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CommandFailure(.environment, "cannot write `\(draft)`: \(String(cString: strerror(errno)))")
        }
        do {
            let output = OutputStream(descriptor: descriptor)
            try output.write(text)
            try output.flush()
            guard fsync(descriptor) == 0, close(descriptor) == 0, rename(draft, path) == 0 else {
                throw CommandFailure(.environment, "cannot write `\(path)`: \(String(cString: strerror(errno)))")
            }
        } catch {
            unlink(draft)
            throw error
        }
    }
}

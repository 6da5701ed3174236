internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import Glibc
internal import PolicyDocuments
internal import TerminalSupport

/// Which policies: a directory or a document, or else the history in the database.
struct PolicyArguments: ParsableArguments {
    @OptionGroup var database: DatabaseOptions

    @Option(help: ArgumentHelp("Directory of snapshots, or one document. [default: the history in the database]", valueName: "path"))
    var policy: String?

    func history() throws -> PolicyHistory {
        if let policy {
            return try PolicyPath.isDirectory(policy) ? .load(directory: policy) : .load(files: [policy])
        }
        guard let history = try database.open().policyHistory(), !history.isEmpty else {
            throw CommandFailure(.undecidable, "the database remembers no policy; name snapshots with --policy, or ingest with --policy")
        }
        return history
    }

    func inForce(at time: Timestamp) throws -> CompiledPolicy {
        let history = try history()
        if let policy = history.inForce(at: time) { return policy }
        let first = history.changes.first.map { "; the first came into force at \($0)" } ?? ""
        throw CommandFailure(.undecidable, "no policy is known that was in force at \(time)\(first)")
    }
}

/// Paths of policy documents on a command line.
enum PolicyPath {
    static func isDirectory(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }

    /// The documents that the paths name, those of directories in the order of names.
    static func documents(_ paths: [String]) throws -> [String] {
        try paths.flatMap { try isDirectory($0) ? PolicyHistory.documents(inDirectory: $0) : [$0] }
    }
}

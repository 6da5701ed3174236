internal import FlowStore
internal import Glibc
internal import Ingest
internal import TerminalSupport
internal import Wording

/// A database for one command: what was read of some paths, in the directory for temporary files. It is removed when the command ends,
/// also by SIGINT, SIGTERM or SIGHUP.
enum PrivateDatabase {
    private static let endings = ["", "-lock", "-wal", "-shm", "-journal"]

    /// What to remove, as C strings that a signal's handler may read: files, then their directory, then nil.
    private nonisolated(unsafe) static let leftovers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
        capacity: endings.count + 2)

    /// Reads `paths` as `ingest` does and calls `body` with the result.
    ///
    /// - Throws: when any input was refused: an answer from part of the records would look like one from all of them.
    static func holding(_ paths: [String], _ body: (AuditDatabase) throws -> Void) throws {
        try making { try hold(paths, at: $0, body) }
    }

    /// Calls `body` with a path at which a database can be made.
    static func making(_ body: (String) throws -> Void) throws {
        let path = try make()
        defer { remove() }
        try body(path)
    }

    private static func hold(_ paths: [String], at path: String, _ body: (AuditDatabase) throws -> Void) throws {
        var options = Ingest.Options()
        options.actor = Present.actor
        options.now = Present.now
        let report = try Ingest(options: options).run(paths: paths, databasePath: path)
        for warning in report.warnings { Message.warning(Escaping.terminal(warning)) }
        for refusal in report.refusals { Message.error(Escaping.terminal(refusal.message)) }
        try ExitStatusError.end(with: Failure.worst(report.refusals.map(\.storeKind)))
        guard access(path, F_OK) == 0 else { throw CommandFailure(.undecidable, "there is nothing to judge in what was named") }
        if report.quarantined > 0 {
            Message.warning("\(report.quarantined) lines could not be read and are left out; `ingest` tells which")
        }
        Message.write("read \(report.filesRead) files into a private database, which is removed at the end")
        let database = try AuditDatabase(path: path, mode: .readOnly)
        defer { try? database.close() }
        try body(database)
    }

    /// Signals that end the command come when there is something to remove and it is known what.
    private static func make() throws -> String {
        let ending = [SIGINT, SIGTERM, SIGHUP]
        var blocked = sigset_t()
        sigemptyset(&blocked)
        for signal in ending { sigaddset(&blocked, signal) }
        pthread_sigmask(SIG_BLOCK, &blocked, nil)
        // Also where this program was started with signals blocked.
        defer { pthread_sigmask(SIG_UNBLOCK, &blocked, nil) }

        guard let folder = strdup(TemporaryDirectory.template), mkdtemp(folder) != nil else {
            throw CommandFailure(
                .environment,
                "cannot make a directory in `\(TemporaryDirectory.path)`: \(String(cString: strerror(errno))); name another with $TMPDIR")
        }
        let path = String(cString: folder) + "/audit.db"
        for (place, ending) in endings.enumerated() { leftovers[place] = strdup(path + ending) }
        leftovers[endings.count] = folder
        leftovers[endings.count + 1] = nil
        for signal in ending {
            Glibc.signal(signal) { number in
                PrivateDatabase.remove()
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
        return path
    }

    /// Does nothing but what the handler of a signal may do.
    private static func remove() {
        var place = 0
        while let name = leftovers[place] {
            if leftovers[place + 1] == nil { rmdir(name) } else { unlink(name) }
            place += 1
        }
    }
}

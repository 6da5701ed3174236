internal import Dispatch
internal import GRDB
internal import GRDBSQLite

/// The connection of an ingest, which is either owned by the thread that makes rows or lent to one that writes them meanwhile.
///
/// INVARIANT: whoever touches the connection, or anything that stands on it, has called `own` before, on the thread that makes rows, or runs
/// in a body given to `lend`. What a body touches is left alone until `own` was called again.
final class WritingLane: @unchecked Sendable {
    private let begin: RawStatement
    private let commit: RawStatement
    private let rollback: RawStatement
    private let prepare: () throws -> Void
    private let queue = DispatchQueue(label: "ingest.write")
    private let isDone = DispatchSemaphore(value: 0)
    private var isLent = false
    private var failure: (any Error)?
    private(set) var isPrepared = false
    private(set) var isInTransaction = false
    /// When the transaction began.
    private(set) var began = ContinuousClock.now

    /// `prepare` is called once, before the first transaction.
    init(_ database: Database, prepare: @escaping () throws -> Void) throws {
        begin = try RawStatement(database, "BEGIN IMMEDIATE")
        commit = try RawStatement(database, "COMMIT")
        rollback = try RawStatement(database, "ROLLBACK")
        self.prepare = prepare
        // GRDB asks to be told of the end of transactions on its own thread only, for observers, of which there are none.
        sqlite3_commit_hook(database.sqliteConnection, nil, nil)
        sqlite3_rollback_hook(database.sqliteConnection, nil, nil)
    }

    /// Waits until the connection is free, and sees to it that a transaction is open. Throws what the lent body threw.
    func own() throws {
        try wait()
        guard !isInTransaction else { return }
        if !isPrepared { try prepare() }
        isPrepared = true
        try begin.run()
        isInTransaction = true
        began = .now
    }

    /// Waits until the connection is free. Throws what the lent body threw.
    func wait() throws {
        guard isLent else { return }
        isDone.wait()
        isLent = false
        defer { failure = nil }
        if let failure { throw failure }
    }

    /// Runs `body` on another thread, and then ends the transaction when `commits`. To be called by the owner.
    func lend(commits: Bool, _ body: @escaping () throws -> Void) {
        isLent = true
        let work = Work(body: body)
        queue.async { [self] in
            do {
                try work.body()
                if commits { try end() }
            } catch {
                failure = error
            }
            isDone.signal()
        }
    }

    private struct Work: @unchecked Sendable {
        let body: () throws -> Void
    }

    /// Commits the open transaction; by the owner.
    func end() throws {
        try commit.run()
        isInTransaction = false
    }

    /// Undoes the open transaction, whatever state the work is in.
    func undo() {
        try? wait()
        if isInTransaction { try? rollback.run() }
        isInTransaction = false
    }
}

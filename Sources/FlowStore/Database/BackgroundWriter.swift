internal import Dispatch
internal import Foundation
package import GRDB
internal import GRDBSQLite

/// Writes with the connection of an ingest on a thread of its own, while the thread that makes rows goes on.
///
/// INVARIANT: whoever touches the connection, or anything that stands on it, has called `reclaim` before, on the thread that makes rows, or
/// runs in a body given to `handOff`. What a body touches is left alone until `reclaim` was called again.
package final class BackgroundWriter {
    private let begin: RawStatement
    private let commit: RawStatement
    private let rollback: RawStatement
    private let prepare: () throws -> Void
    private let exchange = Exchange()
    private var isHandedOff = false
    package private(set) var isPrepared = false
    package private(set) var isInTransaction = false

    /// What passes between the two threads; each leaves it alone while it is the other's turn.
    private final class Exchange: @unchecked Sendable {
        /// Nil ends the other thread.
        var body: (() throws -> Void)?
        var failure: (any Error)?
        let isGiven = DispatchSemaphore(value: 0)
        let isDone = DispatchSemaphore(value: 0)

        func work() {
            while true {
                isGiven.wait()
                guard body != nil else { return }
                run()
                isDone.signal()
            }
        }

        /// Lets go of the body, too: a statement that is still held here would keep the database from being closed.
        @inline(never)
        private func run() {
            let given = body
            body = nil
            do { try given?() } catch { failure = error }
        }
    }

    /// `prepare` is called once, before the first transaction.
    package init(_ database: Database, prepare: @escaping () throws -> Void) throws {
        begin = try RawStatement(database, "BEGIN IMMEDIATE")
        commit = try RawStatement(database, "COMMIT")
        rollback = try RawStatement(database, "ROLLBACK")
        self.prepare = prepare
        // GRDB asks to be told of the end of transactions on its own thread only, for observers, of which there are none.
        sqlite3_commit_hook(database.sqliteConnection, nil, nil)
        sqlite3_rollback_hook(database.sqliteConnection, nil, nil)
        // A thread of its own: those of queues are shared, and may have given way to others for good.
        let thread = Thread { [exchange] in exchange.work() }
        thread.name = "ingest.write"
        thread.start()
    }

    /// Nothing is handed off any more: see `undo`.
    deinit {
        exchange.isGiven.signal()
    }

    /// Waits until the connection is free, and sees to it that a transaction is open. Throws what the body threw that was handed off.
    package func reclaim() throws {
        try wait()
        guard !isInTransaction else { return }
        if !isPrepared { try prepare() }
        isPrepared = true
        try begin.run()
        isInTransaction = true
    }

    /// Waits until the connection is free. Throws what the body threw that was handed off.
    package func wait() throws {
        guard isHandedOff else { return }
        exchange.isDone.wait()
        isHandedOff = false
        defer { exchange.failure = nil }
        if let failure = exchange.failure { throw failure }
    }

    /// Runs `body` on another thread, and then ends the transaction when `commits`. To be called by who has reclaimed it.
    package func handOff(commits: Bool, _ body: @escaping () throws -> Void) {
        isHandedOff = true
        exchange.body = {
            try body()
            if commits { try self.end() }
        }
        exchange.isGiven.signal()
    }

    /// Commits the open transaction; by who has reclaimed it.
    package func end() throws {
        try commit.run()
        isInTransaction = false
    }

    /// Undoes the open transaction, whatever state the work is in.
    package func undo() {
        try? wait()
        if isInTransaction { try? rollback.run() }
        isInTransaction = false
    }
}

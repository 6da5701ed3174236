public import GRDB

/// Why the database could not do what was asked: one sentence that says what, where and what to do.
public struct StoreFailure: Error, Sendable, CustomStringConvertible {
    /// What kind of trouble, as far as callers act on it; more kinds may come.
    public enum Kind: Sendable {
        /// The file is missing, is no database of this program, is damaged, or comes from a newer version.
        case refused
        /// Disk full, locked, no permission.
        case environment
        /// The evidence disagrees with what was seen before.
        case tampered
        /// There is nothing to answer from.
        case nothingToExamine
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }

    /// Puts an SQLite error in words; statement arguments, which may be private, are left out.
    public init(_ error: DatabaseError, path: String) {
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.environment, "`\(path)`: the disk is full; make space and run the command again, nothing is lost")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.environment, "`\(path)`: another program holds the database; try again when it has finished")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .environment, "`\(path)`: the database cannot be written; check the permissions of the file and its directory")
        case .SQLITE_CANTOPEN:
            self.init(
                .environment, "`\(path)`: cannot open the database; check that the directory exists and may be read and written")
        case .SQLITE_IOERR:
            self.init(.environment, "`\(path)`: input/output error (\(error.extendedResultCode.rawValue)); check the disk")
        case .SQLITE_NOTADB:
            self.init(.refused, "`\(path)` is not a database; name another file with --db")
        case .SQLITE_CORRUPT:
            self.init(.refused, "`\(path)`: the database is damaged; build it again from the journals, or restore a backup")
        default:
            self.init(.environment, "`\(path)`: \(error.message ?? "database error \(error.resultCode.rawValue)")")
        }
    }
}

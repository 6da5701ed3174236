package import FlowModel
public import GRDB

/// A connection to the database, good within the body that it is given to, on the thread that runs it.
///
/// Modules that import `FlowStore` see of it what stands here, and nothing of the library that makes it.
public typealias StoreConnection = Database

/// SQLite could not do a statement; `StoreFailure` puts it in words for people.
package typealias StatementError = DatabaseError

extension DatabaseError {
    /// What SQLite says.
    package var reason: String { message ?? "database error \(resultCode.rawValue)" }

    /// A caller asked for what the program never promised.
    package static var misuse: DatabaseError { DatabaseError(resultCode: .SQLITE_MISUSE) }
}

/// What an argument of a statement may be.
package protocol StoreArgument {
    var stored: StoredValue { get }
}

/// What a column of a row is read as. Other kinds of values are converted as SQLite converts them: NULL reads as zero or as no text, text that
/// is no number as zero. Tables are STRICT, so that only a damaged database has any.
package protocol StoreColumn {
    init(_ value: StoredValue)
}

/// A row of an answer, held in memory.
package struct StoreRow {
    private let names: [String]
    private let values: [StoredValue]

    fileprivate init(_ row: Row, names: [String]) {
        self.names = names
        values = row.databaseValues.map { StoredValue($0) }
    }

    /// By the column's place, from 0. One that is not there reads as NULL.
    package subscript<Value: StoreColumn>(_ column: Int) -> Value {
        Value(values.indices.contains(column) ? values[column] : .null)
    }

    /// By the column's name. One that is not there reads as NULL.
    package subscript<Value: StoreColumn>(_ name: String) -> Value {
        Value(names.firstIndex(of: name).map { values[$0] } ?? .null)
    }
}

extension Database {
    /// Runs a statement that gives no rows; without arguments it may be several.
    ///
    /// - Parameter again: the same text will be run again, and is kept compiled.
    package func run(_ sql: String, _ arguments: [any StoreArgument] = [], again: Bool = false) throws {
        guard again else { return try execute(sql: sql, arguments: Database.bound(arguments)) }
        try cachedStatement(sql: sql).execute(arguments: Database.bound(arguments))
    }

    /// All rows of an answer.
    package func rows(_ sql: String, _ arguments: [any StoreArgument] = [], again: Bool = false) throws -> [StoreRow] {
        let statement = again ? try cachedStatement(sql: sql) : try makeStatement(sql: sql)
        let names = statement.columnNames
        return try Row.fetchAll(statement, arguments: Database.bound(arguments)).map { StoreRow($0, names: names) }
    }

    /// The first row of an answer; nil when it has none.
    package func row(_ sql: String, _ arguments: [any StoreArgument] = [], again: Bool = false) throws -> StoreRow? {
        let statement = again ? try cachedStatement(sql: sql) : try makeStatement(sql: sql)
        return try Row.fetchOne(statement, arguments: Database.bound(arguments)).map { StoreRow($0, names: statement.columnNames) }
    }

    /// The first column of each row.
    package func values<Value: StoreColumn>(_ sql: String, _ arguments: [any StoreArgument] = []) throws -> [Value] {
        try rows(sql, arguments).map { $0[0] }
    }

    /// The first column of the first row; nil when there is no row, or NULL in it.
    package func value<Value: StoreColumn>(
        _ sql: String, _ arguments: [any StoreArgument] = [], again: Bool = false
    ) throws -> Value? {
        try row(sql, arguments, again: again).flatMap { $0[0] as Value? }
    }

    /// Names of the columns of a table or view, in their order.
    package func columnNames(of table: String) throws -> [String] { try columns(in: table).map(\.name) }

    /// Whether an answer has a row.
    package func hasRow(_ sql: String, _ arguments: [any StoreArgument] = []) throws -> Bool { try row(sql, arguments) != nil }

    private static func bound(_ arguments: [any StoreArgument]) -> StatementArguments {
        StatementArguments(arguments.map { $0.stored.databaseValue })
    }

    // MARK: Transactions

    package func begin() throws { try beginTransaction(.immediate) }

    /// Undoes what was begun; nothing when nothing was.
    package func undo() throws {
        if isInsideTransaction { try rollback() }
    }

    /// Ends the transaction: what it did stays.
    package func end() throws { try commit() }

    /// Rows that were inserted, changed or deleted since the connection was opened.
    package var changedRows: Int { totalChangesCount }
}

// MARK: Values

extension StoredValue: StoreArgument, StoreColumn {
    package var stored: StoredValue { self }
    package init(_ value: StoredValue) { self = value }

    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .blob(let bytes): DatabaseValue(value: bytes) ?? .null
        }
    }
}

extension Int64: StoreArgument, StoreColumn {
    package var stored: StoredValue { .integer(self) }

    package init(_ value: StoredValue) {
        switch value {
        case .null, .blob: self = 0
        case .integer(let value): self = value
        case .real(let value): self = Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
        case .text(let value): self = Int64(value) ?? 0
        }
    }
}

extension Int: StoreArgument, StoreColumn {
    package var stored: StoredValue { .integer(Int64(self)) }
    package init(_ value: StoredValue) { self = Int(Int64(value)) }
}

extension Bool: StoreArgument, StoreColumn {
    package var stored: StoredValue { .integer(self ? 1 : 0) }
    package init(_ value: StoredValue) { self = Int64(value) != 0 }
}

extension String: StoreArgument, StoreColumn {
    package var stored: StoredValue { .text(self) }

    package init(_ value: StoredValue) {
        switch value {
        case .null: self = ""
        case .integer(let value): self = String(value)
        case .real(let value): self = String(value)
        case .text(let value): self = value
        case .blob(let bytes): self = String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension Optional: StoreArgument where Wrapped: StoreArgument {
    package var stored: StoredValue { self?.stored ?? .null }
}

extension Optional: StoreColumn where Wrapped: StoreColumn {
    package init(_ value: StoredValue) {
        if case .null = value { self = .none } else { self = Wrapped(value) }
    }
}

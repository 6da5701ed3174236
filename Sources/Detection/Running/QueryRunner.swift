public import FlowStore
public import GRDB
internal import GRDBSQLite

/// Runs statements of the library, and statements of an auditor, without any way for them to change something.
public struct QueryRunner: Sendable {
    private let database: AuditDatabase

    public init(database: AuditDatabase) {
        self.database = database
    }

    /// Runs a query of the library.
    ///
    /// - Parameters:
    ///   - arguments: values by parameter name; a parameter without one has its default.
    ///   - columns: is told the names of the answer's columns, once, before the first row.
    ///   - row: is given each row as it comes; nothing is held back.
    public func run(
        _ query: QueryFile, arguments: [String: StoredValue] = [:], period: Period = .all,
        columns: ([String]) throws -> Void = { _ in }, row: ([StoredValue]) throws -> Void
    ) throws {
        try database.read { try QueryRunner.run($0, query, arguments: arguments, period: period, columns: columns, row: row) }
    }

    /// The same on a connection that reads already.
    public static func run(
        _ connection: Database, _ query: QueryFile, arguments: [String: StoredValue] = [:], period: Period = .all,
        columns: ([String]) throws -> Void = { _ in }, row: ([StoredValue]) throws -> Void
    ) throws {
        let bindings = try bindings(query, arguments: arguments, period: period)
        try run(
            connection, sql: query.sql, file: query.path, firstLine: query.sqlLine, reach: .publicViews, bindings: bindings,
            columns: columns, row: row)
    }

    /// Runs a statement of the program itself, over the public views; it may use the period.
    public func run(viewsOnly sql: String, period: Period, row: ([StoredValue]) throws -> Void) throws {
        try database.read { try QueryRunner.run($0, viewsOnly: sql, period: period, row: row) }
    }

    /// The same on a connection that reads already.
    public static func run(_ connection: Database, viewsOnly sql: String, period: Period, row: ([StoredValue]) throws -> Void) throws {
        let bounds = period.bounds
        try run(
            connection, sql: sql, file: nil, firstLine: 1, reach: .publicViews,
            bindings: ["since": .integer(bounds.since), "until": .integer(bounds.until)], columns: { _ in }, row: row)
    }

    /// Runs one statement that somebody typed; it may read any table and takes no parameters.
    public func run(
        sql: String, columns: ([String]) throws -> Void = { _ in }, row: ([StoredValue]) throws -> Void
    ) throws {
        try database.read { database in
            try QueryRunner.run(
                database, sql: sql, file: nil, firstLine: 1, reach: .everything, bindings: [:], columns: columns, row: row)
        }
    }

    /// The values of all parameters of `query`, with the period.
    static func bindings(
        _ query: QueryFile, arguments: [String: StoredValue], period: Period
    ) throws(QueryFailure) -> [String: StoredValue] {
        for name in arguments.keys.sorted() where query.parameter(name) == nil {
            let known = query.parameters.map { "`\($0.name)`" }.joined(separator: ", ")
            throw QueryFailure(
                .usage, "`\(query.id)` has no parameter `\(name)`; it has \(known.isEmpty ? "none" : known)")
        }
        let bounds = period.bounds
        var bindings: [String: StoredValue] = ["since": .integer(bounds.since), "until": .integer(bounds.until)]
        for parameter in query.parameters {
            let value = arguments[parameter.name] ?? parameter.defaultValue
            if parameter.isRequired, value.isNull {
                throw QueryFailure(
                    .usage, "`\(query.id)` needs the parameter `\(parameter.name)`: \(parameter.description)")
            }
            bindings[parameter.name] = value
        }
        return bindings
    }

    /// What a statement may read.
    enum Reach {
        /// Only what `docs/database-views.md` describes.
        case publicViews
        case everything
    }

    static func run(
        _ database: Database, sql: String, file: String?, firstLine: Int, reach: Reach,
        bindings: [String: StoredValue], columns: ([String]) throws -> Void, row: ([StoredValue]) throws -> Void
    ) throws {
        try StatementGuard.guarding(database, .everything) { statementGuard in
            let statement = try prepare(database, sql: sql, file: file, firstLine: firstLine, statementGuard: statementGuard)
            if reach == .publicViews { try checkReach(database, sql: sql, file: file, firstLine: firstLine) }
            var values: [String: DatabaseValue] = [:]
            for name in parameterNames(statement) {
                guard let value = bindings[name] else {
                    throw QueryFailure(.refused, "\(place(file, firstLine))the statement uses `:\(name)`, which nothing declares")
                }
                values[name] = value.databaseValue
            }
            do {
                statement.arguments = StatementArguments(values)
                try columns(statement.columnNames)
                let width = statement.columnNames.count
                let cursor = try Row.fetchCursor(statement)
                while let next = try cursor.next() {
                    try row((0..<width).map { StoredValue(reading: next[$0] as DatabaseValue) })
                }
            } catch let error as DatabaseError {
                if error.resultCode == .SQLITE_ERROR {
                    throw QueryFailure(.refused, "\(place(file, firstLine))\(error.message ?? "the statement failed")")
                }
                throw error
            }
        }
    }

    /// Compiles a statement where there is nothing but the public views; refuses one that reads anything else.
    static func checkReach(_ database: Database, sql: String, file: String?, firstLine: Int) throws {
        let schema = try PublicSchema.shared()
        do {
            try schema.read { connection in
                try StatementGuard.guarding(connection, .only(PublicSchema.readable, modules: schema.modules)) { statementGuard in
                    _ = try prepare(connection, sql: sql, file: file, firstLine: firstLine, statementGuard: statementGuard)
                }
            }
        } catch let failure as QueryFailure {
            guard let named = failure.message.firstRange(of: noSuchTable) else { throw failure }
            let name = failure.message[named.upperBound...].split(separator: ".").last.map(String.init) ?? ""
            let isPrivate = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE)",
                arguments: [name])
            guard isPrivate == true else { throw failure }
            throw QueryFailure(
                .refused,
                """
                \(failure.message[..<named.lowerBound])the statement reads the private table `\(name)`; use the views of \
                docs/database-views.md
                """)
        }
    }

    private static let noSuchTable = "no such table: "

    static func prepare(
        _ database: Database, sql: String, file: String?, firstLine: Int, statementGuard: StatementGuard
    ) throws -> Statement {
        do {
            return try database.makeStatement(sql: sql)
        } catch let error as DatabaseError {
            if let refusal = statementGuard.refusal {
                throw QueryFailure(.refused, "\(place(file, firstLine))the statement \(refusal)")
            }
            guard [.SQLITE_ERROR, .SQLITE_AUTH, .SQLITE_MISUSE, .SQLITE_TOOBIG].contains(error.resultCode) else { throw error }
            let offset = sqlite3_error_offset(database.sqliteConnection)
            let line = offset < 0 ? firstLine : firstLine + sql.utf8.prefix(Int(offset)).count { $0 == 10 }
            if error.resultCode == .SQLITE_MISUSE {
                throw QueryFailure(.refused, "\(place(file, firstLine))needs exactly one statement")
            }
            throw QueryFailure(.refused, "\(place(file, line))\(error.message ?? "not a statement")")
        }
    }

    /// Names of the parameters that a statement uses, without the colon.
    static func parameterNames(_ statement: Statement) -> Set<String> {
        var names: Set<String> = []
        let count = sqlite3_bind_parameter_count(statement.sqliteStatement)
        guard count > 0 else { return names }
        for index in 1...count {
            guard let name = sqlite3_bind_parameter_name(statement.sqliteStatement, index) else {
                names.insert("?")
                continue
            }
            names.insert(String(String(cString: name).dropFirst()))
        }
        return names
    }

    private static func place(_ file: String?, _ line: Int) -> String { file.map { "\($0):\(line): " } ?? "" }
}

public import FlowModel
public import FlowStore
public import QueryCatalogue

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
        _ connection: StoreConnection, _ query: QueryFile, arguments: [String: StoredValue] = [:], period: Period = .all,
        columns: ([String]) throws -> Void = { _ in }, row: ([StoredValue]) throws -> Void
    ) throws {
        let bindings = try bindings(query, arguments: arguments, period: period)
        try run(
            connection, sql: query.sql, file: query.path, firstLine: query.sqlLine, reach: .publicViews, bindings: bindings,
            columns: columns, row: row)
    }

    /// Runs a statement of the program itself, over the public views; it may use the period, and `arguments`.
    public static func run(
        _ connection: StoreConnection, viewsOnly sql: String, arguments: [String: StoredValue] = [:], period: Period,
        row: ([StoredValue]) throws -> Void
    ) throws {
        let bounds = period.bounds
        var bindings = arguments
        bindings["since"] = .integer(bounds.since)
        bindings["until"] = .integer(bounds.until)
        try run(
            connection, sql: sql, file: nil, firstLine: 1, reach: .publicViews, bindings: bindings, columns: { _ in }, row: row)
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
    package static func bindings(
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
    package enum Reach {
        /// Only what `docs/database-views.md` describes.
        case publicViews
        case everything
    }

    package static func run(
        _ database: StoreConnection, sql: String, file: String?, firstLine: Int, reach: Reach,
        bindings: [String: StoredValue], columns: ([String]) throws -> Void, row: ([StoredValue]) throws -> Void
    ) throws {
        try StatementGuard.guarding(database, .everything) { statementGuard in
            let statement = try prepare(database, sql: sql, file: file, firstLine: firstLine, statementGuard: statementGuard)
            if reach == .publicViews { try checkReach(database, sql: sql, file: file, firstLine: firstLine) }
            var values: [String: StoredValue] = [:]
            for name in statement.parameters {
                guard let value = bindings[name] else {
                    throw QueryFailure(.refused, "\(place(file, firstLine))the statement uses `:\(name)`, which nothing declares")
                }
                values[name] = value
            }
            try columns(statement.columns)
            do {
                try statement.forEach(values, row)
            } catch let refusal as ForeignStatement.Refusal {
                throw QueryFailure(.refused, "\(place(file, firstLine))\(refusal.message)")
            }
        }
    }

    /// Compiles a statement where there is nothing but the public views; refuses one that reads anything else.
    static func checkReach(_ database: StoreConnection, sql: String, file: String?, firstLine: Int) throws {
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
            guard
                try database.hasRow("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", [name])
            else { throw failure }
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
        _ database: StoreConnection, sql: String, file: String?, firstLine: Int, statementGuard: StatementGuard
    ) throws -> ForeignStatement {
        do {
            return try ForeignStatement(database, sql)
        } catch let refusal as ForeignStatement.Refusal {
            if let refused = statementGuard.refusal {
                throw QueryFailure(.refused, "\(place(file, firstLine))the statement \(refused)")
            }
            if refusal.isNotOne { throw QueryFailure(.refused, "\(place(file, firstLine))needs exactly one statement") }
            let line = firstLine + sql.utf8.prefix(refusal.offset ?? 0).count { $0 == 10 }
            throw QueryFailure(.refused, "\(place(file, line))\(refusal.message)")
        }
    }

    private static func place(_ file: String?, _ line: Int) -> String { file.map { "\($0):\(line): " } ?? "" }
}

package import FlowModel
internal import GRDB
internal import GRDBSQLite

/// A statement that came from outside of the program, compiled and not yet run.
package struct ForeignStatement {
    /// Why a text is no statement that can be run.
    package struct Refusal: Error {
        package var message: String
        /// The byte of the text that it is about; nil where SQLite does not say.
        package var offset: Int?
        /// The text is none or several statements.
        package var isNotOne: Bool
    }

    private let statement: Statement

    /// Throws `Refusal` when the text is at fault, and `StatementError` when the database is.
    package init(_ connection: StoreConnection, _ sql: String) throws {
        do {
            statement = try connection.makeStatement(sql: sql)
        } catch let error as DatabaseError where [.SQLITE_ERROR, .SQLITE_AUTH, .SQLITE_MISUSE, .SQLITE_TOOBIG].contains(error.resultCode) {
            let offset = sqlite3_error_offset(connection.sqliteConnection)
            throw Refusal(
                message: error.message ?? "not a statement", offset: offset < 0 ? nil : Int(offset),
                isNotOne: error.resultCode == .SQLITE_MISUSE)
        }
    }

    package var columns: [String] { statement.columnNames }

    /// Names of the parameters that it uses, without the colon; one without a name is `?`.
    package var parameters: Set<String> {
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

    /// Calls `row` with each row of the answer as it comes; `values`: of all parameters. Throws `Refusal` for what the statement itself does
    /// wrong while it runs.
    package func forEach(_ values: [String: StoredValue], _ row: ([StoredValue]) throws -> Void) throws {
        let width = statement.columnNames.count
        do {
            statement.arguments = StatementArguments(values.mapValues(\.databaseValue))
            let cursor = try Row.fetchCursor(statement)
            while let next = try cursor.next() { try row((0..<width).map { StoredValue(next[$0] as DatabaseValue) }) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            throw Refusal(message: error.message ?? "the statement failed", offset: nil, isNotOne: false)
        }
    }
}

public import FlowModel
internal import GRDB

extension StoredValue {
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .blob(Array(value))
        }
    }
}

/// Rows that a question gave, one after the other.
public struct Answer {
    public var columns: [String]
    /// Flows that are counted although it is not known whether they are meant: they were pruned, and the sums that are left of them are of
    /// a whole hour.
    public var unsure: Int64 = 0
    private let next: () throws -> [StoredValue]?

    init(_ database: Database, sql: String, arguments: StatementArguments) throws {
        let statement = try database.makeStatement(sql: sql)
        columns = statement.columnNames
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        next = { try rows.next().map { row in row.databaseValues.map { StoredValue($0) } } }
    }

    /// `next` gives the rows and in the end nil.
    init(columns: [String], unsure: Int64 = 0, next: @escaping () throws -> [StoredValue]?) {
        self.columns = columns
        self.unsure = unsure
        self.next = next
    }

    /// Each row's values in the order of `columns`.
    public func forEach(_ body: ([StoredValue]) throws -> Void) throws {
        while let row = try next() { try body(row) }
    }
}

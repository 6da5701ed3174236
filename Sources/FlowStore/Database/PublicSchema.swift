public import GRDB

/// A database in memory that has nothing but the public views, as empty tables: a statement that SQLite compiles here names nothing
/// private, whatever names it gives to parts of its own.
public final class PublicSchema: Sendable {
    /// Table-valued functions that statements over the views may use.
    public static let functions: Set<String> = ["json_each", "json_tree"]
    /// All that there is to read: `functions` and the views.
    public static let readable = functions.union(Views.names)

    private let queue: DatabaseQueue
    /// Tables that SQLite itself has to offer, in lower case: virtual ones, which exist without being made.
    public let modules: Set<String>

    private static let made = Result { try PublicSchema() }

    /// The schema of this version; made once.
    public static func shared() throws -> PublicSchema { try made.get() }

    private init() throws {
        let complete = try AuditDatabase(path: ":memory:", mode: .create)
        let columns = try complete.read { database in
            try Views.names.map { view in (view, try database.columns(in: view).map(\.name)) }
        }
        let queue = try DatabaseQueue(configuration: AuditDatabase.configuration(isReadOnly: false))
        modules = try queue.write { database in
            for (view, names) in columns {
                let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
                try database.execute(sql: "CREATE TABLE \"\(view)\" (\(list))")
            }
            // A virtual table is declared when it is used first, which whoever guards statements need not see.
            for function in PublicSchema.functions { try database.execute(sql: "SELECT * FROM \(function)('[]')") }
            return Set(try String.fetchAll(database, sql: "SELECT lower(name) FROM pragma_module_list"))
        }
        self.queue = queue
    }

    public func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.read(body)
    }
}

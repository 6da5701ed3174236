internal import GRDB

/// A column that a dictionary table (`TupleKey`) was given after it was made: a step of the schema.
struct AddedColumn {
    let table: String
    let name: String

    /// Puts the column last. It is absent, 0, in the rows that are there; rows differ when it does.
    ///
    /// The table is made anew, because it says which of its columns make a row unique. Such a table holds each combination once: it is small.
    func add(to database: Database) throws {
        let columns = try String.fetchAll(database, sql: "SELECT name FROM pragma_table_info(?) ORDER BY cid", arguments: [table])
        let keys = columns.dropFirst() + [name]
        try database.execute(
            sql: """
                CREATE TEMP TABLE kept_row AS SELECT * FROM \(table);
                DROP TABLE \(table);
                CREATE TABLE \(table) (
                    \(columns[0]) INTEGER PRIMARY KEY,
                    \(keys.map { "\($0) INTEGER NOT NULL" }.joined(separator: ",\n    ")),
                    UNIQUE (\(keys.joined(separator: ", ")))
                ) STRICT;
                INSERT INTO \(table) SELECT *, 0 FROM kept_row ORDER BY 1;
                DROP TABLE kept_row;
                """)
    }
}

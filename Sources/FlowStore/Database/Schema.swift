internal import GRDB

/// The tables of the audit database. They are private: whoever asks questions uses the views of `Views.swift`.
///
/// Texts stand once in `text`; a flow is a row of small integers that point to what it shares with others: `client` (who, from
/// where), `destination` (what, through which Connector), `route` (relays and tunnel), `remark` (error, reason for closing) and
/// `assessment` (what the policy engine said).
enum Schema {
    /// "TWAU": says that a file is a database of this program.
    static let applicationID = 0x5457_4155

    /// Every step is SQL that is never changed again, or an `AddedColumn`; new ones come last. Views, and what follows from other tables, are made after the last one, by
    /// `DerivedTables`.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: version1)
        }
        migrator.registerMigration("sums of edges in pages") { database in
            try database.execute(sql: pagesOfEdges)
        }
        migrator.registerMigration("two sources of a flow") { database in
            try database.execute(sql: retellings)
        }
        migrator.registerMigration("reused ids and places of sources") { database in
            try database.execute(sql: reusedIdentities)
        }
        migrator.registerMigration("origins of journals") { database in
            try database.execute(sql: originsOfJournals)
        }
        migrator.registerMigration("failed attempts") { database in
            try database.execute(sql: failedAttempts)
        }
        migrator.registerMigration("claims of records") { database in
            try database.execute(sql: claimsOfRecords)
        }
        migrator.registerMigration("hours by slot") { database in
            try database.execute(sql: hoursBySlot)
        }
        migrator.registerMigration("names of the field") { database in
            try Views.drop(from: database)
            try database.execute(sql: fieldNames)
        }
        migrator.registerMigration("column remark.client_version") { database in
            try AddedColumn(table: "remark", name: "client_version").add(to: database)
        }
        migrator.registerMigration("clients, destinations, aggregates") { database in
            try Views.drop(from: database)
            try database.execute(sql: partsOfFlows)
        }
        return migrator
    }
}

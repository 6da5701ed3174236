internal import FlowModel
package import GRDB

/// Tables that follow from others and are built again when a migration emptied them.
package enum DerivedTables {
    /// Flows whose identities make one run.
    private static let stretch: Int64 = 1 << 16

    /// What stands in a database of this version, as far as the schema is concerned.
    static func isUpToDate(_ database: Database) throws -> Bool {
        try setting("views", database) == Views.digest && setting("aggregate-pages-due", database) == nil && !identitiesAreDue(database)
    }

    /// Makes what is missing or of an older version; in a transaction.
    static func bringUpToDate(_ database: Database) throws {
        if try setting("views", database) != Views.digest {
            try Views.create(in: database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO setting (name, value) VALUES ('views', ?)", arguments: [Views.digest])
        }
        if try setting("aggregate-pages-due", database) != nil {
            try AggregatePages(database).rebuild(database)
            try database.execute(sql: "DELETE FROM setting WHERE name = 'aggregate-pages-due'")
        }
        if try identitiesAreDue(database) { try rebuildIdentities(database, IdentityKey.make(database)) }
    }

    private static func identitiesAreDue(_ database: Database) throws -> Bool {
        try IdentityKey.stored(database) == nil && Int64.fetchOne(database, sql: "SELECT 1 FROM flow_fact LIMIT 1") != nil
    }

    private static func setting(_ name: String, _ database: Database) throws -> String? {
        try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
    }

    /// The key of the database's identities, which is made where there is none.
    package static func identityKey(_ database: Database) throws -> IdentityKey {
        try IdentityKey.stored(database) ?? IdentityKey.make(database)
    }

    /// Enters every flow; in databases of the time before `reused_identity` no two have one id.
    private static func rebuildIdentities(_ database: Database, _ key: IdentityKey) throws {
        try database.execute(sql: "DELETE FROM identity_run; DELETE FROM identity_page; DELETE FROM reused_identity;")
        let identities = try IdentityRuns(database)
        let table = try FlowTable(database, key: key)
        let texts = try TextDictionary(database)
        let select = try RawStatement(database, "SELECT flow_id FROM flow_fact WHERE flow_id BETWEEN ? AND ? ORDER BY 1")
        let last = table.nextID
        var first: Int64 = 1
        while first < last {
            defer { first += stretch }
            var entries: [(key: UInt64, flow: UInt32)] = []
            select.bind(1, first)
            select.bind(2, first + stretch - 1)
            while try select.step() {
                let flowID = select.integer(0)
                guard let (flow, _) = try table.draft(flowID: flowID, hash: 0) else { continue }
                let hash: UInt64
                if flow.connectionID.isEmpty {
                    hash = flow.identity(key, occurrence: 1)
                } else {
                    hash = key.hash(connection: flow.connectionID.text, connector: try texts.text(flow.connector) ?? "")
                }
                entries.append((IdentityRuns.key(hash), UInt32(truncatingIfNeeded: flowID - first)))
            }
            select.reset()
            entries.sort { $0.key < $1.key }
            try identities.add(base: first, entries)
        }
    }
}

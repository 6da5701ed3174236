internal import FlowModel
internal import GRDB

/// Hashes what connections are known by, under a key that is made at random with the database and never told: nobody can craft connection
/// ids that collide.
///
/// Its values stand in databases: it must not change.
package struct IdentityKey: Hashable, Sendable {
    private static let setting = "identity-key"

    let key: SipHash.Key

    package init(
        key: SipHash.Key
    ) {
        self.key = key
    }

    /// Of a connection: its id and its Connector's.
    @inline(__always)
    package func hash(connection id: UnsafeRawBufferPointer, connector: UnsafeRawBufferPointer) -> UInt64 {
        var hash = SipHash(key)
        hash.append(id, connector)
        return hash.finish()
    }

    package func hash(connection id: String, connector: String) -> UInt64 {
        var (id, connector) = (id, connector)
        return id.withUTF8 { id in
            connector.withUTF8 { hash(connection: UnsafeRawBufferPointer(id), connector: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Of numbers: of whom and what a flow is about.
    package func hash(_ words: Int64...) -> UInt64 {
        var hash = SipHash(key)
        for word in words { hash.append(word) }
        return hash.finish()
    }

    /// The key of a database; nil in one that ingest never wrote to.
    static func stored(_ database: Database) throws -> IdentityKey? {
        guard let text = try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [setting]) else {
            return nil
        }
        let words = text.split(separator: " ").compactMap { UInt64($0, radix: 16) }
        guard words.count == 2 else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the setting `\(setting)` is not what was written")
        }
        return IdentityKey(key: SipHash.Key(first: words[0], second: words[1]))
    }

    /// Makes a key and keeps it in the database.
    static func make(_ database: Database) throws -> IdentityKey {
        let made = SipHash.Key(first: .random(in: .min ... .max), second: .random(in: .min ... .max))
        try database.execute(
            sql: "INSERT INTO setting (name, value) VALUES (?, ?)",
            arguments: [setting, String(made.first, radix: 16) + " " + String(made.second, radix: 16)])
        return IdentityKey(key: made)
    }
}

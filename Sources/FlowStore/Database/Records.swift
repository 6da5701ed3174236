public import GRDB

/// What records of a database ever told, by its dictionaries: what was pruned may still stand there.
public enum Records {
    /// False when no flow has a location.
    public static func everTellLocations(_ connection: Database) throws -> Bool {
        try Bool.fetchOne(connection, sql: "SELECT EXISTS (SELECT 1 FROM client WHERE location <> 0)") == true
    }

    /// False when no flow names the policy version that its Connector enforced.
    public static func everTellEnforcedVersions(_ connection: Database) throws -> Bool {
        try Bool.fetchOne(connection, sql: "SELECT EXISTS (SELECT 1 FROM remark WHERE policy_version <> -1)") == true
    }
}

internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// What the database holds of the things that rules need.
public struct Examination: Hashable, Sendable {
    /// Flows in the period.
    public var flows: Int64
    /// Of those, flows without a verdict, or with the verdict `unverifiable`.
    public var unjudgedFlows: Int64
    /// Needs that are met.
    public var present: Set<DetectionRule.Need>

    /// Why a rule would say nothing, nil when it can be examined.
    public func obstacle(to rule: DetectionRule) -> String? {
        for need in rule.needs where !present.contains(need) {
            switch need {
            case .flows: return "there are no flows in the period"
            case .verdicts:
                return flows == 0
                    ? "there are no flows in the period"
                    : "no flow has a verdict; `twin-audit ingest --policy DIR` judges all flows by the snapshots in a directory"
            case .policies: return "there is no policy in the database"
            case .journals: return "there are no journals in the database"
            case .records: return "there are no journal records in the database"
            case .locations: return "no flow carries a location"
            case .enforcedVersions: return "no flow names the policy version that its Connector enforced"
            }
        }
        return nil
    }

    static func take(_ database: StoreConnection, needs: Set<DetectionRule.Need>, period: Period) throws -> Examination {
        let bounds = period.bounds
        let counts = try database.row(
            """
            SELECT coalesce(sum(flows), 0), coalesce(sum(CASE WHEN verdict <> 'unverifiable' THEN 0 ELSE flows END), 0)
            FROM access WHERE hour_at >= ? AND hour_at < ?
            """, [bounds.since, bounds.until])
        let flows: Int64 = counts?[0] ?? 0
        let unjudged: Int64 = counts?[1] ?? 0
        var present: Set<DetectionRule.Need> = []
        if flows > 0 { present.insert(.flows) }
        if flows > unjudged { present.insert(.verdicts) }
        for need in needs {
            guard let sql = probes[need] else { continue }
            // Where no record ever told of it, no flow needs to be read to know that none does.
            if need == .locations, try !Records.everTellLocations(database) { continue }
            if need == .enforcedVersions, try !Records.everTellEnforcedVersions(database) { continue }
            if try database.hasRow(sql) { present.insert(need) }
        }
        return Examination(flows: flows, unjudgedFlows: unjudged, present: present)
    }

    private static let probes: [DetectionRule.Need: String] = [
        .policies: "SELECT 1 FROM policy_snapshot",
        .journals: "SELECT 1 FROM journal_frame",
        .records: "SELECT 1 FROM journal_record",
        .locations: "SELECT 1 FROM flow WHERE location IS NOT NULL",
        .enforcedVersions: "SELECT 1 FROM flow WHERE recorded_policy_version IS NOT NULL",
    ]
}

public import AccessPolicy
internal import FlowModel
internal import GRDB

/// When each principal last used each Resource, for automatic locks; flows must come in the order of time.
///
/// A use is a carried or failed flow for which the record names the Resource. It counts for what begins later, not for what begins in
/// the same millisecond, so that the order in which such flows lie in the database is of no account.
public struct LastUse {
    private struct Pair {
        /// Position in `uses`; negative for flows that name no principal.
        var principal: Int32
        /// Position in `resources`; negative for flows that name no Resource.
        var resource: Int32

        static let unknown = Pair(principal: -2, resource: -2)
        var isUnknown: Bool { principal == -2 }
    }

    /// Aggregates whose pair is remembered: 8 MB.
    private static let maxAggregates: Int64 = 1_000_000

    private var principals: [PrincipalReference: Int32] = [:]
    private var uses: [LastUses] = []
    private var resourceNumbers: [String: Int32] = [:]
    private var resources: [String] = []
    /// By the number of the aggregate.
    private var pairsOfAggregates: [Pair] = []
    /// Uses that began at `now`.
    private var fresh: [Pair] = []
    private var now = Timestamp.distantPast

    public init() {}

    /// What `flow`'s principal used before it began; the flow is then noted as a use itself when it was carried.
    public mutating func advance(_ flow: StoredFlow, reader: FlowFactsReader) throws -> LastUses {
        if flow.startedAt != now {
            for pair in fresh { uses[Int(pair.principal)].byResource[resources[Int(pair.resource)]] = now }
            fresh.removeAll(keepingCapacity: true)
            now = flow.startedAt
        }
        let pair = try pair(of: flow, reader)
        guard pair.principal >= 0 else { return .none }
        if pair.resource >= 0, flow.outcome != .denied { fresh.append(pair) }
        return uses[Int(pair.principal)]
    }

    /// What one flow's principal used before it began, where a policy of the database locks anything: all earlier flows are walked.
    static func before(_ flow: StoredFlow, _ database: Database, _ reader: FlowFactsReader) throws -> LastUses {
        let locks = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM snapshot WHERE instr(document, '\"autoLockSeconds\"') > 0)")
        guard locks == true else { return .none }
        var uses = LastUse()
        try FlowScan(database).forEach(order: .time, until: flow.startedAt) { _ = try uses.advance($0, reader: reader) }
        return try uses.advance(flow, reader: reader)
    }

    private mutating func pair(of flow: StoredFlow, _ reader: FlowFactsReader) throws -> Pair {
        let isRemembered = flow.aggregate >= 0 && flow.aggregate < LastUse.maxAggregates
        if isRemembered, flow.aggregate < Int64(pairsOfAggregates.count), !pairsOfAggregates[Int(flow.aggregate)].isUnknown {
            return pairsOfAggregates[Int(flow.aggregate)]
        }
        var pair = Pair(principal: -1, resource: -1)
        if let principal = try reader.client(flow.client).principal {
            pair.principal = principals[principal] ?? Int32(uses.count)
            if pair.principal == uses.count {
                principals[principal] = pair.principal
                uses.append(.none)
            }
        }
        if let resource = try reader.destination(flow.destination).resourceID {
            pair.resource = resourceNumbers[resource] ?? Int32(resources.count)
            if pair.resource == resources.count {
                resourceNumbers[resource] = pair.resource
                resources.append(resource)
            }
        }
        if isRemembered {
            let missing = Int(flow.aggregate) + 1 - pairsOfAggregates.count
            if missing > 0 { pairsOfAggregates.append(contentsOf: repeatElement(.unknown, count: missing)) }
            pairsOfAggregates[Int(flow.aggregate)] = pair
        }
        return pair
    }
}

public import FlowStore

/// Says for flows which records they rest on.
public enum EvidenceFinder {
    /// The first record of each flow, by flow id; flows that do not exist are left out.
    public static func evidence(flows: Set<Int64>, _ connection: StoreConnection) throws -> [Int64: FindingEvidence] {
        guard !flows.isEmpty else { return [:] }
        let resolver = EvidenceResolver(connection)
        var found: [Int64: FindingEvidence] = [:]
        for flow in flows.sorted() { found[flow] = try resolver.evidence(flowID: flow) }
        return found
    }
}

public import FlowStore

/// Says for flows which records they rest on.
public struct EvidenceFinder: Sendable {
    private let database: AuditDatabase

    public init(database: AuditDatabase) {
        self.database = database
    }

    /// The first record of each flow, by flow id; flows that do not exist are left out.
    public func evidence(flows: Set<Int64>) throws -> [Int64: FindingEvidence] {
        guard !flows.isEmpty else { return [:] }
        return try database.read { database in
            let resolver = try EvidenceResolver(database)
            var found: [Int64: FindingEvidence] = [:]
            for flow in flows.sorted() { found[flow] = try resolver.evidence(flowID: flow) }
            return found
        }
    }
}

package import GRDB

/// The table `flow_claim`: what the records of a flow say of its time, where its row has no room for it.
package final class FlowClaims {
    private let insert: RawStatement
    private let delete: RawStatement
    private let select: RawStatement

    package init(_ database: Database) throws {
        insert = try RawStatement(
            database, "INSERT INTO flow_claim (flow_id, kind, started_at, ended_at, duration) VALUES (?, ?, ?, ?, ?)")
        delete = try RawStatement(database, "DELETE FROM flow_claim WHERE flow_id = ?")
        select = try RawStatement(database, "SELECT kind, started_at, ended_at, duration FROM flow_claim WHERE flow_id = ?")
    }

    /// What the records of a flow say, as a set.
    package func claims(of flow: FlowDraft) throws -> [FlowClaim] {
        if let claims = flow.claims { return FlowClaim.united(claims) }
        func optional(_ column: Int32) -> Int64 { select.isNull(column) ? FlowDraft.absent : select.integer(column) }
        var found: [FlowClaim] = []
        select.bind(1, flow.flowID)
        defer { select.reset() }
        while try select.step() {
            guard let kind = FlowClaim.Kind(rawValue: select.integer(0)) else { continue }
            found.append(FlowClaim(kind, start: optional(1), end: select.integer(2), duration: optional(3)))
        }
        return FlowClaim.united(found)
    }

    package func replace(_ claims: [FlowClaim], of flowID: Int64) throws {
        try remove(flowID: flowID)
        for claim in claims {
            insert.bind(1, flowID)
            insert.bind(2, claim.kind.rawValue)
            insert.bind(3, claim.start == FlowDraft.absent ? nil : claim.start)
            insert.bind(4, claim.end)
            insert.bind(5, claim.duration == FlowDraft.absent ? nil : claim.duration)
            try insert.run()
        }
    }

    package func remove(flowID: Int64) throws {
        delete.bind(1, flowID)
        try delete.run()
    }
}

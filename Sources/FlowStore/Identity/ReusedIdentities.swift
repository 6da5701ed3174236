package import GRDB

/// The table `reused_identity`: flows whose Connector and connection id another flow has, too, by when they may have begun.
///
/// `IdentityRuns` leads to the first flow of an id; the others are found here, in time that does not grow with how many there are.
package final class ReusedIdentities {
    /// Changes the subject of entries that stand for the end of a record which does not say when its connection began.
    private static let loose: UInt64 = 0x5555_5555_5555_5555

    private let insert: RawStatement
    private let removeFlow: RawStatement
    private let selectBetween: RawStatement
    private let selectAll: RawStatement

    package init(_ database: Database) throws {
        insert = try RawStatement(
            database, "INSERT OR IGNORE INTO reused_identity (hash, subject, at, flow_id) VALUES (?, ?, ?, ?)")
        removeFlow = try RawStatement(database, "DELETE FROM reused_identity WHERE flow_id = ?")
        selectBetween = try RawStatement(
            database, "SELECT flow_id FROM reused_identity WHERE hash = ? AND subject = ? AND at BETWEEN ? AND ?")
        selectAll = try RawStatement(database, "SELECT flow_id FROM reused_identity WHERE hash = ?")
    }

    /// `claims`: what the flow's records say.
    package func add(_ flow: FlowDraft, _ claims: [FlowClaim]) throws {
        for at in Set(claims.flatMap(\.starts)) { try add(flow, flow.subject.subject, at) }
        for end in Set(claims.compactMap(\.looseEnd)) { try add(flow, flow.subject.subject ^ ReusedIdentities.loose, end) }
    }

    private func add(_ flow: FlowDraft, _ subject: UInt64, _ at: Int64) throws {
        insert.bind(1, Int64(bitPattern: flow.hash))
        insert.bind(2, Int64(bitPattern: subject))
        insert.bind(3, at)
        insert.bind(4, flow.flowID)
        try insert.run()
    }

    package func remove(flowID: Int64) throws {
        removeFlow.bind(1, flowID)
        try removeFlow.run()
    }

    /// The flows that may be of the same connection as a draft whose row holds all that its records say.
    package func find(_ draft: FlowDraft) throws -> Set<Int64> {
        var found: Set<Int64> = []
        func look(_ subject: UInt64, _ from: Int64, _ through: Int64) throws {
            selectBetween.bind(1, Int64(bitPattern: draft.hash))
            selectBetween.bind(2, Int64(bitPattern: subject))
            selectBetween.bind(3, from)
            selectBetween.bind(4, through)
            while try selectBetween.step() { found.insert(selectBetween.integer(0)) }
            selectBetween.reset()
        }
        let (subject, loose) = (draft.subject.subject, draft.subject.subject ^ ReusedIdentities.loose)
        let claims = draft.claims ?? []
        for start in Set(claims.flatMap(\.starts)) {
            let from = start.saturatingAdd(-2 * FlowDraft.tolerance)
            try look(subject, from, start.saturatingAdd(2 * FlowDraft.tolerance))
            try look(loose, from, start.saturatingAdd(FlowDraft.maxLoose))
        }
        for end in Set(claims.compactMap(\.looseEnd)) {
            try look(subject, end.saturatingAdd(-FlowDraft.maxLoose), end.saturatingAdd(FlowDraft.tolerance))
            try look(loose, end, end)
        }
        return found
    }

    /// Flows of an id, no more than `most`.
    package func flows(of hash: UInt64, most: Int) throws -> Set<Int64> {
        var found: Set<Int64> = []
        selectAll.bind(1, Int64(bitPattern: hash))
        defer { selectAll.reset() }
        while found.count < most, try selectAll.step() { found.insert(selectAll.integer(0)) }
        return found
    }

    static func flows(_ database: Database, of hash: UInt64, most: Int) throws -> [Int64] {
        try Int64.fetchAll(
            database, sql: "SELECT DISTINCT flow_id FROM reused_identity WHERE hash = ? LIMIT ?",
            arguments: [Int64(bitPattern: hash), most])
    }
}

extension Int64 {
    /// The sum; where it is out of range, the end of the range.
    package func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

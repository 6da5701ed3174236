internal import GRDB

/// Finds, for flows and records, the bytes they came from.
struct EvidenceResolver {
    private let flow: Statement
    private let record: Statement
    private let frame: Statement

    init(_ database: Database) throws {
        flow = try database.makeStatement(
            sql: """
                SELECT f.flow_id, f.connection_id, f.source_id, f.source_offset, f.source_line, s.path, s.journal, s.first_sequence
                FROM flow f LEFT JOIN source s ON s.source_id = f.source_id
                WHERE f.flow_id = ?
                """)
        record = try database.makeStatement(
            sql: "SELECT NULL, NULL, source_id, NULL, NULL, path, journal, first_sequence FROM source WHERE source_id = ?")
        frame = try database.makeStatement(
            sql: """
                SELECT frame FROM journal_frame WHERE source_id = ? AND inflated_offset <= ? ORDER BY frame DESC LIMIT 1
                """)
    }

    /// The first record of a flow; nil when there is no such flow.
    func evidence(flowID: Int64) throws -> FindingEvidence? {
        guard let row = try Row.fetchOne(flow, arguments: [flowID]) else { return nil }
        return try evidence(row, offset: row[3] ?? 0, line: row[4] ?? 0)
    }

    /// The record that begins at a byte of a source.
    func evidence(sourceID: Int64, offset: Int64, line: Int64) throws -> FindingEvidence? {
        guard let row = try Row.fetchOne(record, arguments: [sourceID]) else { return nil }
        return try evidence(row, offset: offset, line: line)
    }

    private func evidence(_ row: Row, offset: Int64, line: Int64) throws -> FindingEvidence {
        let sourceID: Int64? = row[2]
        let path: String = row[5] ?? "unknown source"
        var evidence = FindingEvidence(flowID: row[0], connectionID: row[1], source: path, line: line, offset: offset)
        if let journal: String = row[6] {
            evidence.journal = journal
            evidence.segment = path.split(separator: "/").last.map(String.init)
            // Every line of a segment is one record, and sequences never skip.
            if let first: Int64 = row[7], line > 0 { evidence.sequence = first + line - 1 }
        }
        if let sourceID { evidence.frame = try Int64.fetchOne(frame, arguments: [sourceID, offset]) }
        return evidence
    }
}

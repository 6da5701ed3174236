internal import FlowStore

/// Finds, for flows and records, the bytes they came from.
final class EvidenceResolver {
    /// Frames of one segment file, in order.
    private struct Frames {
        var offsets: [Int64] = []
        var sequences: [Int64] = []
        /// Lines of the file before each frame.
        var linesBefore: [Int64] = []

        /// The frame that holds the byte at `offset`: its number, from 1, and the sequence of the record on `line`.
        func find(offset: Int64, line: Int64) -> (number: Int64, sequence: Int64)? {
            var low = 0
            var high = offsets.count
            while low < high {
                let middle = (low + high) / 2
                if offsets[middle] <= offset { low = middle + 1 } else { high = middle }
            }
            guard low > 0 else { return nil }
            return (Int64(low), sequences[low - 1] + line - 1 - linesBefore[low - 1])
        }
    }

    private let database: StoreConnection
    private var known: [Int64: Frames] = [:]
    /// Segments whose frames are kept: evidence is looked up in the order of flows, so few are in use at a time.
    private static let keptSegments = 64

    init(_ database: StoreConnection) {
        self.database = database
    }

    private static let flow = """
        SELECT f.flow_id, f.connection_id, f.source_id, f.source_offset, f.source_line, s.path, s.journal
        FROM flow f LEFT JOIN source s ON s.source_id = f.source_id
        WHERE f.flow_id = ?
        """
    private static let record = "SELECT NULL, NULL, source_id, NULL, NULL, path, journal FROM source WHERE source_id = ?"
    private static let frames = "SELECT inflated_offset, first_sequence, records FROM journal_frame WHERE source_id = ? ORDER BY frame"

    /// The first record of a flow; nil when there is no such flow.
    func evidence(flowID: Int64) throws -> FindingEvidence? {
        guard let row = try database.row(EvidenceResolver.flow, [flowID], again: true) else { return nil }
        return try evidence(row, offset: row[3] ?? 0, line: row[4] ?? 0)
    }

    /// The record that begins at a byte of a source.
    func evidence(sourceID: Int64, offset: Int64, line: Int64) throws -> FindingEvidence? {
        guard let row = try database.row(EvidenceResolver.record, [sourceID], again: true) else { return nil }
        return try evidence(row, offset: offset, line: line)
    }

    private func evidence(_ row: StoreRow, offset: Int64, line: Int64) throws -> FindingEvidence {
        let path: String = row[5] ?? "unknown source"
        var evidence = FindingEvidence(flowID: row[0], connectionID: row[1], source: path, line: line, offset: offset)
        guard let sourceID: Int64 = row[2], let journal: String = row[6] else { return evidence }
        evidence.journal = journal
        evidence.segment = path.split(separator: "/").last.map(String.init)
        if let frame = try frames(of: sourceID).find(offset: offset, line: line) {
            evidence.frame = frame.number
            evidence.sequence = frame.sequence
        }
        return evidence
    }

    private func frames(of sourceID: Int64) throws -> Frames {
        if let frames = known[sourceID] { return frames }
        var result = Frames()
        var lines: Int64 = 0
        for row in try database.rows(EvidenceResolver.frames, [sourceID], again: true) {
            result.offsets.append(row[0])
            result.sequences.append(row[1])
            result.linesBefore.append(lines)
            lines += row[2] as Int64
        }
        if known.count >= EvidenceResolver.keptSegments { known.removeAll() }
        known[sourceID] = result
        return result
    }
}

internal import GRDB

/// A row of the roll-up: an hour, who, what through which Connector, with what outcome and verdict.
struct EdgeKey: Hashable {
    var hour: Int64
    var origin: Int64
    var target: Int64
    var outcome: Int64
    var judgement: Int64

    private static let hourMs: Int64 = 3_600_000

    static func hour(of ms: Int64) -> Int64 {
        ms >= 0 ? ms / hourMs : -((hourMs - 1 - ms) / hourMs)
    }
}

/// Collects what flows add to the table `edge` and writes it once a batch.
final class EdgeRollup {
    fileprivate struct Sum {
        var flows: Int64 = 0
        var open: Int64 = 0
        var bytesReceived: Int64 = 0
        var bytesTransferred: Int64 = 0
        var firstAt = Int64.max
        var lastAt = Int64.min
        var firstFlow = Int64.max
        var lastFlow = Int64.min
        /// A flow left: first and last must be found anew.
        var isReduced = false
    }

    private var sums: [EdgeKey: Sum] = [:]
    private let upsert: RawStatement
    private let remove: RawStatement
    private let narrow: RawStatement

    init(_ database: Database) throws {
        upsert = try RawStatement(
            database,
            """
            INSERT INTO edge (hour, origin_id, target_id, outcome, judgement_id, flows, open, bytes_received, bytes_transferred,
                first_at, last_at, first_flow, last_flow)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET flows = flows + excluded.flows, open = open + excluded.open,
                bytes_received = bytes_received + excluded.bytes_received,
                bytes_transferred = bytes_transferred + excluded.bytes_transferred,
                first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
                first_flow = min(first_flow, excluded.first_flow), last_flow = max(last_flow, excluded.last_flow)
            """)
        let key = "hour = ?1 AND origin_id = ?2 AND target_id = ?3 AND outcome = ?4 AND judgement_id = ?5"
        remove = try RawStatement(database, "DELETE FROM edge WHERE \(key) AND flows <= 0")
        narrow = try RawStatement(
            database,
            """
            UPDATE edge SET (first_at, last_at, first_flow, last_flow) = (
                SELECT min(started_at), max(started_at), min(flow_id), max(flow_id) FROM flow_fact
                WHERE flow_id BETWEEN edge.first_flow AND edge.last_flow AND flow_fact.origin_id = ?2
                    AND flow_fact.target_id = ?3 AND state & 3 = ?4 AND flow_fact.judgement_id = ?5
                    AND started_at >= ?1 * 3600000 AND started_at < (?1 + 1) * 3600000)
            WHERE \(key)
            """)
    }

    func add(_ part: EdgeContribution, flowID: Int64) {
        sums[part.key, default: Sum()].add(part, flowID: flowID)
    }

    /// Exchanges what the row of a flow added before for what it adds now.
    func replace(_ old: EdgeContribution, with new: EdgeContribution, flowID: Int64) {
        if old == new { return }
        let staysInPlace = old.key == new.key && old.startedAt == new.startedAt
        sums[old.key, default: Sum()].subtract(old, reduces: !staysInPlace)
        add(new, flowID: flowID)
    }

    /// Writes the sums; the flows they come from must be in `flow_fact` already.
    func flush() throws {
        // In key order, so that neighbouring rows are written together.
        let ordered = sums.sorted { left, right in
            (left.key.hour, left.key.origin, left.key.target, left.key.outcome, left.key.judgement)
                < (right.key.hour, right.key.origin, right.key.target, right.key.outcome, right.key.judgement)
        }
        for (key, sum) in ordered {
            bind(key, to: upsert)
            upsert.bind(6, sum.flows)
            upsert.bind(7, sum.open)
            upsert.bind(8, sum.bytesReceived)
            upsert.bind(9, sum.bytesTransferred)
            upsert.bind(10, sum.firstAt)
            upsert.bind(11, sum.lastAt)
            upsert.bind(12, sum.firstFlow)
            upsert.bind(13, sum.lastFlow)
            try upsert.run()
            guard sum.isReduced else { continue }
            bind(key, to: remove)
            try remove.run()
            bind(key, to: narrow)
            try narrow.run()
        }
        sums.removeAll(keepingCapacity: true)
    }

    func discard() {
        sums.removeAll()
    }

    private func bind(_ key: EdgeKey, to statement: RawStatement) {
        statement.bind(1, key.hour)
        statement.bind(2, key.origin)
        statement.bind(3, key.target)
        statement.bind(4, key.outcome)
        statement.bind(5, key.judgement)
    }

    /// Computes the whole table anew.
    static func rebuild(_ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM edge;
                INSERT INTO edge
                SELECT CASE WHEN started_at >= 0 THEN started_at / 3600000 ELSE (started_at - 3599999) / 3600000 END AS hour,
                    origin_id, target_id, state & 3, judgement_id, count(*),
                    sum(duration_ms IS NULL AND state & 3 = 3), sum(coalesce(bytes_received, 0)),
                    sum(coalesce(bytes_transferred, 0)), min(started_at), max(started_at), min(flow_id), max(flow_id)
                FROM flow_fact
                GROUP BY 1, 2, 3, 4, 5
                ORDER BY 1, 2, 3, 4, 5;
                """)
    }
}

extension EdgeRollup.Sum {
    fileprivate mutating func add(_ part: EdgeContribution, flowID: Int64) {
        flows += 1
        open += part.isOpen ? 1 : 0
        bytesReceived &+= part.bytesReceived
        bytesTransferred &+= part.bytesTransferred
        firstAt = min(firstAt, part.startedAt)
        lastAt = max(lastAt, part.startedAt)
        firstFlow = min(firstFlow, flowID)
        lastFlow = max(lastFlow, flowID)
    }

    fileprivate mutating func subtract(_ part: EdgeContribution, reduces: Bool) {
        flows -= 1
        open -= part.isOpen ? 1 : 0
        bytesReceived &-= part.bytesReceived
        bytesTransferred &-= part.bytesTransferred
        if reduces { isReduced = true }
    }
}

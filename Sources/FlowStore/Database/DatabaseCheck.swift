internal import GRDB

/// Checks that a database is what ingest would have made.
public enum DatabaseCheck {
    public struct Result: Sendable {
        /// Sentences about what disagrees.
        public var problems: [String] = []
        /// Sentences about what could not be looked at, because the file is damaged there.
        public var unreadable: [String] = []

        public var isSound: Bool { problems.isEmpty && unreadable.isEmpty }

        /// A check that cannot be done does not keep the others from being done.
        fileprivate mutating func attempt(_ what: String, _ check: (inout [String]) throws -> Void) {
            do {
                try check(&problems)
            } catch let failure as StoreFailure {
                unreadable.append("\(what): \(failure.message)")
            } catch let error as DatabaseError {
                unreadable.append("\(what): \(error.message ?? "database error \(error.resultCode.rawValue)")")
            } catch {
                unreadable.append("\(what): \(error)")
            }
        }
    }

    /// Everything that is wrong.
    public static func run(_ database: AuditDatabase) throws -> Result {
        try database.read { connection in
            var result = Result()
            func count(_ sql: String) throws -> Int64 { try Int64.fetchOne(connection, sql: sql) ?? 0 }
            func expect(_ zero: String, _ what: String, _ sentence: (Int64) -> String) {
                result.attempt(what) { problems in
                    let found = try count("SELECT count(*) FROM (\(zero))")
                    if found > 0 { problems.append(sentence(found)) }
                }
            }
            result.attempt("the file") { problems in
                problems += try String.fetchAll(connection, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
            }
            // Of hours that were pruned, only the roll-up is left.
            var pruned = Int64.min
            result.attempt("the settings") { _ in pruned = try PruneWatermark(connection).hour }
            let hours = "SELECT \(AggregateRollup.hourColumns) FROM aggregate_hour WHERE hour >= \(pruned)"
            let ofFlows = "SELECT * FROM (\(AggregateRollup.hoursOfFlows)) WHERE hour >= \(pruned)"
            expect("\(hours) EXCEPT \(ofFlows)", "the roll-up by hour") {
                "\($0) hours of the roll-up disagree with the flows"
            }
            expect("\(ofFlows) EXCEPT \(hours)", "the roll-up by hour") {
                "\($0) hours of the roll-up are missing or disagree with the flows"
            }
            result.attempt("the sums of the roll-up") { problems in
                let wrong = try AggregatePages.disagreements(connection)
                if wrong > 0 { problems.append("\(wrong) sums of the roll-up disagree with its hours") }
            }
            expect(
                "SELECT 1 FROM flow_fact f JOIN aggregate e USING (aggregate_id) WHERE e.outcome <> f.state & 3", "the outcomes of flows"
            ) {
                "\($0) flows are counted under another outcome than theirs"
            }
            expect(
                """
                SELECT 1 FROM flow_fact f LEFT JOIN flow_run r
                    ON r.first_flow = (SELECT max(first_flow) FROM flow_run WHERE first_flow <= f.flow_id)
                WHERE r.first_flow IS NULL OR f.flow_id > r.last_flow OR f.started_at NOT BETWEEN r.earliest AND r.latest
                """, "the times of flows"
            ) { "\($0) flows are outside of the times of their run" }
            expect(
                """
                SELECT 1 FROM flow_fact f LEFT JOIN source_match_fact a ON a.flow_id = f.flow_id
                WHERE (f.state & \(FlowState.matched.rawValue) <> 0) <> (a.flow_id IS NOT NULL)
                """, "the marks of source matches"
            ) { "\($0) flows are marked as told by another source without the flow they were recognised as, or not marked" }
            expect(
                """
                SELECT 1 FROM source_match_fact a LEFT JOIN flow_fact f ON f.flow_id = a.flow_id
                    LEFT JOIN flow_fact original ON original.flow_id = a.original_flow
                WHERE f.flow_id IS NULL OR f.connection_id IS NOT NULL
                    OR (original.flow_id IS NOT NULL AND original.connection_id IS NULL)
                    OR (original.flow_id IS NULL AND f.started_at >= \(PruneWatermark.reached(pruned)))
                """, "the source matches"
            ) { "\($0) records are recognised as flows that are none" }
            result.attempt("the identities of flows") { problems in
                let flows = try count("SELECT count(*) FROM flow_fact")
                let identities = try count("SELECT coalesce(sum(entries), 0) FROM identity_run")
                let entries = try count("SELECT coalesce(sum(length(entries)), 0) / \(IdentityPage.entryBytes) FROM identity_page")
                // Identities of flows that were pruned stay, so that the flows do not come back.
                // Other flows than the first of an id are entered elsewhere.
                let reused = try count("SELECT count(DISTINCT flow_id) FROM reused_identity")
                if flows > identities + reused || identities != entries {
                    problems.append("\(flows) flows have \(identities) identities on \(entries) entries of pages")
                }
            }
            expect(
                """
                SELECT 1 FROM flow_fact f LEFT JOIN (SELECT DISTINCT flow_id FROM reused_identity) r ON r.flow_id = f.flow_id
                WHERE (f.state & \(FlowState.idReused.rawValue) <> 0) <> (r.flow_id IS NOT NULL)
                """, "the marks of reused ids"
            ) { "\($0) flows are marked as having another flow's id without being entered so, or not marked" }
            expect(
                """
                SELECT 1 FROM flow_fact f LEFT JOIN (SELECT DISTINCT flow_id FROM flow_claim) c ON c.flow_id = f.flow_id
                WHERE (f.state & \(FlowState.manyClaims.rawValue) <> 0) <> (c.flow_id IS NOT NULL)
                UNION ALL
                SELECT 1 FROM flow_claim c LEFT JOIN flow_fact f ON f.flow_id = c.flow_id WHERE f.flow_id IS NULL
                """, "what records say of times"
            ) { "\($0) flows have lost what their records say of their times, or have what they do not need" }
            result.attempt("the flows of clients") { $0 += try unlisted(connection) }
            return result
        }
    }

    /// Holds `client_flows` against the flows: every flow must be listed under its client.
    private static func unlisted(_ database: Database) throws -> [String] {
        let flows = try RawStatement(
            database,
            """
            SELECT f.flow_id, e.client_id FROM flow_fact f CROSS JOIN aggregate e ON e.aggregate_id = f.aggregate_id
            WHERE f.flow_id BETWEEN ? AND ?
            """)
        let lists = try RawStatement(database, "SELECT client_id, flows FROM client_flows WHERE first_flow = ?")
        var missing = 0
        for row in try Row.fetchAll(database, sql: "SELECT first_flow, last_flow FROM flow_run ORDER BY 1") {
            let first: Int64 = row[0]
            var listed: Set<UInt64> = []
            lists.bind(1, first)
            while try lists.step() {
                let client = UInt64(bitPattern: lists.integer(0))
                lists.withBlob(1) { bytes in
                    for place in 0..<bytes.count / 2 {
                        let number = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self))
                        listed.insert(client << 16 | UInt64(number))
                    }
                }
            }
            lists.reset()
            flows.bind(1, first)
            flows.bind(2, row[1] as Int64)
            while try flows.step() {
                let number = UInt64(bitPattern: flows.integer(0) &- first)
                if number > 0xffff || !listed.contains(UInt64(bitPattern: flows.integer(1)) << 16 | number) { missing += 1 }
            }
            flows.reset()
        }
        return missing == 0 ? [] : ["\(missing) flows are not listed under their client"]
    }
}

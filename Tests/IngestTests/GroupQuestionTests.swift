import AccessPolicy
import FlowModel
import FlowStore
import Foundation
import GRDB
import Ingest
import PolicyDocuments
import Testing

/// Flows are counted under the groups that their users were in when they began; here the same is counted flow by flow over the views.
struct GroupQuestionTests {
    /// A policy with users 1 to 4 and some of the groups, as the dice say; a group may have another name each time.
    private static func policy(at ms: Int, using numbers: inout Numbers) throws -> PolicySnapshot {
        var groups: [String] = []
        for group in 201...204 where Int.random(in: 0..<5, using: &numbers) > 0 {
            let members = (1...4).filter { _ in Bool.random(using: &numbers) }.map { "\"\($0)\"" }.joined(separator: ", ")
            let name = ["Red", "Green", "Blue"].randomElement(using: &numbers) ?? ""
            let list = Int.random(in: 0..<6, using: &numbers) == 0 ? "everyone" : "[\(members)]"
            groups.append("  - {id: \"\(group)\", name: \(name)\(group % 2), members: \(list)}")
        }
        let text = """
            format: access-policy/1
            effectiveAt: "\(Timestamp(milliseconds: Int64(ms)).rfc3339)"
            networks: [{id: "9", name: n}]
            connectors: [{id: "1", name: k1, network: "9"}]
            users: [{id: "1", email: a@x}, {id: "2", email: b@x}, {id: "3", email: c@x}, {id: "4", email: d@x}]
            groups:
            \(groups.joined(separator: "\n"))
            """
        return try PolicySnapshot.load(Array((groups.isEmpty ? text + " []" : text).utf8), file: "policy.yaml")
    }

    private static func rows(_ question: AccessQuestion, _ database: AuditDatabase) throws -> [String] {
        var rows: [String] = []
        try question.ask(database) { answer in
            try answer.forEach { row in
                // Keys, then flows, denied, failed, bytes of both directions, first and last start.
                rows.append(
                    row.map { value in
                        switch value {
                        case .text(let text): text
                        case .integer(let number): String(number)
                        default: "-"
                        }
                    }.joined(separator: "|"))
            }
        }
        return rows.sorted()
    }

    /// Every flow beside every group of its user at its start, told from each other by id and name.
    private static let naive = """
        WITH shared AS (
            SELECT "group" FROM (SELECT DISTINCT group_id, "group" FROM policy_member) GROUP BY 1 HAVING count(*) > 1
        ), member AS (
            SELECT DISTINCT effective_at, superseded_at, user_id, group_id, "group" AS name,
                CASE WHEN "group" IN shared THEN "group" || ' (' || group_id || ')' ELSE "group" END AS label
            FROM policy_member
        ), grouped AS (
            SELECT f.*, m.group_id, m.name, CASE WHEN f.started_at < (SELECT min(effective_at) FROM policy_snapshot)
                THEN 'unknown' ELSE coalesce(m.label, '-') END AS label
            FROM flow f LEFT JOIN member m ON m.user_id = f.principal_id AND f.principal_kind = 'user'
                AND m.effective_at <= f.started_at AND (m.superseded_at IS NULL OR f.started_at < m.superseded_at)
        )
        """
    private static let sums = """
        count(*), sum(outcome = 'denied'), sum(outcome = 'failed'), coalesce(sum(bytes_received), 0), coalesce(sum(bytes_transferred), 0),
        min(started_at), max(started_at)
        """

    private static func naive(_ sql: String, _ database: AuditDatabase) throws -> [String] {
        try database.read { connection in
            try Row.fetchAll(connection, sql: naive + sql).map { row in
                row.databaseValues.map { $0.isNull ? "-" : $0.description.trimmingCharacters(in: ["\""]) }.joined(separator: "|")
            }.sorted()
        }
    }

    @Test("membership is that of the flow's start, wherever snapshots cut", arguments: 0..<6)
    func asOfThen(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let store = try Store()
        var options = Ingest.Options()
        // Before all flows, within hours, on hours, and behind.
        let hour = 3_600_000
        let begin = SmallEvents.start - SmallEvents.start % hour
        var times = Set(
            (0..<Int.random(in: 0...5, using: &numbers)).map { _ in SmallEvents.start + Int.random(in: 0..<12_000_000, using: &numbers) })
        if Bool.random(using: &numbers) { times.insert(begin + hour) }
        if Bool.random(using: &numbers) { times.insert(begin - 5 * hour) }
        for time in times.sorted() { options.policies.append(try GroupQuestionTests.policy(at: time, using: &numbers)) }
        let lines = (0..<300).flatMap { SmallEvents.connection($0, using: &numbers) }
        try store.ingest(lines.indices.filter { $0 % 2 == 0 }.map { lines[$0] }, options: options)
        try store.ingest(lines.indices.filter { $0 % 2 == 1 }.map { lines[$0] }, options: options)
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        for _ in 0..<25 {
            var question = AccessQuestion()
            var condition = "1"
            if Bool.random(using: &numbers) {
                let since = SmallEvents.start + Int.random(in: -hour...4 * hour, using: &numbers)
                question.filter.since = Timestamp(milliseconds: Int64(since))
                condition += " AND started_at >= \(since)"
            }
            if Bool.random(using: &numbers) {
                let until = SmallEvents.start + Int.random(in: 0...5 * hour, using: &numbers)
                question.filter.until = Timestamp(milliseconds: Int64(until))
                condition += " AND started_at < \(until)"
            }
            if Bool.random(using: &numbers) {
                question.filter.users = ["3", "1"]
                condition += " AND principal_id IN ('1', '3')"
            }
            question.keys = [.group]
            let byGroup = try GroupQuestionTests.rows(question, database)
            #expect(
                byGroup
                    == (try GroupQuestionTests.naive(
                        "SELECT label, \(GroupQuestionTests.sums) FROM grouped WHERE \(condition) GROUP BY 1", database)))
            question.keys = [.day, .group, .userID]
            let day = "started_at - started_at % 86400000, label, principal_id"
            #expect(
                try GroupQuestionTests.rows(question, database)
                    == GroupQuestionTests.naive(
                        "SELECT \(day), \(GroupQuestionTests.sums) FROM grouped WHERE \(condition) GROUP BY 1, 2, 3", database))
            // Only those of some groups, by name or id.
            let group = ["201", "Red1", "green0", "B*", "20?"].randomElement(using: &numbers) ?? ""
            question.filter.groups = [group]
            question.keys = [.outcome]
            let members = "flow_id IN (SELECT flow_id FROM grouped WHERE lower(name) GLOB lower('\(group)') OR group_id GLOB '\(group)')"
            #expect(
                try GroupQuestionTests.rows(question, database)
                    == GroupQuestionTests.naive(
                        "SELECT outcome, \(GroupQuestionTests.sums) FROM flow WHERE \(condition) AND \(members) GROUP BY 1", database))
            var sessions = TimelineQuestion()
            sessions.filter = question.filter
            sessions.gapMs = 0
            var flows: Int64 = 0
            try sessions.ask(database) { answer in
                let column = try #require(answer.columns.firstIndex(of: "flows"))
                try answer.forEach { if case .integer(let count) = $0[column] { flows += count } }
            }
            let carried = "SELECT coalesce(sum(outcome <> 'denied'), 0) FROM flow WHERE \(condition) AND \(members)"
            #expect([String(flows)] == (try GroupQuestionTests.naive(carried, database)))
        }
    }

    @Test("without a policy, nobody's group is known")
    func noPolicy() throws {
        var numbers = Numbers(seed: 1)
        let store = try Store()
        try store.ingest((0..<20).flatMap { SmallEvents.connection($0, using: &numbers) })
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        var question = AccessQuestion()
        question.keys = [.group]
        #expect(try GroupQuestionTests.rows(question, database).map { $0.prefix(11) } == ["unknown|20|"])
        question.filter.groups = ["Red1"]
        #expect(try GroupQuestionTests.rows(question, database) == [])
        #expect(try question.filter.flowsWithoutGroups(database) == 20)
        #expect(try question.filter.unknownNames(database).map(\.description) == ["no group `Red1` is known here"])
    }
}

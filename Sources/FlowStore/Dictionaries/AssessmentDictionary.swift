package import GRDB

/// What the policy engine said.
package struct AssessmentKey: Hashable {
    var verdict = ""
    var reason = ""
    var expectedResourceID = ""
    var qualifiers = ""
    var policyVersion = ""

    package init(
        verdict: String = "", reason: String = "", expectedResourceID: String = "", qualifiers: String = "", policyVersion: String = ""
    ) {
        self.verdict = verdict
        self.reason = reason
        self.expectedResourceID = expectedResourceID
        self.qualifiers = qualifiers
        self.policyVersion = policyVersion
    }
}

/// The table `assessment`: every answer of the policy engine once, numbered.
package final class AssessmentDictionary {
    /// Answers remembered; forgotten when more.
    private static let limit = 100_000

    private let select: RawStatement
    private let insert: RawStatement
    private var known: [AssessmentKey: Int64] = [:]
    private var next: Int64

    package init(_ database: Database) throws {
        let columns = ["class", "reason", "expected_resource_id", "qualifiers", "policy_version"]
        select = try RawStatement(
            database, "SELECT assessment_id FROM assessment WHERE \(columns.map { "\($0) = ?" }.joined(separator: " AND "))")
        insert = try RawStatement(
            database, "INSERT INTO assessment (\(columns.joined(separator: ", ")), assessment_id) VALUES (?, ?, ?, ?, ?, ?)")
        next = try AssessmentDictionary.last(database)
    }

    private static func last(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(assessment_id), 0) FROM assessment") ?? 0
    }

    package func id(_ key: AssessmentKey) throws -> Int64 {
        if let id = known[key] { return id }
        AssessmentDictionary.bind(key, to: select)
        let found = try select.step() ? select.integer(0) : nil
        select.reset()
        let id: Int64
        if let found {
            id = found
        } else {
            next += 1
            id = next
            AssessmentDictionary.bind(key, to: insert)
            insert.bind(6, id)
            try insert.run()
        }
        if known.count >= AssessmentDictionary.limit { known.removeAll() }
        known[key] = id
        return id
    }

    private static func bind(_ key: AssessmentKey, to statement: RawStatement) {
        statement.bind(1, text: key.verdict)
        statement.bind(2, text: key.reason)
        statement.bind(3, text: key.expectedResourceID)
        statement.bind(4, text: key.qualifiers)
        statement.bind(5, text: key.policyVersion)
    }
}

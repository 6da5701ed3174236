import FlowModel
import FlowStore
import Foundation
import GRDB
import Ingest
import Testing

/// What `timeline` calls a session is what `trace` shows of it.
struct SessionQuestionTests {
    private struct Session: Equatable {
        var id: String
        var startedAt: Int64
        var endedAt: Int64
        var flows: Int64
        var failures: Int64
    }

    private static func sessions(_ question: TimelineQuestion, _ database: AuditDatabase) throws -> [Session] {
        var sessions: [Session] = []
        try question.ask(database) { answer in
            func place(_ name: String) throws -> Int { try #require(answer.columns.firstIndex(of: name)) }
            let (id, start, end) = (try place("session_id"), try place("started_at"), try place("ended_at"))
            let (flows, failures) = (try place("flows"), try place("failures"))
            func integer(_ value: StoredValue) -> Int64 { if case .integer(let number) = value { number } else { -1 } }
            try answer.forEach { row in
                let name: String = if case .text(let text) = row[id] { text } else { String(integer(row[id])) }
                sessions.append(
                    Session(
                        id: name, startedAt: integer(row[start]), endedAt: integer(row[end]), flows: integer(row[flows]),
                        failures: integer(row[failures])))
            }
        }
        return sessions
    }

    /// The same session from its flows.
    private static func traced(_ id: String, _ question: TimelineQuestion, _ database: AuditDatabase) throws -> Session {
        let (traces, count) = try TraceQuestion(TraceQuestion.Subject("session:\(id)", timeline: question)).ask(database)
        #expect(traces.count == count)
        func integer(_ trace: FlowTrace, _ name: String) -> Int64? {
            if case .integer(let number)? = trace.fields.first(where: { $0.name == name })?.value { number } else { nil }
        }
        let starts = traces.compactMap { integer($0, "started_at") }
        let ends = traces.compactMap { integer($0, "ended_at") ?? integer($0, "started_at") }
        return Session(
            id: id, startedAt: starts.min() ?? -1, endedAt: ends.max() ?? -1, flows: Int64(traces.count),
            failures: Int64(traces.filter { $0.text("outcome") == "failed" }.count))
    }

    @Test("every session of the timeline is what trace shows, for any pause and filter", arguments: 0..<5)
    func agreement(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let store = try Store()
        try store.ingest((0..<150).flatMap { SmallEvents.connection($0, using: &numbers) })
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        var seen = 0
        for gap in [Int64(0), 1, 10, 45, 300] {
            var question = TimelineQuestion()
            question.gapMs = gap * TimelineQuestion.minuteMs
            if Bool.random(using: &numbers) { question.filter.connectors = ["k1", "k2"] }
            if Bool.random(using: &numbers) { question.filter.users = ["u?@small.example"] }
            if Bool.random(using: &numbers) {
                question.filter.since = Timestamp(milliseconds: Int64(SmallEvents.start + Int.random(in: 0..<3_600_000, using: &numbers)))
            }
            let sessions = try SessionQuestionTests.sessions(question, database)
            for session in sessions.shuffled(using: &numbers).prefix(12) {
                #expect(try SessionQuestionTests.traced(session.id, question, database) == session)
                // The number says which pause is meant.
                var filtersOnly = TimelineQuestion()
                filtersOnly.filter = question.filter
                #expect(try SessionQuestionTests.traced(session.id, filtersOnly, database) == session)
                seen += 1
            }
            // All carried flows are in some session.
            var access = AccessQuestion()
            access.filter = question.filter
            access.keys = [.outcome]
            var carried: Int64 = 0
            try access.ask(database) { answer in
                try answer.forEach { row in
                    if row[0] != .text("denied"), case .integer(let flows) = row[1] { carried += flows }
                }
            }
            #expect(sessions.reduce(0) { $0 + $1.flows } == carried)
        }
        #expect(seen > 20)
    }

    @Test("the view session has the usual pause")
    func view() throws {
        var numbers = Numbers(seed: 9)
        let store = try Store()
        try store.ingest((0..<150).flatMap { SmallEvents.connection($0, using: &numbers) })
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        let rows = try database.read { connection in
            try Row.fetchAll(connection, sql: "SELECT session_id, started_at, ended_at, flows, failures FROM session ORDER BY 2, 1").map {
                Session(id: String($0[0] as Int64), startedAt: $0[1], endedAt: $0[2], flows: $0[3], failures: $0[4])
            }
        }
        #expect(rows == (try SessionQuestionTests.sessions(TimelineQuestion(), database)))
    }

    @Test(
        "what is no session is a connection id",
        arguments: ["session:x", "session:1:x", "session:1:-1", "session:1:100001", "session:1:2:3"])
    func otherIDs(text: String) {
        guard case .connection(text) = TraceQuestion.Subject(text) else {
            Issue.record("\(text)")
            return
        }
    }
}

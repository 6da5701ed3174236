import FlowModel
import FlowStore
import Foundation
import GRDB
import Ingest
import Testing

/// Ids decide who is meant: names come and go.
struct IdentityQuestionTests {
    private struct Saying {
        var at: Int
        var user: String?
        var name: String?
        var connector = "1"
        var connectorName = "k"
        var isService = false
    }

    private static func line(_ index: Int, _ saying: Saying) -> String {
        var parts = ["\"event_type\":\"established_connection\"", "\"timestamp\":\(SmallEvents.start + saying.at)"]
        parts.append("\"connection\":{\"id\":\"i\(index)\",\"protocol\":\"tcp\",\"resource_port\":443}")
        let id = saying.user.map { "\"id\":\"\($0)\"" }
        let name = saying.name.map { saying.isService ? "\"name\":\"\($0)\"" : "\"email\":\"\($0)\"" }
        parts.append("\"\(saying.isService ? "service_account" : "user")\":{\([id, name].compactMap { $0 }.joined(separator: ","))}")
        parts.append("\"connector\":{\"id\":\"\(saying.connector)\",\"name\":\"\(saying.connectorName)\"}")
        parts.append("\"resource\":{\"id\":\"50\",\"address\":\"r.small.example\"}")
        return "{\(parts.joined(separator: ","))}"
    }

    private static func ask(_ sayings: [Saying], _ change: (inout AccessQuestion) -> Void) throws -> [String] {
        let store = try Store()
        try store.ingest(sayings.enumerated().map { line($0, $1) })
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        var question = AccessQuestion()
        question.keys = [.user]
        change(&question)
        var rows: [String] = []
        try question.ask(database) { answer in
            try answer.forEach { row in
                rows.append(
                    row.prefix(question.keys.count + 1).map { value in
                        switch value {
                        case .text(let text): text
                        case .integer(let number): String(number)
                        default: "-"
                        }
                    }.joined(separator: " "))
            }
        }
        return rows
    }

    private static let renamed = [
        Saying(at: 0, user: "1", name: "old@x"), Saying(at: 5_000, user: "1", name: "new@x"), Saying(at: 3_000, user: "1", name: "old@x"),
        Saying(at: 4_000_000, user: "2", name: "other@x"),
    ]

    @Test("one id with several names is one, by the name of the latest flow, in any order of records")
    func renames() throws {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]] {
            let rows = try IdentityQuestionTests.ask(order.map { IdentityQuestionTests.renamed[$0] }) { _ in }
            #expect(rows == ["new@x 3", "other@x 1"])
        }
    }

    @Test("who is asked for by a name that an id bore is asked for with all flows of that id", arguments: ["old@x", "NEW@x", "1", "n*"])
    func filters(name: String) throws {
        let rows = try IdentityQuestionTests.ask(IdentityQuestionTests.renamed) { $0.filter.users = [name] }
        #expect(rows == ["new@x 3"])
    }

    @Test("several ids with one name are several, and their ids are shown")
    func shared() throws {
        let sayings = [
            Saying(at: 0, user: "1", name: "ada@x"), Saying(at: 1, user: "1", name: "ada@x"), Saying(at: 2, user: "9", name: "ada@x"),
            Saying(at: 3, user: "9", name: "ada@x", isService: true), Saying(at: 4, user: "4", name: "eve@x"),
            Saying(at: 5, user: "7", name: nil), Saying(at: 6, user: nil, name: "ada@x"),
        ]
        let rows = try IdentityQuestionTests.ask(sayings) { _ in }
        #expect(Set(rows) == ["ada@x (1) 2", "ada@x (9) 1", "ada@x (service account 9) 1", "eve@x 1", "7 1", "ada@x 1"])
        let ids = try IdentityQuestionTests.ask(sayings) { $0.keys = [.userID, .user] }
        #expect(ids.contains("1 ada@x (1) 2") && ids.contains("- ada@x 1"))
    }

    @Test("the same holds for Connectors")
    func connectors() throws {
        let sayings = [
            Saying(at: 0, user: "1", name: "a@x", connector: "1", connectorName: "otter"),
            Saying(at: 1, user: "1", name: "a@x", connector: "1", connectorName: "heron"),
            Saying(at: 2, user: "1", name: "a@x", connector: "2", connectorName: "heron"),
        ]
        #expect(try IdentityQuestionTests.ask(sayings) { $0.keys = [.connector] } == ["heron (1) 2", "heron (2) 1"])
        #expect(try IdentityQuestionTests.ask(sayings) { $0.keys = [.connectorID] } == ["1 2", "2 1"])
        #expect(
            try IdentityQuestionTests.ask(sayings) {
                $0.keys = [.connector]
                $0.filter.connectors = ["otter"]
            } == ["heron (1) 2"])
    }
}

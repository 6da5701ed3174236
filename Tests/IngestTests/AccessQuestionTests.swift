import FlowModel
import FlowStore
import GRDB
import Ingest
import Testing

/// `access` answers from sums and numbers; here the same is asked of every row of the view `flow`, by name.
struct AccessQuestionTests {
    private struct Flow {
        var user: String
        var userID: String
        var device: String
        var connector: String
        var connectorID: String
        var resource: String
        var rule: String
        var address: String
        var outcome: String
        var startedAt: Int64
        var received: Int64
        var sent: Int64
    }

    private static func flows(_ database: AuditDatabase) throws -> [Flow] {
        try database.read { connection in
            try Row.fetchAll(
                connection,
                sql: """
                    SELECT principal, principal_id, device_id, connector, connector_id, resource_id, applied_rule, address, outcome,
                        started_at, coalesce(bytes_received, 0), coalesce(bytes_transferred, 0)
                    FROM flow
                    """
            ).map {
                Flow(
                    user: $0[0], userID: $0[1], device: $0[2], connector: $0[3], connectorID: $0[4], resource: $0[5], rule: $0[6],
                    address: $0[7], outcome: $0[8], startedAt: $0[9], received: $0[10], sent: $0[11])
            }
        }
    }

    /// `*` stands for anything, case does not matter.
    private static func matches(_ pattern: String, _ text: String) -> Bool {
        let parts = pattern.lowercased().split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        let text = text.lowercased()
        guard parts.count > 1 else { return parts[0] == text }
        guard text.hasPrefix(parts[0]), text.hasSuffix(parts[parts.count - 1]) else { return false }
        return text.utf8.count >= parts[0].utf8.count + parts[parts.count - 1].utf8.count
    }

    private static func isWanted(_ flow: Flow, _ filter: FlowFilter) -> Bool {
        func any(_ patterns: [String], _ texts: String...) -> Bool {
            patterns.isEmpty || patterns.contains { pattern in texts.contains { matches(pattern, $0) } }
        }
        return any(filter.users, flow.user, flow.userID) && any(filter.devices, flow.device)
            && any(filter.connectors, flow.connector, flow.connectorID) && any(filter.resources, flow.resource, flow.rule)
            && any(filter.addresses, flow.address)
            && filter.since.map { flow.startedAt >= $0.milliseconds } ?? true
            && filter.until.map { flow.startedAt < $0.milliseconds } ?? true
    }

    private static func key(_ flow: Flow, _ key: AccessQuestion.Key) -> String {
        switch key {
        case .user: flow.user
        case .device: flow.device
        case .connector: flow.connector
        case .resource: flow.resource
        case .address: flow.address
        case .outcome: flow.outcome
        case .hour: String(flow.startedAt - flow.startedAt % 3_600_000)
        default: String(flow.startedAt - flow.startedAt % 86_400_000)
        }
    }

    /// Rows as texts: keys, then flows, denied, failed, bytes in both directions, first and last start.
    private static func expected(_ question: AccessQuestion, _ flows: [Flow]) -> [String] {
        var groups: [[String]: [Flow]] = [:]
        for flow in flows where isWanted(flow, question.filter) { groups[question.keys.map { key(flow, $0) }, default: []].append(flow) }
        return groups.map { keys, flows in
            let starts = flows.map(\.startedAt)
            let sums = [
                flows.count, flows.filter { $0.outcome == "denied" }.count, flows.filter { $0.outcome == "failed" }.count,
                Int(flows.map(\.received).reduce(0, +)), Int(flows.map(\.sent).reduce(0, +)), Int(starts.min() ?? 0),
                Int(starts.max() ?? 0),
            ]
            return (keys + sums.map { String($0) }).joined(separator: " ")
        }
    }

    private static func question(using numbers: inout Numbers) -> AccessQuestion {
        var question = AccessQuestion()
        let keys: [AccessQuestion.Key] = [.user, .device, .connector, .resource, .address, .outcome, .hour, .day]
        question.keys = Array(keys.shuffled(using: &numbers).prefix(Int.random(in: 1...4, using: &numbers)))
        func some(_ values: [String]) -> [String] {
            guard Int.random(in: 0..<3, using: &numbers) == 0 else { return [] }
            return Array(values.shuffled(using: &numbers).prefix(Int.random(in: 1...2, using: &numbers)))
        }
        question.filter.users = some(["u1@small.example", "U2@small.example", "3", "u*", "*9"])
        question.filter.devices = some(["71", "7*", "79"])
        question.filter.connectors = some(["k1", "2", "K*", "k9"])
        question.filter.resources = some(["50", "*.small.example", "51", "5*"])
        question.filter.addresses = some(["r0.small.example", "R1*", "*"])
        // Bounds on hours, within them, both in one hour, before and behind everything.
        func moment() -> Timestamp? {
            let hour = 3_600_000
            let at = SmallEvents.start + Int.random(in: -2...4, using: &numbers) * hour
            switch Int.random(in: 0..<3, using: &numbers) {
            case 0: return nil
            case 1: return Timestamp(milliseconds: Int64(at - at % hour))
            default: return Timestamp(milliseconds: Int64(at + Int.random(in: 0..<hour, using: &numbers)))
            }
        }
        question.filter.since = moment()
        question.filter.until = moment()
        return question
    }

    @Test("sums are those of the flows, for any keys, filter and period", arguments: 0..<4)
    func sums(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let store = try Store()
        let lines = (0..<400).flatMap { SmallEvents.connection($0, using: &numbers) }.shuffled(using: &numbers)
        // In parts, so that there are several runs of flows.
        for part in 0..<4 { try store.ingest(lines.indices.filter { $0 % 4 == part }.map { lines[$0] }) }
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        let flows = try AccessQuestionTests.flows(database)
        #expect(flows.count > 350)
        var answered = 0
        for _ in 0..<150 {
            let question = AccessQuestionTests.question(using: &numbers)
            var rows: [String] = []
            var counts: [Int64] = []
            try question.ask(database) { answer in
                try answer.forEach { row in
                    rows.append(row.map(\.plain).joined(separator: " "))
                    counts.append(Int64(row[question.keys.count].plain) ?? -1)
                }
            }
            #expect(rows.sorted() == AccessQuestionTests.expected(question, flows).sorted(), "\(question.filter) by \(question.keys)")
            #expect(counts == counts.sorted(by: >))
            answered += rows.isEmpty ? 0 : 1
        }
        #expect(answered > 30)
    }
}

extension StoredValue {
    fileprivate var plain: String {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        case .null: "-"
        default: "?"
        }
    }
}

import AccessPolicy
import FlowJournal
import FlowModel
import Foundation
import PolicyDocuments
import Testing

@testable import Simulation

/// Reads what a simulation wrote, as a stranger would, and holds it against the policy engine.
struct TruthTests {
    /// One flow, put together from a journal's records.
    struct Flow {
        var facts: FlowFacts
        var connector: String
        var closed = false
        var closeReason: String?
    }

    struct Journals {
        var flows: [String: Flow] = [:]
        var eventTypes: [String: Int] = [:]
        var lastTimes: [String: Int] = [:]
    }

    private static func text(_ object: [String: Any], _ first: String, _ second: String) -> String? {
        (object[first] as? [String: Any])?[second] as? String
    }

    private static func facts(_ object: [String: Any], _ type: String) throws -> FlowFacts {
        let connection = try #require(object["connection"] as? [String: Any])
        let principal: PrincipalReference
        if let user = text(object, "user", "id") {
            principal = PrincipalReference(kind: .user, id: user)
        } else {
            principal = PrincipalReference(kind: .serviceAccount, id: try #require(text(object, "service_account", "id")))
        }
        let policy = try #require(object["policy"] as? [String: Any])
        let outcome: RecordedOutcome = type == "denied_access" ? .denied : type == "failed_to_connect" ? .failed : .allowed
        return FlowFacts(
            principal: principal, serviceKeyID: text(object, "service_account", "key_id"),
            destination: try #require(text(object, "resource", "address")),
            resourceIP: IPAddress(try #require(connection["resource_ip"] as? String)),
            transport: TransportProtocol(rawValue: try #require(connection["protocol"] as? String)),
            port: UInt16(try #require(connection["resource_port"] as? Int)), connectorID: text(object, "connector", "id"),
            networkID: text(object, "remote_network", "id"), deviceID: text(object, "device", "id"),
            recordedResourceID: text(object, "resource", "id"), appliedRule: text(object, "resource", "applied_rule"),
            outcome: outcome,
            startedAt: Timestamp(milliseconds: Int64(try #require(connection["started_at"] as? Int))),
            recordedPolicyVersion: Int64(try #require(policy["version"] as? Int)), recordedPolicyDigest: policy["digest"] as? String
        )
    }

    private static func read(_ directory: String, into journals: inout Journals) throws {
        let reader = try JournalReader(JournalDirectory(directory))
        let inflater = FrameInflater()
        var buffer = [UInt8](repeating: 0, count: FrameHeader.maxInflatedLength)
        var sequence = 0
        while let located = try reader.next() {
            let count = try buffer.withUnsafeMutableBytes { try located.segment.inflate(located.frame, with: inflater, into: $0) }
            for line in buffer[..<count].split(separator: UInt8(ascii: "\n")) {
                sequence += 1
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
                #expect(object["seq"] as? Int == sequence)
                let type = try #require(object["event_type"] as? String)
                journals.eventTypes[type, default: 0] += 1
                let time = try #require(object["timestamp"] as? Int)
                #expect(time >= journals.lastTimes[directory, default: 0], "record \(sequence) of \(directory) steps back in time")
                journals.lastTimes[directory] = time
                guard let connection = object["connection"] as? [String: Any] else { continue }
                let id = try #require(connection["id"] as? String)
                if type == "closed_connection" {
                    #expect(journals.flows[id]?.closed == false, "\(id) closes once, after it was established")
                    journals.flows[id]?.closed = true
                    journals.flows[id]?.closeReason = connection["close_reason"] as? String
                    journals.flows[id]?.facts.endedAt = Timestamp(milliseconds: Int64(time))
                    let start = try #require(journals.flows[id]?.facts.startedAt)
                    #expect(connection["duration_ms"] as? Int == time - Int(start.milliseconds))
                } else {
                    #expect(journals.flows[id] == nil, "\(id) begins once")
                    journals.flows[id] = Flow(
                        facts: try facts(object, type), connector: try #require(text(object, "connector", "id")))
                }
            }
        }
    }

    private static func truth(_ path: String) throws -> [String: [String: Any]] {
        var lines: [String: [String: Any]] = [:]
        for line in try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n")) {
            let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            lines[try #require(object["connection_id"] as? String)] = object
        }
        return lines
    }

    static let cases: [(name: String, change: @Sendable (inout SimulationOptions) -> Void)] = [
        ("as it comes", { _ in }),
        (
            "five days and many changes",
            { options in
                options.period.days = 5
                options.policyChanges = 12
                options.shape.networks = 4
                options.shape.connectorsPerNetwork = 3
            }
        ),
        (
            "one Connector a network, the smallest tenant",
            { options in
                options.shape = TenantShape()
                options.shape.users = 4
                options.shape.resources = 12
                options.shape.networks = 2
                options.shape.connectorsPerNetwork = 1
                options.shape.groups = 3
            }
        ),
    ]

    @Test("every flow is what the truth says of it, and all others are as they should be", arguments: cases.indices)
    func truth(of index: Int) throws {
        let scratch = try ScratchDirectory()
        var options = SimulatorTests.options(seed: UInt64(20 + index), flows: 2_500)
        TruthTests.cases[index].change(&options)
        let summary = try Simulator.run(options, into: "\(scratch.path)/out")
        var snapshots: [PolicySnapshot] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/out/policy").sorted() {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/out/policy/\(name)"))
            let snapshot = try PolicySnapshot.load(Array(bytes), file: name)
            #expect("\(snapshot.effectiveAt.rfc3339).yaml" == name)
            snapshots.append(snapshot)
        }
        #expect(snapshots.count == options.policyChanges + 1)
        let history = try PolicyHistory(snapshots: snapshots)
        var journals = Journals()
        for connector in try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/out/journals").sorted() {
            try TruthTests.read("\(scratch.path)/out/journals/\(connector)", into: &journals)
        }
        let truth = try TruthTests.truth("\(scratch.path)/out/truth.ndjson")

        #expect(journals.flows.count == options.flows)
        #expect(summary.flows == options.flows)
        #expect(truth.count == summary.planted.values.reduce(0, +))
        #expect(journals.flows.values.allSatisfy { $0.closed || $0.facts.outcome != .allowed })
        #expect((journals.eventTypes["journal_opened"] ?? 0) == (journals.eventTypes["journal_closed"] ?? 0))
        #expect((journals.eventTypes["heartbeat"] ?? 0) > 1_000)
        #expect((journals.eventTypes["policy_applied"] ?? 0) >= options.policyChanges)

        for (id, flow) in journals.flows {
            let assessment = history.judge(flow.facts)
            guard let line = truth[id] else {
                let wanted: VerdictClass = flow.facts.outcome == .denied ? .blocked : .enforced
                #expect(
                    assessment.verdictClass == wanted && assessment.qualifiers.isEmpty,
                    "\(flow.facts) is \(assessment.verdictClass) \(assessment.qualifiers)")
                continue
            }
            #expect(line["connector_id"] as? String == flow.connector)
            #expect(line["started_at"] as? Int == Int(flow.facts.startedAt.milliseconds))
            #expect(line["class"] as? String == assessment.verdictClass.rawValue)
            #expect(line["reason"] as? String == assessment.reason?.rawValue)
            #expect(line["qualifiers"] as? [String] == assessment.qualifiers.map(\.rawValue))
            #expect(line["expected_resource"] as? String == assessment.expectedResourceID)
            #expect(line["violation"] as? Bool == assessment.isViolation)
            #expect(line["rules"] as? [String] == ViolationKind(rawValue: line["kind"] as? String ?? "")?.rules)
        }
        #expect(Set(truth.keys).isSubset(of: journals.flows.keys))
        if index < 2 {
            #expect(summary.missing.isEmpty, "a tenant of ordinary size has a place for every kind: \(summary.missing)")
        }
    }

    @Test("when a Connector stops, flows come back through another one of its network")
    func failOver() throws {
        let scratch = try ScratchDirectory()
        var options = SimulatorTests.options(seed: 31, flows: 8_000)
        options.violationsPerKind = 0
        _ = try Simulator.run(options, into: "\(scratch.path)/out")
        var journals = Journals()
        for connector in try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/out/journals").sorted() {
            try TruthTests.read("\(scratch.path)/out/journals/\(connector)", into: &journals)
        }
        // Three networks stop one Connector each and start it again.
        #expect(journals.eventTypes["journal_opened"] == 6 + 3)
        let cut = journals.flows.values.filter { $0.closeReason == "shutdown" }
        #expect(!cut.isEmpty)
        let returned = cut.filter { lost in
            let end = lost.facts.endedAt?.milliseconds ?? 0
            return journals.flows.values.contains { flow in
                let gap = flow.facts.startedAt.milliseconds - end
                return flow.connector != lost.connector && flow.facts.networkID == lost.facts.networkID
                    && flow.facts.principal == lost.facts.principal
                    && flow.facts.recordedResourceID == lost.facts.recordedResourceID
                    && (300...3_000).contains(gap)
            }
        }
        // Three in four of those that had more than ten seconds left; those cut at the end of the period have nowhere to go.
        #expect(!returned.isEmpty && returned.count < cut.count)
    }

    @Test("every kind of violation names its detections")
    func kinds() {
        for kind in ViolationKind.allCases {
            #expect(kind.isViolation != kind.rules.isEmpty)
        }
        #expect(ViolationKind.allCases.filter { !$0.isViolation } == [.propagation, .alias])
    }
}

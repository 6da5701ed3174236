import FlowModel
import Testing

@testable import LogFormats

/// Objects synced to storage, audit entries and DNS filtering.
@Suite struct ExportTests {
    static let query =
        #"{"event_type":"dns_filtering","event":{"version":1,"time":"2026-03-27T10:00:02.926000+00:00","domain":"c2.botnet.example","root":"botnet.example","device":{"id":"RGV2aWNlOjM0MDE=","name":"laptop","model":null},"connection":{"client_ip":"203.0.113.7:53","protocol":"DNS"},"status":"blocked","reasons":["list",{"id":"17","name":"Malware"},{"id":18}]}}"#
    static let change =
        #"{"version":1,"time":"2026-09-14T12:00:00Z","actor":{"type":"User","id":"VXNlcjozMTA1","info":{"email":"elsa@harbour.example","name":"Elsa"}},"action":"edit","targets":[{"type":"resource","id":"UmVzb3VyY2U6MzIwMw==","name":"Build","isActive":true}],"note":"x"}"#
    static let synced =
        #"{"event_type":"network_access","event":{"status":"closed_connection","time":"2026-09-14T18:00Z","connection":{"client_ip":"203.0.113.15","protocol":"tcp","bytes_received":2221,"bytes_transferred":763},"connector":{"id":"Q29ubmVjdG9yOjMwMTI=","name":"calm-heron"},"device":{"id":"RGV2aWNlOjM0MDE="},"relays":[],"remote_network":{"id":"UmVtb3RlTmV0d29yazozMDAx","name":"Depot"},"resource":{"address":"git.harbour.example","applied_rule":"*.harbour.example","id":"UmVzb3VyY2U6MzIwMQ==","ip":"10.31.1.9","port":443},"user":{"id":"VXNlcjozMTAx","email":"ada@harbour.example"}}}"#

    @Test func nameFiltering() {
        #expect(
            Decoded(ExportTests.query, format: .nameFiltering).description == [
                "name 2026-03-27T10:00:02.926Z c2.botnet.example root=botnet.example device=3401/laptop client=203.0.113.7:53 protocol=DNS "
                    + #"status=blocked reasons=["list", "Malware", "18"] at=0/1 extras={"version":1,"device.model":null}"#,
                "noise=0 blank=0 headers=0 lines=1 bytes=\(ExportTests.query.utf8.count)",
            ])
        // The inner object alone, and with its fields beside the type.
        let inner = #"{"time":"2026-03-27T10:00Z","domain":"a.example","status":"default"}"#
        #expect(Decoded(inner).batch.nameQueries.count == 1)
        #expect(Decoded(#"{"event_type":"dns_filtering","# + inner.dropFirst()).batch.nameQueries.count == 1)
    }

    @Test func auditLog() {
        let decoded = Decoded(ExportTests.change, format: .auditLog)
        var wanted = AdministrativeChange(
            time: Timestamp(milliseconds: 1_789_387_200_000), action: "edit",
            targets: [
                .init(
                    type: "resource", id: "3203", name: "Build",
                    raw: #"{"type":"resource","id":"UmVzb3VyY2U6MzIwMw==","name":"Build","isActive":true}"#)
            ])
        (wanted.version, wanted.actorType, wanted.actorID) = (1, "User", "3105")
        (wanted.actorName, wanted.actorEmail, wanted.line, wanted.extras) = ("Elsa", "elsa@harbour.example", 1, 0)
        #expect(decoded.batch.changes == [wanted])
        #expect(decoded.batch.extras == [#"{"note":"x"}"#])
        #expect(
            Decoded(#"{"event_type":"audit_log","event":\#(ExportTests.change)}"#).batch.changes.map(\.targets) == [wanted.targets])
    }

    @Test func auditLogOfAnotherShape() {
        let text =
            #"{"timestamp":"2026-09-14T12:00:00Z","action":"login","actor":{"email":"e@harbour.example","id":"7"},"target":{"type":"user","name":"e","id":7},"changes":{"a":{"before":1,"after":2}}}"#
        let change = Decoded(text).batch.changes.first
        #expect(change?.actorEmail == "e@harbour.example")
        #expect(change?.targets == [.init(type: "user", id: "7", name: "e", raw: #"{"type":"user","name":"e","id":7}"#)])
        #expect(Decoded(text).batch.extras == [#"{"changes":{"a":{"before":1,"after":2}}}"#])
        let system = #"{"time":"2026-09-14T12:00:00Z","action":"delete","actor":{"type":"API","id":null,"info":null},"targets":[]}"#
        #expect(Decoded(system).batch.changes.map(\.actorType) == ["API"])
    }

    @Test func syncedNetworkEvent() {
        let wanted =
            "kind=closed timestamp=2026-09-14T18:00:00Z transport=tcp clientIP=203.0.113.15 resourceIP=10.31.1.9 resourcePort=443 "
            + "bytesReceived=2221 bytesTransferred=763 durationUnit=unstated principalKind=user principalID=3101 "
            + "principalName=ada@harbour.example deviceID=3401 connectorID=3012 connectorName=calm-heron networkID=3001 networkName=Depot "
            + "resourceID=3201 resourceAddress=git.harbour.example appliedRule=*.harbour.example relays=[] sequence=0 offset=0 line=1"
        let decoded = Decoded(ExportTests.synced, format: .synced)
        #expect(decoded.batch.flows.map { Decoded.describe($0, decoded.batch) } == [wanted])
        #expect(decoded.batch.syncedFlows == 1)
        let renamed = Decoded(ExportTests.synced.replacing("network_access", with: "network"), format: .synced)
        #expect(renamed.batch.flows.map { Decoded.describe($0, renamed.batch) } == [wanted])
        // What stands around the event is kept too, and told apart.
        let wrapped = Decoded(ExportTests.synced.dropLast() + #","version":2}"#, format: .synced)
        #expect(wrapped.batch.extras == [#"{"wrapper.version":2}"#])
        // The Connector's own shape inside.
        let own = Decoded(
            #"{"event_type":"network_access","event":{"event_type":"denied_access","timestamp":1789344000005,"connection":{"id":"c"}}}"#)
        #expect(own.batch.flows.map(\.kind) == [.denied])
        #expect(own.batch.flows.map(\.timestamp.milliseconds) == [1_789_344_000_005])
    }

    @Test(arguments: [
        (#"{"event_type":"network","event":{"time":"2026-09-14T18:00Z"}}"#, "missing-field: `status` is missing"),
        (#"{"event_type":"network","event":{"status":"closed_connection"}}"#, "missing-field: `time` is missing"),
        (
            #"{"event_type":"network","event":{"status":"NORMAL","time":"2026-09-14T18:00Z"}}"#,
            "bad-value: `status` is none of the four types of network events"
        ),
        (#"{"event_type":"network","event":{"status":"closed_connection","time":5}}"#, "wrong-type: `time` is not a text"),
        (
            #"{"event_type":"network","event":{"status":"closed_connection","time":"5"}}"#,
            "bad-value: `time` is not an instant of RFC 3339"
        ),
        (#"{"event_type":"network","event":[]}"#, "wrong-type: `event` is not an object"),
        (
            #"{"event_type":"network","timestamp":1789344000001,"event":{"status":"closed_connection","time":"2026-09-14T18:00Z"}}"#,
            "not-an-event: an event inside of an event"
        ),
        (#"{"event_type":"dns_filtering","event":{"time":"2026-09-14T18:00Z"}}"#, "missing-field: `domain` is missing"),
        (#"{"event_type":"dns_filtering","event":{"domain":"a"}}"#, "missing-field: `time` is missing"),
        (
            #"{"event_type":"dns_filtering","event":{"domain":"a","time":"2026-09-14T18:00Z","device":3}}"#,
            "wrong-type: `device` is not an object"
        ),
        (
            #"{"event_type":"dns_filtering","event":{"domain":"a","time":"2026-09-14T18:00Z","connection":{"client_ip":"x"}}}"#,
            "bad-value: `connection.client_ip` is not an IP address"
        ),
        (#"{"event_type":"dns_filtering","event":{"domain":"a","domain":"b"}}"#, "duplicate-key: `domain` stands there twice"),
        (
            #"{"event_type":"dns_filtering","event":{"domain":"a","time":"2026-09-14T18:00Z","reasons":"x"}}"#,
            "wrong-type: `reasons` is not an array"
        ),
        (#"{"event_type":"audit_log","event":{"time":"2026-09-14T18:00Z"}}"#, "missing-field: `action` is missing"),
        (
            #"{"event_type":"audit_log","event":{"time":"2026-09-14T18:00Z","action":"edit","targets":[{"id":"1"}]}}"#,
            "missing-field: `targets[0].type` is missing"
        ),
        (
            #"{"event_type":"audit_log","event":{"time":"2026-09-14T18:00Z","action":"edit","targets":[7]}}"#,
            "wrong-type: `targets[0]` is not an object"
        ),
        (
            #"{"event_type":"audit_log","event":{"time":"2026-09-14T18:00Z","action":"edit","actor":{"type":3}}}"#,
            "wrong-type: `actor.type` is not a text"
        ),
    ])
    func setAside(_ text: String, _ wanted: String) {
        #expect(Decoded(text, format: .synced).batch.quarantined.map { "\($0.reason.rawValue): \($0.detail)" } == [wanted])
    }
}

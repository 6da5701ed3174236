import FlowModel
import Testing

@testable import LogFormats

/// Events of Connectors, field by field.
@Suite struct EventTests {
    static let full = #"""
        {"event_type":"closed_connection","timestamp":1789365761120,"connection":{"id":"5eed-1","protocol":"tcp",\#
        "client_ip":"203.0.113.11:41000","resource_ip":"10.31.1.5","resource_port":443,"rx":1037,"tx":411,"duration":30000,\#
        "cbct_freshness":-13,"tunnel_path":"relayed","tunnel_proto":"quic/udp","error_message":"none","close_reason":"client",\#
        "requested":"wiki","started_at":1789365731120},"user":{"id":"3101","email":"ada@harbour.example"},\#
        "device":{"id":"3401"},"connector":{"id":"3011","name":"brisk-heron"},"remote_network":{"id":"3001","name":"🏠 Depot"},\#
        "resource":{"id":"3200","address":"wiki.harbour.example","applied_rule":"*.harbour.example"},\#
        "relays":[{"ip":"198.51.100.20","name":"relay-a","port":30000}],"location":"{\"geoip\":{\"city\":\"Lisbon\"}}",\#
        "policy":{"version":7,"digest":"abc"},"decision":{"effect":"allow","reason":"grant"},"seq":12,"site":{"rack":[1,2]}}
        """#

    @Test func everyField() {
        let decoded = Decoded(EventTests.full)
        #expect(
            decoded.description == [
                "kind=closed timestamp=2026-09-14T06:02:41.120Z connectionID=5eed-1 transport=tcp clientIP=203.0.113.11 clientPort=41000 "
                    + "resourceIP=10.31.1.5 resourcePort=443 bytesReceived=1037 bytesTransferred=411 duration=30000 durationUnit=unstated "
                    + "startedAt=2026-09-14T06:02:11.120Z tunnelPath=relayed tunnelProtocol=quic/udp errorMessage=none closeReason=client "
                    + "requested=wiki principalKind=user principalID=3101 principalName=ada@harbour.example deviceID=3401 "
                    + "connectorID=3011 connectorName=brisk-heron networkID=3001 networkName=🏠 Depot resourceID=3200 "
                    + "resourceAddress=wiki.harbour.example appliedRule=*.harbour.example "
                    + #"relays=[{"ip":"198.51.100.20","name":"relay-a","port":30000}] location={"geoip":{"city":"Lisbon"}} "#
                    + "policyVersion=7 policyDigest=abc decisionEffect=allow decisionReason=grant sequence=12 offset=0 line=1 "
                    + #"extras={"connection.cbct_freshness":-13,"site":{"rack":[1,2]}}"#,
                "noise=0 blank=0 headers=0 lines=1 bytes=\(EventTests.full.utf8.count)",
            ])
    }

    @Test func leastEvent() {
        let text = #"{"timestamp":1789344000000,"event_type":"denied_access","connection":{"id":"x"}}"#
        #expect(
            Decoded(text).description == [
                "kind=denied timestamp=2026-09-14T00:00:00Z connectionID=x durationUnit=unstated sequence=0 offset=0 line=1",
                "noise=0 blank=0 headers=0 lines=1 bytes=\(text.utf8.count)",
            ])
    }

    /// `body` replaces parts of a small event: what happens to it.
    static func event(connection: String = "", root: String = "") -> String {
        #"{"event_type":"closed_connection","timestamp":1789344001000,"connection":{"id":"c1"\#(connection)}\#(root)}"#
    }

    @Test(arguments: [
        (#","rx":443.0"#, "", "bytesReceived=443"), (#","rx":1e3"#, "", "bytesReceived=1000"),
        (#","duration_ms":5"#, "", "duration=5 durationUnit=milliseconds"), (#","duration":-5"#, "", "duration=-5"),
        (#","duration":9,"duration_ms":5"#, "", "duration=5 durationUnit=milliseconds"),
        (#","bytes_received":1,"bytes_transferred":2"#, "", "bytesReceived=1 bytesTransferred=2"),
        (#","protocol":"UDP""#, "", "transport=udp"), (#","protocol":"icmp""#, "", "transport=icmp"),
        (#","protocol":"sctp""#, "", "unknownTransport=sctp"), (#","client_ip":"2001:db8::7""#, "", "clientIP=2001:db8::7"),
        (#","client_ip":"[2001:db8::7]:41000""#, "", "clientIP=2001:db8::7 clientPort=41000"),
        (#","client_ip":"[2001:db8::7]""#, "", "clientIP=2001:db8::7"), (#","client_ip":"""#, "", "durationUnit"),
        (#","resource_ip":"::ffff:10.0.0.1""#, "", "resourceIP=10.0.0.1"), (#","resource_port":0"#, "", "resourcePort=0"),
        (#","resource_port":65535"#, "", "resourcePort=65535"), (#","rx":null,"protocol":null"#, "", "durationUnit"),
        ("", #","user":{"id":17}"#, "principalKind=user principalID=17"),
        ("", #","user":{"id":"VXNlcjo3MTAw"}"#, "principalKind=user principalID=7100"),
        ("", #","user":{"id":"Zm9v"}"#, "principalKind=user principalID=Zm9v"),
        (
            "", #","user":null,"service_account":{"id":"1","name":"n","key":"k","key_id":"2"}"#,
            "principalKind=serviceAccount principalID=1 principalName=n serviceKeyID=2 serviceKeyName=k"
        ),
        ("", #","user":{},"service_account":{"id":"1"}"#, "principalKind=serviceAccount principalID=1"),
        ("", #","resource":{"address":"a\u0062\n\ud83d\ude00"}"#, "resourceAddress=ab\n😀"),
        ("", #","resource":{"ip":"10.0.0.9","port":22}"#, "resourceIP=10.0.0.9 resourcePort=22"),
        ("", #","location":{"geoip":{}}"#, #"location={"geoip":{}}"#),
        ("", #","relays":[ ]"#, "relays=[ ]"), ("", #","relays":null"#, "durationUnit"),
        ("", #","\u0073eq":3"#, "sequence=3"),
        ("", #","a\"b":1,"device":{"id":"1","name":"x"}"#, #"extras={"a\"b":1,"device.name":"x"}"#),
        ("", #","seen":18446744073709551616,"x":1e999"#, #"extras={"seen":18446744073709551616,"x":1e999}"#),
        ("", #","time":"now","message":"hello","status":"s""#, #"extras={"time":"now","message":"hello","status":"s"}"#),
        ("", #","x":{"a":1,"a":2}"#, #"extras={"x":{"a":1,"a":2}}"#),
    ])
    func read(_ connection: String, _ root: String, _ wanted: String) {
        let decoded = Decoded(EventTests.event(connection: connection, root: root))
        #expect(decoded.batch.quarantined.map(\.detail) == [])
        #expect(decoded.description[0].contains(wanted), "\(decoded.description[0])")
    }

    @Test(arguments: [
        (#","rx":443.5"#, "", "wrong-type", "`connection.rx` is not a whole number"),
        (#","rx":"443""#, "", "wrong-type", "`connection.rx` is not a number"),
        (#","rx":-1"#, "", "number-out-of-range", "`connection.rx` is outside of 0…9007199254740992"),
        (#","rx":9223372036854775808"#, "", "number-out-of-range", "`connection.rx` is outside of 0…9007199254740992"),
        (#","rx":true"#, "", "wrong-type", "`connection.rx` is not a number"),
        (#","resource_port":65536"#, "", "number-out-of-range", "`connection.resource_port` is outside of 0…65535"),
        (#","resource_port":-1"#, "", "number-out-of-range", "`connection.resource_port` is outside of 0…65535"),
        (
            #","started_at":253402300800000"#, "", "number-out-of-range",
            "`connection.started_at` is outside of 2000-01-01T00:00:00Z…2100-01-01T00:00:00Z in milliseconds"
        ),
        (#","protocol":6"#, "", "wrong-type", "`connection.protocol` is not a text"),
        (#","client_ip":"203.0.113.300""#, "", "bad-value", "`connection.client_ip` is not an IP address"),
        (#","client_ip":"203.0.113.1:""#, "", "bad-value", "`connection.client_ip` is not an IP address"),
        (#","client_ip":"203.0.113.1:65536""#, "", "bad-value", "`connection.client_ip` is not an IP address"),
        (#","client_ip":"[203.0.113.1]:1""#, "", "bad-value", "`connection.client_ip` is not an IP address"),
        (#","client_ip":12"#, "", "wrong-type", "`connection.client_ip` is not a text"),
        (#","resource_ip":"db.internal""#, "", "bad-value", "`connection.resource_ip` is not an IP address"),
        (#","rx":1,"rx":1"#, "", "duplicate-key", "`connection.rx` stands there twice, or under two names"),
        (#","rx":1,"bytes_received":1"#, "", "duplicate-key", "`connection.rx` stands there twice, or under two names"),
        (#","rx":null,"r\u0078":1"#, "", "duplicate-key", "`connection.rx` stands there twice, or under two names"),
        (
            #","resource_ip":"10.0.0.1""#, #","resource":{"ip":"10.0.0.2"}"#, "duplicate-key",
            "`connection.resource_ip` stands there twice, or under two names"
        ),
        ("", #","connection":{"id":"c2"}"#, "duplicate-key", "`connection` stands there twice"),
        ("", #","x":1,"y":2,"x":1"#, "duplicate-key", "`x` stands there twice"),
        ("", #","x":1,"\u0078":1"#, "duplicate-key", "`x` stands there twice"),
        ("", #","event_type":"denied_access""#, "duplicate-key", "`event_type` stands there twice, or under two names"),
        ("", #","user":{"id":"1"},"service_account":{"id":"2"}"#, "two-principals", "both `user` and `service_account` are there"),
        ("", #","user":"ada""#, "wrong-type", "`user` is not an object"),
        ("", #","device":[]"#, "wrong-type", "`device` is not an object"),
        ("", #","user":{"id":["1"]}"#, "wrong-type", "`user.id` is not a text"),
        ("", #","user":{"id":1.0}"#, "wrong-type", "`user.id` is not a text"),
        ("", #","user":{"email":1}"#, "wrong-type", "`user.email` is not a text"),
        ("", #","relays":{}"#, "wrong-type", "`relays` is not an array"),
        ("", #","location":[1]"#, "wrong-type", "`location` is not a text"),
        ("", #","policy":{"version":"7"}"#, "wrong-type", "`policy.version` is not a number"),
        ("", #","seq":-1"#, "number-out-of-range", "`seq` is outside of 0…9007199254740992"),
        ("", #","resource":{"address":"a\u0000b"}"#, "bad-value", "`resource.address` holds U+0000"),
        ("", "} x", "trailing-bytes", "something follows the object at byte 86"),
        ("", "},{", "trailing-bytes", "something follows the object at byte 85"),
    ])
    func setAside(_ connection: String, _ root: String, _ reason: String, _ detail: String) {
        let decoded = Decoded(EventTests.event(connection: connection, root: root))
        #expect(decoded.batch.flows.isEmpty)
        #expect(decoded.batch.quarantined.map { "\($0.reason.rawValue): \($0.detail)" } == ["\(reason): \(detail)"])
    }

    @Test(arguments: [
        (#"{"event_type":"closed_connection","connection":{"id":"c"}}"#, "missing-field", "`timestamp` is missing"),
        (
            #"{"event_type":"closed_connection","timestamp":null,"connection":{"id":"c"}}"#, "missing-field",
            "`timestamp` is missing"
        ),
        (
            #"{"event_type":"closed_connection","timestamp":"2026-01-01T00:00:00Z","connection":{"id":"c"}}"#, "wrong-type",
            "`timestamp` is not a number"
        ),
        (
            #"{"event_type":"closed_connection","timestamp":-1,"connection":{"id":"c"}}"#, "number-out-of-range",
            "`timestamp` is outside of 2000-01-01T00:00:00Z…2100-01-01T00:00:00Z in milliseconds"
        ),
        (
            #"{"event_type":"closed_connection","timestamp":1.5,"connection":{"id":"c"}}"#, "wrong-type",
            "`timestamp` is not a whole number"
        ),
        (#"{"event_type":"closed_connection","timestamp":1789344000001}"#, "missing-field", "`connection.id` is missing"),
        (
            #"{"event_type":"closed_connection","timestamp":1789344000001,"connection":{"id":""}}"#, "missing-field",
            "`connection.id` is missing"
        ),
        (#"{"event_type":"closed_connection","timestamp":1789344000001,"connection":null}"#, "missing-field", "`connection.id` is missing"),
        (#"{"event_type":7,"timestamp":1789344000001}"#, "wrong-type", "`event_type` is not a text"),
        (#"{"event_type":"network_access"}"#, "missing-field", "`event` is missing"),
        (#"{"event_type":"heartbeat"}"#, "missing-field", "`timestamp` is missing"),
        (#"{}"#, "not-an-event", "an object without `event_type`"), (#"{"a":1}"#, "not-an-event", "an object without `event_type`"),
        (#"{"event_type":null}"#, "not-an-event", "an object without `event_type`"),
        (#"{"event_type":"closed_connection","timestamp":1789344000001,"#, "malformed-json", "the text ends too early at byte 60"),
    ])
    func incomplete(_ text: String, _ reason: String, _ detail: String) {
        #expect(Decoded(text).batch.quarantined.map { "\($0.reason.rawValue): \($0.detail)" } == ["\(reason): \(detail)"])
    }

    @Test func connectionIDsUpToTheLimit() {
        let longest = String(repeating: "a", count: 63)
        func text(_ id: String) -> String { #"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"\#(id)"}}"# }
        #expect(Decoded(text(longest)).batch.flows.map(\.connectionID.text) == [longest])
        #expect(Decoded(text(longest + "a")).batch.quarantined.map(\.detail) == ["`connection.id` is longer than 63 bytes"])
        #expect(Decoded(text(#"\u0061"#)).batch.flows.map(\.connectionID.text) == ["a"])
        #expect(
            Decoded(#"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":12}}"#).batch.flows.map(
                \.connectionID.text)
                == ["12"])
    }

    @Test func otherRecords() {
        let text = """
            {"seq":1,"event_type":"journal_opened","timestamp":1789344000005,"connector":{"id":"3011"},"version":"1.0"}
            {"event_type":"heartbeat","timestamp":1789344000006,"open":3}
            {"event_type":"data_loss_prevention","event":{"x":1}}
            {"event_type":"new_thing"}

            """
        #expect(
            Decoded(text).description == [
                #"journal opened 2026-09-14T00:00:00.005Z seq=1 connector=3011 at=0/1 {"seq":1,"event_type":"journal_opened","timestamp":1789344000005,"connector":{"id":"3011"},"version":"1.0"}"#,
                #"journal heartbeat 2026-09-14T00:00:00.006Z seq=0 connector=- at=108/2 {"event_type":"heartbeat","timestamp":1789344000006,"open":3}"#,
                #"other data_loss_prevention at=170/3 {"event_type":"data_loss_prevention","event":{"x":1}}"#,
                #"other new_thing at=224/4 {"event_type":"new_thing"}"#,
                "noise=0 blank=0 headers=0 lines=4 bytes=251",
            ])
    }

    @Test(arguments: JournalEvent.Kind.allCases)
    func everyRecordOfAJournalIsKeptWhole(kind: JournalEvent.Kind) {
        // Members that elsewhere mean an event, an envelope or a time of their own.
        let record =
            #"{"seq":7,"event_type":"\#(kind.rawValue)","timestamp":1789344000005,"checkpoint":{"size":1,"root":"r"},"source":{"path":"/log","offset":9},"#
            + #""count":2,"since":1789344000003,"until":1789344000004,"reason":"disk","text":"ANALYTICS {","bytes":11}"#
        #expect(
            Decoded(record + "\n").description == [
                "journal \(kind) 2026-09-14T00:00:00.005Z seq=7 connector=- at=0/1 \(record)",
                "noise=0 blank=0 headers=0 lines=1 bytes=\(record.utf8.count + 1)",
            ])
    }

    @Test func manyUnknownFieldsStayCheap() {
        let keys = (0..<20_000).map { #""k\#($0)":\#($0)"# }.joined(separator: ",")
        let decoded = Decoded(EventTests.event(root: "," + keys))
        #expect(decoded.batch.flows.count == 1)
        #expect(decoded.batch.extras == ["{\(keys)}"])
        #expect(Decoded(EventTests.event(root: "," + keys + #","k19999":0"#)).batch.quarantined.map(\.reason) == [.duplicateKey])
    }
}

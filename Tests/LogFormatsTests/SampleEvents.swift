import TextEncodings

@testable import LogFormats

/// Made-up events of the shapes that Connectors write.
enum SampleEvents {
    static func event(_ dice: inout Dice, serial: Int) -> String {
        let kind = dice.pick(["established_connection", "closed_connection", "failed_to_connect", "denied_access"])
        var connection = [
            #""id":"\#(String(dice.next() % 1_000_000, radix: 16))-\#(serial)""#,
            #""protocol":"\#(dice.pick(["tcp", "udp", "icmp", "TCP"]))""#,
            #""client_ip":"\#(dice.pick(["203.0.113.7", "198.51.100.200:41000", "2001:db8::7"]))""#,
            #""resource_ip":"10.\#(dice.below(256)).\#(dice.below(256)).\#(dice.below(256))""#,
            #""resource_port":\#(dice.pick([0, 22, 443, 65_535]))"#,
        ]
        if kind == "closed_connection" {
            connection += [#""rx":\#(dice.next() >> UInt64(11 + dice.below(50)))"#, #""tx":\#(dice.below(100_000))"#]
            connection.append(dice.below(2) == 0 ? #""duration":\#(dice.below(9_999))"# : #""duration_ms":\#(dice.below(9_999))"#)
        }
        if dice.below(3) == 0 { connection.append(#""cbct_freshness":\#(dice.below(200) - 100)"#) }
        if dice.below(4) == 0 {
            connection.append(#""error_message":"\#(dice.pick(["refused", "wei\\u00dfe \\\"x\\\"", "größe", ""]))""#)
        }
        let principal =
            dice.below(5) == 0
            ? #""service_account":{"id":"\#(dice.below(9))","name":"builder","key":"k","key_id":"\#(dice.below(9))"}"#
            : #""user":{"id":"\#(100 + dice.below(50))","email":"user\#(dice.below(50))@harbour.example"}"#
        var members = [
            #""event_type":"\#(kind)""#, #""timestamp":\#(1_789_344_000_000 + dice.below(86_400_000))"#,
            #""connection":{\#(connection.joined(separator: ","))}"#, principal, #""device":{"id":"\#(dice.below(99))"}"#,
            #""connector":{"id":"30\#(dice.below(9))","name":"brisk-heron"}"#,
            #""remote_network":{"id":"\#(dice.below(3))","name":"\#(dice.pick(["🏠 Depot", "Cloud west"]))"}"#,
            #""resource":{"id":"\#(dice.below(300))","address":"svc\#(dice.below(300)).harbour.example","applied_rule":"*.harbour.example"}"#,
            #""relays":\#(dice.pick(["[]", #"[{"ip":"198.51.100.20","name":"a]b","port":30000}]"#, #"[{"port":1},{"port":2}]"#]))"#,
        ]
        if dice.below(6) == 0 { members.append(#""location":"{\"geoip\":{\"city\":\"Lisbon\"}}""#) }
        if dice.below(6) == 0 { members.append(#""policy":{"version":\#(dice.below(99)),"digest":"d"},"seq":\#(serial)"#) }
        if dice.below(10) == 0 { members.append(#""site":\#(dice.pick(["1", "[1,{\"a\":null}]", "\"x\"", "null"]))"#) }
        if dice.below(8) == 0 { members.shuffle(using: &dice) }
        return "{\(members.joined(separator: ","))}"
    }

    static func envelope(_ event: String, kind: Int, serial: Int) -> String {
        switch kind {
        case 0: "ANALYTICS \(event)"
        case 1: "Sep 14 07:20:00 gw twingate-connector[812]: ANALYTICS \(event)"
        case 2: #"{"log":"ANALYTICS \#(JSONEscapes.stored.escaped(event))\n","stream":"stdout","time":"2026-09-14T09:29:00.000000000Z"}"#
        case 3: #"{"source_type":"file","message":\#(event),"n":\#(serial)}"#
        default: #"{"message":"\#(JSONEscapes.stored.escaped(event))"}"#
        }
    }
}

import FlowModel
import Testing

@testable import FlowJournal

@Suite struct RecordScannerTests {
    static func scan(_ text: String) -> Result<RecordScanner.Record, RecordScanner.Problem> {
        Array(text.utf8).withUnsafeBytes { bytes in
            do throws(RecordScanner.Problem) {
                return .success(try RecordScanner.scan(bytes))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test func whatARecordSaysAboutItself() {
        let line = #"{"seq":12,"event_type":"journal_opened","timestamp":-5,"x":{"seq":1,"timestamp":2}}"#
        #expect(
            Self.scan(line)
                == .success(
                    RecordScanner.Record(
                        sequence: 12, startsWithSequence: true, hasSequence: true, timestamp: Timestamp(milliseconds: -5),
                        eventType: 24..<38, kind: .opened)))
    }

    @Test(arguments: [
        "{}", " { } ", #"{"a":1}"#, #"{"a":-0.5e+10,"b":[],"c":[1,[2,{}],"x"],"d":{"e":null,"f":true,"g":false}}"#,
        #"{"é":"\u00e9\"\\\/\b\f\n\r\t"}"#, #"{"a":"🏠"}"#, "{\"a\" :\t[ 1 , 2 ]\r}", #"{"a":0,"a":1}"#,
        "{\"a\":" + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "}",
    ])
    func accepted(text: String) {
        #expect((try? Self.scan(text).get()) != nil, "\(text)")
    }

    @Test(arguments: [
        ("", RecordScanner.Problem.empty), ("  ", .empty), ("[]", .notAnObject), ("\"a\"", .notAnObject), ("{", .malformed(at: 1)),
        ("{]", .malformed(at: 1)), (#"{"a"}"#, .malformed(at: 4)), (#"{"a":}"#, .malformed(at: 5)), (#"{"a":1,}"#, .malformed(at: 7)),
        (#"{"a":01}"#, .malformed(at: 6)), (#"{"a":+1}"#, .malformed(at: 5)), (#"{"a":.5}"#, .malformed(at: 5)),
        (#"{"a":1.}"#, .malformed(at: 5)), (#"{"a":1e}"#, .malformed(at: 5)), (#"{"a":tru}"#, .malformed(at: 5)),
        (#"{"a":"b}"#, .malformed(at: 8)), (#"{"a":"\x"}"#, .malformed(at: 7)), (#"{"a":"\u12g4"}"#, .malformed(at: 10)),
        ("{\"a\":\"\u{1}\"}", .malformed(at: 6)), ("{\"a\":\n1}", .malformed(at: 5)), (#"{"a":1}x"#, .trailing(at: 7)),
        (#"{"a":1}{"b":2}"#, .trailing(at: 7)), (#"{"a":[1}"#, .malformed(at: 7)), (#"{"a":{"b":1]}"#, .malformed(at: 11)),
        (#"{"seq":1,"seq":2}"#, .repeated(at: 10)), (#"{"event_type":"a","event_type":"b"}"#, .repeated(at: 19)),
        ("{\"a\":" + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "}", .tooDeep(at: 68)),
    ])
    func refused(text: String, problem: RecordScanner.Problem) {
        #expect(Self.scan(text) == .failure(problem), "\(text)")
    }

    @Test(arguments: [
        ([0xc0, 0x80] as [UInt8]), [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf5],
        [0x80],
        [0xc3], [0xe2, 0x82], [0xff],
    ])
    func illFormedUTF8IsRefused(bytes: [UInt8]) {
        let line = Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)
        let problem = line.withUnsafeBytes { bytes in
            do throws(RecordScanner.Problem) {
                _ = try RecordScanner.scan(bytes)
                return RecordScanner.Problem?.none
            } catch {
                return error
            }
        }
        #expect(problem == .illFormedUTF8(at: 6))
    }

    @Test(arguments: [#"{"s\u0065q":1}"#, #"{"event_type":"journal_\u006fpened"}"#])
    func escapedNamesAreNoticed(text: String) {
        #expect((try? Self.scan(text).get().hasEscapedName) == true)
    }

    @Test func anyBytesAreAnsweredAndAcceptedOnesAreRead() {
        let alphabet = Array("{}[]\",:0123456789.eE+-truefalsn\\u \té\u{7f}".utf8) + [0, 0x80, 0xff]
        forAll(
            seed: 7, count: 20_000,
            generate: { generator in
                [UInt8(ascii: "{")]
                    + (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                    }
            },
            shrink: shrinkArray
        ) { bytes in
            bytes.withUnsafeBytes { buffer in
                let isAccepted = (try? RecordScanner.scan(buffer)) != nil
                return isAccepted == (JSONValue.parse(buffer) != nil)
            }
        }
    }

    @Test func encodedRecordsAreAcceptedAndReadBack() {
        forAll(
            seed: 3, count: 500,
            generate: { generator in
                String(
                    String.UnicodeScalarView(
                        (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
                            Unicode.Scalar(UInt32.random(in: 0...0x2ff, using: &generator))
                        }))
            },
            shrink: { text in shrinkArray(Array(text.unicodeScalars)).map { String(String.UnicodeScalarView($0)) } }
        ) { text in
            var record = FlowRecord(
                eventType: .failed, timestamp: Timestamp(milliseconds: 5), connection: FlowRecord.Connection(id: text, transport: .udp),
                connector: FlowRecord.Named(id: "1", name: text), network: FlowRecord.Named(id: "2", name: text))
            record.principal = .user(id: "3", email: text)
            var line: [UInt8] = []
            FlowRecordEncoder.encode(record, into: &line)
            return line.withUnsafeBytes { bytes in
                let value = JSONValue.parse(bytes)
                return value?["connection"]?["id"] == .string(text) && value?["user"]?["email"] == .string(text)
                    && value?["timestamp"]?.integer == 5
            }
        }
    }

    @Test func aFlowRecordHasTheShapeOfTheLog() {
        var connection = FlowRecord.Connection(id: "c-1", transport: .tcp)
        connection.clientIP = "203.0.113.1"
        connection.resourceIP = "10.0.0.1"
        connection.resourcePort = 443
        connection.received = 10
        connection.transferred = 20
        connection.durationMs = 30
        connection.startedAt = Timestamp(milliseconds: 40)
        connection.closeReason = "client"
        connection.requested = "wiki"
        var record = FlowRecord(
            eventType: .closed, timestamp: Timestamp(milliseconds: 70), connection: connection,
            connector: FlowRecord.Named(id: "1", name: "otter"), network: FlowRecord.Named(id: "2", name: "🏠"))
        record.principal = .serviceAccount(id: "9", name: "ci", keyID: "k", key: nil)
        record.deviceID = "8"
        record.resource = FlowRecord.Resource(id: "5", address: "wiki.example", appliedRule: "*.example")
        record.relays = [FlowRecord.Relay(name: "r", ip: "192.0.2.1", port: 30_000)]
        record.policy = FlowRecord.Policy(version: 3, digest: "d")
        record.decision = FlowRecord.Decision(effect: "allow", reason: "granted")
        var line: [UInt8] = []
        FlowRecordEncoder.encode(record, into: &line)
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"event_type":"closed_connection","timestamp":70,"connection":{"id":"c-1","protocol":"tcp","client_ip":"203.0.113.1","#
                + #""resource_ip":"10.0.0.1","resource_port":443,"rx":10,"tx":20,"duration_ms":30,"started_at":40,"close_reason":"client","#
                + #""requested":"wiki"},"service_account":{"id":"9","name":"ci","key_id":"k"},"device":{"id":"8"},"#
                + #""connector":{"id":"1","name":"otter"},"remote_network":{"id":"2","name":"🏠"},"resource":{"id":"5","address":"wiki.example","#
                + #""applied_rule":"*.example"},"relays":[{"name":"r","ip":"192.0.2.1","port":30000}],"policy":{"version":3,"digest":"d"},"#
                + #""decision":{"effect":"allow","reason":"granted"}}"#)
    }
}

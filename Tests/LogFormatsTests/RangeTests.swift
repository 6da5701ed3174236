import FlowModel
import Testing

@testable import LogFormats

/// Numbers in every field that holds one, in every form: what is in range is read exactly, everything else is set aside.
@Suite struct RangeTests {
    /// A number as JSON writes it, and its value where it is a whole number of 64 bits.
    static let numbers: [(text: String, value: Int64?)] = {
        var list: [(String, Int64?)] = [
            ("-0", 0), ("0.0", 0), ("-0.0e5", 0), ("1e0", 1), ("1E+2", 100), ("120e-1", 12), ("0.5", nil), ("1e-1", nil), ("1e308", nil),
            ("-1e308", nil), ("1e999999999999999999999", nil), ("1e-999999999999999999999", nil), ("0e999999999999999999999", 0),
            ("1" + String(repeating: "0", count: 400), nil), (String(repeating: "9", count: 400), nil),
            ("0." + String(repeating: "0", count: 400) + "1", nil), ("1" + String(repeating: "0", count: 400) + "e-400", 1),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("18446744073709551615", nil), ("18446744073709551616", nil),
            ("1789344000000.000", 1_789_344_000_000), ("1.789344e12", 1_789_344_000_000),
        ]
        let bounds: [Int64] = [
            0, 65_535, 1 << 53, -(1 << 53), 946_684_800_000, 4_102_444_800_000, 3_155_760_000_000, -3_155_760_000_000, .max - 1, .min + 1,
            1_789_344_000, 1_789_344_000_000, 1_789_344_000_000_000, 1_789_344_000_000_000_000,
        ]
        for bound in bounds { for delta in [-1, 0, 1] as [Int64] { list.append(("\(bound + delta)", bound + delta)) } }
        return list
    }()

    /// A Connector's event in which one member is the number.
    static func event(_ field: String, _ number: String) -> String {
        var timestamp = "1789344000001"
        var connection = ""
        var root = ""
        switch field {
        case "timestamp": timestamp = number
        case "seq": root = #","seq":\#(number)"#
        case "policy.version": root = #","policy":{"version":\#(number)}"#
        case "resource.port": root = #","resource":{"port":\#(number)}"#
        default: connection = #","\#(field)":\#(number)"#
        }
        return #"{"event_type":"closed_connection","timestamp":\#(timestamp),"connection":{"id":"c"\#(connection)}\#(root)}"#
    }

    static let fields: [(name: String, range: ClosedRange<Int64>, read: @Sendable (FlowEvent) -> Int64?)] = [
        ("timestamp", 946_684_800_000...4_102_444_800_000, { $0.timestamp.milliseconds }),
        ("started_at", 946_684_800_000...4_102_444_800_000, { $0.startedAt?.milliseconds }),
        ("rx", 0...9_007_199_254_740_992, { $0.bytesReceived }), ("tx", 0...9_007_199_254_740_992, { $0.bytesTransferred }),
        ("bytes_received", 0...9_007_199_254_740_992, { $0.bytesReceived }),
        ("bytes_transferred", 0...9_007_199_254_740_992, { $0.bytesTransferred }),
        ("duration", -9_007_199_254_740_992...9_007_199_254_740_992, { $0.duration }),
        ("duration_ms", -3_155_760_000_000...3_155_760_000_000, { $0.duration }),
        ("resource_port", 0...65_535, { $0.resourcePort.map(Int64.init) }),
        ("resource.port", 0...65_535, { $0.resourcePort.map(Int64.init) }),
        ("policy.version", 0...9_007_199_254_740_992, { $0.policyVersion }),
        ("seq", 0...9_007_199_254_740_992, { Int64(clamping: $0.sequence) }),
    ]

    @Test(arguments: fields.indices)
    func connectorEvents(_ index: Int) {
        let (name, range, read) = RangeTests.fields[index]
        for (text, value) in RangeTests.numbers {
            // Behind lines of the same shape, so that the short way is taken where there is one.
            let usual = RangeTests.event(name, "\(max(range.lowerBound, 1))")
            let line = RangeTests.event(name, text)
            for lines in [[line], [usual, usual, line]] {
                let batch = Decoded(lines.joined(separator: "\n")).batch
                if let value, range.contains(value) {
                    #expect(batch.flows.last.flatMap(read) == value, "\(name) \(text)")
                    #expect(batch.quarantined.isEmpty, "\(name) \(text)")
                } else {
                    #expect(batch.flows.count == lines.count - 1, "\(name) \(text)")
                    let reason = batch.quarantined.first
                    #expect(reason?.reason == .numberOutOfRange || reason?.reason == .wrongType, "\(name) \(text)")
                    #expect(reason?.detail.contains(name.split(separator: ".").last ?? "") ?? false || name.hasPrefix("bytes_"), "\(name)")
                }
            }
        }
    }

    @Test func reports() {
        let header = "start_time,status,bytes_received,bytes_transferred,resource_port"
        for (column, range) in [(2, 0...9_007_199_254_740_992), (3, 0...9_007_199_254_740_992), (4, 0...65_535)]
            as [(Int, ClosedRange<Int64>)]
        {
            for (text, value) in RangeTests.numbers {
                var cells = ["2026-09-14T00:00:00Z", "NORMAL", "", "", ""]
                cells[column] = text
                let batch = Decoded(header + "\n" + cells.joined(separator: ","), format: .networkReport).batch
                // Digits only: forms of JSON are no numbers of a report.
                let isDigits = text.allSatisfy(\.isNumber)
                if isDigits, let value, range.contains(value) {
                    let found = [
                        batch.flows.first?.bytesReceived, batch.flows.first?.bytesTransferred,
                        batch.flows.first?.resourcePort.map(Int64.init),
                    ]
                    #expect(found[column - 2] == value, "\(text)")
                } else {
                    #expect(batch.flows.isEmpty && batch.quarantined.count == 1, "\(text)")
                }
            }
        }
    }

    /// The numbers in the bodies of a journal's records, by record; without an object they stand in the record itself.
    static let bodies: [(record: String, object: String?, name: String, range: ClosedRange<Int64>)] = {
        let count: ClosedRange<Int64> = 0...9_007_199_254_740_992
        let clock: ClosedRange<Int64> = -9_007_199_254_740_992...9_007_199_254_740_992
        let instant: ClosedRange<Int64> = 946_684_800_000...4_102_444_800_000
        return [
            ("journal_opened", "journal", "format", count), ("journal_opened", "checkpoint", "size", count),
            ("journal_closed", nil, "records", count), ("journal_closed", nil, "lost", count), ("journal_closed", nil, "lines", count),
            ("journal_closed", nil, "noise", count), ("journal_closed", nil, "unreadable", count),
            ("journal_recovered", nil, "offset", count),
            ("journal_recovered", nil, "bytes", count), ("journal_sealed", "checkpoint", "size", count),
            ("records_lost", nil, "count", count),
            ("records_lost", nil, "since", instant), ("records_lost", nil, "until", instant),
            ("source_position", "source", "offset", count),
            ("source_position", "source", "head_length", count), ("source_position", "source", "tail_length", count),
            ("unreadable_line", nil, "bytes", count), ("policy_applied", "policy", "version", count), ("name_resolved", nil, "ttl", count),
            ("heartbeat", nil, "open_flows", count), ("heartbeat", nil, "flows_total", count), ("heartbeat", nil, "bytes_received", count),
            ("heartbeat", nil, "bytes_transferred", count), ("heartbeat", nil, "dropped_records", count),
            ("heartbeat", nil, "listening_sockets", count), ("clock_adjusted", nil, "from", clock), ("clock_adjusted", nil, "to", clock),
        ]
    }()

    @Test(arguments: bodies.indices)
    func bodiesOfJournalRecords(_ index: Int) {
        let (record, object, name, range) = RangeTests.bodies[index]
        func line(_ member: String) -> String {
            let inner = object.map { #""\#($0)":{\#(member),"other":1e999}"# } ?? member
            return #"{"seq":7,"event_type":"\#(record)","timestamp":1789344000001,\#(inner),"unread":{"a":1e999,"a":-1}}"#
        }
        let path = (object.map { $0 + "." } ?? "") + name
        for (text, value) in RangeTests.numbers {
            let line = line(#""\#(name)":\#(text)"#)
            let batch = Decoded(line).batch
            if let value, range.contains(value) {
                #expect(batch.journalEvents.map(\.raw) == [line] && batch.quarantined.isEmpty, "\(path) \(text)")
            } else {
                #expect(batch.journalEvents.isEmpty && batch.quarantined.count == 1, "\(path) \(text)")
                #expect(batch.quarantined.allSatisfy { $0.detail.contains("`\(path)`") }, "\(batch.quarantined.map(\.detail))")
                let isWhole = value != nil || ["9223372036854775808", "-9223372036854775809"].contains(text)
                if isWhole { #expect(batch.quarantined.map(\.reason) == [.numberOutOfRange], "\(path) \(text)") }
                if value != nil, range.lowerBound == 0 {
                    #expect(batch.quarantined.first?.detail == "`\(path)` is outside of 0…9007199254740992")
                }
            }
        }
        for (member, reason) in [
            (#""\#(name)":null"#, nil), (#""\#(name)":"7""#, .wrongType), (#""\#(name)":{}"#, .wrongType),
            (#""\#(name)":1,"\#(name)":1"#, .duplicateKey), (#""n\#(name)":-1"#, nil),
        ] as [(String, QuarantineReason?)] {
            #expect(Decoded(line(member)).batch.quarantined.map(\.reason) == (reason.map { [$0] } ?? []), "\(member)")
        }
        if let object {
            let odd = #"{"event_type":"\#(record)","timestamp":1789344000001,"\#(object)":7}"#
            #expect(Decoded(odd).batch.quarantined.map(\.reason) == [.wrongType])
        }
    }

    @Test(arguments: [
        ("1789344000", "seconds"), ("1789344000000000", "microseconds"), ("1789344000000000000", "nanoseconds"), ("1.789344e9", "seconds"),
    ])
    func theUnitIsNamed(_ number: String, _ unit: String) {
        for line in [
            RangeTests.event("timestamp", number), RangeTests.event("started_at", number),
            #"{"event_type":"heartbeat","timestamp":\#(number)}"#,
            #"{"event_type":"network_access","event":{"status":"closed_connection","timestamp":\#(number)}}"#,
        ] {
            let quarantined = Decoded(line).batch.quarantined
            #expect(quarantined.map(\.reason) == [.numberOutOfRange])
            #expect(quarantined.first?.detail.contains("it looks like \(unit)") ?? false, "\(quarantined.first?.detail ?? "")")
        }
    }

    @Test(arguments: [
        "1999-12-31T23:59:59.999Z", "2100-01-01T00:00:00.001Z", "1970-01-21T17:02:24Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ])
    func instantsAsText(_ text: String) {
        let lines = [
            #"{"event_type":"network_access","event":{"status":"closed_connection","time":"\#(text)"}}"#,
            #"{"action":"edit","actor":{},"time":"\#(text)"}"#, #"{"domain":"a","status":"allowed","time":"\#(text)"}"#,
        ]
        for line in lines { #expect(Decoded(line).batch.quarantined.map(\.reason) == [.badValue], "\(line)") }
        let report = Decoded("start_time,end_time,status\n\(text),,NORMAL\n2026-09-14T00:00:00Z,\(text),NORMAL", format: .networkReport)
        #expect(report.batch.quarantined.map(\.reason) == [.badValue, .badValue])
    }

    @Test func ids() {
        func device(_ id: String) -> Decoded {
            Decoded(#"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"c"},"device":{"id":\#(id)}}"#)
        }
        func connection(_ id: String) -> Decoded {
            Decoded(#"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":\#(id)}}"#)
        }
        for code in 0..<0x20 {
            let escape = "\\u00" + (code < 16 ? "0" : "") + String(code, radix: 16)
            for text in ["\(escape)", "a\(escape)", "\(escape)a", "1\(escape)2"] {
                #expect(device("\"\(text)\"").batch.quarantined.map(\.reason) == [.badValue], "\(text)")
                #expect(connection("\"\(text)\"").batch.quarantined.map(\.reason) == [.badValue], "\(text)")
            }
        }
        for length in [1, 20, 63, 64, 255, 256, 5_000] {
            for (quote, digit) in [("\"", "7"), ("", "7"), ("\"", "x"), ("\"", "\\u0037")] {
                let id = quote + String(repeating: digit, count: length) + quote
                #expect(device(id).batch.quarantined.map(\.reason) == (length <= 255 ? [] : [.badValue]), "\(length)")
                #expect(connection(id).batch.quarantined.map(\.reason) == (length <= 63 ? [] : [.badValue]), "\(length) \(quote)")
            }
        }
    }
}

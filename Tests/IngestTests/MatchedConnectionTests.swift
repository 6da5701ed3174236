import FlowModel
import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// Records of one connection that say different things of its times, or come again, are of one connection still.
struct MatchedConnectionTests {
    private static func line(_ type: String, at: Int, user: Int = 1, _ more: String = "") -> String {
        """
        {"event_type":"\(type)","timestamp":\(SmallEvents.start + at),"connection":{"id":"c1","protocol":"tcp",\
        "client_ip":"203.0.113.9","resource_ip":"10.0.0.1","resource_port":443\(more)},\
        "user":{"id":"\(user)","email":"u\(user)@small.example"},"device":{"id":"70"},\
        "connector":{"id":"4","name":"k"},"remote_network":{"id":"9","name":"n"},\
        "resource":{"id":"50","address":"r.small.example"},"relays":[]}
        """
    }

    private static func established(_ at: Int, user: Int = 1) -> String { line("established_connection", at: at, user: user) }

    private static func closed(_ at: Int, begun: Int) -> String {
        line("closed_connection", at: at, #","duration_ms":\#(at - begun),"started_at":\#(SmallEvents.start + begun)"#)
    }

    private static func failed(_ at: Int, begun: Int? = nil) -> String {
        line("failed_to_connect", at: at, (begun.map { #","started_at":\#(SmallEvents.start + $0)"# } ?? "") + #","error_message":"no""#)
    }

    /// The records, in all orders, each in an ingest of its own and then all once more, give one and the same.
    private static func expect(_ flows: Int64, of records: [String], _ name: Comment) throws {
        var first: [String]?
        func visit(_ chosen: [String], _ left: [String]) throws {
            for place in left.indices {
                var rest = left
                try visit(chosen + [rest.remove(at: place)], rest)
            }
            guard left.isEmpty else { return }
            let store = try Store()
            for record in chosen { try store.ingest([record]) }
            let facts = try store.facts()
            #expect(try store.number("SELECT count(*) FROM flow") == flows, name)
            #expect(first == nil || first == facts, name)
            first = first ?? facts
            for record in chosen { #expect(try store.ingest(["another file"] + [record]).newFlows == 0, name) }
            #expect(try store.facts() == facts, name)
            #expect(try store.problems() == [], name)
        }
        try visit([], records)
    }

    @Test("a journal says when a failed attempt began, the real-time log does not: it is one")
    func failedInTwoSources() throws {
        try MatchedConnectionTests.expect(
            1, of: [MatchedConnectionTests.failed(10_000, begun: 0), MatchedConnectionTests.failed(10_000)], "")
        try MatchedConnectionTests.expect(
            2, of: [MatchedConnectionTests.failed(10_000, begun: 0), MatchedConnectionTests.failed(20_000)], "")
        let store = try Store()
        try store.ingest([MatchedConnectionTests.failed(10_000, begun: 0)])
        #expect(try store.number("SELECT count(*) FROM flow WHERE ended_at IS NULL") == 1)
    }

    @Test("a closed event may give a start that is not the established event's")
    func otherStart() throws {
        typealias This = MatchedConnectionTests
        try This.expect(1, of: [This.established(6_000), This.closed(3_605_000, begun: 5_000)], "earlier")
        try This.expect(1, of: [This.established(5_000), This.closed(3_605_000, begun: 6_000)], "later")
        try This.expect(1, of: [This.established(0), This.closed(3_605_000, begun: 5_000), This.established(10_000)], "between two")
        try This.expect(2, of: [This.established(0), This.closed(3_605_000, begun: 6_000), This.established(11_000)], "nearer to one")
    }

    @Test("an established connection that failed and was closed stays one when its records come again")
    func failedAndClosed() throws {
        typealias This = MatchedConnectionTests
        try This.expect(1, of: [This.established(0), This.failed(3_600_000), This.closed(7_200_000, begun: 0)], "")
        try This.expect(1, of: [This.failed(3_602_000), This.closed(7_200_000, begun: 3_600_000)], "not established")
    }

    @Test("of a reused id, what was pruned does not come back, and what was not is not doubled")
    func pruned() throws {
        typealias This = MatchedConnectionTests
        let hour = 3_600_000
        let (old, new) = ([This.established(0), This.established(100, user: 2)], This.established(48 * hour, user: 3))
        for records in [[new] + old, old + [new], [old[0], new, old[1]]] {
            let store = try Store()
            for record in records { try store.ingest([record]) }
            let database = try AuditDatabase(path: store.path, mode: .readWrite)
            _ = try database.prune(
                before: Timestamp(milliseconds: Int64(SmallEvents.start + 24 * hour)), forgettingRollup: false,
                at: Timestamp(milliseconds: 0), actor: "")
            try database.close()
            let facts = try store.facts()
            for number in 0..<2 {
                let report = try store.ingest(["once more \(number)"] + records)
                #expect(report.newFlows == 0)
                #expect(report.duplicates == 3)
            }
            #expect(try store.number("SELECT count(*) FROM flow") == 1)
            #expect(try store.facts() == facts)
            #expect(try store.problems() == [])
        }
    }
}

import FlowStore
import Foundation
import GRDB
import Ingest
import Testing

@testable import FlowStore
@testable import Ingest

/// Rows of a report are equal to each other and have no ids: how often each stands there is counted, beyond what memory holds, and again from the
/// beginning when an ingest was cut short.
struct CountedRowTests {
    private static let header =
        "start_time,end_time,status,user,device_id,connector_id,client_ip,resource_ip,resource_port,protocol,bytes_received,resource_domain"

    /// Rows of which many are equal, in any order; and how many different ones there are.
    private static func report(_ numbers: inout Numbers, rows: Int, different: Int) -> String {
        let made = (0..<rows).map { _ in
            let which = Int.random(in: 0..<different, using: &numbers)
            let second = which % 60 < 10 ? "0\(which % 60)" : "\(which % 60)"
            return
                "2026-10-08T06:00:\(second)Z,2026-10-08T07:00:00Z,NORMAL,u\(which % 7)@x.example,\(which % 5),4,203.0.113.9,10.0.0.1,443,tcp,\(which),"
                + String(repeating: "r", count: 1_000) + ".x.example"
        }
        return header + "\n" + made.joined(separator: "\n") + "\n"
    }

    private static func options(_ limit: Int) -> Ingest.Options {
        var options = Ingest.Options()
        (options.countedInMemory, options.transactionEvents, options.batchFlows) = (limit, 500, 97)
        return options
    }

    @Test(
        "cut short between transactions, again and again, with little memory: the rows are those of an undisturbed ingest", arguments: 0..<3
    )
    func cutShort(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed) + 60)
        let text = CountedRowTests.report(&numbers, rows: 3_500, different: [50, 700, 2_500][seed])
        let rows = text.split(separator: "\n").count - 1
        let whole = try Store()
        let file = whole.folder.appendingPathComponent("report.csv")
        try Data(text.utf8).write(to: file)
        _ = try Ingest(options: Ingest.Options()).run(paths: [file.path], databasePath: whole.path)
        #expect(try whole.number("SELECT count(*) FROM flow") == Int64(rows))

        let store = try Store()
        let copy = store.folder.appendingPathComponent("report.csv")
        try Data(text.utf8).write(to: copy)
        var cuts = 0
        var last: Int64 = 0
        for attempt in 0..<8 {
            var ingest = Ingest(options: CountedRowTests.options([1, 16, 300][seed]))
            var left = attempt < 4 ? Int.random(in: 1...4, using: &numbers) : Int.max
            ingest.shouldStop = {
                left -= 1
                return left < 0
            }
            _ = try ingest.run(paths: [copy.path], databasePath: store.path)
            let count = try store.number("SELECT count(*) FROM flow")
            #expect(count >= last && count <= Int64(rows))
            last = count
            if try store.number("SELECT count(*) FROM source WHERE complete") == 1 { break }
            cuts += 1
        }
        #expect(cuts > 0)
        #expect(try store.facts() == whole.facts())
        #expect(try store.problems() == [])
        // The same rows again in another file are none anew, one more of each is.
        let again = try Ingest(options: CountedRowTests.options(16)).run(paths: [file.path], databasePath: store.path)
        #expect(again.newFlows == 0)
        let more = store.folder.appendingPathComponent("more.csv")
        let first = text.split(separator: "\n")[1]
        try Data((text + first + "\n").utf8).write(to: more)
        #expect(try Ingest(options: CountedRowTests.options(16)).run(paths: [more.path], databasePath: store.path).newFlows == 1)
    }

    @Test("a failed attempt in a database from before failures were marked is the one that another file tells of", arguments: [0, 1])
    func failedAttempt(statedFirst: Int) throws {
        func line(stated: Bool) -> String {
            """
            {"event_type":"failed_to_connect","timestamp":\(SmallEvents.start + 900),"connection":{"id":"f1","protocol":"tcp"\
            \(stated ? ",\"started_at\":\(SmallEvents.start)" : ""),"error_message":"refused"},"user":{"id":"1"},"connector":{"id":"4"},\
            "resource":{"address":"h.example"}}
            """
        }
        let store = try Store()
        try store.ingest([line(stated: false)])
        let queue = try DatabaseQueue(path: store.path)
        try queue.writeWithoutTransaction { connection in
            try connection.execute(
                sql: """
                    UPDATE flow_fact SET state = state & ~\(FlowState.hasFailed.rawValue);
                    DELETE FROM grdb_migrations WHERE identifier = 'failed attempts';
                    """)
        }
        try queue.close()
        for stated in statedFirst == 1 ? [true, false] : [false, true] { try store.ingest([line(stated: stated), "noise \(stated)"]) }
        #expect(try store.number("SELECT count(*) FROM flow") == 1)
        #expect(try store.number("SELECT count(*) FROM flow WHERE started_at = \(SmallEvents.start) AND outcome = 'failed'") == 1)
        #expect(try store.problems() == [])
    }
}

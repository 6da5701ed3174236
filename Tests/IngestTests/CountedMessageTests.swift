import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// Files of counted messages are longer than what is decoded at a time, and line feeds in them end no record.
struct CountedMessageTests {
    @Test("every event of a long file of counted messages is taken in, wherever the pieces end, also when the file has grown")
    func longFile() throws {
        var numbers = Numbers(seed: 5)
        var bytes = Data()
        var ids: [String] = []
        /// Until there are so many bytes; some messages have lines around their event, and some are lines.
        func fill(to size: Int) {
            while bytes.count < size {
                let id = "m\(ids.count)"
                ids.append(id)
                let event =
                    #"ANALYTICS {"event_type":"established_connection","timestamp":\#(SmallEvents.start + ids.count),"#
                    + #""connection":{"id":"\#(id)","protocol":"tcp"},"user":{"id":"1"},"connector":{"id":"4"},"resource":{"address":"h.example"}}"#
                let filling = String(repeating: "x", count: Int.random(in: 0..<900, using: &numbers))
                let mark = "<134>1 - gw connector - - - "
                switch ids.count % 30 {
                case 0, 9, 20:
                    let message = "\(mark)\(filling)\n\(event)\n\(filling)"
                    bytes += Data("\(message.utf8.count) \(message)".utf8)
                case 4: bytes += Data("\(mark)\(event)\n".utf8)
                default: bytes += Data("\(mark.utf8.count + event.utf8.count) \(mark)\(event)".utf8)
                }
            }
        }
        let store = try Store()
        let file = store.folder.appendingPathComponent("tcp.log")
        for size in [3 << 20, 5 << 20] {
            fill(to: size)
            try bytes.write(to: file)
            let report = try Ingest(options: Ingest.Options()).run(paths: [file.path], databasePath: store.path)
            #expect((report.refusals.map(\.message), report.warnings) == ([], []))
            #expect(try store.number("SELECT count(*) FROM flow") == Int64(ids.count))
            #expect(try store.number("SELECT count(*) FROM quarantine") == 0)
        }
        // Each record is where the database says.
        let place = try store.number("SELECT source_offset FROM flow WHERE connection_id = 'm8'")
        #expect(bytes[Int(place)...].starts(with: Data("ANALYTICS".utf8)))
        #expect(try store.problems() == [])
    }
}

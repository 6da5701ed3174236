import FlowModel
import LogFormats
import Testing

@testable import FlowStore
@testable import Ingest

/// Texts that never come again must not pile up, whether a source is read in pieces or from its first byte to its last.
struct SymbolMemoryTests {
    @Test("a decoder forgets texts when there are many, also in the middle of a record")
    func bounded() throws {
        let worker = DecodingWorker(format: .json, key: IdentityKey(key: SipHash.Key(first: 7, second: 7)))
        let padding = String(repeating: "x", count: 200)
        var events = 0
        var forgot = 0
        var before = 0
        for round in 0..<80 {
            var text: [UInt8] = []
            for index in 0..<2_000 {
                let line = CalibrationTests.line("established_connection", id: events + index, at: SmallEvents.start)
                text += Array("\(line.dropLast()),\"device\":{\"id\":\"\(padding)\(round)-\(index)\"}}\n".utf8)
            }
            // Every other chunk ends within a record.
            let cut = text.count - 100
            for part in [text[..<cut], text[cut...]] {
                part.withUnsafeBytes { worker.decode($0) }
                worker.number()
                #expect(worker.numbers.count == worker.batch.flows.count)
                if let last = worker.batch.flows.last {
                    #expect(worker.batch.symbols.text(of: last.deviceID)?.hasPrefix(padding) == true)
                }
                events += worker.batch.flows.count
                worker.clear()
                let bytes = worker.batch.symbols.byteCount
                if bytes < before { forgot += 1 }
                before = bytes
                #expect(bytes < 20 << 20)
            }
        }
        #expect(events == 160_000)
        // 32 MB of texts, forgotten whenever they take more than 8, and not at every chunk.
        #expect((2...8).contains(forgot))
    }
}

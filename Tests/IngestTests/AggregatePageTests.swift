import Testing

@testable import FlowStore
@testable import Ingest

struct AggregatePageTests {
    @Test("a page is what was put into it, whatever the numbers", arguments: 0..<130)
    func roundTrip(seed: Int) throws {
        var dice = Numbers(seed: UInt64(seed))
        var page = AggregatePage()
        // Widths from one bit to 64, and both ends of what there is.
        let bits = seed % 65
        for column in AggregatePage.Column.allCases {
            for place in 0..<AggregatePage.aggregates where Bool.random(using: &dice) {
                page[column, place] = Int64(truncatingIfNeeded: UInt64.random(in: 0...UInt64.max, using: &dice) >> UInt64(min(63, bits)))
            }
        }
        if seed % 3 == 0 { (page[.lastAt, 0], page[.lastAt, 255]) = (.min, .max) }
        var bytes: [UInt8] = []
        page.encode(into: &bytes)
        var read = AggregatePage()
        #expect(bytes.withUnsafeBytes { read.decode($0) })
        for column in AggregatePage.Column.allCases {
            for place in 0..<AggregatePage.aggregates { #expect(read[column, place] == page[column, place]) }
        }
        // Nothing but the whole is a page.
        for length in [0, 1, 9, bytes.count - 1] {
            #expect(!bytes[..<length].withUnsafeBytes { read.decode($0) })
        }
        #expect(!(bytes + [0]).withUnsafeBytes { read.decode($0) })
        #expect(![UInt8](repeating: 9, count: bytes.count).withUnsafeBytes { read.decode($0) })
    }

    @Test("an empty page takes a few bytes")
    func empty() {
        var bytes: [UInt8] = []
        AggregatePage().encode(into: &bytes)
        #expect(bytes.count == 90)
    }
}

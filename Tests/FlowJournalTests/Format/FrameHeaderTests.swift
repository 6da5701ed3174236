import FlowModel
import Testing

@testable import FlowJournal

@Suite struct FrameHeaderTests {
    @Test func theBytesAreThoseOfTheSpecification() {
        let header = FrameHeader(
            flags: 1, memberLength: 0x0102, inflatedLength: 0x0304, recordCount: 5, firstSequence: 6,
            firstTimestamp: Timestamp(milliseconds: 7), lastTimestamp: Timestamp(milliseconds: 8))
        #expect(
            header.encoded() == [
                0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 42, 0, 0x54, 0x4a, 38, 0, 1, 1,
                2, 1, 0, 0, 4, 3, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
                7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0,
            ])
    }

    @Test func readingIsTheInverseOfWriting() {
        forAll(
            seed: 1,
            generate: { generator -> FrameHeader in
                let first = Int64.random(in: .min ... .max, using: &generator)
                let records = UInt32.random(in: 1...1_000, using: &generator)
                return FrameHeader(
                    flags: UInt8.random(in: 0...1, using: &generator),
                    memberLength: UInt32.random(in: 63...UInt32(FrameHeader.maxMemberLength), using: &generator),
                    inflatedLength: UInt32.random(in: 1_000...UInt32(FrameHeader.maxInflatedLength), using: &generator),
                    recordCount: records,
                    firstSequence: UInt64.random(in: 1...UInt64.max - UInt64(records), using: &generator),
                    firstTimestamp: Timestamp(milliseconds: first),
                    lastTimestamp: Timestamp(milliseconds: Int64.random(in: first ... .max, using: &generator)))
            },
            shrink: { _ in [] }
        ) { header in
            header.encoded().withUnsafeBytes { FrameHeader.parse($0) } == .frame(header)
        }
    }

    @Test(arguments: [
        ("nothing", [] as [UInt8], FrameHeader.Parsed.incomplete),
        ("one byte of a frame", [0x1f], .incomplete),
        ("17 bytes of a frame", Array(FrameHeader.fixedStart), .incomplete),
        ("text", Array("{\"event_type\"".utf8), .notGzip),
        ("a gzip member with a time", [0x1f, 0x8b, 8, 4, 1, 0, 0, 0, 0, 0xff, 42, 0], .foreign),
        ("a gzip member without extra field", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], .foreign),
        ("half of gzip's magic number, then something else", [0x1f, 0x00], .notGzip),
    ])
    func whatIsNoFrame(name: String, bytes: [UInt8], expected: FrameHeader.Parsed) {
        #expect(bytes.withUnsafeBytes { FrameHeader.parse($0) } == expected, Comment(rawValue: name))
    }

    @Test(arguments: [
        ("unknown flag", 17, 2 as UInt8), ("version 2", 16, 2), ("member length 0", 18, 0), ("member length 16 MiB", 21, 1),
        ("inflated length 0", 22, 0), ("inflated length 16 MiB", 25, 1), ("no records", 26, 0), ("sequence 0", 30, 0),
        ("times in the wrong order", 38, 255),
    ])
    func implausibleHeadersAreForeign(name: String, offset: Int, value: UInt8) {
        var bytes = FrameHeader(
            flags: 0, memberLength: 100, inflatedLength: 90, recordCount: 1, firstSequence: 1,
            firstTimestamp: Timestamp(milliseconds: 5), lastTimestamp: Timestamp(milliseconds: 9)
        ).encoded()
        bytes[offset] = value
        #expect(bytes.withUnsafeBytes { FrameHeader.parse($0) } == .foreign, Comment(rawValue: name))
    }
}

public import FlowModel

/// What the `TJ` field in the gzip header of a frame says, so that a reader can skip and seek without inflating.
///
///     offset  bytes  content
///          0      4  1f 8b 08 04          gzip, deflate, FLG = FEXTRA
///          4      6  00 00 00 00 00 ff    MTIME 0, XFL 0, OS 255 (unknown)
///         10      2  2a 00                XLEN = 42
///         12      4  54 4a 26 00          subfield "TJ" of 38 bytes
///         16      1  01                   format version
///         17      1  flags                bit 0: holds records of the journal itself; others 0
///         18      4  member length        u32, whole gzip member, this header and the trailer included
///         22      4  inflated length      u32
///         26      4  number of records    u32, at least 1
///         30      8  first sequence       u64
///         38      8  first timestamp      i64, ms since 1970: the earliest of the frame's records
///         46      8  last timestamp       i64: the latest
///         54         deflate data, CRC-32 and ISIZE as in RFC 1952
///
/// All integers are little-endian. Any other gzip header is a foreign member's. When a record of the frame has no timestamp, the
/// two timestamps are the lowest and the highest that fit, so that no search by time passes the frame over.
public struct FrameHeader: Hashable, Sendable {
    public static let currentVersion: UInt8 = 1
    /// Bytes before the deflate data.
    public static let length = 54
    /// Bytes after the deflate data: CRC-32 and ISIZE.
    public static let trailerLength = 8
    /// A reader never needs more memory than this for what is in a frame.
    public static let maxInflatedLength = 1 << 20
    /// Deflate can make incompressible data longer, by 5 bytes in 16,383 and a little; 4 KiB cover that and the header.
    public static let maxMemberLength = maxInflatedLength + 4_096

    /// Bit 0 of the flags: at least one record is the journal's own (`journal_opened`, `journal_sealed`, …), so a verifier must look inside.
    public static let holdsJournalRecords: UInt8 = 1

    public var version: UInt8
    public var flags: UInt8
    public var memberLength: UInt32
    public var inflatedLength: UInt32
    public var recordCount: UInt32
    public var firstSequence: UInt64
    public var firstTimestamp: Timestamp
    public var lastTimestamp: Timestamp

    public init(
        version: UInt8 = FrameHeader.currentVersion,
        flags: UInt8,
        memberLength: UInt32,
        inflatedLength: UInt32,
        recordCount: UInt32,
        firstSequence: UInt64,
        firstTimestamp: Timestamp,
        lastTimestamp: Timestamp
    ) {
        self.version = version
        self.flags = flags
        self.memberLength = memberLength
        self.inflatedLength = inflatedLength
        self.recordCount = recordCount
        self.firstSequence = firstSequence
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
    }

    /// The sequence that the next frame must begin with.
    public var nextSequence: UInt64 { firstSequence &+ UInt64(recordCount) }

    public var lastSequence: UInt64 { nextSequence &- 1 }

    /// What stands at the start of a gzip member.
    public enum Parsed: Hashable, Sendable {
        /// A frame of this format.
        case frame(FrameHeader)
        /// A gzip member that this format did not write.
        case foreign
        /// The bytes end within what could become a frame's header.
        case incomplete
        case notGzip
    }

    /// Reads the header at the start of `bytes`; only the first `length` bytes are looked at.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> Parsed {
        let common = min(bytes.count, fixedStart.count)
        let agrees = (0..<common).allSatisfy { bytes[$0] == fixedStart[$0] }
        guard bytes.count >= length else {
            if agrees { return .incomplete }
            return isGzip(bytes) ? .foreign : .notGzip
        }
        guard agrees else { return isGzip(bytes) ? .foreign : .notGzip }
        let header = FrameHeader(
            version: bytes[16],
            flags: bytes[17],
            memberLength: bytes.littleEndian(UInt32.self, at: 18),
            inflatedLength: bytes.littleEndian(UInt32.self, at: 22),
            recordCount: bytes.littleEndian(UInt32.self, at: 26),
            firstSequence: bytes.littleEndian(UInt64.self, at: 30),
            firstTimestamp: Timestamp(milliseconds: bytes.littleEndian(Int64.self, at: 38)),
            lastTimestamp: Timestamp(milliseconds: bytes.littleEndian(Int64.self, at: 46)))
        return header.isPlausible ? .frame(header) : .foreign
    }

    /// Whether a file that starts with these bytes is a segment of a journal; 17 bytes suffice.
    public static func isJournal(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= fixedStart.count && (0..<fixedStart.count).allSatisfy { bytes[$0] == fixedStart[$0] }
    }

    static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8
    }

    /// The bytes that every frame starts with. The version belongs to them: a later version is a foreign member to this reader,
    /// and is still read as gzip.
    static let fixedStart: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x2a, 0, UInt8(ascii: "T"), UInt8(ascii: "J"), 0x26, 0, currentVersion,
    ]

    /// INVARIANT: a plausible header bounds what a reader allocates, and its arithmetic does not overflow.
    private var isPlausible: Bool {
        flags & ~FrameHeader.holdsJournalRecords == 0
            && memberLength > UInt32(FrameHeader.length + FrameHeader.trailerLength)
            && memberLength <= UInt32(FrameHeader.maxMemberLength)
            && inflatedLength > 0 && inflatedLength <= UInt32(FrameHeader.maxInflatedLength)
            && recordCount > 0 && recordCount <= inflatedLength
            && firstSequence > 0 && firstSequence <= UInt64.max - UInt64(recordCount)
            && firstTimestamp <= lastTimestamp
    }

    /// The header's bytes.
    public func encoded() -> [UInt8] {
        var bytes = FrameHeader.fixedStart
        bytes[bytes.count - 1] = version
        bytes.append(flags)
        bytes.appendLittleEndian(memberLength)
        bytes.appendLittleEndian(inflatedLength)
        bytes.appendLittleEndian(recordCount)
        bytes.appendLittleEndian(firstSequence)
        bytes.appendLittleEndian(firstTimestamp.milliseconds)
        bytes.appendLittleEndian(lastTimestamp.milliseconds)
        return bytes
    }
}

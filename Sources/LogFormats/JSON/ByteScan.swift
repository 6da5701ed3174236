import FlowModel

/// Eight bytes at a time: which of them ends a run that needs no thought.
enum ByteScan {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let tops: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    static func load(_ position: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
    }

    /// The top bit of each byte of `word` that is a quote, a backslash, a control character or not ASCII. Bits above the lowest
    /// set one may be wrong: borrows run upwards.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let isQuote = (quote &- ones) & ~quote
        let isBackslash = (backslash &- ones) & ~backslash
        let isControl = (word &- ones &* 0x20) & ~word
        return (isQuote | isBackslash | isControl | word) & tops
    }

    /// The top bit of each byte of `word` that is `byte`, with the same reserve.
    @inline(__always)
    static func matches(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & tops
    }

    /// Index of the byte whose top bit is the lowest set one.
    @inline(__always)
    static func index(_ mask: UInt64) -> Int {
        mask.trailingZeroBitCount &>> 3
    }
}

/// Well-formed UTF-8, table 3-7 of the Unicode standard.
enum UTF8Check {
    /// Bytes of the sequence that starts at `position`, whose first byte is not ASCII; 0 when it is ill-formed.
    static func sequenceLength(_ position: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Int {
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xbf) -> Bool {
            end - position > offset && range.contains(position.load(fromByteOffset: offset, as: UInt8.self))
        }
        switch position.load(as: UInt8.self) {
        case 0xc2...0xdf: return continues(1) ? 2 : 0
        case 0xe0: return continues(1, 0xa0...0xbf) && continues(2) ? 3 : 0
        case 0xe1...0xec, 0xee...0xef: return continues(1) && continues(2) ? 3 : 0
        case 0xed: return continues(1, 0x80...0x9f) && continues(2) ? 3 : 0
        case 0xf0: return continues(1, 0x90...0xbf) && continues(2) && continues(3) ? 4 : 0
        case 0xf1...0xf3: return continues(1) && continues(2) && continues(3) ? 4 : 0
        case 0xf4: return continues(1, 0x80...0x8f) && continues(2) && continues(3) ? 4 : 0
        default: return 0
        }
    }

    /// Offset of the first byte that is not part of well-formed UTF-8; nil when there is none.
    static func firstProblem(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let end = base + bytes.count
        var position = base
        while position < end {
            if end - position >= 8, ByteScan.load(position) & ByteScan.tops == 0 {
                position += 8
            } else if position.load(as: UInt8.self) < 0x80 {
                position += 1
            } else {
                let length = sequenceLength(position, end)
                if length == 0 { return position - base }
                position += length
            }
        }
        return nil
    }
}

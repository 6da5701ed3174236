import FlowJournal
import Glibc

/// Puts lines together from pieces of a stream, in bounded memory.
struct LineAssembler {
    /// An event of the longest record's size, with room for an envelope around it and escapes within; of a longer line the rest is dropped,
    /// and it becomes an unreadable line.
    static let maxLineLength = 4 << 20

    private var rest: [UInt8] = []
    /// Bytes of the stream up to the end of the last whole line that was given out.
    private(set) var consumed: UInt64

    init(from offset: UInt64 = 0) {
        consumed = offset
    }

    private var pendingBytes: UInt64 = 0

    /// Calls `body` for every line that the piece completes.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, UInt64) throws -> Void) throws {
        var start = 0
        while start < bytes.count, let base = bytes.baseAddress {
            guard let found = memchr(base + start, 10, bytes.count - start) else {
                keep(UnsafeRawBufferPointer(rebasing: bytes[start...]))
                pendingBytes += UInt64(bytes.count - start)
                return
            }
            let end = UnsafeRawPointer(found) - base
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            consumed += pendingBytes + UInt64(end + 1 - start)
            pendingBytes = 0
            if rest.isEmpty {
                try body(piece, consumed)
            } else {
                keep(piece)
                try release(body)
            }
            start = end + 1
        }
    }

    /// Calls `body` for a last line that has no line feed.
    mutating func finish(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Void) throws {
        guard !rest.isEmpty else { return }
        consumed += pendingBytes
        pendingBytes = 0
        try release(body)
    }

    private mutating func release(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Void) throws {
        let offset = consumed
        defer { rest.removeAll(keepingCapacity: true) }
        try rest.withUnsafeBytes { try body($0, offset) }
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        let room = LineAssembler.maxLineLength - rest.count
        rest.append(contentsOf: bytes.prefix(max(0, room)))
    }
}

public import FlowModel

/// Bounds on records.
public enum LineLimits {
    /// The largest record, in bytes without its line end: what one journal frame may hold. Longer ones are set aside unread.
    public static let maxLineLength = 1 << 20
}

/// Where a stream can be taken up again: everything before it is decoded.
public struct ResumePoint: Hashable, Sendable {
    /// Byte offset in the inflated stream of the first record that is not decoded.
    public var offset: UInt64
    /// Lines before that offset.
    public var line: UInt64
    /// What the records before it told about those after it: the header of a report. Empty for other formats.
    public var context: String

    public init(offset: UInt64 = 0, line: UInt64 = 0, context: String = "") {
        self.offset = offset
        self.line = line
        self.context = context
    }

    public static let start = ResumePoint()
}

/// Decodes a stream of records from chunks of any size.
///
/// A record that is cut by the end of a chunk is carried over; memory is bounded by `LineLimits.maxLineLength` and the batch that
/// the caller empties. Nothing in the bytes makes it fail: what cannot be understood goes to the batch's quarantine. The result
/// does not depend on how the stream is cut into chunks. One per worker: it learns the shapes of lines, so keep it from stream
/// to stream with `resume(at:)`.
///
/// ```swift
/// guard let format = FormatSniffer.sniff(firstBytes: bytes) else { return [] }
/// let symbols = SymbolTable()
/// let batch = RecordBatch(symbols: symbols)
/// let decoder = LineDecoder(format: format, symbols: symbols)
/// decoder.decode(bytes, isLast: true, into: batch)
/// for line in batch.quarantined { print("line \(line.line): \(line.reason.rawValue)") }
/// return batch.flows.map { symbols.text(of: $0.resourceAddress) }
/// ```
public final class LineDecoder {
    public let format: InputFormat
    private let symbols: SymbolTable
    private let decoder: any StreamDecoding

    /// `symbols` is the table of all batches that will be passed.
    public init(format: InputFormat, symbols: SymbolTable, at point: ResumePoint = .start) {
        self.format = format
        self.symbols = symbols
        decoder = RegisteredFormat.of(format).decoder(symbols)
        decoder.resume(at: point)
    }

    /// Decodes the next bytes of the stream. With `isLast` a last line without a line end is decoded too.
    public func decode(_ chunk: UnsafeRawBufferPointer, isLast: Bool, into batch: RecordBatch) {
        decoder.decode(chunk, isLast: isLast, into: batch)
    }

    /// Behind the last whole record.
    public var resumePoint: ResumePoint { decoder.resumePoint }

    /// Goes to another place, or with `.start` to another stream of the same format. Bytes carried over are dropped.
    public func resume(at point: ResumePoint) {
        decoder.resume(at: point)
    }

    /// Whether lines shaped like earlier ones may be read the fast way; the results are the same.
    var usesTemplates: Bool {
        get { decoder.usesTemplates }
        set { decoder.usesTemplates = newValue }
    }
}

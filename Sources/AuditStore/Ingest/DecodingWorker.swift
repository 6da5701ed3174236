internal import FlowModel
internal import LogFormats

/// A decoder with the symbols and the batch that belong to it.
final class DecodingWorker {
    /// Events in a batch before it is written: enough that a transaction costs nothing per event, and few enough for flat memory.
    private static let batchEvents = 50_000
    /// Lines of other kinds, which carry texts.
    private static let batchTexts = 5_000
    /// Texts remembered before all is forgotten and learnt anew.
    private static let symbolLimit = 48 << 20

    let format: InputFormat
    private(set) var batch: RecordBatch
    private var decoder: LineDecoder
    var map = SymbolMap()
    /// Bytes behind the last whole record, which the decoder holds too.
    private var tail: [UInt8] = []
    private var tailStart: UInt64

    init(format: InputFormat, at point: ResumePoint) {
        self.format = format
        let symbols = SymbolTable()
        batch = RecordBatch(symbols: symbols)
        decoder = LineDecoder(format: format, symbols: symbols, at: point)
        tailStart = point.offset
    }

    var resumePoint: ResumePoint { decoder.resumePoint }

    var isFull: Bool {
        batch.flows.count >= DecodingWorker.batchEvents
            || batch.quarantined.count + batch.eventCount - batch.flows.count + batch.extras.count >= DecodingWorker.batchTexts
    }

    func decode(_ chunk: UnsafeRawBufferPointer, isLast: Bool) {
        decoder.decode(chunk, isLast: isLast, into: batch)
        let consumed = Int(clamping: decoder.resumePoint.offset - tailStart)
        if consumed >= tail.count {
            let start = min(consumed - tail.count, chunk.count)
            tail.removeAll(keepingCapacity: true)
            tail.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[start...]))
        } else {
            tail.removeFirst(consumed)
            tail.append(contentsOf: chunk)
        }
        tailStart = decoder.resumePoint.offset
    }

    func resume(at point: ResumePoint) {
        decoder.resume(at: point)
        tail.removeAll(keepingCapacity: true)
        tailStart = point.offset
    }

    /// Empties the batch after it was written.
    func reuse() {
        batch.removeAll()
        guard batch.symbols.byteCount > DecodingWorker.symbolLimit else { return }
        let symbols = SymbolTable()
        let point = decoder.resumePoint
        batch = RecordBatch(symbols: symbols)
        decoder = LineDecoder(format: format, symbols: symbols, at: point)
        map.removeAll()
        let carried = tail
        carried.withUnsafeBytes { decoder.decode($0, isLast: false, into: batch) }
    }
}

internal import Dispatch
internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import Glibc
internal import LogFormats

/// A decoder with the symbols, the batch and the buffer that belong to it, and what became of the piece of a source that it was given.
///
/// INVARIANT: touched by one thread at a time: between `DecodingPool.submit` and `take` by the pool's, otherwise by the pool's owner.
final class DecodingWorker: @unchecked Sendable {
    /// Inflated bytes in a piece: more than the longest line, little enough to stay in a core's cache.
    static let pieceBytes = LineLimits.maxLineLength + (1 << 17)
    /// Texts remembered before all is forgotten and learnt anew.
    private static let symbolLimit = 8 << 20

    let batch: RecordBatch
    private let decoder: LineDecoder
    var map = SymbolMap()
    private let numberer: EventNumberer
    /// Of the batch's events, after `number()`.
    private(set) var numbers: [EventNumbers] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DecodingWorker.pieceBytes, alignment: 64)
    lazy var inflater = FrameInflater()
    fileprivate let isDone = DispatchSemaphore(value: 0)

    // What became of the piece.

    /// Where the next piece begins.
    var end = ResumePoint.start
    var filePosition: Int64 = 0
    /// Of the content before `end`.
    var content = ContentDigest.none
    var frames: [FrameRow] = []
    /// Of a journal: the tree up to `end`, and the SHA-256 of its segment's bytes up to `filePosition`.
    var head: TreeHead?
    var segmentDigest: [UInt8] = []
    var damage: [String] = []
    var failure: (any Error)?
    /// The last piece of its source, or one behind it.
    var isLast = false
    /// There was nothing left to read.
    var isEmpty = false
    /// A line does not fit into a piece: the bytes in `buffer` up to here, and what follows them, must be decoded one after the other.
    var overlong = 0

    /// `key`: of the database's identities.
    init(format: InputFormat, key: IdentityKey) {
        numberer = EventNumberer(key: key)
        let symbols = SymbolTable()
        batch = RecordBatch(symbols: symbols)
        decoder = LineDecoder(format: format, symbols: symbols)
    }

    deinit {
        buffer.deallocate()
    }

    var resumePoint: ResumePoint { decoder.resumePoint }

    func decode(_ chunk: UnsafeRawBufferPointer, isLast: Bool = false) {
        decoder.decode(chunk, isLast: isLast, into: batch)
    }

    /// To be called when the batch is full.
    func number() {
        numberer.number(batch, into: &numbers)
    }

    func resume(at point: ResumePoint) {
        decoder.resume(at: point)
    }

    /// Empties the batch after it was written, and forgets texts when there are many. A decoder in the middle of a record carries its
    /// bytes over, no text of the batch.
    func clear() {
        batch.removeAll()
        frames.removeAll(keepingCapacity: true)
        damage.removeAll()
        head = nil
        failure = nil
        isLast = false
        isEmpty = false
        overlong = 0
        guard batch.symbols.byteCount > DecodingWorker.symbolLimit || numberer.isLarge else { return }
        numberer.removeAll()
        batch.symbols.removeAll()
        map.removeAll()
    }
}

/// Decodes pieces of a source on other threads and hands them back in the order in which they were given.
final class DecodingPool {
    /// Pieces in flight: enough to keep two cores busy while one is written, few enough for flat memory.
    private static let depth = 8

    private static let niceness: Int32 = 3

    private let format: InputFormat
    private let key: IdentityKey
    private let decoding = DispatchQueue(label: "ingest.decode", attributes: .concurrent)
    private let reading = DispatchQueue(label: "ingest.read")
    private var idle: [DecodingWorker] = []
    private var busy: [DecodingWorker] = []

    init(format: InputFormat, key: IdentityKey) {
        self.format = format
        self.key = key
    }

    /// Whether a piece can be given without waiting.
    var hasRoom: Bool { busy.count < DecodingPool.depth }

    private func next() -> DecodingWorker {
        let worker = idle.popLast() ?? DecodingWorker(format: format, key: key)
        busy.append(worker)
        return worker
    }

    /// Runs `decode` on any thread.
    func submit(_ decode: @escaping @Sendable (DecodingWorker) -> Void) {
        let worker = next()
        decoding.async { DecodingPool.run(decode, worker) }
    }

    /// Runs `read` after every other `read`, and then what it gives on any thread.
    func submit(reading read: @escaping @Sendable (DecodingWorker) -> (@Sendable (DecodingWorker) -> Void)?) {
        let worker = next()
        let decoding = decoding
        reading.async {
            guard let decode = read(worker) else {
                worker.number()
                worker.isDone.signal()
                return
            }
            decoding.async { DecodingPool.run(decode, worker) }
        }
    }

    private static func run(_ decode: (DecodingWorker) -> Void, _ worker: DecodingWorker) {
        // Whoever writes to the database limits everything: decoders give way to it a little. Failing does no harm.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
        decode(worker)
        worker.number()
        worker.isDone.signal()
    }

    /// The oldest piece, when it is done; nil when there is none. To be given back.
    func take() -> DecodingWorker? {
        guard !busy.isEmpty else { return nil }
        let worker = busy.removeFirst()
        worker.isDone.wait()
        return worker
    }

    func giveBack(_ worker: DecodingWorker) {
        worker.clear()
        idle.append(worker)
    }

    /// Waits until nothing is in flight, and drops it.
    func drain() {
        while let worker = take() { giveBack(worker) }
    }
}

/// A pool for each format, kept from source to source with what its decoders have learnt.
final class DecodingPools {
    let key: IdentityKey
    private var pools: [InputFormat: DecodingPool] = [:]

    /// `key`: of the database's identities.
    init(key: IdentityKey) {
        self.key = key
    }

    func pool(for format: InputFormat) -> DecodingPool {
        if let pool = pools[format] { return pool }
        let pool = DecodingPool(format: format, key: key)
        pools[format] = pool
        return pool
    }
}

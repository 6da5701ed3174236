internal import FlowJournal
internal import FlowStore
internal import LogFormats

/// Frames of a segment that are decoded together, from the very bytes that were hashed.
struct FramePiece: Sendable {
    private struct Item {
        var leaf: JournalPass.Leaf
        var number: Int64
        var point: ResumePoint
    }

    /// Inflated bytes in a piece, but for its last frame: enough that handing it over costs nothing per event.
    private static let enough = 1 << 20

    private var items: [Item] = []
    private var damage: [String] = []
    private var bytes = 0
    /// Behind the last frame.
    private(set) var end: ResumePoint
    private(set) var filePosition: Int64
    /// Of the tree over everything up to the last frame.
    private(set) var head: TreeHead?
    /// SHA-256 of the segment's bytes up to `filePosition`.
    private(set) var digest: [UInt8] = []

    init(at point: ResumePoint, filePosition: Int64) {
        end = point
        self.filePosition = filePosition
    }

    var isEmpty: Bool { items.isEmpty && damage.isEmpty }
    var isFull: Bool { bytes >= FramePiece.enough }

    /// Adds a leaf, the `number`th of its segment.
    mutating func append(_ leaf: JournalPass.Leaf, number: Int64) {
        switch leaf.frame.form {
        case .native(let header):
            items.append(Item(leaf: leaf, number: number, point: end))
            end = ResumePoint(
                offset: end.offset + UInt64(header.inflatedLength), line: end.line + UInt64(header.recordCount), context: end.context)
            bytes += Int(header.inflatedLength)
        case .damaged(let reason):
            damage.append("frame \(number) at byte \(leaf.frame.offset): \(reason)")
        case .foreign:
            damage.append("member \(number) at byte \(leaf.frame.offset) was not written by this journal's writer")
        case .torn:
            damage.append("frame \(number) at byte \(leaf.frame.offset): it is cut off")
        }
        filePosition = Int64(clamping: leaf.frame.end)
    }

    /// Says what was passed when the last leaf was; no tree where frames are missing.
    mutating func close(head: TreeHead?, digest: [UInt8]) {
        self.head = head
        self.digest = digest
    }

    /// Inflates and decodes the frames, each on its own: a damaged one keeps nothing from the others.
    func decode(_ worker: DecodingWorker) {
        worker.damage = damage
        for item in items {
            guard let header = item.leaf.frame.header else { continue }
            do {
                let count = try item.leaf.inflate(with: worker.inflater, into: worker.buffer)
                worker.resume(at: item.point)
                worker.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[..<count]))
                worker.frames.append(
                    FrameRow(
                        number: item.number, fileOffset: Int64(clamping: item.leaf.frame.offset),
                        length: Int64(clamping: item.leaf.frame.length), inflatedOffset: Int64(clamping: item.point.offset),
                        firstSequence: Int64(clamping: header.firstSequence), records: Int64(header.recordCount), leaf: item.leaf.hash.bytes
                    ))
            } catch {
                worker.damage.append("frame \(item.number) at byte \(item.leaf.frame.offset): \(error)")
            }
        }
        worker.end = end
        worker.filePosition = filePosition
        worker.head = head
        worker.segmentDigest = digest
    }
}

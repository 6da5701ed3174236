internal import FlowJournal
internal import FlowModel
internal import LogFormats

/// Frames of a segment that are decoded together.
struct FramePiece: Sendable {
    fileprivate struct Item {
        var frame: Frame
        var number: Int64
        var point: ResumePoint
    }

    let segment: SegmentFile
    fileprivate var items: [Item] = []
    fileprivate var damage: [String] = []
    fileprivate var end: ResumePoint
    fileprivate var filePosition: Int64

    /// Inflates and decodes the frames, each on its own: a damaged one keeps nothing from the others.
    func decode(_ worker: DecodingWorker) {
        worker.damage = damage
        for item in items {
            guard let header = item.frame.header else { continue }
            do {
                let count = try segment.inflate(item.frame, with: worker.inflater, into: worker.buffer)
                worker.resume(at: item.point)
                worker.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[..<count]))
                worker.frames.append(
                    FrameRow(
                        number: item.number, fileOffset: Int64(clamping: item.frame.offset), length: Int64(clamping: item.frame.length),
                        inflatedOffset: Int64(clamping: item.point.offset), firstSequence: Int64(clamping: header.firstSequence),
                        records: Int64(header.recordCount)))
            } catch {
                worker.damage.append("frame \(item.number) at byte \(item.frame.offset): \(error)")
            }
        }
        worker.end = end
        worker.filePosition = filePosition
    }
}

/// Walks over the frames of a segment and gathers them into pieces.
struct FrameGatherer {
    /// Inflated bytes in a piece, but for its last frame: enough that handing it over costs nothing per event.
    private static let pieceBytes = 1 << 20

    private let segment: SegmentFile
    private let frames: SegmentReader
    private let name: String
    private var number: Int64
    private var point: ResumePoint
    private var filePosition: Int64
    private(set) var isTorn = false
    private var isAtEnd = false

    init(_ segment: SegmentFile, from row: SourceRow, name: String) throws {
        self.segment = segment
        self.name = name
        do { frames = try SegmentReader(segment, from: UInt64(row.filePosition)) } catch {
            throw StoreFailure(.environment, "`\(name)`: \(error)")
        }
        number = row.frames
        point = ResumePoint(offset: UInt64(row.position), line: UInt64(row.lines))
        filePosition = row.filePosition
    }

    /// The next piece; nil behind the last frame.
    mutating func next() throws -> FramePiece? {
        var piece = FramePiece(segment: segment, end: point, filePosition: filePosition)
        var bytes = 0
        var seen = 0
        while !isAtEnd, bytes < FrameGatherer.pieceBytes {
            guard let frame = try read() else { break }
            seen += 1
            number += 1
            switch frame.form {
            case .torn:
                isTorn = true
                isAtEnd = true
                seen -= 1
                continue
            case .damaged(let reason):
                piece.damage.append("frame \(number) at byte \(frame.offset): \(reason)")
            case .foreign:
                piece.damage.append("member \(number) at byte \(frame.offset) was not written by this journal's writer")
            case .native(let header):
                piece.items.append(FramePiece.Item(frame: frame, number: number, point: point))
                point = ResumePoint(
                    offset: point.offset + UInt64(header.inflatedLength), line: point.line + UInt64(header.recordCount))
                bytes += Int(header.inflatedLength)
            }
            filePosition = Int64(clamping: frame.end)
        }
        guard seen > 0 else { return nil }
        piece.end = point
        piece.filePosition = filePosition
        return piece
    }

    private mutating func read() throws -> Frame? {
        do {
            let frame = try frames.next()
            if frame == nil { isAtEnd = true }
            return frame
        } catch {
            throw InputProblem(.environment, path: name, "`\(name)`: \(error)")
        }
    }
}

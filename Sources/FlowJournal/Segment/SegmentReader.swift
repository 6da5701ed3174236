/// Walks the frames of one segment file by their headers, without inflating: one small read for each frame.
///
/// A header that does not fit its neighbours is not believed: the frame is then inflated, and when it proves damaged, the walk goes on
/// at the next header that is found. So one damaged frame never hides another. Members that other programs wrote are inflated to find
/// their end. When `next()` has given nil, it may be called again after the file has grown.
public final class SegmentReader {
    public let segment: SegmentFile
    /// Where the next frame begins.
    public private(set) var offset: UInt64
    /// The file is being written: the beginning of a frame at its end is not given as torn, but waited for.
    public var isFollowing = false
    private var knownSize: UInt64 = 0
    /// The header at `offset`, when it was already looked at from the frame before.
    private var upcoming: FrameHeader.Parsed?
    private var inflater: FrameInflater?
    private var foreignMembers: ForeignMembers?
    private var scratch: [UInt8] = []
    /// Bytes that were read and inflated and turned out to be no whole frame or member.
    private var inVain: UInt64 = 0
    /// How many bytes may be looked at in vain for each byte walked. Real damage needs one or two; a crafted file could nest claims in each
    /// other, so that every few bytes ask for all that follows to be inflated.
    private static let patience: UInt64 = 64
    private var headerBytes = [UInt8](repeating: 0, count: FrameHeader.length)

    public convenience init(path: String) throws(SystemProblem) {
        self.init(try SegmentFile(path: path))
    }

    /// - Parameter offset: where a frame begins.
    public init(_ segment: SegmentFile, from offset: UInt64 = 0) {
        self.segment = segment
        self.offset = offset
    }

    /// The next frame; nil at the end of the file.
    public func next() throws(SystemProblem) -> Frame? {
        if offset >= knownSize {
            knownSize = try segment.size()
            guard offset < knownSize else { return nil }
        }
        let parsed: FrameHeader.Parsed
        if let upcoming {
            parsed = upcoming
        } else {
            parsed = try header(at: offset)
        }
        upcoming = nil
        let frame: Frame
        switch parsed {
        case .frame(let header): frame = try native(header)
        case .incomplete: frame = try rest(.torn)
        case .foreign: frame = try foreign()
        case .notGzip: frame = try junk()
        }
        if isFollowing, case .torn = frame.form {
            // The next call measures the file anew.
            knownSize = 0
            return nil
        }
        offset = frame.end
        return frame
    }

    private var disagreement: String { "the frame's header disagrees with what follows" }

    /// Whether one more claim may be looked into.
    private var isPatient: Bool { inVain / SegmentReader.patience <= offset + UInt64(FrameHeader.longestMember) }

    private func native(_ header: FrameHeader) throws(SystemProblem) -> Frame {
        let frame = Frame(form: .native(header), offset: offset, length: UInt64(header.memberLength))
        if frame.end > knownSize {
            // The file may have grown since it was measured.
            knownSize = try segment.size()
        }
        if frame.end == knownSize {
            // Nothing follows that could contradict the length, so only the contents can tell whether it swallows other frames.
            guard try !isSound(frame, header), let next = try findHeader(after: offset) else { return frame }
            return Frame(form: .damaged(disagreement), offset: offset, length: next - offset)
        }
        if frame.end < knownSize {
            let following = try self.header(at: frame.end)
            if case .frame(let next) = following, next.firstSequence == header.nextSequence {
                upcoming = following
                return frame
            }
            if try isSound(frame, header) {
                upcoming = following
                return frame
            }
        }
        if let next = try findHeader(after: offset) {
            return Frame(form: .damaged(disagreement), offset: offset, length: next - offset)
        }
        if frame.end > knownSize { return try rest(.torn) }
        return Frame(form: .damaged("the frame's header disagrees with its contents"), offset: offset, length: frame.length)
    }

    private func foreign() throws(SystemProblem) -> Frame {
        guard isPatient else { return try junk("a gzip member amid too much damage to be looked into") }
        let members = foreignMembers ?? ForeignMembers(segment)
        foreignMembers = members
        let (outcome, cost) = try members.end(from: offset, to: knownSize)
        switch outcome {
        case .end(let end):
            // A frame whose header is damaged can still be gzip, and even one that skips the frame after it.
            if let next = try findHeader(after: offset, before: end) {
                inVain += cost
                return Frame(form: .damaged("a gzip member whose header is not a frame's"), offset: offset, length: next - offset)
            }
            return Frame(form: .foreign, offset: offset, length: end - offset)
        case .truncated, .corrupt:
            inVain += cost
            return try junk("a gzip member that does not inflate")
        }
    }

    private func junk(_ reason: String = "bytes that are not a gzip member") throws(SystemProblem) -> Frame {
        if let next = try findHeader(after: offset) {
            return Frame(form: .damaged(reason), offset: offset, length: next - offset)
        }
        return try rest(isZero(from: offset, to: knownSize) ? .torn : .damaged(reason))
    }

    private func rest(_ form: Frame.Form) throws(SystemProblem) -> Frame {
        Frame(form: form, offset: offset, length: knownSize - offset)
    }

    /// Whether the frame inflates to what its header says, records and their sequences included.
    private func isSound(_ frame: Frame, _ header: FrameHeader) throws(SystemProblem) -> Bool {
        guard isPatient else { return false }
        let isSound = try inflates(frame, header)
        if !isSound { inVain += UInt64(header.memberLength) + UInt64(header.inflatedLength) }
        return isSound
    }

    private func inflates(_ frame: Frame, _ header: FrameHeader) throws(SystemProblem) -> Bool {
        let inflater = self.inflater ?? FrameInflater()
        self.inflater = inflater
        let segment = self.segment
        do throws(FrameProblem) {
            return try scratch.withMutableBytes(count: Int(header.inflatedLength)) { buffer throws(FrameProblem) in
                let count = try segment.inflate(frame, with: inflater, into: buffer)
                return FrameContents.check(UnsafeRawBufferPointer(rebasing: buffer[..<count]), against: header) == nil
            }
        } catch {
            if case .system(let problem) = error { throw problem }
            return false
        }
    }

    private func header(at offset: UInt64) throws(SystemProblem) -> FrameHeader.Parsed {
        try headerBytes.withMutableBytes(count: FrameHeader.length) { buffer throws(SystemProblem) in
            let count = try segment.file.read(into: buffer, at: offset)
            return FrameHeader.parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The offset of the next believable frame header after `start`.
    private func findHeader(after start: UInt64, before end: UInt64? = nil) throws(SystemProblem) -> UInt64? {
        try ByteSearch.first(
            in: segment.file, from: start + 1, to: end ?? knownSize, overlap: FrameHeader.length, startingWith: FrameHeader.fixedStart[0]
        ) { bytes in
            if case .frame = FrameHeader.parse(bytes) { true } else { false }
        }
    }

    private func isZero(from start: UInt64, to end: UInt64) throws(SystemProblem) -> Bool {
        try ByteSearch.first(in: segment.file, from: start, to: end, overlap: 1) { $0[0] != 0 } == nil
    }
}

/// Finds a place in a file by looking at every offset.
enum ByteSearch {
    private static let window = 1 << 16

    /// The first offset in `start..<end` at which `matches` holds for the (at most `overlap`) bytes from there; with `byte`, only places
    /// that hold that byte are looked at.
    static func first(
        in file: OpenFile, from start: UInt64, to end: UInt64, overlap: Int, startingWith byte: UInt8? = nil,
        where matches: (UnsafeRawBufferPointer) -> Bool
    ) throws(SystemProblem) -> UInt64? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: window + overlap, alignment: 8)
        defer { buffer.deallocate() }
        var position = start
        while position < end {
            let wanted = Int(clamping: min(UInt64(buffer.count), end - position + UInt64(overlap)))
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: position)
            guard count > 0 else { return nil }
            let starts = min(count, window, Int(clamping: end - position))
            var index = 0
            while index < starts {
                if let byte {
                    guard let found = UnsafeRawBufferPointer(rebasing: buffer[index..<starts]).first(byte) else { break }
                    index += found
                }
                if matches(UnsafeRawBufferPointer(rebasing: buffer[index..<min(index + overlap, count)])) {
                    return position + UInt64(index)
                }
                index += 1
            }
            position += UInt64(starts)
        }
        return nil
    }
}

/// Finds where gzip members that another program wrote end.
final class ForeignMembers {
    enum Outcome: Equatable {
        case end(UInt64)
        case truncated
        case corrupt
    }

    /// Members may be tiny and many, so little is read at first.
    private static let firstRead = 1 << 12
    private static let window = 1 << 16

    private let segment: SegmentFile
    private let stream = InflateStream(.gzip)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: window, alignment: 8)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: window, alignment: 8)

    init(_ segment: SegmentFile) {
        self.segment = segment
    }

    deinit {
        input.deallocate()
        output.deallocate()
    }

    /// Where the member at `start` ends, and how many bytes were read and inflated to find out.
    func end(from start: UInt64, to limit: UInt64) throws(SystemProblem) -> (outcome: Outcome, cost: UInt64) {
        stream.reset()
        var position = start
        var pending = 0..<0
        var cost: UInt64 = 0
        var piece = ForeignMembers.firstRead
        while true {
            if pending.isEmpty {
                let room = min(piece, Int(clamping: limit - position))
                let count = try segment.file.read(into: UnsafeMutableRawBufferPointer(rebasing: input[..<room]), at: position)
                guard count > 0 else { return (.truncated, cost) }
                pending = 0..<count
                piece = ForeignMembers.window
            }
            guard let step = try? stream.step(UnsafeRawBufferPointer(rebasing: input[pending]), into: output) else {
                return (.corrupt, cost)
            }
            pending = pending.dropFirst(step.consumed)
            position += UInt64(step.consumed)
            cost += UInt64(step.consumed + step.produced)
            if step.isAtEnd { return (.end(position), cost) }
        }
    }
}

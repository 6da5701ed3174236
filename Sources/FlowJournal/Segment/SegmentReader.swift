/// Walks the frames of one segment file by their headers, without inflating: one small read for each frame.
///
/// A header that does not fit its neighbours is not believed: the frame is then inflated, and when it proves damaged, the walk goes on
/// at the next header that is found. So one damaged frame never hides another. Members that other programs wrote are inflated to find
/// their end.
///
/// The segment is read as it was when the reader was made: what is appended later does not exist, so a frame that is being written is the
/// same beginning of a frame all the time. With `isFollowing`, the file is measured anew at its end.
public final class SegmentReader {
    public let segment: SegmentFile
    /// Where the next frame begins.
    public private(set) var offset: UInt64
    /// The file is being written: the beginning of a frame at its end is not given as torn, but waited for.
    public var isFollowing = false
    let bytes: SegmentBytes
    /// The header at `offset`, when it was already looked at from the frame before.
    private var upcoming: FrameHeader.Parsed?
    private let soundness = FrameSoundness()
    private var foreignMembers: ForeignMembers?
    private var scratch: [UInt8] = []
    /// Bytes that were read and inflated and turned out to be no whole frame or member.
    private var inVain: UInt64 = 0
    /// How many bytes may be looked at in vain for each byte walked. Real damage needs one or two; a crafted file could nest claims in each
    /// other, so that every few bytes ask for all that follows to be inflated.
    private static let patience: UInt64 = 64
    private var headerBytes = [UInt8](repeating: 0, count: FrameHeader.length)

    public convenience init(path: String) throws(SystemProblem) {
        try self.init(try SegmentFile(path: path))
    }

    /// - Parameter offset: where a frame begins.
    /// - Parameter limit: bytes of the file that exist for this reader; nil takes all that there are now.
    /// - Parameter keeps: reads each byte of a frame once, so that `bytes` gives what was judged.
    init(_ segment: SegmentFile, from offset: UInt64 = 0, limit: UInt64? = nil, keeps: Bool = false) throws(SystemProblem) {
        self.segment = segment
        self.offset = offset
        let size: UInt64
        if let limit { size = limit } else { size = try segment.size() }
        bytes = SegmentBytes(segment, limit: size, keeps: keeps)
    }

    /// - Parameter offset: where a frame begins.
    public convenience init(_ segment: SegmentFile, from offset: UInt64) throws(SystemProblem) {
        try self.init(segment, from: offset, limit: nil, keeps: false)
    }

    private var knownSize: UInt64 { bytes.limit }

    /// Takes in what was appended since; only for whoever follows the file.
    func measure() throws(SystemProblem) { try bytes.measure() }

    /// The next frame; nil at the end of the file.
    public func next() throws(SystemProblem) -> Frame? {
        if isFollowing { try bytes.measure() }
        guard offset < knownSize else { return nil }
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
        if isFollowing, case .torn = frame.form { return nil }
        offset = frame.end
        return frame
    }

    private var disagreement: String { "the frame's header disagrees with what follows" }
    private var unsoundness: String { "the frame's contents are not what its header says" }

    /// Whether one more claim may be looked into.
    private var isPatient: Bool { inVain / SegmentReader.patience <= offset + UInt64(FrameHeader.maxMemberLength) }

    private func native(_ header: FrameHeader) throws(SystemProblem) -> Frame {
        let frame = Frame(form: .native(header), offset: offset, length: UInt64(header.memberLength))
        try bytes.keep(Int(header.memberLength) + FrameHeader.length, at: offset)
        if frame.end == knownSize {
            // Nothing follows that could contradict the header, so only the contents can tell whether it swallows other frames, and whether
            // the frame is there as a whole.
            guard isPatient, try !isSound(frame, header) else { return frame }
            if let next = try findHeader(after: offset) {
                return Frame(form: .damaged(disagreement), offset: offset, length: next - offset)
            }
            return Frame(form: .damaged(unsoundness), offset: offset, length: frame.length)
        }
        if frame.end < knownSize {
            let following = try self.header(at: frame.end, keeping: false)
            if case .frame(let next) = following, next.firstSequence == header.nextSequence {
                upcoming = following
                return frame
            }
            if try isSound(frame, header) {
                // What follows a sound frame at the end of a file that is being written is not whole yet.
                if following != .incomplete { upcoming = following }
                return frame
            }
        }
        if let next = try findHeader(after: offset) {
            return Frame(form: .damaged(disagreement), offset: offset, length: next - offset)
        }
        if frame.end > knownSize { return try rest(.torn) }
        return Frame(form: .damaged(unsoundness), offset: offset, length: frame.length)
    }

    private func foreign() throws(SystemProblem) -> Frame {
        guard isPatient else { return try junk("a gzip member amid too much damage to be looked into") }
        let members = foreignMembers ?? ForeignMembers(bytes)
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
        let soundness = self.soundness
        let bytes = self.bytes
        let isSound = try scratch.withMutableBytes(count: Int(frame.length)) { member throws(SystemProblem) in
            let count = try bytes.read(into: member, at: frame.offset)
            return soundness.problem(UnsafeRawBufferPointer(rebasing: member[..<count]), header) == nil
        }
        if !isSound { inVain += UInt64(header.memberLength) + UInt64(header.inflatedLength) }
        return isSound
    }

    /// Whether an interrupted write can have left the stretch: it is no whole frame, and begins like one or with a zero.
    func mayBeTorn(_ frame: Frame) throws(SystemProblem) -> Bool {
        switch frame.form {
        case .native, .foreign: return false
        case .torn: return true
        case .damaged: break
        }
        let bytes = self.bytes
        return try headerBytes.withMutableBytes(count: FrameHeader.length) { buffer throws(SystemProblem) in
            let count = try bytes.read(into: buffer, at: frame.offset)
            return count > 0 && (buffer[0] == 0 || FrameHeader.isJournal(UnsafeRawBufferPointer(rebasing: buffer[..<count])))
        }
    }

    private func header(at offset: UInt64, keeping: Bool = true) throws(SystemProblem) -> FrameHeader.Parsed {
        let bytes = self.bytes
        if keeping { try bytes.keep(FrameHeader.length, at: offset) }
        return try headerBytes.withMutableBytes(count: FrameHeader.length) { buffer throws(SystemProblem) in
            let count = try bytes.read(into: buffer, at: offset)
            return FrameHeader.parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The offset of the next believable frame header after `start`.
    private func findHeader(after start: UInt64, before end: UInt64? = nil) throws(SystemProblem) -> UInt64? {
        try ByteSearch.first(
            in: bytes, from: start + 1, to: end ?? knownSize, overlap: FrameHeader.length, startingWith: FrameHeader.fixedStart[0]
        ) { bytes in
            if case .frame = FrameHeader.parse(bytes) { true } else { false }
        }
    }

    private func isZero(from start: UInt64, to end: UInt64) throws(SystemProblem) -> Bool {
        try ByteSearch.first(in: bytes, from: start, to: end, overlap: 1) { $0[0] != 0 } == nil
    }
}

/// Finds a place in a file by looking at every offset.
enum ByteSearch {
    private static let window = 1 << 16

    /// The first offset in `start..<end` at which `matches` holds for the (at most `overlap`) bytes from there; with `byte`, only places
    /// that hold that byte are looked at.
    static func first(
        in file: SegmentBytes, from start: UInt64, to end: UInt64, overlap: Int, startingWith byte: UInt8? = nil,
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

    private let bytes: SegmentBytes
    private let stream = InflateStream(.gzip)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: window, alignment: 8)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: window, alignment: 8)

    init(_ bytes: SegmentBytes) {
        self.bytes = bytes
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
                let count = try bytes.read(into: UnsafeMutableRawBufferPointer(rebasing: input[..<room]), at: position)
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

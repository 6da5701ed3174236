import FlowModel

/// Decodes a stream in pieces of any size; one for each reader.
protocol StreamDecoding: AnyObject {
    func decode(_ chunk: UnsafeRawBufferPointer, isLast: Bool, into batch: RecordBatch)
    var resumePoint: ResumePoint { get }
    func resume(at point: ResumePoint)
    var usesTemplates: Bool { get set }
}

/// Keeps a core, and ends it.
final class DecoderBox<Reader: RecordReader>: StreamDecoding {
    private var core: DecoderCore<Reader>

    init(_ core: DecoderCore<Reader>) {
        self.core = core
    }

    deinit {
        core.deallocate()
    }

    func decode(_ chunk: UnsafeRawBufferPointer, isLast: Bool, into batch: RecordBatch) {
        core.decode(chunk, isLast: isLast, into: batch)
    }

    var resumePoint: ResumePoint { core.resumePoint }

    func resume(at point: ResumePoint) { core.resume(at: point) }

    var usesTemplates: Bool {
        get { core.usesTemplates }
        set { core.usesTemplates = newValue }
    }
}

/// The state of a decoder, a value so that its fields are reached without checks of exclusive access.
struct DecoderCore<Reader: RecordReader> {
    private var reader: Reader
    private let framing: RecordFraming
    private var documents = DocumentCutter()
    /// The beginning of a record whose end has not come yet.
    private var carried = ByteBuffer(capacity: 4_096)
    /// A counted message of which too little has come to tell what it is, from `offset` on; and how much is needed.
    private var held = ByteBuffer(capacity: 64)
    private var needed = 0
    /// Bytes of that record so far; of a very long one not all are kept.
    private var pending: UInt64 = 0
    private var offset: UInt64 = 0
    private var line: UInt64 = 0
    /// Zero bytes at `offset`, whose end has not come yet.
    private var zeros: UInt64 = 0
    /// The record that is carried ends with a carriage return so far.
    private var endsInReturn = false
    /// The batch's list, while a chunk is worked on.
    private var flows: [FlowEvent] = []

    private static var byteOrderMark: [UInt8] { [0xef, 0xbb, 0xbf] }

    init(reader: Reader) {
        self.reader = reader
        framing = reader.framing
    }

    func deallocate() {
        reader.deallocate()
        carried.deallocate()
        held.deallocate()
    }

    var usesTemplates: Bool {
        get { reader.usesTemplates }
        set { reader.usesTemplates = newValue }
    }

    var resumePoint: ResumePoint {
        // Lines that go on in later ones are read again.
        if let open = reader.openPlace { return ResumePoint(offset: open.offset, line: open.line - 1) }
        return ResumePoint(offset: offset, line: line, context: reader.context)
    }

    mutating func resume(at point: ResumePoint) {
        offset = point.offset
        line = point.line
        carried.removeAll()
        held.removeAll()
        pending = 0
        zeros = 0
        endsInReturn = false
        documents = DocumentCutter()
        reader.resume(context: point.context)
    }

    mutating func decode(_ chunk: UnsafeRawBufferPointer, isLast: Bool, into batch: RecordBatch) {
        // The batch's list is worked on in place: taken out here, put back below.
        swap(&flows, &batch.flows)
        defer { swap(&flows, &batch.flows) }
        if held.count > 0 { return goOn(chunk, isLast, batch) }
        guard let base = chunk.baseAddress, chunk.count > 0 else {
            if isLast { finish(batch) }
            return
        }
        if framing == .documents {
            cutDocuments(base, base + chunk.count, batch)
        } else {
            lines(base, base + chunk.count, isLast, batch)
        }
        if isLast { finish(batch) }
    }

    private mutating func lines(_ base: UnsafeRawPointer, _ end: UnsafeRawPointer, _ isLast: Bool, _ batch: RecordBatch) {
        var position = base
        if pending > 0 {
            guard let next = endCarried(base, end, batch) else { return }
            position = next
        }
        while position < end {
            // No text begins with a zero byte.
            if zeros > 0 || position.load(as: UInt8.self) == 0 {
                position = passZeros(position, end, batch)
                continue
            }
            if framing == .lines, position.load(as: UInt8.self) &- UInt8(ascii: "1") < 9 {
                switch OctetFrame.read(position, end, isLast: isLast) {
                case .none: break
                case .frame(let frame):
                    position = counted(frame, position, end, batch)
                    continue
                case .broken(let length):
                    record(position, position + length, batch)
                    advance(UInt64(length), batch, lines: 0)
                    position += length
                    continue
                case .needs(let count): return hold(position, end, count)
                }
            }
            // A line read by template is found to its end without a search for it; it must not be too long either.
            let limit = end - position > LineLimits.maxLineLength ? position + (LineLimits.maxLineLength + 1) : end
            let place = Place(offset: offset, line: line + 1)
            if let last = reader.quick(position, limit, place, batch, &flows) {
                let next = last + (last.load(as: UInt8.self) == 0x0a ? 1 : 2)
                advance(UInt64(next - position), batch)
                position = next
                continue
            }
            guard let last = endOfRecord(position, end) else { return carry(position, end) }
            record(position, last, batch)
            let next = DecoderCore.behind(last)
            advance(UInt64(next - position), batch, lines: next > last ? 1 : 0)
            position = next
        }
    }

    /// Where the record that begins at `start` ends: at a line feed, before a zero byte, and in a report at a carriage return that stands
    /// alone, which no cell can hold. Nil when the bytes do not show it.
    private func endOfRecord(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer? {
        let newline = ByteSearch.newline(start, end)
        var last = newline ?? end
        if let zero = ByteSearch.byte(0, start, last) { last = zero }
        if framing == .rows, let found = ByteSearch.byte(0x0d, start, last) {
            if found + 1 < last { return found }
            // Before a line feed it belongs to that; at the end of the bytes, the next one will tell.
            if found + 1 == last, last < end, last.load(as: UInt8.self) == 0 { return found }
        }
        return last < end ? last : nil
    }

    /// Behind the byte that ends a record: a zero byte is not passed over.
    private static func behind(_ last: UnsafeRawPointer) -> UnsafeRawPointer {
        last.load(as: UInt8.self) == 0 ? last : last + 1
    }

    @inline(__always)
    private mutating func advance(_ count: UInt64, _ batch: RecordBatch, lines: UInt64 = 1) {
        offset &+= count
        line &+= lines
        batch.lines += 1
        batch.bytes &+= count
    }

    /// Reads one line, given without its line feed.
    private mutating func record(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ batch: RecordBatch) {
        let place = Place(offset: offset, line: line + 1)
        var start = start
        var end = end
        if end > start, (end - 1).load(as: UInt8.self) == 0x0d { end -= 1 }
        guard end - start <= LineLimits.maxLineLength else { return tooLong(start, end, place, batch) }
        // Files that were put one behind the other bring their marks along.
        start += DecoderCore.byteOrderMarkLength(start, end)
        var first = start
        while first < end, first.load(as: UInt8.self) == 0x20 || first.load(as: UInt8.self) == 0x09 { first += 1 }
        if first == end {
            batch.blankLines += 1
        } else {
            // Blanks before a row are part of its first cell.
            reader.record(framing == .rows ? start : first, end, place, batch, &flows)
        }
    }

    private func tooLong(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch) {
        batch.quarantine(
            Rejection(.lineTooLong, "longer than \(LineLimits.maxLineLength) bytes"), start,
            end - start > QuarantinedLine.maxRawLength ? start + QuarantinedLine.maxRawLength : end, place, isTruncated: true)
    }

    private static func byteOrderMarkLength(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Int {
        let mark = byteOrderMark
        guard end - start >= mark.count else { return 0 }
        for index in 0..<mark.count where start.load(fromByteOffset: index, as: UInt8.self) != mark[index] { return 0 }
        return mark.count
    }
}

/// Records cut by the end of a chunk.
extension DecoderCore {
    /// Adds to the record that is carried, of which no more is kept than is needed to tell that it is too long.
    private mutating func carry(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) {
        // One more byte for a carriage return, which is no part of the line, and one that shows that there was more.
        let room = LineLimits.maxLineLength + 2 - carried.count
        if room > 0 { carried.append(start, min(room, end - start)) }
        pending &+= UInt64(end - start)
        endsInReturn = framing == .rows && end > start && (end - 1).load(as: UInt8.self) == 0x0d
    }

    /// Ends the record that is carried where these bytes show its end; gives where the next one begins.
    private mutating func endCarried(
        _ base: UnsafeRawPointer, _ end: UnsafeRawPointer, _ batch: RecordBatch
    ) -> UnsafeRawPointer? {
        if endsInReturn, base.load(as: UInt8.self) != 0x0a {
            endCarried(lineEnd: 0, batch)
            return base
        }
        guard let last = endOfRecord(base, end) else {
            carry(base, end)
            return nil
        }
        carry(base, last)
        let next = DecoderCore.behind(last)
        endCarried(lineEnd: UInt64(next - last), lines: next > last ? 1 : 0, batch)
        return next
    }

    private mutating func endCarried(lineEnd: UInt64, lines: UInt64 = 1, _ batch: RecordBatch) {
        let start = UnsafeRawPointer(carried.start)
        record(start, start + carried.count, batch)
        advance(pending &+ lineEnd, batch, lines: lines)
        carried.removeAll()
        pending = 0
        endsInReturn = false
    }

    /// Passes over zero bytes; what follows them is a record of its own.
    private mutating func passZeros(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ batch: RecordBatch
    ) -> UnsafeRawPointer {
        var position = start
        while end - position >= 8, ByteScan.load(position) == 0 { position += 8 }
        while position < end, position.load(as: UInt8.self) == 0 { position += 1 }
        zeros &+= UInt64(position - start)
        if position < end { endZeros(batch) }
        return position
    }

    private mutating func endZeros(_ batch: RecordBatch) {
        batch.gaps.append(LogGap(kind: .zeroBytes, count: zeros, time: nil, text: "", offset: offset, line: line + 1))
        advance(zeros, batch, lines: 0)
        zeros = 0
    }

    private mutating func finish(_ batch: RecordBatch) {
        if zeros > 0 { endZeros(batch) }
        if pending > 0 {
            if framing == .documents { endDocument(batch) } else { endCarried(lineEnd: 0, batch) }
        }
        reader.finish(batch, &flows)
    }
}

/// Messages whose bytes are counted.
extension DecoderCore {
    /// Reads the lines of a message, and passes over a line end behind it; gives where the next record begins.
    private mutating func counted(
        _ frame: OctetFrame, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ batch: RecordBatch
    ) -> UnsafeRawPointer {
        offset &+= UInt64(frame.header)
        batch.bytes &+= UInt64(frame.header)
        var position = start + frame.header
        let last = position + frame.length
        while position < last {
            let newline = ByteSearch.newline(position, last)
            record(position, newline ?? last, batch)
            let next = newline.map { $0 + 1 } ?? last
            advance(UInt64(next - position), batch, lines: newline == nil ? 0 : 1)
            position = next
        }
        // Some senders end the message with a line feed that they count, some with one that they do not.
        guard (last - 1).load(as: UInt8.self) != 0x0a else { return last }
        var next = last
        if next < end, next.load(as: UInt8.self) == 0x0d { next += 1 }
        guard next < end, next.load(as: UInt8.self) == 0x0a else { return last }
        next += 1
        offset &+= UInt64(next - last)
        batch.bytes &+= UInt64(next - last)
        line &+= 1
        return next
    }

    private mutating func hold(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ count: Int) {
        held.append(start, end - start)
        needed = count
    }

    /// Decodes what was held together with what has come.
    private mutating func goOn(_ chunk: UnsafeRawBufferPointer, _ isLast: Bool, _ batch: RecordBatch) {
        if let base = chunk.baseAddress, chunk.count > 0 { held.append(base, chunk.count) }
        guard isLast || held.count >= needed else { return }
        let bytes = held
        held = ByteBuffer(capacity: 64)
        defer { bytes.deallocate() }
        lines(bytes.start, UnsafeRawPointer(bytes.start) + bytes.count, isLast, batch)
        if isLast { finish(batch) }
    }
}

/// JSON documents: objects cut out of arrays and white space.
extension DecoderCore {
    private mutating func cutDocuments(_ base: UnsafeRawPointer, _ end: UnsafeRawPointer, _ batch: RecordBatch) {
        var position = base
        while position < end {
            if documents.isBetween {
                position = skipSeparators(position, end, batch)
                guard position < end else { return }
                if zeros > 0 || position.load(as: UInt8.self) == 0 {
                    position = passZeros(position, end, batch)
                    continue
                }
                documents.begin(position.load(as: UInt8.self))
            }
            let first = position
            position = documents.advance(position, end)
            carry(first, position)
            if documents.isBetween { endDocument(batch) }
        }
    }

    private mutating func skipSeparators(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ batch: RecordBatch)
        -> UnsafeRawPointer
    {
        var position = start
        while position < end {
            let byte = position.load(as: UInt8.self)
            if zeros > 0 { return position }
            let isMark = offset < UInt64(DecoderCore.byteOrderMark.count) && byte == DecoderCore.byteOrderMark[Int(offset)]
            guard DocumentCutter.isSeparator(byte) || isMark else { break }
            if byte == 0x0a { line &+= 1 }
            offset &+= 1
            batch.bytes &+= 1
            position += 1
        }
        return position
    }

    private mutating func endDocument(_ batch: RecordBatch) {
        let start = UnsafeRawPointer(carried.start)
        let place = Place(offset: offset, line: line + 1)
        if pending > UInt64(LineLimits.maxLineLength) {
            tooLong(start, start + carried.count, place, batch)
        } else {
            reader.record(start, start + carried.count, place, batch, &flows)
        }
        offset &+= pending
        line &+= documents.takeNewlines()
        batch.lines += 1
        batch.bytes &+= pending
        carried.removeAll()
        pending = 0
    }
}

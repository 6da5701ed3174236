import FlowModel

/// Records that are not one line: several objects on one, an object that carries many lines, a message in several.
extension EventReader {
    /// Objects one behind the other on a line, as some shippers write them; false when the line is something else.
    mutating func several(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ textIsNoise: Bool, _ batch: RecordBatch,
        _ flows: inout [FlowEvent]
    ) -> Bool {
        var position = start
        var last = EventReader.endOfObject(start, end)
        var next = EventReader.skipBlanks(last, end)
        guard next < end, next.load(as: UInt8.self) == UInt8(ascii: "{") else { return false }
        while true {
            let own = Place(offset: place.offset + UInt64(position - start), line: place.line)
            content(position, last, own, textIsNoise, mayGoOn: false, batch, &flows)
            guard next < end else { return true }
            batch.lines += 1
            position = next
            last = next.load(as: UInt8.self) == UInt8(ascii: "{") ? EventReader.endOfObject(next, end) : end
            next = EventReader.skipBlanks(last, end)
        }
    }

    private static func endOfObject(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer {
        var cutter = DocumentCutter()
        cutter.begin(UInt8(ascii: "{"))
        return cutter.advance(start, end)
    }

    private static func skipBlanks(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer {
        var cursor = JSONCursor(start, end)
        cursor.skipBlanks()
        return cursor.position
    }

    /// The lines of an object that carries many; false when it is something else.
    mutating func bundle(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) -> Bool {
        guard let pieces = EventBundle.pieces(start, end) else { return false }
        guard !pieces.isEmpty else {
            batch.noiseLines += 1
            return true
        }
        batch.lines += pieces.count - 1
        var buffer = ByteBuffer()
        defer { buffer.deallocate() }
        for piece in pieces {
            guard let base = piece.baseAddress else { continue }
            let own = Place(offset: place.offset + UInt64(base - start), line: place.line)
            guard base.load(as: UInt8.self) == UInt8(ascii: "\"") else {
                content(base, base + piece.count, own, true, mayGoOn: false, isInBundle: true, batch, &flows)
                continue
            }
            buffer.removeAll()
            JSONUnescaping.unescape(base + 1, piece.count - 2, into: &buffer)
            let first = UnsafeRawPointer(buffer.start)
            let text = EventReader.skipBlanks(first, first + buffer.count)
            if text == first + buffer.count {
                batch.blankLines += 1
            } else {
                content(text, first + buffer.count, own, true, mayGoOn: false, isInBundle: true, batch, &flows)
            }
        }
        return true
    }

    /// Where the oldest message began whose end has not come yet.
    var openPlace: Place? { openLines.oldest }

    mutating func forgetOpenLines() {
        openLines.removeAll()
    }

    /// Reads messages whose end does not come as far as they go.
    mutating func endOpenLines(_ batch: RecordBatch, _ flows: inout [FlowEvent]) {
        for stream in openLines.streams { end(stream, batch, &flows) }
    }

    private mutating func end(_ stream: Int, isWhole: Bool = false, _ batch: RecordBatch, _ flows: inout [FlowEvent]) {
        guard let message = openLines.take(stream) else { return }
        // The last of its lines is counted where it is read.
        if !isWhole { batch.lines += 1 }
        read(message, batch, &flows)
    }

    private mutating func read(_ message: OpenLines.Message, _ batch: RecordBatch, _ flows: inout [FlowEvent]) {
        let start = UnsafeRawPointer(message.bytes.start)
        let end = start + message.bytes.count
        if message.bytes.count > LineLimits.maxLineLength {
            batch.quarantine(
                Rejection(.lineTooLong, "longer than \(LineLimits.maxLineLength) bytes"), start, start + QuarantinedLine.maxRawLength,
                message.place, isTruncated: true)
        } else if EventReader.skipBlanks(start, end) == end {
            batch.blankLines += 1
        } else {
            content(start, end, message.place, message.textIsNoise, mayGoOn: false, batch, &flows)
        }
        message.bytes.deallocate()
    }

    /// Begins a message; one that is open in its stream goes no further.
    mutating func begin(
        _ stream: Int, _ kind: OpenLines.Kind, _ bytes: UnsafeRawBufferPointer, _ place: Place, _ textIsNoise: Bool,
        _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) {
        let before = openLines.take(stream)
        openLines.begin(stream, kind, bytes, place, textIsNoise)
        batch.lines -= 1
        guard let before else { return }
        batch.lines += 1
        read(before, batch, &flows)
    }

    /// Begins a message when the line that was just looked at holds the torn beginning of an event, and its writer had not ended its line.
    mutating func goesOn(
        _ place: Place, _ textIsNoise: Bool, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) -> Bool {
        guard let log = peeler.log, !log.endsItsLine, let base = log.bytes.baseAddress else { return false }
        let end = base + log.bytes.count
        var brace = EventReader.skipBlanks(base, end)
        if brace == end || brace.load(as: UInt8.self) != UInt8(ascii: "{") {
            guard case .event(let event) = peeler.peel(line: log.bytes), let found = event.baseAddress else { return false }
            brace = found
        }
        var cutter = DocumentCutter()
        cutter.begin(UInt8(ascii: "{"))
        _ = cutter.advance(brace, end)
        guard !cutter.isBetween else { return false }
        begin(log.stream, .untagged, log.bytes, place, textIsNoise, batch, &flows)
        return true
    }

    /// Adds a line to the message that is open in its stream; false when it is a line of its own.
    mutating func joined(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ textIsNoise: Bool, _ batch: RecordBatch,
        _ flows: inout [FlowEvent]
    ) -> Bool {
        for stream in openLines.streams {
            if let open = openLines.place(stream), place.line - open.line > RecordCut.furthestLine { self.end(stream, batch, &flows) }
        }
        if let part = ContainerLine(start, end) {
            guard openLines.kind(part.stream) == .tagged else { return false }
            openLines.append(part.stream, part.message, end - part.message)
            if part.isPartial { batch.lines -= 1 } else { self.end(part.stream, isWhole: true, batch, &flows) }
            return true
        }
        guard start.load(as: UInt8.self) == UInt8(ascii: "{"), openLines.hasUntagged else { return false }
        _ = peeler.peel(line: UnsafeRawBufferPointer(start: start, count: end - start))
        guard let log = peeler.log, openLines.kind(log.stream) == .untagged, let base = log.bytes.baseAddress else { return false }
        // A new event is no part of the one before it.
        if ByteSearch.first(EnvelopePeeler.marker, base, base + min(log.bytes.count, 16)) != nil {
            self.end(log.stream, batch, &flows)
            return false
        }
        openLines.append(log.stream, base, log.bytes.count)
        if log.endsItsLine { self.end(log.stream, isWhole: true, batch, &flows) } else { batch.lines -= 1 }
        return true
    }
}

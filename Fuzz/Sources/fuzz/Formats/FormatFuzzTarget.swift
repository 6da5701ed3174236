import FlowModel
import LogFormats

/// The readers of foreign logs that are fed anything: each decodes the bytes whole and in pieces, and demands the same of both.
enum FormatFuzzTarget: String, CaseIterable {
    case lines
    case documents
    case report
    case sniffer

    func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .lines:
            for format in [InputFormat.analytics, .synced] { DecodingTarget.run(bytes, format) }
            DecodingTarget.cutIntoRecords(bytes)
        case .documents: DecodingTarget.run(bytes, .json)
        case .report: DecodingTarget.run(bytes, .networkReport)
        case .sniffer: SnifferTarget.run(bytes)
        }
    }
}

enum DecodingTarget {
    static func run(_ bytes: UnsafeRawBufferPointer, _ format: InputFormat) {
        let symbols = SymbolTable(seed: 7)
        let whole = decode(bytes, format, symbols, step: max(bytes.count, 1))
        require(
            whole.lines == whole.eventCount + whole.noiseLines + whole.blankLines + whole.headerLines + whole.quarantined.count,
            "every record is counted once")
        require(whole.bytes == UInt64(bytes.count), "every byte belongs to a record")
        for event in whole.flows {
            require(event.timestamp.isInRange, "instants are in range")
            require(event.startedAt?.isInRange ?? true && event.endedAt?.isInRange ?? true, "instants are in range")
            for count in [event.bytesReceived, event.bytesTransferred] {
                require(count.map(ValueRanges.bytes.contains) ?? true, "counters are in range")
            }
            require(event.connectionID.withBytes { !$0.contains { $0 < 0x20 } }, "ids hold no control characters")
            require(event.offset < UInt64(bytes.count), "places lie within the bytes")
        }
        let step = Int(bytes.last ?? 0) % 97 + 1
        let parts = decode(bytes, format, symbols, step: step)
        require(same(whole, parts), "pieces of \(step) bytes give what the whole gives")
    }

    /// The pieces that ingest makes give what the whole gives.
    static func cutIntoRecords(_ bytes: UnsafeRawBufferPointer) {
        let symbols = SymbolTable(seed: 7)
        let whole = decode(bytes, .analytics, symbols, step: max(bytes.count, 1))
        let batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: .analytics, symbols: symbols)
        let end = bytes.count - Int(bytes.first ?? 0) % (bytes.count + 1)
        let cut = RecordCut.lengthOfWholeRecords(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        require(cut <= end, "a cut lies within the bytes")
        decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[..<cut]), isLast: true, into: batch)
        decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[cut...]), isLast: true, into: batch)
        require(batch.bytes == whole.bytes, "every byte belongs to a record")
        require(
            batch.lines == batch.eventCount + batch.noiseLines + batch.blankLines + batch.headerLines + batch.quarantined.count,
            "every record is counted once")
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ format: InputFormat, _ symbols: SymbolTable, step: Int
    ) -> RecordBatch {
        let batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: format, symbols: symbols)
        var start = 0
        while start < bytes.count {
            let end = min(start + step, bytes.count)
            decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), isLast: false, into: batch)
            require(decoder.resumePoint.offset <= UInt64(end), "nothing is taken for read that has not come")
            start = end
        }
        decoder.decode(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, into: batch)
        return batch
    }

    private static func same(_ left: RecordBatch, _ right: RecordBatch) -> Bool {
        left.lines == right.lines && left.bytes == right.bytes && left.noiseLines == right.noiseLines
            && left.blankLines == right.blankLines && left.headerLines == right.headerLines && left.extras == right.extras
            && left.quarantined == right.quarantined && left.gaps == right.gaps && left.otherEvents == right.otherEvents
            && left.changes == right.changes && left.journalEvents == right.journalEvents
            && left.nameQueries.map(\.offset) == right.nameQueries.map(\.offset) && left.flows.count == right.flows.count
            && zip(left.flows, right.flows).allSatisfy { same($0, $1) }
    }

    private static func same(_ left: FlowEvent, _ right: FlowEvent) -> Bool {
        left.kind == right.kind && left.timestamp == right.timestamp && left.connectionID == right.connectionID
            && left.offset == right.offset && left.line == right.line && left.bytesReceived == right.bytesReceived
            && left.bytesTransferred == right.bytesTransferred && left.clientIP == right.clientIP && left.resourceIP == right.resourceIP
            && left.resourcePort == right.resourcePort && left.principalID == right.principalID
            && left.resourceAddress == right.resourceAddress && left.duration == right.duration && left.extras == right.extras
            && left.relays == right.relays && left.startedAt == right.startedAt
    }
}

enum SnifferTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        let whole = FormatSniffer.examine(firstBytes: bytes)
        let step = Int(bytes.first ?? 0) + 1
        var sniffer = FormatSniffer()
        var answer: Sniffed?
        var start = 0
        while answer == nil, start < bytes.count {
            let end = min(start + step, bytes.count)
            answer = sniffer.see(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            start = end
        }
        require((answer ?? sniffer.end()) == whole, "pieces of \(step) bytes are taken for what the whole is")
        for format in InputFormat.allCases { _ = FormatSniffer.obstacle(to: format, firstBytes: bytes) }
    }
}

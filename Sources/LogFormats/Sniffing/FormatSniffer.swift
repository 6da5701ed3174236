import FlowModel

/// What a file is, by its first bytes.
public enum Sniffed: Hashable, Sendable {
    case format(InputFormat)
    /// Nothing that this toolchain reads as a log; why, for people.
    case notALog(String)
}

/// Tells formats by content; names say nothing.
public enum FormatSniffer {
    /// Bytes of the inflated stream that are enough to tell.
    public static let enough = 1 << 16

    /// The format; nil when the bytes are no log.
    public static func sniff(firstBytes bytes: UnsafeRawBufferPointer) -> InputFormat? {
        if case .format(let format) = examine(firstBytes: bytes) { format } else { nil }
    }

    /// As `sniff`, with the reason when the bytes are no log. Looks at no more than `enough` bytes.
    public static func examine(firstBytes bytes: UnsafeRawBufferPointer) -> Sniffed {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(enough))
        guard !bytes.isEmpty else { return .notALog("it is empty") }
        guard !bytes.contains(0) else { return .notALog("it is binary") }
        guard let start = firstToken(bytes) else { return .notALog("it holds nothing but blanks") }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start...])
        if isDocument(text) { return documents(text) }
        let line = UnsafeRawBufferPointer(rebasing: text.prefix { $0 != 0x0a && $0 != 0x0d })
        if isReportHeader(line) { return .format(.networkReport) }
        return lines(bytes)
    }

    /// Behind a byte order mark and blanks.
    private static func firstToken(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        return bytes[start...].firstIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
    }

    private static func isReportHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let base = line.baseAddress else { return false }
        var cells = ReportCells()
        defer { cells.deallocate() }
        guard (try? cells.split(base, base + line.count)) != nil else { return false }
        return ReportHeader(cells: (0..<cells.count).map { cells.string($0) }) != nil
    }

    /// An array of objects, or an object that does not end on its first line although that line has ended.
    private static func isDocument(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.baseAddress else { return false }
        if text[0] == UInt8(ascii: "[") {
            let next = text.dropFirst().first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
            return next == UInt8(ascii: "{") || next == UInt8(ascii: "]")
        }
        guard text[0] == UInt8(ascii: "{"), let newline = text.firstIndex(of: 0x0a) else { return false }
        var cutter = DocumentCutter()
        cutter.begin(UInt8(ascii: "{"))
        _ = cutter.advance(base, base + newline)
        guard !cutter.isBetween else { return false }
        // Broken NDJSON has lines that begin with a brace; a document goes on with a key or a bracket.
        let next = text[newline...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
        return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") || next == UInt8(ascii: "]") || next == UInt8(ascii: ":")
            || next == UInt8(ascii: ",")
    }

    private static func documents(_ text: UnsafeRawBufferPointer) -> Sniffed {
        isPolicy(text) ? .notALog("it looks like an export of the policy, which `policy import` reads") : .format(.json)
    }

    private static func isPolicy(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.baseAddress else { return false }
        let end = base + text.count
        return ByteSearch.first("\"remoteNetworks\"", base, end) != nil && ByteSearch.first("\"event_type\"", base, end) == nil
    }

    /// Reads the whole lines and lets the majority of what they are decide.
    private static func lines(_ bytes: UnsafeRawBufferPointer) -> Sniffed {
        let symbols = SymbolTable()
        let batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: .analytics, symbols: symbols)
        // A cut last line says nothing, unless it is the only one.
        let isCut = bytes.count == enough
        decoder.decode(bytes, isLast: !isCut, into: batch)
        let connector = batch.flows.count - batch.syncedFlows + batch.journalEvents.count
        let wrapped = batch.syncedFlows + batch.otherEvents.count
        let counts: [(InputFormat, Int)] = [
            (.analytics, connector), (.synced, wrapped), (.nameFiltering, batch.nameQueries.count),
            (.auditLog, batch.changes.count),
        ]
        if let best = counts.max(by: { $0.1 < $1.1 }), best.1 > 0 { return .format(best.0) }
        // Objects that are none of ours are a log too, of which every line is set aside with its reason; a text that quotes an object
        // here and there is none.
        let objects = batch.quarantined.count { $0.raw.first == UInt8(ascii: "{") }
        if objects > 0, objects * 2 >= batch.lines - batch.blankLines {
            return isPolicy(bytes) ? documents(bytes) : .format(.analytics)
        }
        return .notALog("no event, no envelope of one and no report header is among its first \(bytes.count) bytes")
    }
}

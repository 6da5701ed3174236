import FlowModel

/// What a file is, by its first bytes.
public enum Sniffed: Hashable, Sendable {
    case format(InputFormat)
    /// Nothing that this toolchain reads as a log; why, for people.
    case notALog(String)
}

/// Tells formats by content; names say nothing.
///
/// The answer depends on the bytes alone, not on the pieces in which they are given, and not on how much noise stands before the first
/// event, up to `furthest`.
public struct FormatSniffer {
    /// Bytes behind leading zeros that are looked at as a whole.
    public static let enough = 1 << 16
    /// Bytes in which an event must occur, leading zeros not counted.
    public static let furthest = 64 << 20

    private static let maxZerosOfText: UInt64 = 3

    private var head: [UInt8] = []
    /// Zero bytes before `head`.
    private var zeros: UInt64 = 0
    private var search: EventSearch?
    private var answer: Sniffed?

    public init() {}

    /// Looks at the next bytes of the inflated stream; gives the answer as soon as it is certain, nil when more bytes may change it.
    public mutating func see(_ bytes: UnsafeRawBufferPointer) -> Sniffed? {
        if let answer { return answer }
        var rest = bytes[...]
        if head.isEmpty {
            let first = rest.firstIndex { $0 != 0 } ?? rest.endIndex
            zeros += UInt64(first - rest.startIndex)
            rest = rest[first...]
            // A few belong to the text, which may be of another encoding; more are a hole.
            if !rest.isEmpty, zeros <= FormatSniffer.maxZerosOfText { head = [UInt8](repeating: 0, count: Int(zeros)) }
        }
        if head.count < FormatSniffer.enough, !rest.isEmpty {
            let part = rest.prefix(FormatSniffer.enough - head.count)
            head += part
            rest = rest[part.endIndex...]
            if head.count == FormatSniffer.enough { lookAtHead(isWhole: false) }
        }
        if answer == nil, let search, !rest.isEmpty {
            answer = search.see(UnsafeRawBufferPointer(rebasing: rest), isLast: false)
        }
        return answer
    }

    /// The answer when there are no more bytes.
    public mutating func end() -> Sniffed {
        if answer == nil, search == nil { lookAtHead(isWhole: true) }
        if answer == nil { answer = search?.end() }
        return answer ?? .notALog("it is empty")
    }

    /// What a file is whose first bytes, or all of them, are `bytes`.
    public static func examine(firstBytes bytes: UnsafeRawBufferPointer) -> Sniffed {
        var sniffer = FormatSniffer()
        return sniffer.see(bytes) ?? sniffer.end()
    }

    /// The format; nil when the bytes are no log.
    public static func sniff(firstBytes bytes: UnsafeRawBufferPointer) -> InputFormat? {
        if case .format(let format) = examine(firstBytes: bytes) { format } else { nil }
    }

    /// What stands in the way of reading the bytes as `format`, which was stated; nil when nothing does.
    public static func obstacle(to format: InputFormat, firstBytes bytes: UnsafeRawBufferPointer) -> String? {
        let start = bytes.firstIndex { $0 != 0 } ?? 0
        let bytes = UnsafeRawBufferPointer(rebasing: bytes[(start > Int(maxZerosOfText) ? start : 0)...].prefix(enough))
        if let obstacle = ForeignEncoding.obstacle(bytes) { return obstacle }
        return format != .networkReport && format != .json && endsLinesWithReturns(bytes) ? returns : nil
    }

    private mutating func lookAtHead(isWhole: Bool) {
        guard !head.isEmpty else {
            answer = .notALog(zeros == 0 ? "it is empty" : "it holds nothing but zero bytes")
            return
        }
        let hasZeros = zeros > 0
        let found = head.withUnsafeBytes { FormatSniffer.quick($0, isWhole: isWhole) }
        if let found {
            answer = found
            return
        }
        let search = EventSearch(hasZeros: hasZeros)
        self.search = search
        answer = head.withUnsafeBytes { search.see($0, isLast: isWhole) }
    }

    /// What the first bytes alone show.
    private static func quick(_ bytes: UnsafeRawBufferPointer, isWhole: Bool) -> Sniffed? {
        if let obstacle = ForeignEncoding.obstacle(bytes) { return .notALog(obstacle) }
        guard let start = firstToken(bytes) else { return isWhole ? .notALog("it holds nothing but blanks") : nil }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start...])
        // Between carriage returns that stand alone, objects and reports can be read, lines of logs cannot.
        let hasReturns = endsLinesWithReturns(bytes)
        if isDocument(text, lineEnd: hasReturns ? 0x0d : 0x0a) { return documents(text) }
        if hasHeader(bytes) { return .format(.networkReport) }
        if isSequence(text) || hasReturns && text[0] == UInt8(ascii: "{") { return documents(text) }
        return hasReturns ? .notALog(returns) : nil
    }

    private static let returns = "its lines end with CR alone: pipe it through `tr '\\r' '\\n'` and ingest `-`"

    /// Behind a byte order mark and blanks.
    private static func firstToken(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        return bytes[start...].firstIndex { !isBlank($0) && $0 != 0 }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }

    /// No line feed, and text on both sides of a carriage return.
    private static func endsLinesWithReturns(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, ByteSearch.newline(base, base + bytes.count) == nil,
            let first = bytes.firstIndex(of: 0x0d)
        else { return false }
        return bytes[..<first].contains { !isBlank($0) } && bytes[first...].contains { !isBlank($0) }
    }

    /// Whether one of the first lines is the header of a report: spreadsheets put lines of their own before it.
    private static func hasHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var cells = ReportCells()
        defer { cells.deallocate() }
        for line in bytes.split(maxSplits: maxLinesBeforeHeader, whereSeparator: { $0 == 0x0a || $0 == 0x0d })
            .prefix(maxLinesBeforeHeader)
        {
            guard let base = line.base.baseAddress else { return false }
            for separator in ReportCells.separators {
                cells.separator = separator
                guard (try? cells.split(base + line.startIndex, base + line.endIndex)) != nil else { continue }
                if ReportHeader.isMeant((0..<cells.count).map { cells.string($0) }) { return true }
            }
        }
        return false
    }

    private static let maxLinesBeforeHeader = 16

    /// An array of objects, or an object that does not end on its first line although that line has ended.
    private static func isDocument(_ text: UnsafeRawBufferPointer, lineEnd: UInt8) -> Bool {
        guard let base = text.baseAddress else { return false }
        if text[0] == UInt8(ascii: "[") {
            let next = text.dropFirst().first { !isBlank($0) }
            return next == UInt8(ascii: "{") || next == UInt8(ascii: "]")
        }
        guard text[0] == UInt8(ascii: "{"), let newline = text.firstIndex(of: lineEnd) else { return false }
        var cutter = DocumentCutter()
        cutter.begin(UInt8(ascii: "{"))
        _ = cutter.advance(base, base + newline)
        guard !cutter.isBetween else { return false }
        // Broken NDJSON has lines that begin with a brace; a document goes on with a key or a bracket.
        let next = text[newline...].first { !isBlank($0) }
        return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") || next == UInt8(ascii: "]") || next == UInt8(ascii: ":")
            || next == UInt8(ascii: ",")
    }

    /// Objects one behind the other, without a line end in sight.
    private static func isSequence(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.baseAddress, text[0] == UInt8(ascii: "{"), ByteSearch.newline(base, base + text.count) == nil else {
            return false
        }
        var cutter = DocumentCutter()
        cutter.begin(UInt8(ascii: "{"))
        let last = cutter.advance(base, base + text.count)
        guard cutter.isBetween else { return false }
        let next = text[(last - base)...].first { !isBlank($0) }
        return next == UInt8(ascii: "{")
    }

    private static func documents(_ text: UnsafeRawBufferPointer) -> Sniffed {
        isPolicy(text) ? .notALog("it looks like an export of the policy, which `policy import` reads") : .format(.json)
    }

    fileprivate static func isPolicy(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.baseAddress else { return false }
        let end = base + text.count
        return ByteSearch.first("\"remoteNetworks\"", base, end) != nil && ByteSearch.first("\"event_type\"", base, end) == nil
    }
}

/// Reads lines until one of them shows what the file is.
private final class EventSearch {
    private let batch: RecordBatch
    private let decoder: LineDecoder
    private var hasZeros: Bool
    private var isPolicy = false
    private var bytes = 0
    private var lines = 0
    /// Lines that begin with a brace and are none of ours.
    private var objects = 0
    private var isServiceLog = false

    init(hasZeros: Bool) {
        let symbols = SymbolTable()
        batch = RecordBatch(symbols: symbols)
        decoder = LineDecoder(format: .analytics, symbols: symbols)
        self.hasZeros = hasZeros
    }

    func see(_ chunk: UnsafeRawBufferPointer, isLast: Bool) -> Sniffed? {
        // In windows that begin at the same places however the bytes come.
        var rest = chunk[...]
        while !rest.isEmpty {
            let room = FormatSniffer.enough - bytes % FormatSniffer.enough
            let window = UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            rest = rest.dropFirst(window.count)
            bytes += window.count
            if bytes <= FormatSniffer.enough { isPolicy = FormatSniffer.isPolicy(window) }
            isServiceLog = isServiceLog || EventSearch.holdsServiceLine(window)
            decoder.decode(window, isLast: false, into: batch)
            if bytes % FormatSniffer.enough == 0, let found = count() { return found }
            if bytes >= FormatSniffer.furthest { return end() }
        }
        return isLast ? end() : nil
    }

    func end() -> Sniffed {
        // A cut last line says nothing, unless it is the only one.
        if bytes < FormatSniffer.furthest { decoder.decode(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, into: batch) }
        if let found = count() { return found }
        // Objects that are none of ours are a log too, of which every line is set aside with its reason; a text that quotes an object
        // here and there is none.
        if objects > 0, objects * 2 >= lines {
            return isPolicy
                ? .notALog("it looks like an export of the policy, which `policy import` reads") : .format(.analytics)
        }
        if isServiceLog { return .format(.analytics) }
        if hasZeros { return .notALog("it is binary") }
        return .notALog(
            "no event, no envelope of one and no report header is among its first \(bytes) bytes; say with --format what it is")
    }

    /// What the lines of the batch are, which is emptied.
    private func count() -> Sniffed? {
        let counts = RegisteredFormat.all.compactMap { entry in entry.count.map { (entry.format, $0(batch)) } }
        defer { batch.removeAll() }
        if let best = counts.max(by: { $0.1 < $1.1 }), best.1 > 0 { return .format(best.0) }
        if batch.quarantined.contains(where: { EventSearch.holdsMarker($0.raw) }) { return .format(.analytics) }
        hasZeros = hasZeros || batch.gaps.contains { $0.kind == .zeroBytes }
        isServiceLog = isServiceLog || batch.gaps.contains { $0.kind == .suppressedMessages }
        lines += batch.lines - batch.blankLines
        objects += batch.quarantined.count { $0.raw.first == UInt8(ascii: "{") }
        return nil
    }

    /// What Connectors write into their service log, and the name under which they run.
    private static func holdsServiceLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return serviceMarks.contains { ByteSearch.first($0, base, base + bytes.count) != nil }
    }

    private static let serviceMarks: [StaticString] = [
        "] [libsdwan] ", "] [connector] ", " twingate-connector[", " twingate-connector:", "\"SYSLOG_IDENTIFIER\":\"twingate-connector\"",
    ]

    /// The beginning of an event, which could not be read.
    private static func holdsMarker(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return ByteSearch.first("ANALYTICS {", base, base + bytes.count) != nil
                || ByteSearch.first("ANALYTICS\t{", base, base + bytes.count) != nil
        }
    }
}

import FlowModel
import TextEncodings

/// Reads the network events report row by row.
struct NetworkReportReader: RecordReader {
    let framing = RecordFraming.rows
    private let symbols: SymbolTable
    private var header: ReportHeader?
    private var cells = ReportCells()
    /// Index of each known column; -1 when the report lacks it.
    private var places = [Int](repeating: -1, count: ReportColumn.allCases.count)
    private var unknown: [Int] = []
    /// The cells of a row's relays as they stand, and what such cells came to before.
    private var relayCells = ByteBuffer(capacity: 256)
    private var knownRelays = KnownMeanings()

    init(symbols: SymbolTable) {
        self.symbols = symbols
    }

    func deallocate() {
        cells.deallocate()
        relayCells.deallocate()
    }

    /// The header as text that `useHeader` takes; empty before one was read.
    private var headerText = ""

    var context: String { headerText }

    mutating func resume(context: String) {
        forgetHeader()
        if !context.isEmpty { useHeader(context) }
    }

    /// Takes up a report behind its header. Text that is no header leaves the reader without one.
    private mutating func useHeader(_ text: String) {
        var copy = text
        copy.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            guard let base = raw.baseAddress else { return }
            _ = findHeader(base, base + raw.count)
        }
    }

    private mutating func forgetHeader() {
        header = nil
        headerText = ""
        cells.separator = ReportCells.separators[0]
    }

    mutating func record(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) {
        do throws(Rejection) {
            if let problem = UTF8Check.firstProblem(UnsafeRawBufferPointer(start: start, count: end - start)) {
                throw Rejection(.invalidUTF8, "ill-formed UTF-8 at byte \(problem)")
            }
            // Spreadsheets may say first what separates cells; the header shows it too.
            if end - start == 5, ByteSearch.equal("sep=", start, 4) {
                forgetHeader()
                batch.headerLines += 1
                return
            }
            if header == nil, findHeader(start, end) {
                batch.headerLines += 1
                return
            }
            try cells.split(start, end)
            // Reports that were put one behind the other have a header each.
            if isHeader, takeHeader(start, end) {
                batch.headerLines += 1
                return
            }
            guard let header else { throw Rejection(.badHeader, "no header with `start_time` and `status` stands before this row") }
            guard cells.count == header.columns.count else {
                throw Rejection(.columnCount, "\(cells.count) cells under a header of \(header.columns.count)")
            }
            flows.append(try row(header, place, batch))
        } catch {
            batch.quarantine(error, start, end, place)
        }
    }

    /// Takes a row for the header by whatever separator makes it one; false when none does.
    private mutating func findHeader(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Bool {
        for separator in ReportCells.separators {
            cells.separator = separator
            if (try? cells.split(start, end)) != nil, takeHeader(start, end) { return true }
        }
        cells.separator = ReportCells.separators[0]
        return false
    }

    private var isHeader: Bool {
        guard let header, let first = header.names.first else { return false }
        // Told by one cell first: this is asked of every row.
        return NetworkReportReader.same(cells.bytes(0), first)
            && cells.string(places[ReportColumn.startTime.index]).lowercased() == ReportColumn.startTime.rawValue
    }

    private mutating func takeHeader(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Bool {
        guard let header = ReportHeader(cells: (0..<cells.count).map { cells.string($0) }) else { return false }
        self.header = header
        headerText = String(decoding: UnsafeRawBufferPointer(start: start, count: end - start), as: UTF8.self)
        unknown = []
        for column in ReportColumn.allCases { places[column.index] = -1 }
        for (place, column) in header.columns.enumerated() {
            if let column { places[column.index] = place } else { unknown.append(place) }
        }
        return true
    }

}

/// One row.
extension NetworkReportReader {
    private mutating func row(_ header: ReportHeader, _ place: Place, _ batch: RecordBatch) throws(Rejection) -> FlowEvent {
        guard let start = try instant(.startTime) else { throw Rejection(.missingField, "`start_time` is empty") }
        let end = try instant(.endTime)
        var event = FlowEvent(kind: .whole, timestamp: end ?? start)
        let status = bytes(.status)
        if !NetworkReportReader.same(status, "NORMAL") {
            guard !status.isEmpty else { throw Rejection(.missingField, "`status` is empty") }
            guard NetworkReportReader.same(status, "DNS_ERROR") || NetworkReportReader.same(status, "CONNECTION_FAILED") else {
                throw Rejection(.badValue, "`status` is none of `NORMAL`, `DNS_ERROR`, `CONNECTION_FAILED`")
            }
            event.kind = .failed
            event.errorMessage = symbols.intern(status)
        }
        event.startedAt = start
        event.endedAt = end
        event.offset = place.offset
        event.line = place.line
        try endpoints(&event)
        event.bytesReceived = try integer(.bytesReceived, ValueRanges.bytes)
        event.bytesTransferred = try integer(.bytesTransferred, ValueRanges.bytes)
        try principal(&event)
        event.deviceID = try identifier(.deviceID)
        event.connectorID = try identifier(.connectorID)
        event.connectorName = text(.connector)
        event.networkID = try identifier(.networkID)
        event.networkName = text(.network)
        event.resourceID = try identifier(.resourceID)
        // Dialled by address: no name.
        event.resourceAddress = bytes(.resourceDomain).isEmpty ? text(.resourceIP) : text(.resourceDomain)
        event.appliedRule = text(.appliedRule)
        if places[ReportColumn.relayIPs.index] >= 0 || places[ReportColumn.relays.index] >= 0 { event.relays = relaysSymbol() }
        if !unknown.isEmpty { event.extras = extras(header, batch) }
        return event
    }

    private func extras(_ header: ReportHeader, _ batch: RecordBatch) -> Int32 {
        batch.keep(
            unknown.filter { !cells.bytes($0).isEmpty }
                .map { JSONEscapes.stored.quoted(header.names[$0]) + ":" + JSONEscapes.stored.quoted(cells.string($0)) })
    }

    /// Whether a cell is a text, without making one of it.
    private static func same(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
        bytes.count == text.utf8.count && bytes.elementsEqual(text.utf8)
    }

    /// Relays come from a short list: each combination of cells is worked out once.
    private mutating func relaysSymbol() -> Symbol {
        relayCells.removeAll()
        for column in [ReportColumn.relays, .relayIPs, .relayPorts] {
            let cell = bytes(column)
            // With its length before it, so that different cells are different texts.
            var length = UInt32(truncatingIfNeeded: cell.count)
            withUnsafeBytes(of: &length) { if let base = $0.baseAddress { relayCells.append(base, $0.count) } }
            if let base = cell.baseAddress { relayCells.append(base, cell.count) }
        }
        let raw = symbols.intern(relayCells.bytes)
        if let known = knownRelays.meaning(of: raw, symbols.generation) { return known }
        let symbol = symbols.intern(relays)
        knownRelays.remember(raw, symbol)
        return symbol
    }

    private func endpoints(_ event: inout FlowEvent) throws(Rejection) {
        let client = bytes(.clientIP)
        if !client.isEmpty {
            guard let (address, port) = AddressScan.endpoint(client) else {
                throw Rejection(.badValue, "`client_ip` is not an IP address")
            }
            (event.clientIP, event.clientPort) = (address, port)
        }
        let target = bytes(.resourceIP)
        if !target.isEmpty {
            guard let address = IPAddress.parse(target) else { throw Rejection(.badValue, "`resource_ip` is not an IP address") }
            event.resourceIP = address
        }
        if let port = try integer(.resourcePort, ValueRanges.port) { event.resourcePort = UInt16(truncatingIfNeeded: port) }
        let name = bytes(.protocol)
        if NetworkReportReader.same(name, "tcp") {
            event.transport = .tcp
        } else if let known = TransportProtocol(rawValue: String(decoding: name, as: UTF8.self).lowercased()) {
            event.transport = known
        } else if !name.isEmpty {
            event.unknownTransport = symbols.intern(name)
        }
    }

    private func principal(_ event: inout FlowEvent) throws(Rejection) {
        let isUser = !bytes(.userID).isEmpty || !bytes(.user).isEmpty
        let isService = !bytes(.serviceAccountID).isEmpty || !bytes(.serviceAccount).isEmpty
        if isUser, isService { throw Rejection(.twoPrincipals, "both `user` and `service_account` are there") }
        if isUser {
            event.principalKind = .user
            event.principalID = try identifier(.userID)
            event.principalName = text(.user)
        } else if isService {
            event.principalKind = .serviceAccount
            event.principalID = try identifier(.serviceAccountID)
            event.principalName = text(.serviceAccount)
            event.serviceKeyID = try identifier(.serviceAccountKeyID)
            event.serviceKeyName = text(.serviceAccountKey)
        }
    }

    private func bytes(_ column: ReportColumn) -> UnsafeRawBufferPointer {
        let place = places[column.index]
        return place < 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : cells.bytes(place)
    }

    /// An empty cell is no text.
    private func text(_ column: ReportColumn) -> Symbol {
        let bytes = bytes(column)
        return bytes.isEmpty ? .none : symbols.intern(bytes)
    }

    private func identifier(_ column: ReportColumn) throws(Rejection) -> Symbol {
        let bytes = bytes(column)
        guard let first = bytes.first else { return .none }
        if first &- 48 <= 9, bytes.count <= NetworkReportReader.shortID, bytes.allSatisfy({ $0 >= 0x20 }) { return symbols.intern(bytes) }
        let id = GlobalID.decimal(String(decoding: bytes, as: UTF8.self))
        if let problem = Rejection.ofID(field: column.rawValue, id, maxLength: ValueRanges.maxIDLength) { throw problem }
        return symbols.intern(id)
    }

    /// Ids of the field are not longer.
    private static let shortID = 20

    private func instant(_ column: ReportColumn) throws(Rejection) -> Timestamp? {
        let bytes = bytes(column)
        if bytes.isEmpty { return nil }
        guard let value = Timestamp.parse(bytes) else { throw Rejection(.badValue, "`\(column.rawValue)` is not an instant") }
        return try Rejection.check(value, column.rawValue)
    }

    private func integer(_ column: ReportColumn, _ range: ClosedRange<Int64>) throws(Rejection) -> Int64? {
        let bytes = bytes(column)
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return nil }
        guard bytes.allSatisfy({ $0 &- 48 <= 9 }) else { throw Rejection(.wrongType, "`\(column.rawValue)` is not a whole number") }
        let value = JSONNumber.integer(base, bytes.count)
        guard let value, range.contains(value) else { throw .outside(range, column.rawValue, value) }
        return value
    }

    /// The three columns of relays as one JSON array, relay by relay.
    private var relays: String {
        let names = items(.relays)
        let addresses = items(.relayIPs)
        let ports = items(.relayPorts)
        let count = max(names.count, addresses.count, ports.count)
        return JSONWriter.text(.stored) {
            $0.array {
                for index in 0..<count {
                    $0.object {
                        if index < addresses.count { $0.member("ip", addresses[index]) }
                        if index < names.count { $0.member("name", names[index]) }
                        guard index < ports.count else { return }
                        if let number = Int(ports[index]), String(number) == ports[index] {
                            $0.member("port", number)
                        } else {
                            $0.member("port", ports[index])
                        }
                    }
                }
            }
        }
    }

    /// Several values of one cell: exports separate them by comma, semicolon, bar or blank, some within brackets and quotes.
    private func items(_ column: ReportColumn) -> [String] {
        bytes(column).split { NetworkReportReader.separatesItems($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func separatesItems(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: " "), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "'"), UInt8(ascii: "\""):
            true
        default: false
        }
    }
}

/// A column of the network events report, by its header.
enum ReportColumn: String, CaseIterable {
    case startTime = "start_time"
    case endTime = "end_time"
    case user
    case userID = "user_id"
    case deviceID = "device_id"
    case clientIP = "client_ip"
    case connector
    case connectorID = "connector_id"
    case resourceIP = "resource_ip"
    case resourcePort = "resource_port"
    case resourceDomain = "resource_domain"
    case resourceID = "resource_id"
    case `protocol`
    case status
    case bytesTransferred = "bytes_transferred"
    case bytesReceived = "bytes_received"
    case network = "remote_network"
    case networkID = "remote_network_id"
    case appliedRule = "applied_rule"
    case relays
    case relayIPs = "relay_ips"
    case relayPorts = "relay_ports"
    case serviceAccount = "service_account"
    case serviceAccountID = "service_account_id"
    case serviceAccountKey = "service_account_key"
    case serviceAccountKeyID = "service_account_key_id"

    /// Its number in the order of declaration.
    var index: Int {
        switch self {
        case .startTime: 0
        case .endTime: 1
        case .user: 2
        case .userID: 3
        case .deviceID: 4
        case .clientIP: 5
        case .connector: 6
        case .connectorID: 7
        case .resourceIP: 8
        case .resourcePort: 9
        case .resourceDomain: 10
        case .resourceID: 11
        case .protocol: 12
        case .status: 13
        case .bytesTransferred: 14
        case .bytesReceived: 15
        case .network: 16
        case .networkID: 17
        case .appliedRule: 18
        case .relays: 19
        case .relayIPs: 20
        case .relayPorts: 21
        case .serviceAccount: 22
        case .serviceAccountID: 23
        case .serviceAccountKey: 24
        case .serviceAccountKeyID: 25
        }
    }

    /// Without these a row says nothing.
    static let required: [ReportColumn] = [.startTime, .status]
}

/// The header of a report: what each column is, in whatever order.
struct ReportHeader {
    /// Per column of the file; nil for one that is not known.
    var columns: [ReportColumn?]
    var names: [String]

    /// The header that a row's cells are; nil when they are none.
    ///
    /// Blanks around a name, and its case, are of no consequence.
    init?(cells: [String]) {
        let cells = cells.map(ReportHeader.trimmed)
        let names = cells.map { $0.lowercased() }
        let columns = names.map(ReportColumn.init(rawValue:))
        guard ReportColumn.required.allSatisfy({ columns.contains($0) }) else { return nil }
        let known = columns.compactMap { $0 }
        guard Set(known).count == known.count else { return nil }
        self.columns = columns
        self.names = cells
    }

    /// Whether cells are meant as a header, though they may not be a usable one.
    static func isMeant(_ cells: [String]) -> Bool {
        let names = Set(cells.map { trimmed($0).lowercased() })
        return ReportColumn.required.allSatisfy { names.contains($0.rawValue) }
    }

    private static func trimmed(_ name: String) -> String {
        var name = name[...]
        while let first = name.first, first == " " || first == "\t" || first == "\u{feff}" { name = name.dropFirst() }
        while let last = name.last, last == " " || last == "\t" { name = name.dropLast() }
        return String(name)
    }
}

/// Cells of one row (RFC 4180, without line breaks inside of quotes).
struct ReportCells {
    /// What spreadsheets put between cells: the one by which a header makes sense is that of the rows below it.
    static let separators: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, UInt8(ascii: "|")]

    var separator = UInt8(ascii: ",")
    /// Cells in the row; entries of `ranges` beyond it are of earlier rows.
    private(set) var count = 0
    private var starts: [Int] = []
    private var ends: [Int] = []
    /// The row with its quoting taken out; cells are ranges of it.
    private var text = ByteBuffer(capacity: 1_024)

    func deallocate() {
        text.deallocate()
    }

    /// The bytes of a cell, valid until the next row; empty beyond the last one.
    func bytes(_ index: Int) -> UnsafeRawBufferPointer {
        guard index < count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: text.bytes[starts[index]..<ends[index]])
    }

    func string(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

    mutating func split(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) throws(Rejection) {
        text.removeAll()
        text.reserve(end - start)
        count = 0
        var position = start
        while true {
            let first = text.count
            if position < end, position.load(as: UInt8.self) == UInt8(ascii: "\"") {
                position += 1
                try quoted(&position, start, end)
            } else {
                let cell = position
                position = endOfPlainCell(position, end)
                guard position == end || position.load(as: UInt8.self) != UInt8(ascii: "\"") else {
                    throw Rejection(.badQuoting, "a quote inside of an unquoted cell at byte \(position - start)")
                }
                text.append(cell, position - cell)
            }
            add(first, text.count)
            guard position < end else { return }
            position += 1
        }
    }

    /// The next separator or quote, or the end.
    private func endOfPlainCell(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer {
        var position = start
        while end - position >= 8 {
            let word = ByteScan.load(position)
            let mask = ByteScan.matches(word, separator) | ByteScan.matches(word, UInt8(ascii: "\""))
            if mask != 0 { return position + ByteScan.index(mask) }
            position += 8
        }
        while position < end {
            let byte = position.load(as: UInt8.self)
            if byte == separator || byte == UInt8(ascii: "\"") { return position }
            position += 1
        }
        return position
    }

    /// The rest of a quoted cell; the position is left on the separator or at the end.
    private mutating func quoted(_ position: inout UnsafeRawPointer, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer)
        throws(Rejection)
    {
        while position < end {
            let byte = position.load(as: UInt8.self)
            position += 1
            if byte != UInt8(ascii: "\"") {
                text.append(byte)
                continue
            }
            if position == end || position.load(as: UInt8.self) == separator { return }
            guard position.load(as: UInt8.self) == UInt8(ascii: "\"") else {
                throw Rejection(.badQuoting, "bytes after a closing quote at byte \(position - start)")
            }
            text.append(byte)
            position += 1
        }
        throw Rejection(.badQuoting, "a quote that does not close")
    }

    private mutating func add(_ first: Int, _ last: Int) {
        if count < starts.count {
            starts[count] = first
            ends[count] = last
        } else {
            starts.append(first)
            ends.append(last)
        }
        count += 1
    }
}

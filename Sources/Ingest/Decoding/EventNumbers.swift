internal import FlowModel
internal import FlowStore
internal import LogFormats

/// Numbers that stand for what an event shares with others, within one decoding worker, and the hash of its connection.
struct EventNumbers {
    var client: Int32
    var destination: Int32
    var route: Int32
    var remark: Int32
    var resourceIP: Int32
    /// Of the connection's id and its Connector's; without an id it means nothing.
    var hash: UInt64
}

/// Numbers what events share, on the thread that decodes them, so that the one that writes looks each number up in an array.
final class EventNumberer {
    /// Combinations of each kind remembered; more make the worker forget all of them.
    private static let limit = 100_000

    private let key: IdentityKey
    private let clients = KeyTable<Void>(width: 9)
    private let destinations = KeyTable<Void>(width: 10)
    private let routes = KeyTable<Void>(width: RouteKey.columns.count)
    private let remarks = KeyTable<Void>(width: RemarkKey.columns.count)
    private let addresses = KeyTable<Void>(width: 3)
    private let words = UnsafeMutablePointer<Int64>.allocate(capacity: max(10, RouteKey.columns.count, RemarkKey.columns.count))

    /// `key`: of the database's identities.
    init(key: IdentityKey) {
        self.key = key
    }

    deinit {
        words.deallocate()
    }

    var isLarge: Bool {
        max(clients.count, max(destinations.count, max(remarks.count, max(addresses.count, routes.count)))) > EventNumberer.limit
    }

    func removeAll() {
        for table in [clients, destinations, routes, remarks, addresses] { table.removeAll() }
    }

    func number(_ batch: RecordBatch, into numbers: inout [EventNumbers]) {
        numbers.removeAll(keepingCapacity: true)
        numbers.reserveCapacity(batch.flows.count)
        batch.flows.withUnsafeBufferPointer { events in
            guard let base = events.baseAddress else { return }
            for index in 0..<events.count { numbers.append(number(base + index, batch.symbols)) }
        }
    }

    @inline(__always)
    private func number(_ event: UnsafePointer<FlowEvent>, _ symbols: SymbolTable) -> EventNumbers {
        put(0, event.pointee.principalName)
        put(1, event.pointee.principalID)
        words[2] = event.pointee.principalKind.map { $0 == .user ? 1 : 2 } ?? 0
        put(3, event.pointee.serviceKeyID)
        put(4, event.pointee.deviceID)
        put(5, event.pointee.clientIP)
        put(8, event.pointee.location)
        let client = place(in: clients)

        put(0, event.pointee.resourceAddress)
        put(1, event.pointee.connectorID)
        put(2, event.pointee.connectorName)
        put(3, event.pointee.networkID)
        put(4, event.pointee.networkName)
        put(5, event.pointee.resourceID)
        put(6, event.pointee.appliedRule)
        words[7] = FlowAssembly.transport(event.pointee.transport) ?? -1
        put(8, event.pointee.unknownTransport)
        words[9] = event.pointee.resourcePort.map { Int64($0) } ?? -1
        let destination = place(in: destinations)

        RouteKey(symbolsOf: event).write(to: words)
        let route = place(in: routes)

        RemarkKey(symbolsOf: event).write(to: words)
        let remark = place(in: remarks)

        put(0, event.pointee.resourceIP)
        let resourceIP = place(in: addresses)

        let hash = event.pointee.connectionID.withBytes { id in
            id.isEmpty ? 0 : key.hash(connection: id, connector: symbols.bytes(of: event.pointee.connectorID))
        }
        return EventNumbers(client: client, destination: destination, route: route, remark: remark, resourceIP: resourceIP, hash: hash)
    }

    @inline(__always)
    private func put(_ index: Int, _ symbol: Symbol) {
        words[index] = Int64(symbol.rawValue)
    }

    @inline(__always)
    private func put(_ index: Int, _ address: IPAddress?) {
        words[index] = Int64(bitPattern: address?.high ?? 0)
        words[index + 1] = Int64(bitPattern: address?.low ?? 0)
        words[index + 2] = Int64(address?.family.rawValue ?? 0)
    }

    @inline(__always)
    private func place(in table: KeyTable<Void>) -> Int32 {
        Int32(truncatingIfNeeded: table.place(words) ?? table.insert(words, ()))
    }
}

/// What the numbers of one worker's `EventNumberer` are called in the database; -1 where that was not asked yet.
struct EventNumberMap {
    var clients: [Int64] = []
    var clientSubjects: [FlowSubject] = []
    var destinations: [Int64] = []
    var destinationSubjects: [FlowSubject] = []
    /// Of the same number as in `destinations`: the text that is the Connector's id.
    var connectors: [Int64] = []
    var routes: [Int64] = []
    var remarks: [Int64] = []
    var addresses: [Int64] = []

    @inline(__always)
    static func find(_ list: [Int64], _ number: Int32) -> Int64 {
        let index = Int(number)
        return index < list.count ? list[index] : -1
    }

    static func set(_ list: inout [Int64], _ number: Int32, _ id: Int64) {
        while list.count <= Int(number) { list.append(-1) }
        list[Int(number)] = id
    }

    /// Under numbers in between that were not asked yet, there is no subject.
    static func set(_ list: inout [FlowSubject], _ number: Int32, _ subject: FlowSubject) {
        while list.count <= Int(number) { list.append(FlowSubject.none) }
        list[Int(number)] = subject
    }

    mutating func removeAll() {
        self = EventNumberMap()
    }
}

internal import CPrefetch
internal import FlowModel
internal import FlowStore

/// Makes drafts of events, one for each connection of a batch.
final class FlowAssembly {
    /// What became of an event within its batch.
    enum Effect {
        case newDraft
        case completed
        /// It said nothing that was not known.
        case duplicate
    }

    /// Drafts in a batch.
    static let capacity = FlowTable.batchRows
    private static let slotMask: Int = capacity * 4 - 1

    private let texts: TextDictionary
    private let clients: TupleDictionary<ClientKey>
    private let destinations: TupleDictionary<DestinationKey>
    private let routes: TupleDictionary<RouteKey>
    private let remarks: RemarkDictionary
    private let precedence: RecordPrecedence
    private let calibration: DurationCalibration
    private let key: IdentityKey
    private let occurrences: RowOccurrences
    private let limit: Int

    /// The drafts of the batch, the first `count` of them; in memory of its own, so that they are worked on in place.
    let drafts = UnsafeMutablePointer<FlowDraft>.allocate(capacity: capacity)
    private(set) var count = 0
    /// The draft's place + 1 by the low bits of its hash; 0 = free.
    private let slots: UnsafeMutablePointer<UInt32>

    init(
        _ dictionaries: IngestDictionaries, precedence: RecordPrecedence, calibration: DurationCalibration, key: IdentityKey,
        occurrences: RowOccurrences, limit: Int
    ) {
        texts = dictionaries.texts
        clients = dictionaries.clients
        destinations = dictionaries.destinations
        routes = dictionaries.routes
        remarks = dictionaries.remarks
        self.precedence = precedence
        self.calibration = calibration
        self.key = key
        self.occurrences = occurrences
        self.limit = min(limit, FlowAssembly.capacity)
        slots = .allocate(capacity: FlowAssembly.slotMask + 1)
        slots.initialize(repeating: 0, count: FlowAssembly.slotMask + 1)
    }

    deinit {
        slots.deallocate()
        drafts.deallocate()
    }

    /// Drafts of one id that are passed on the way to the right one before the batch is ended: crafted ids must not make look-ups
    /// slow.
    private static let maxAlike = 256
    private var isCrowded = false

    var isFull: Bool { count >= limit || isCrowded }

    func removeAll() {
        guard count > 0 else { return }
        count = 0
        isCrowded = false
        slots.update(repeating: 0, count: FlowAssembly.slotMask + 1)
    }

    /// Adds an event of a batch to the draft of its connection; there must be room for one more draft.
    func add(
        _ event: UnsafePointer<FlowEvent>, _ numbers: EventNumbers, symbols: SymbolTable, map: inout SymbolMap, source: Int64
    ) throws -> Effect {
        var client = EventNumberMap.find(map.numbers.clients, numbers.client)
        if client < 0 { client = try learnClient(event.pointee, numbers, symbols, &map) }
        var destination = EventNumberMap.find(map.numbers.destinations, numbers.destination)
        if destination < 0 { destination = try learnDestination(event.pointee, numbers, symbols, &map) }
        var route = EventNumberMap.find(map.numbers.routes, numbers.route)
        if route < 0 { route = try learnRoute(event, numbers, symbols, &map) }
        var remark = EventNumberMap.find(map.numbers.remarks, numbers.remark)
        if remark < 0 { remark = try learnRemark(event, numbers, symbols, &map) }
        var resourceIP = EventNumberMap.find(map.numbers.addresses, numbers.resourceIP)
        if resourceIP < 0 {
            resourceIP = try texts.id(event.pointee.resourceIP)
            EventNumberMap.set(&map.numbers.addresses, numbers.resourceIP, resourceIP)
        }
        var made = FlowDraft(
            subject: FlowSubject(
                client: map.numbers.clientSubjects[Int(numbers.client)],
                destination: map.numbers.destinationSubjects[Int(numbers.destination)]),
            connectionID: event.pointee.connectionID, connector: EventNumberMap.find(map.numbers.connectors, numbers.destination),
            startedAt: event.pointee.timestamp.milliseconds, client: client, destination: destination, resourceIP: resourceIP, route: route,
            remark: remark, state: FlowState(rawValue: 0), bytesReceived: event.pointee.bytesReceived ?? FlowDraft.absent,
            bytesTransferred: event.pointee.bytesTransferred ?? FlowDraft.absent,
            first: RecordPosition(
                source: source, offset: Int64(clamping: event.pointee.offset), line: Int64(clamping: event.pointee.line)),
            rank: FlowDraft.rank(of: event.pointee.kind))
        setTimes(&made, from: event)
        if made.connectionID.isEmpty {
            let occurrence = try occurrences.next(made.identity(key, occurrence: 0), source: source)
            made.hash = made.identity(key, occurrence: occurrence)
        } else {
            made.hash = numbers.hash
        }
        return try place(made)
    }

    private func learnClient(
        _ event: FlowEvent, _ numbers: EventNumbers, _ symbols: SymbolTable, _ map: inout SymbolMap
    ) throws -> Int64 {
        var key = ClientKey()
        key.principal = try map.id(event.principalName, in: symbols, texts)
        key.principalID = try map.id(event.principalID, in: symbols, texts)
        key.principalKind = event.principalKind.map { $0 == .user ? 1 : 2 } ?? 0
        key.serviceKey = try map.id(event.serviceKeyID, in: symbols, texts)
        key.device = try map.id(event.deviceID, in: symbols, texts)
        key.clientIP = try texts.id(event.clientIP)
        key.location = try map.id(event.location, in: symbols, texts)
        let id = try clients.id(key)
        EventNumberMap.set(&map.numbers.clients, numbers.client, id)
        EventNumberMap.set(&map.numbers.clientSubjects, numbers.client, FlowSubject(self.key, key))
        return id
    }

    private func learnDestination(
        _ event: FlowEvent, _ numbers: EventNumbers, _ symbols: SymbolTable, _ map: inout SymbolMap
    ) throws -> Int64 {
        var key = DestinationKey()
        key.address = try map.id(event.resourceAddress, in: symbols, texts)
        key.connectorID = try map.id(event.connectorID, in: symbols, texts)
        key.connector = try map.id(event.connectorName, in: symbols, texts)
        key.networkID = try map.id(event.networkID, in: symbols, texts)
        key.network = try map.id(event.networkName, in: symbols, texts)
        key.resourceID = try map.id(event.resourceID, in: symbols, texts)
        key.appliedRule = try map.id(event.appliedRule, in: symbols, texts)
        key.transport = try FlowAssembly.transport(event.transport) ?? map.id(event.unknownTransport, in: symbols, texts) + 16
        key.port = event.resourcePort.map { Int64($0) } ?? -1
        let id = try destinations.id(key)
        EventNumberMap.set(&map.numbers.destinations, numbers.destination, id)
        EventNumberMap.set(&map.numbers.destinationSubjects, numbers.destination, FlowSubject(self.key, key))
        EventNumberMap.set(&map.numbers.connectors, numbers.destination, key.connectorID)
        return id
    }

    private func learnRoute(
        _ event: UnsafePointer<FlowEvent>, _ numbers: EventNumbers, _ symbols: SymbolTable, _ map: inout SymbolMap
    ) throws -> Int64 {
        var route = RouteKey(symbolsOf: event)
        try route.replaceSymbols { try map.id($0, in: symbols, texts) }
        let id = route.isEmpty ? 0 : try routes.id(route)
        EventNumberMap.set(&map.numbers.routes, numbers.route, id)
        return id
    }

    private func learnRemark(
        _ event: UnsafePointer<FlowEvent>, _ numbers: EventNumbers, _ symbols: SymbolTable, _ map: inout SymbolMap
    ) throws -> Int64 {
        var remark = RemarkKey(symbolsOf: event)
        try remark.replaceSymbols { try map.id($0, in: symbols, texts) }
        let id = try remarks.id(remark)
        EventNumberMap.set(&map.numbers.remarks, numbers.remark, id)
        return id
    }

    /// To be called for an event some places ahead of the one that is added.
    @inline(__always)
    func prepare(_ numbers: EventNumbers) {
        twin_prefetch(slots + FlowAssembly.slot(numbers.hash))
    }

    @inline(__always)
    private static func slot(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & slotMask }

    /// Puts a draft in, or into the draft of the same connection that is there.
    private func place(_ made: FlowDraft) throws -> Effect {
        var slot = FlowAssembly.slot(made.hash)
        var alike = 0
        while slots[slot] != 0 {
            let known = drafts + (Int(slots[slot]) - 1)
            if known.pointee.hash == made.hash {
                if known.pointee.hasIdentity(of: made) {
                    if made.connectionID.isEmpty { return .duplicate }
                    // What needs more than a row to be kept stays apart until the batch is met with the database.
                    if case .plain = known.pointee.joining(made) {
                        guard try known.pointee.merge(made, precedence, remarks: remarks) else {
                            return .duplicate
                        }
                        known.pointee.completions += 1
                        return .completed
                    }
                }
                alike += 1
            }
            slot = (slot &+ 1) & FlowAssembly.slotMask
        }
        if alike > FlowAssembly.maxAlike { isCrowded = true }
        (drafts + count).initialize(to: made)
        count += 1
        slots[slot] = UInt32(count)
        return .newDraft
    }

    static func transport(_ transport: TransportProtocol?) -> Int64? {
        switch transport {
        case .tcp: 1
        case .udp: 2
        case .icmp: 3
        case nil: nil
        }
    }

    private func setTimes(_ draft: inout FlowDraft, from event: UnsafePointer<FlowEvent>) {
        let at = event.pointee.timestamp.milliseconds
        draft.startedAt = event.pointee.startedAt?.milliseconds ?? at
        switch event.pointee.kind {
        case .established: draft.state = [.allowed, .hasEstablished]
        case .denied: draft.state = [.denied]
        case .failed:
            draft.state = [.failed, .hasFailed]
            // By when it failed, the same event is found in a source that does not say when the attempt began.
            if draft.startedAt != at { draft.endedAt = at }
        case .whole:
            draft.state = [.allowed, .whole]
            draft.endedAt = event.pointee.endedAt?.milliseconds ?? FlowDraft.absent
        case .closed:
            draft.state = [.allowed, .hasClosed, .orphan]
            let end = event.pointee.endedAt?.milliseconds ?? at
            draft.endedAt = end
            guard event.pointee.startedAt == nil else { return }
            guard let duration = event.pointee.duration else {
                draft.startedAt = end
                draft.state.formUnion([.startUnknown, .looseEnd])
                return
            }
            let isUnstated = event.pointee.durationUnit == .unstated
            if isUnstated {
                draft.duration = duration
                draft.state.insert(.unitUnstated)
            }
            let unit = isUnstated ? calibration.appliedUnit(of: draft.connector) : event.pointee.durationUnit
            if let span = DurationCalibration.milliseconds(duration, unit) {
                draft.startedAt = end.subtractingReportingOverflow(span).partialValue
                draft.state.insert(.startInferred)
            } else {
                draft.startedAt = end
                draft.state.insert(.startUnknown)
            }
        }
    }
}

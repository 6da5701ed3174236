internal import FlowModel
internal import GRDB

/// Makes drafts of events, one for each connection of a batch.
final class FlowAssembly {
    /// What became of an event within its batch.
    enum Effect {
        case newDraft
        case completed
        /// It said nothing that was not known.
        case duplicate
    }

    /// Drafts in a batch: numbers within a run of flows have 16 bits.
    static let capacity = 1 << 16
    private static let slotMask: Int = capacity * 4 - 1

    private let texts: TextDictionary
    private let origins: TupleDictionary<OriginKey>
    private let targets: TupleDictionary<TargetKey>
    private let routes: TupleDictionary<RouteKey>
    private let remarks: RemarkDictionary
    private let calibration: DurationCalibration
    private let seed: UInt64

    private(set) var drafts: [FlowDraft] = []
    /// The draft's place + 1 by the low bits of its hash; 0 = free.
    private let slots: UnsafeMutablePointer<UInt32>

    init(
        texts: TextDictionary, origins: TupleDictionary<OriginKey>, targets: TupleDictionary<TargetKey>,
        routes: TupleDictionary<RouteKey>, remarks: RemarkDictionary, calibration: DurationCalibration, seed: UInt64
    ) {
        self.texts = texts
        self.origins = origins
        self.targets = targets
        self.routes = routes
        self.remarks = remarks
        self.calibration = calibration
        self.seed = seed
        slots = .allocate(capacity: FlowAssembly.slotMask + 1)
        slots.initialize(repeating: 0, count: FlowAssembly.slotMask + 1)
        drafts.reserveCapacity(FlowAssembly.capacity)
    }

    deinit {
        slots.deallocate()
    }

    var isFull: Bool { drafts.count >= FlowAssembly.capacity }

    func removeAll() {
        guard !drafts.isEmpty else { return }
        drafts.removeAll(keepingCapacity: true)
        slots.update(repeating: 0, count: FlowAssembly.slotMask + 1)
    }

    /// Hands the drafts out to be changed in place and written; they are forgotten then.
    func drain(_ body: (inout [FlowDraft]) throws -> Void) rethrows {
        defer { removeAll() }
        try body(&drafts)
    }

    func add(_ event: FlowEvent, symbols: SymbolTable, map: inout SymbolMap, source: Int64) throws -> Effect {
        let origin = try origins.id(
            OriginKey(
                principal: map.id(event.principalName, in: symbols, texts), principalID: map.id(event.principalID, in: symbols, texts),
                principalKind: event.principalKind.map { $0 == .user ? 1 : 2 } ?? 0,
                serviceKey: map.id(event.serviceKeyID, in: symbols, texts), device: map.id(event.deviceID, in: symbols, texts),
                clientIP: texts.id(event.clientIP), location: map.id(event.location, in: symbols, texts)))
        let connector = try map.id(event.connectorID, in: symbols, texts)
        let target = try targets.id(
            TargetKey(
                address: map.id(event.resourceAddress, in: symbols, texts), connectorID: connector,
                connector: map.id(event.connectorName, in: symbols, texts), networkID: map.id(event.networkID, in: symbols, texts),
                network: map.id(event.networkName, in: symbols, texts), resourceID: map.id(event.resourceID, in: symbols, texts),
                appliedRule: map.id(event.appliedRule, in: symbols, texts),
                transport: FlowAssembly.transport(event.transport) ?? map.id(event.unknownTransport, in: symbols, texts) + 16,
                port: event.resourcePort.map { Int64($0) } ?? -1))
        let route = try RouteKey(
            relays: map.id(event.relays, in: symbols, texts), tunnelPath: map.id(event.tunnelPath, in: symbols, texts),
            tunnelProtocol: map.id(event.tunnelProtocol, in: symbols, texts))
        let remark = try RemarkKey(
            error: map.id(event.errorMessage, in: symbols, texts), closeReason: map.id(event.closeReason, in: symbols, texts),
            requested: map.id(event.requested, in: symbols, texts), decisionEffect: map.id(event.decisionEffect, in: symbols, texts),
            decisionReason: map.id(event.decisionReason, in: symbols, texts), policyVersion: event.policyVersion ?? -1,
            policyDigest: map.id(event.policyDigest, in: symbols, texts))

        var made = FlowDraft(
            connectionID: event.connectionID, connector: connector, startedAt: event.timestamp.milliseconds, origin: origin,
            target: target, resourceIP: try texts.id(event.resourceIP), route: route.isEmpty ? 0 : try routes.id(route),
            remark: try remarks.id(remark), state: FlowState(rawValue: 0),
            bytesReceived: event.bytesReceived ?? FlowDraft.absent, bytesTransferred: event.bytesTransferred ?? FlowDraft.absent,
            first: RecordPosition(source: source, offset: Int64(clamping: event.offset), line: Int64(clamping: event.line)),
            rank: FlowDraft.rank(of: event.kind))
        setTimes(&made, from: event)
        made.hash = hash(of: made, symbols, event.connectorID)
        return try place(made)
    }

    /// Puts a draft in, or into the draft of the same connection that is there.
    private func place(_ made: FlowDraft) throws -> Effect {
        var slot = Int(truncatingIfNeeded: made.hash) & FlowAssembly.slotMask
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if drafts[place].hash == made.hash, drafts[place].isSame(as: made) {
                guard try drafts[place].merge(made, remarks: remarks, calibration: calibration) else { return .duplicate }
                drafts[place].completions += 1
                return .completed
            }
            slot = (slot &+ 1) & FlowAssembly.slotMask
        }
        drafts.append(made)
        slots[slot] = UInt32(drafts.count)
        return .newDraft
    }

    private static func transport(_ transport: TransportProtocol?) -> Int64? {
        switch transport {
        case .tcp: 1
        case .udp: 2
        case .icmp: 3
        case nil: nil
        }
    }

    private func setTimes(_ draft: inout FlowDraft, from event: FlowEvent) {
        let at = event.timestamp.milliseconds
        draft.startedAt = event.startedAt?.milliseconds ?? at
        switch event.kind {
        case .established: draft.state = [.allowed, .hasEstablished]
        case .denied: draft.state = [.denied]
        case .failed: draft.state = [.failed]
        case .whole:
            draft.state = [.allowed, .whole]
            draft.endedAt = event.endedAt?.milliseconds ?? FlowDraft.absent
        case .closed:
            draft.state = [.allowed, .hasClosed, .orphan]
            let end = event.endedAt?.milliseconds ?? at
            draft.endedAt = end
            guard event.startedAt == nil else { return }
            guard let duration = event.duration else {
                draft.startedAt = end
                draft.state.insert(.startUnknown)
                return
            }
            let isUnstated = event.durationUnit == .unstated
            if isUnstated { draft.duration = duration }
            if let span = DurationCalibration.milliseconds(
                duration, isUnstated ? calibration.unit(of: draft.connector) : event.durationUnit)
            {
                draft.startedAt = end.subtractingReportingOverflow(span).partialValue
                draft.state.insert(.startInferred)
            } else {
                draft.startedAt = end
                draft.state.insert(.startUnknown)
            }
        }
    }

    private func hash(of draft: FlowDraft, _ symbols: SymbolTable, _ connector: Symbol) -> UInt64 {
        if draft.connectionID.isEmpty {
            // Without an id, the whole of it is the identity.
            var state = KeyedHash.mix(seed, UInt64(bitPattern: draft.startedAt))
            state = KeyedHash.mix(state, UInt64(bitPattern: draft.endedAt))
            state = KeyedHash.mix(state, UInt64(bitPattern: draft.origin))
            state = KeyedHash.mix(state, UInt64(bitPattern: draft.target))
            state = KeyedHash.mix(state, UInt64(bitPattern: draft.resourceIP))
            state = KeyedHash.mix(state, UInt64(bitPattern: draft.bytesReceived))
            state = KeyedHash.mix(state, UInt64(bitPattern: draft.bytesTransferred))
            return KeyedHash.mix(state, UInt64(draft.rank))
        }
        let state = draft.connectionID.withBytes { KeyedHash.hash($0, seed: seed) }
        return KeyedHash.hash(symbols.bytes(of: connector), seed: state)
    }
}

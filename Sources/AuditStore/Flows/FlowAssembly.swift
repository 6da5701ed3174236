internal import FlowModel
internal import GRDB

/// Makes flows of events: finds the flow that an event belongs to, in this batch or in the database, and merges what it says.
///
/// Merging gives the same flow in whatever order the events come.
final class FlowAssembly {
    /// A connection, with the hash already computed.
    private struct Identity: Hashable {
        var hash: Int64
        var connector: Int64
        var connectionID: ConnectionID

        func hash(into hasher: inout Hasher) {
            hasher.combine(hash)
        }
    }

    /// What became of an event.
    enum Effect {
        case newFlow
        case completed
        /// It said nothing that was not known.
        case duplicate
    }

    private let texts: TextDictionary
    private let origins: TupleDictionary<OriginKey>
    private let targets: TupleDictionary<TargetKey>
    private let routes: TupleDictionary<RouteKey>
    private let table: FlowTable
    private let calibration: DurationCalibration
    private let seed: UInt64

    private(set) var drafts: [FlowDraft] = []
    private var index: [Identity: Int] = [:]

    init(
        texts: TextDictionary, origins: TupleDictionary<OriginKey>, targets: TupleDictionary<TargetKey>,
        routes: TupleDictionary<RouteKey>, table: FlowTable, calibration: DurationCalibration, seed: UInt64
    ) {
        self.texts = texts
        self.origins = origins
        self.targets = targets
        self.routes = routes
        self.table = table
        self.calibration = calibration
        self.seed = seed
    }

    func discard() {
        drafts.removeAll(keepingCapacity: true)
        index.removeAll(keepingCapacity: true)
    }

    /// Puts in a draft that was loaded and changed elsewhere.
    func adopt(_ draft: FlowDraft) {
        index[identity(of: draft)] = drafts.count
        drafts.append(draft)
    }

    /// Takes the drafts for writing and forgets them.
    func take() -> [FlowDraft] {
        defer { discard() }
        return drafts
    }

    func add(_ event: FlowEvent, symbols: SymbolTable, map: inout SymbolMap, source: Int64) throws -> Effect {
        func text(_ symbol: Symbol) throws -> Int64 { try map.id(symbol, in: symbols, texts) }
        let origin = try origins.id(
            OriginKey(
                principal: text(event.principalName), principalID: text(event.principalID),
                principalKind: event.principalKind.map { $0 == .user ? 1 : 2 } ?? 0, serviceKey: text(event.serviceKeyID),
                device: text(event.deviceID), clientIP: texts.id(event.clientIP), location: text(event.location)))
        let connector = try text(event.connectorID)
        let target = try targets.id(
            TargetKey(
                address: text(event.resourceAddress), connectorID: connector, connector: text(event.connectorName),
                networkID: text(event.networkID), network: text(event.networkName), resourceID: text(event.resourceID),
                appliedRule: text(event.appliedRule), transport: transport(event, text),
                port: event.resourcePort.map { Int64($0) } ?? -1))
        let routeKey = try RouteKey(
            relays: text(event.relays), tunnelPath: text(event.tunnelPath), tunnelProtocol: text(event.tunnelProtocol))
        let remark = try RemarkKey(
            error: text(event.errorMessage), closeReason: text(event.closeReason), requested: text(event.requested),
            decisionEffect: text(event.decisionEffect), decisionReason: text(event.decisionReason),
            policyVersion: event.policyVersion ?? -1, policyDigest: text(event.policyDigest))
        let position = RecordPosition(source: source, offset: Int64(clamping: event.offset), line: Int64(clamping: event.line))

        var made = FlowDraft(
            flowID: 0, hash: 0, connectionID: event.connectionID, connector: connector,
            startedAt: event.timestamp.milliseconds, endedAt: nil, origin: origin, target: target,
            resourceIP: try texts.id(event.resourceIP), route: routeKey.isEmpty ? 0 : try routes.id(routeKey), remark: remark,
            state: FlowState(rawValue: 0), bytesReceived: event.bytesReceived, bytesTransferred: event.bytesTransferred,
            first: position, last: nil, rank: FlowDraft.rank(of: event.kind))
        setTimes(&made, from: event)
        made.hash = hash(of: made, symbols, event)

        guard let slot = try locate(made) else {
            made.flowID = table.takeID()
            index[identity(of: made)] = drafts.count
            drafts.append(made)
            return .newFlow
        }
        return merge(made, event: event, into: slot)
    }

    private func transport(_ event: FlowEvent, _ text: (Symbol) throws -> Int64) rethrows -> Int64 {
        switch event.transport {
        case .tcp: 1
        case .udp: 2
        case .icmp: 3
        case nil: try text(event.unknownTransport) + 16
        }
    }

    private func setTimes(_ draft: inout FlowDraft, from event: FlowEvent) {
        let at = event.timestamp.milliseconds
        switch event.kind {
        case .established:
            draft.state = [.allowed, .hasEstablished]
            draft.startedAt = event.startedAt?.milliseconds ?? at
        case .denied:
            draft.state = [.denied]
            draft.startedAt = event.startedAt?.milliseconds ?? at
        case .failed:
            draft.state = [.failed]
            draft.startedAt = event.startedAt?.milliseconds ?? at
        case .whole:
            draft.state = [.allowed, .whole]
            draft.startedAt = event.startedAt?.milliseconds ?? at
            draft.endedAt = event.endedAt?.milliseconds
        case .closed:
            draft.state = [.allowed, .hasClosed, .orphan]
            let end = event.endedAt?.milliseconds ?? at
            draft.endedAt = end
            if let start = event.startedAt?.milliseconds {
                draft.startedAt = start
            } else if let duration = event.duration {
                let unit = event.durationUnit == .unstated ? calibration.unit(of: draft.connector) : event.durationUnit
                if let span = DurationCalibration.milliseconds(duration, unit) {
                    draft.startedAt = end.subtractingReportingOverflow(span).partialValue
                    draft.state.insert(.startInferred)
                } else {
                    draft.startedAt = end
                    draft.pendingDuration = duration
                    draft.state.insert(.startUnknown)
                }
            } else {
                draft.startedAt = end
                draft.state.insert(.startUnknown)
            }
        }
    }

    private func identity(of draft: FlowDraft) -> Identity {
        Identity(hash: draft.hash, connector: draft.connector, connectionID: draft.connectionID)
    }

    private func hash(of draft: FlowDraft, _ symbols: SymbolTable, _ event: FlowEvent) -> Int64 {
        var state = seed
        if draft.connectionID.isEmpty {
            // Without an id, the whole of it is the identity.
            for value in [
                draft.startedAt, draft.endedAt ?? -1, draft.origin, draft.target, draft.resourceIP, draft.bytesReceived ?? -1,
                draft.bytesTransferred ?? -1, Int64(draft.rank),
            ] {
                state = KeyedHash.mix(state, UInt64(bitPattern: value))
            }
        } else {
            state = draft.connectionID.withBytes { KeyedHash.hash($0, seed: state) }
            state = KeyedHash.hash(symbols.bytes(of: event.connectorID), seed: state)
        }
        return Int64(bitPattern: state)
    }

    /// The place of the flow among the drafts; loaded from the database where it is known there.
    private func locate(_ made: FlowDraft) throws -> Int? {
        let key = identity(of: made)
        if let slot = index[key], isSame(drafts[slot], made) { return slot }
        for found in try table.find(hash: made.hash) where isSame(found, made) {
            index[key] = drafts.count
            drafts.append(found)
            return drafts.count - 1
        }
        return nil
    }

    private func isSame(_ left: FlowDraft, _ right: FlowDraft) -> Bool {
        guard left.connectionID == right.connectionID, left.connector == right.connector else { return false }
        guard left.connectionID.isEmpty else { return true }
        return left.startedAt == right.startedAt && left.endedAt == right.endedAt && left.origin == right.origin
            && left.target == right.target && left.resourceIP == right.resourceIP && left.rank == right.rank
            && left.bytesReceived == right.bytesReceived && left.bytesTransferred == right.bytesTransferred
    }

    private func merge(_ made: FlowDraft, event: FlowEvent, into slot: Int) -> Effect {
        let old = drafts[slot]
        if made.connectionID.isEmpty { return .duplicate }
        var flow = old
        flow.state.raiseOutcome(to: made.state.outcomeCode)
        flow.state.formUnion(made.state.intersection([.hasEstablished, .hasClosed]))

        let knowsStart = { (state: FlowState) in state.isDisjoint(with: [.startInferred, .startUnknown]) }
        if made.endedAt != nil, let duration = event.duration, event.durationUnit == .unstated, let end = made.endedAt,
            knowsStart(old.state), old.endedAt == nil
        {
            calibration.observe(connector: made.connector, elapsedMs: end &- old.startedAt, duration: duration)
        } else if event.kind == .established, let duration = old.pendingDuration, let end = old.endedAt {
            calibration.observe(connector: made.connector, elapsedMs: end &- made.startedAt, duration: duration)
        }

        // A stated start beats a computed one, which beats none; of two alike the earlier counts.
        let order = { (state: FlowState) in state.contains(.startUnknown) ? 2 : (state.contains(.startInferred) ? 1 : 0) }
        if order(made.state) < order(old.state) || (order(made.state) == order(old.state) && made.startedAt < old.startedAt) {
            flow.startedAt = made.startedAt
            flow.state.remove([.startInferred, .startUnknown])
            flow.state.formUnion(made.state.intersection([.startInferred, .startUnknown]))
        }
        if flow.state.contains(.hasEstablished) { flow.state.remove(.orphan) }
        if !flow.state.contains(.startUnknown) { flow.pendingDuration = nil }
        if let end = made.endedAt { flow.endedAt = max(old.endedAt ?? .min, end) }
        flow.bytesReceived = larger(old.bytesReceived, made.bytesReceived)
        flow.bytesTransferred = larger(old.bytesTransferred, made.bytesTransferred)

        if made.rank > old.rank {
            flow.origin = made.origin
            flow.target = made.target
            flow.resourceIP = made.resourceIP == 0 ? old.resourceIP : made.resourceIP
            flow.route = made.route == 0 ? old.route : made.route
            flow.remark = made.remark
            flow.remark.fill(from: old.remark)
            flow.rank = made.rank
            flow.last = old.first
            flow.first = made.first
        } else {
            if flow.resourceIP == 0 { flow.resourceIP = made.resourceIP }
            if flow.route == 0 { flow.route = made.route }
            flow.remark.fill(from: made.remark)
            if made.rank < old.rank, old.last == nil { flow.last = made.first }
        }
        let isNews = !FlowAssembly.sameFacts(flow, old)
        guard isNews else { return .duplicate }
        flow.isClean = false
        drafts[slot] = flow
        return .completed
    }

    private func larger(_ left: Int64?, _ right: Int64?) -> Int64? {
        guard let left, let right else { return left ?? right }
        return max(left, right)
    }

    private static func sameFacts(_ left: FlowDraft, _ right: FlowDraft) -> Bool {
        left.startedAt == right.startedAt && left.endedAt == right.endedAt && left.state == right.state
            && left.origin == right.origin && left.target == right.target && left.resourceIP == right.resourceIP
            && left.route == right.route && left.remark == right.remark && left.bytesReceived == right.bytesReceived
            && left.bytesTransferred == right.bytesTransferred && left.last == right.last
    }
}

internal import FlowModel
internal import FlowStore

/// Reads the flows of a device near given times.
final class ObservationReader {
    /// The device whose flows are compared with each other; of records without a device, the principal.
    struct Group: Hashable, Comparable {
        var device: Int64
        var principalKind: Int64 = 0
        var principalID: Int64 = 0

        static func < (left: Group, right: Group) -> Bool {
            (left.device, left.principalKind, left.principalID) < (right.device, right.principalKind, right.principalID)
        }
    }

    /// A flow without connection id as it stands in the database.
    struct StoredRow {
        var observation: Observation
        var contribution: EdgeContribution
        /// The flow that it was recognised as before, and what differed; nil: none.
        var known: (original: Int64, differences: Int64)?
    }

    /// Inclusive bounds.
    struct Span {
        var from: Int64
        var through: Int64
    }

    private struct Origin {
        var group: Group?
        var principalKind: Int64
        var principalID: Int64
        var principal: Int64
        var clientIP: Int64
    }

    private struct Destination: Hashable {
        var address: Int64
        var connector: Int64
        var transport: Int64
        var port: Int64
    }

    private struct Target {
        var destination: Int
        var resource: Int64
        var appliedRule: Int64
        var network: Int64
    }

    /// Entries remembered of each kind; forgotten when more.
    private static let limit = 100_000

    private let database: StoreConnection
    private let lists: FlowLists
    private let facts: FlowFactsReader
    private let selectOrigin: RawStatement
    private let selectTarget: RawStatement
    private let selectFlow: RawStatement
    private let reportSources: Set<Int64>
    /// The number of the empty text, which says as little as none.
    private let emptyText: Int64
    private var origins: [Int64: Origin] = [:]
    private var targets: [Int64: Target] = [:]
    private var destinations: [Destination: Int] = [:]
    private var contents: [Int64: UInt64] = [:]

    init(_ database: StoreConnection) throws {
        self.database = database
        lists = try FlowLists(database)
        facts = try FlowFactsReader(database)
        selectOrigin = try RawStatement(
            database, "SELECT device, principal_kind, principal_id, principal, client_ip FROM origin WHERE origin_id = ?")
        selectTarget = try RawStatement(
            database,
            "SELECT address, resource_id, applied_rule, network_id, connector_id, protocol, port FROM target WHERE target_id = ?")
        selectFlow = try RawStatement(
            database,
            """
            SELECT f.started_at, f.duration_ms, f.state, f.bytes_received, f.bytes_transferred, f.resource_ip, f.source_id, f.edge_id,
                e.origin_id, e.target_id, r.original_flow, r.differences, f.connection_id
            FROM flow_fact f CROSS JOIN edge e ON e.edge_id = f.edge_id LEFT JOIN source_match_fact r ON r.flow_id = f.flow_id
            WHERE f.flow_id = ?
            """)
        reportSources = try Set(
            (database.values("SELECT source_id FROM source_file WHERE format = ?", [ObservationReader.reportFormat]) as [Int64]))
        emptyText = try (database.value("SELECT text_id FROM text WHERE value = ''") as Int64?) ?? 0
    }

    private static let reportFormat = "network-report"

    /// Nil for an origin of which nothing is known to go by.
    func group(of origin: Int64) throws -> Group? { try known(origin).group }

    /// The flows of a group that start, or with `byEnd` end, within one of the spans, which ascend and do not touch. Nil when there are
    /// more than `limit`.
    func read(
        _ group: Group, _ spans: [Span], byEnd: Bool, runs: [FlowRun], limit: Int
    ) throws -> (rows: [StoredRow], originals: [Observation])? {
        if destinations.count > ObservationReader.limit {
            destinations.removeAll(keepingCapacity: true)
            targets.removeAll(keepingCapacity: true)
        }
        let origins =
            try
            (database.values(
                """
                SELECT origin_id FROM origin WHERE device = ?1 AND ?1 <> 0
                UNION ALL
                SELECT origin_id FROM origin WHERE principal_id = ?2 AND ?1 = 0 AND device = 0 AND principal_kind = ?3
                """, [group.device, group.principalID, group.principalKind]) as [Int64])
        var rows: [StoredRow] = []
        var originals: [Observation] = []
        var flows: [Int64] = []
        for run in runs where ObservationReader.meets(spans, run.earliest, run.latest &+ (byEnd ? MatchReach.maxByEnd : 0)) {
            for origin in origins {
                flows.removeAll(keepingCapacity: true)
                try lists.append(run: run.first, origin: origin, to: &flows)
                flows.sort()
                var last: Int64 = 0
                for flow in flows where flow != last {
                    last = flow
                    try read(flow, origin, spans, byEnd: byEnd, &rows, &originals)
                }
                if rows.count + originals.count > limit { return nil }
            }
        }
        return (rows, originals)
    }

    private func read(
        _ flow: Int64, _ origin: Int64, _ spans: [Span], byEnd: Bool, _ rows: inout [StoredRow], _ originals: inout [Observation]
    ) throws {
        selectFlow.bind(1, flow)
        defer { selectFlow.reset() }
        guard try selectFlow.step(), selectFlow.integer(8) == origin else { return }
        let startedAt = selectFlow.integer(0)
        let endedAt = selectFlow.optionalInteger(1).map { startedAt &+ $0 } ?? FlowDraft.absent
        guard
            ObservationReader.meets(spans, startedAt, startedAt)
                || (byEnd && endedAt != FlowDraft.absent && ObservationReader.meets(spans, endedAt, endedAt))
        else { return }
        let state = FlowState(rawValue: selectFlow.integer(2))
        let (who, what) = (try known(origin), try target(selectFlow.integer(9)))
        var observation = Observation(startedAt: startedAt)
        observation.flowID = flow
        observation.destination = what.destination
        observation.endedAt = endedAt
        observation.startIsUnknown = state.contains(.startUnknown)
        observation.outcome = state.outcomeCode
        observation.bytesReceived = selectFlow.optionalInteger(3) ?? FlowDraft.absent
        observation.bytesTransferred = selectFlow.optionalInteger(4) ?? FlowDraft.absent
        (observation.principalKind, observation.principalID) = (who.principalKind, who.principalID)
        (observation.principal, observation.clientIP) = (who.principal, who.clientIP)
        (observation.resource, observation.resourceIP) = (what.resource, selectFlow.integer(5))
        (observation.appliedRule, observation.network) = (what.appliedRule, what.network)
        guard selectFlow.isNull(12) else {
            observation.tie = ObservationReader.hash(selectFlow)
            originals.append(observation)
            return
        }
        observation.witness = Witness(state, isReport: reportSources.contains(selectFlow.integer(6)))
        observation.tie = try content(observation, origin: origin, target: selectFlow.integer(9))
        let contribution = EdgeContribution(
            edge: selectFlow.integer(7), isOpen: endedAt == FlowDraft.absent && state.outcomeCode == 3,
            bytesReceived: selectFlow.optionalInteger(3) ?? 0, bytesTransferred: selectFlow.optionalInteger(4) ?? 0,
            startedAt: startedAt)
        let known = selectFlow.optionalInteger(10).map { (original: $0, differences: selectFlow.integer(11)) }
        rows.append(StoredRow(observation: observation, contribution: contribution, known: known))
    }

    /// Whether a stretch of time has something in common with one of the spans.
    static func meets(_ spans: [Span], _ from: Int64, _ through: Int64) -> Bool {
        var low = 0
        var high = spans.count
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].through < from { low = middle + 1 } else { high = middle }
        }
        return low < spans.count && spans[low].from <= through
    }

    private func known(_ origin: Int64) throws -> Origin {
        if let found = origins[origin] { return found }
        selectOrigin.bind(1, origin)
        defer { selectOrigin.reset() }
        var made = Origin(group: nil, principalKind: 0, principalID: 0, principal: 0, clientIP: 0)
        if try selectOrigin.step() {
            let device = text(selectOrigin.integer(0))
            made.principalKind = selectOrigin.integer(1)
            made.principalID = text(selectOrigin.integer(2))
            made.principal = text(selectOrigin.integer(3))
            made.clientIP = selectOrigin.integer(4)
            if device != 0 {
                made.group = Group(device: device)
            } else if made.principalID != 0 {
                made.group = Group(device: 0, principalKind: made.principalKind, principalID: made.principalID)
            }
        }
        if origins.count >= ObservationReader.limit { origins.removeAll(keepingCapacity: true) }
        origins[origin] = made
        return made
    }

    private func target(_ id: Int64) throws -> Target {
        if let found = targets[id] { return found }
        selectTarget.bind(1, id)
        defer { selectTarget.reset() }
        var made = Target(destination: -1, resource: 0, appliedRule: 0, network: 0)
        if try selectTarget.step() {
            // ICMP has no port, which some sources write as 0.
            let key = Destination(
                address: selectTarget.integer(0), connector: selectTarget.integer(4), transport: selectTarget.integer(5),
                port: max(0, selectTarget.integer(6)))
            let destination = destinations[key] ?? destinations.count
            destinations[key] = destination
            made = Target(
                destination: destination, resource: text(selectTarget.integer(1)), appliedRule: text(selectTarget.integer(2)),
                network: text(selectTarget.integer(3)))
        }
        if targets.count >= ObservationReader.limit { targets.removeAll(keepingCapacity: true) }
        targets[id] = made
        return made
    }

    private func text(_ id: Int64) -> Int64 { id == emptyText ? 0 : id }

    // MARK: What tells records apart, whatever their numbers are here

    /// Any key: the values order records that are alike otherwise, and stand nowhere.
    private static let contentKey = SipHash.Key(first: 0x7465_6c6c_696e_6773, second: 0x636f_6e74_656e_7473)

    /// Of the connection id in the last column.
    private static func hash(_ statement: RawStatement) -> UInt64 {
        statement.withBlob(12) { hash($0) }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = SipHash(contentKey)
        hash.append(bytes)
        return hash.finish()
    }

    private func content(_ observation: Observation, origin: Int64, target: Int64) throws -> UInt64 {
        var hash = SipHash(ObservationReader.contentKey)
        hash.append(try originContent(origin))
        hash.append(try targetContent(target))
        hash.append(try self.hash(facts.text(observation.resourceIP) ?? ""))
        for value in [
            observation.startedAt, observation.endedAt, observation.outcome, observation.bytesReceived, observation.bytesTransferred,
        ] {
            hash.append(value)
        }
        return hash.finish()
    }

    private func hash(_ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { ObservationReader.hash(UnsafeRawBufferPointer($0)) }
    }

    private func originContent(_ id: Int64) throws -> UInt64 {
        let it = try facts.origin(id)
        return remembered(id) {
            hash("\([it.principal?.id, it.principalName, it.serviceKeyID, it.deviceID, it.clientIP, it.location])")
        }
    }

    private func targetContent(_ id: Int64) throws -> UInt64 {
        let it = try facts.target(id)
        return remembered(-id) {
            hash("\([it.networkID, it.networkName, it.connectorName, it.resourceID, it.appliedRule])")
        }
    }

    /// Of origins under their numbers, of targets under their numbers less than 0.
    private func remembered(_ key: Int64, _ make: () throws -> UInt64) rethrows -> UInt64 {
        if let found = contents[key] { return found }
        let made = try make()
        if contents.count >= ObservationReader.limit { contents.removeAll(keepingCapacity: true) }
        contents[key] = made
        return made
    }
}

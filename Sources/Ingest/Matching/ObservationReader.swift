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
        var contribution: AggregateContribution
        /// The flow that it was recognised as before, and what differed; nil: none.
        var known: (original: Int64, differences: Int64)?
    }

    /// Inclusive bounds.
    struct Span {
        var from: Int64
        var through: Int64
    }

    private struct Client {
        var group: Group?
        var principalKind: Int64
        var principalID: Int64
        var principal: Int64
        var clientIP: Int64
    }

    private struct EndPoint: Hashable {
        var address: Int64
        var connector: Int64
        var transport: Int64
        var port: Int64
    }

    private struct Destination {
        var endPoint: Int
        var resource: Int64
        var appliedRule: Int64
        var network: Int64
    }

    /// Entries remembered of each kind; forgotten when more.
    private static let limit = 100_000

    private let database: StoreConnection
    private let lists: FlowLists
    private let facts: FlowFactsReader
    private let selectClient: RawStatement
    private let selectDestination: RawStatement
    private let selectFlow: RawStatement
    private let reportSources: Set<Int64>
    /// The number of the empty text, which says as little as none.
    private let emptyText: Int64
    private var clients: [Int64: Client] = [:]
    private var destinations: [Int64: Destination] = [:]
    private var endPoints: [EndPoint: Int] = [:]
    private var contents: [Int64: UInt64] = [:]

    init(_ database: StoreConnection) throws {
        self.database = database
        lists = try FlowLists(database)
        facts = try FlowFactsReader(database)
        selectClient = try RawStatement(
            database, "SELECT device, principal_kind, principal_id, principal, client_ip FROM client WHERE client_id = ?")
        selectDestination = try RawStatement(
            database,
            "SELECT address, resource_id, applied_rule, network_id, connector_id, protocol, port FROM destination WHERE destination_id = ?")
        selectFlow = try RawStatement(
            database,
            """
            SELECT f.started_at, f.duration_ms, f.state, f.bytes_received, f.bytes_transferred, f.resource_ip, f.source_id, f.aggregate_id,
                e.client_id, e.destination_id, r.original_flow, r.differences, f.connection_id
            FROM flow_fact f CROSS JOIN aggregate e ON e.aggregate_id = f.aggregate_id LEFT JOIN source_match_fact r ON r.flow_id = f.flow_id
            WHERE f.flow_id = ?
            """)
        reportSources = try Set(
            (database.values("SELECT source_id FROM source_file WHERE format = ?", [ObservationReader.reportFormat]) as [Int64]))
        emptyText = try (database.value("SELECT text_id FROM text WHERE value = ''") as Int64?) ?? 0
    }

    private static let reportFormat = "network-report"

    /// Nil for a client of which nothing is known to go by.
    func group(of client: Int64) throws -> Group? { try known(client).group }

    /// The flows of a group that start, or with `byEnd` end, within one of the spans, which ascend and do not touch. Nil when there are
    /// more than `limit`.
    func read(
        _ group: Group, _ spans: [Span], byEnd: Bool, runs: [FlowRun], limit: Int
    ) throws -> (rows: [StoredRow], originals: [Observation])? {
        if endPoints.count > ObservationReader.limit {
            endPoints.removeAll(keepingCapacity: true)
            destinations.removeAll(keepingCapacity: true)
        }
        let clients =
            try
            (database.values(
                """
                SELECT client_id FROM client WHERE device = ?1 AND ?1 <> 0
                UNION ALL
                SELECT client_id FROM client WHERE principal_id = ?2 AND ?1 = 0 AND device = 0 AND principal_kind = ?3
                """, [group.device, group.principalID, group.principalKind]) as [Int64])
        var rows: [StoredRow] = []
        var originals: [Observation] = []
        var flows: [Int64] = []
        for run in runs where ObservationReader.meets(spans, run.earliest, run.latest &+ (byEnd ? MatchReach.maxByEnd : 0)) {
            for client in clients {
                flows.removeAll(keepingCapacity: true)
                try lists.append(run: run.first, client: client, to: &flows)
                flows.sort()
                var last: Int64 = 0
                for flow in flows where flow != last {
                    last = flow
                    try read(flow, client, spans, byEnd: byEnd, &rows, &originals)
                }
                if rows.count + originals.count > limit { return nil }
            }
        }
        return (rows, originals)
    }

    private func read(
        _ flow: Int64, _ client: Int64, _ spans: [Span], byEnd: Bool, _ rows: inout [StoredRow], _ originals: inout [Observation]
    ) throws {
        selectFlow.bind(1, flow)
        defer { selectFlow.reset() }
        guard try selectFlow.step(), selectFlow.integer(8) == client else { return }
        let startedAt = selectFlow.integer(0)
        let endedAt = selectFlow.optionalInteger(1).map { startedAt &+ $0 } ?? FlowDraft.absent
        guard
            ObservationReader.meets(spans, startedAt, startedAt)
                || (byEnd && endedAt != FlowDraft.absent && ObservationReader.meets(spans, endedAt, endedAt))
        else { return }
        let state = FlowState(rawValue: selectFlow.integer(2))
        let (who, what) = (try known(client), try destination(selectFlow.integer(9)))
        var observation = Observation(startedAt: startedAt)
        observation.flowID = flow
        observation.endPoint = what.endPoint
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
        observation.tie = try content(observation, client: client, destination: selectFlow.integer(9))
        let contribution = AggregateContribution(
            aggregate: selectFlow.integer(7), isOpen: endedAt == FlowDraft.absent && state.outcomeCode == 3,
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

    private func known(_ client: Int64) throws -> Client {
        if let found = clients[client] { return found }
        selectClient.bind(1, client)
        defer { selectClient.reset() }
        var made = Client(group: nil, principalKind: 0, principalID: 0, principal: 0, clientIP: 0)
        if try selectClient.step() {
            let device = text(selectClient.integer(0))
            made.principalKind = selectClient.integer(1)
            made.principalID = text(selectClient.integer(2))
            made.principal = text(selectClient.integer(3))
            made.clientIP = selectClient.integer(4)
            if device != 0 {
                made.group = Group(device: device)
            } else if made.principalID != 0 {
                made.group = Group(device: 0, principalKind: made.principalKind, principalID: made.principalID)
            }
        }
        if clients.count >= ObservationReader.limit { clients.removeAll(keepingCapacity: true) }
        clients[client] = made
        return made
    }

    private func destination(_ id: Int64) throws -> Destination {
        if let found = destinations[id] { return found }
        selectDestination.bind(1, id)
        defer { selectDestination.reset() }
        var made = Destination(endPoint: -1, resource: 0, appliedRule: 0, network: 0)
        if try selectDestination.step() {
            // ICMP has no port, which some sources write as 0.
            let key = EndPoint(
                address: selectDestination.integer(0), connector: selectDestination.integer(4), transport: selectDestination.integer(5),
                port: max(0, selectDestination.integer(6)))
            let endPoint = endPoints[key] ?? endPoints.count
            endPoints[key] = endPoint
            made = Destination(
                endPoint: endPoint, resource: text(selectDestination.integer(1)), appliedRule: text(selectDestination.integer(2)),
                network: text(selectDestination.integer(3)))
        }
        if destinations.count >= ObservationReader.limit { destinations.removeAll(keepingCapacity: true) }
        destinations[id] = made
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

    private func content(_ observation: Observation, client: Int64, destination: Int64) throws -> UInt64 {
        var hash = SipHash(ObservationReader.contentKey)
        hash.append(try clientContent(client))
        hash.append(try destinationContent(destination))
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

    private func clientContent(_ id: Int64) throws -> UInt64 {
        let it = try facts.client(id)
        return remembered(id) {
            hash("\([it.principal?.id, it.principalName, it.serviceKeyID, it.deviceID, it.clientIP, it.location])")
        }
    }

    private func destinationContent(_ id: Int64) throws -> UInt64 {
        let it = try facts.destination(id)
        return remembered(-id) {
            hash("\([it.networkID, it.networkName, it.connectorName, it.resourceID, it.appliedRule])")
        }
    }

    /// Of clients under their numbers, of destinations under their numbers less than 0.
    private func remembered(_ key: Int64, _ make: () throws -> UInt64) rethrows -> UInt64 {
        if let found = contents[key] { return found }
        let made = try make()
        if contents.count >= ObservationReader.limit { contents.removeAll(keepingCapacity: true) }
        contents[key] = made
        return made
    }
}

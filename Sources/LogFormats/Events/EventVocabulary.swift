import FlowModel

/// A field of an event object that this toolchain reads, under whichever of its names.
enum Field: UInt8, CaseIterable {
    case eventType
    case timestamp
    case sequence
    case relays
    case location
    case connectionID
    case transport
    case clientIP
    case resourceIP
    case resourcePort
    case bytesReceived
    case bytesTransferred
    case duration
    case durationMilliseconds
    case tunnelPath
    case tunnelProtocol
    case errorMessage
    case closeReason
    case requested
    case startedAt
    case userID
    case userEmail
    case serviceID
    case serviceName
    case serviceKeyName
    case serviceKeyID
    case deviceID
    case clientVersion
    case connectorID
    case connectorName
    case networkID
    case networkName
    case resourceID
    case resourceAddress
    case appliedRule
    case policyVersion
    case policyDigest
    case decisionEffect
    case decisionReason
    // Not fields of a Connector's event: they tell wrapped and foreign forms apart.
    case time
    case status
    case event
    case message
    case log
    case journaldMessage
    case actor
    case action
    case domain

    @inline(__always)
    var bit: UInt64 { 1 &<< UInt64(rawValue) }

    /// How messages name the field.
    var path: String { EventVocabulary.paths[Int(rawValue)] }
}

/// The forms in which a network event is told.
enum EventForm {
    /// The Connector's own: `event_type` and `timestamp` at the top.
    case connector
    /// The object inside of a synced one: `status` and `time`, or as the Connector's.
    case synced

    /// Fields that the form does not read although another one does: unknown fields to this one.
    var foreign: UInt64 {
        self == .connector ? EventForm.foreignToConnector : EventForm.foreignToSynced
    }

    private static let foreignToSynced = [Field.event, .message, .log, .journaldMessage, .actor, .action, .domain].reduce(0) {
        $0 | $1.bit
    }
    private static let foreignToConnector = foreignToSynced | Field.time.bit | Field.status.bit
}

/// An object inside an event whose members are read.
enum Level: UInt8, CaseIterable {
    case root
    case connection
    case user
    case service
    case device
    case connector
    case network
    case resource
    case policy
    case decision
    /// The object around a synced event; nothing of it is read.
    case wrapper

    /// The key under which it stands in the root; with a dot, what the paths of its members begin with.
    var key: StaticString {
        switch self {
        case .root: ""
        case .connection: "connection"
        case .user: "user"
        case .service: "service_account"
        case .device: "device"
        case .connector: "connector"
        case .network: "remote_network"
        case .resource: "resource"
        case .policy: "policy"
        case .decision: "decision"
        case .wrapper: "wrapper"
        }
    }
}

/// What a key means in the object where it stands.
enum KeyMeaning {
    case field(Field)
    case level(Level)
    case unknown
}

/// The keys that are read, per object.
enum EventVocabulary {
    typealias Member = (level: Level, key: StaticString, field: Field)

    /// The first name of a field is the one that messages use.
    static let members: [Member] = [
        (.root, "event_type", .eventType), (.root, "timestamp", .timestamp), (.root, "seq", .sequence),
        (.root, "relays", .relays), (.root, "location", .location),
        (.root, "time", .time), (.root, "status", .status), (.root, "event", .event), (.root, "message", .message),
        (.root, "log", .log), (.root, "MESSAGE", .journaldMessage), (.root, "actor", .actor), (.root, "action", .action),
        (.root, "domain", .domain),
        (.connection, "id", .connectionID), (.connection, "protocol", .transport), (.connection, "client_ip", .clientIP),
        (.connection, "resource_ip", .resourceIP), (.connection, "resource_port", .resourcePort),
        (.connection, "rx", .bytesReceived), (.connection, "tx", .bytesTransferred),
        (.connection, "bytes_received", .bytesReceived), (.connection, "bytes_transferred", .bytesTransferred),
        (.connection, "duration", .duration), (.connection, "duration_ms", .durationMilliseconds),
        (.connection, "tunnel_path", .tunnelPath), (.connection, "tunnel_proto", .tunnelProtocol),
        (.connection, "error_message", .errorMessage), (.connection, "close_reason", .closeReason),
        (.connection, "requested", .requested), (.connection, "started_at", .startedAt),
        (.user, "id", .userID), (.user, "email", .userEmail),
        (.service, "id", .serviceID), (.service, "name", .serviceName), (.service, "key", .serviceKeyName),
        (.service, "key_id", .serviceKeyID),
        (.device, "id", .deviceID), (.device, "client_version", .clientVersion),
        (.connector, "id", .connectorID), (.connector, "name", .connectorName),
        (.network, "id", .networkID), (.network, "name", .networkName),
        (.resource, "id", .resourceID), (.resource, "address", .resourceAddress), (.resource, "applied_rule", .appliedRule),
        (.resource, "ip", .resourceIP), (.resource, "port", .resourcePort),
        (.policy, "version", .policyVersion), (.policy, "digest", .policyDigest),
        (.decision, "effect", .decisionEffect), (.decision, "reason", .decisionReason),
    ]

    /// The key of a field of the root.
    static func key(of field: Field) -> StaticString {
        members.first { $0.level == .root && $0.field == field }?.key ?? ""
    }

    static let paths: [String] = Field.allCases.map { field in
        guard let member = members.first(where: { $0.field == field }) else { return "" }
        return member.level == .root ? "\(member.key)" : "\(member.level.key).\(member.key)"
    }
}

/// A key as words, so that it compares without a loop.
struct KeyWords: Equatable {
    var count: Int
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0

    /// Longer keys are no known ones.
    static let maxLength = 24

    init(_ start: UnsafeRawPointer, _ count: Int) {
        self.count = count
        guard count <= KeyWords.maxLength else { return }
        first = KeyWords.word(start, count)
        if count > 8 { second = KeyWords.word(start + 8, count - 8) }
        if count > 16 { third = KeyWords.word(start + 16, count - 16) }
    }

    private static func word(_ start: UnsafeRawPointer, _ count: Int) -> UInt64 {
        count >= 8 ? ByteScan.load(start) : ByteComparison.word(start, count, backwards: false)
    }
}

/// The vocabulary in the form in which it is looked up: constant memory, made once and never freed.
struct KeyMeanings: @unchecked Sendable {
    private struct Entry {
        var words: KeyWords
        var meaning: KeyMeaning
    }

    private let entries: UnsafePointer<Entry>
    /// Per level where its entries begin; one more for the end of the last.
    private let starts: UnsafePointer<Int>

    static let shared = KeyMeanings()

    private init() {
        var list: [Entry] = []
        var starts: [Int] = []
        for level in Level.allCases {
            starts.append(list.count)
            list += EventVocabulary.members.filter { $0.level == level }
                .map { Entry(words: KeyWords($0.key.utf8Start, $0.key.utf8CodeUnitCount), meaning: .field($0.field)) }
            guard level == .root else { continue }
            list += Level.allCases.filter { $0 != .root && $0 != .wrapper }
                .map { Entry(words: KeyWords($0.key.utf8Start, $0.key.utf8CodeUnitCount), meaning: .level($0)) }
        }
        starts.append(list.count)
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: list.count)
        entries.initialize(from: list, count: list.count)
        let bounds = UnsafeMutablePointer<Int>.allocate(capacity: starts.count)
        bounds.initialize(from: starts, count: starts.count)
        self.entries = UnsafePointer(entries)
        self.starts = UnsafePointer(bounds)
    }

    func meaning(_ level: Level, _ start: UnsafeRawPointer, _ count: Int) -> KeyMeaning {
        guard count <= KeyWords.maxLength else { return .unknown }
        let words = KeyWords(start, count)
        var index = starts[Int(level.rawValue)]
        let end = starts[Int(level.rawValue) + 1]
        while index < end {
            if entries[index].words == words { return entries[index].meaning }
            index += 1
        }
        return .unknown
    }
}

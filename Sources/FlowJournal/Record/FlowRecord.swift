public import FlowModel
import TextEncodings

/// One event of a connection as a Connector's journal holds it: the shape of the real-time log and what an auditor needs beside it.
///
/// `write(into:)` makes the record's JSON line without sequence and line feed, ready for `JournalWriter.append`. Fields that are nil are
/// left out.
public struct FlowRecord: Hashable, Sendable {
    public enum EventType: String, Sendable, CaseIterable {
        case established = "established_connection"
        case closed = "closed_connection"
        case failed = "failed_to_connect"
        case denied = "denied_access"
    }

    public struct Connection: Hashable, Sendable {
        public var id: String
        public var transport: TransportProtocol
        public var clientIP: String?
        public var resourceIP: String?
        public var resourcePort: UInt16?
        /// Bytes from the Resource to the client.
        public var received: Int64?
        /// Bytes from the client to the Resource.
        public var transferred: Int64?
        public var durationMs: Int64?
        public var startedAt: Timestamp?
        /// `client`, `resource`, `idle`, `policy`, `shutdown` or `error`.
        public var closeReason: String?
        /// Name or address as it was dialled.
        public var requested: String?
        public var tunnelPath: String?
        public var tunnelProtocol: String?
        public var errorMessage: String?

        public init(id: String, transport: TransportProtocol) {
            self.id = id
            self.transport = transport
        }
    }

    public enum Principal: Hashable, Sendable {
        case user(id: String, email: String)
        case serviceAccount(id: String, name: String, keyID: String?, key: String?)
    }

    /// An id with a name.
    public struct Named: Hashable, Sendable {
        public var id: String
        public var name: String

        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    public struct Resource: Hashable, Sendable {
        public var id: String?
        /// The concrete destination that was asked for.
        public var address: String
        public var appliedRule: String?

        public init(id: String?, address: String, appliedRule: String?) {
            self.id = id
            self.address = address
            self.appliedRule = appliedRule
        }
    }

    public struct Relay: Hashable, Sendable {
        public var name: String
        public var ip: String
        public var port: UInt16

        public init(name: String, ip: String, port: UInt16) {
            self.name = name
            self.ip = ip
            self.port = port
        }
    }

    public struct Policy: Hashable, Sendable {
        public var version: Int64
        public var digest: String

        public init(version: Int64, digest: String) {
            self.version = version
            self.digest = digest
        }
    }

    public struct Decision: Hashable, Sendable {
        public var effect: String
        public var reason: String

        public init(effect: String, reason: String) {
            self.effect = effect
            self.reason = reason
        }
    }

    public var eventType: EventType
    public var timestamp: Timestamp
    public var connection: Connection
    public var principal: Principal?
    public var deviceID: String?
    public var connector: Named
    public var network: Named
    public var resource: Resource?
    /// Empty when the path is direct.
    public var relays: [Relay] = []
    public var policy: Policy?
    public var decision: Decision?

    public init(eventType: EventType, timestamp: Timestamp, connection: Connection, connector: Named, network: Named) {
        self.eventType = eventType
        self.timestamp = timestamp
        self.connection = connection
        self.connector = connector
        self.network = network
    }
}

/// Writes records as lines of JSON.
public enum FlowRecordEncoder {
    /// Replaces `line` by the record's JSON, without line feed; the buffer's storage is kept for the next one.
    public static func encode(_ record: FlowRecord, into line: inout [UInt8]) {
        line.removeAll(keepingCapacity: true)
        record.write(into: &line)
    }
}

extension FlowRecord {
    /// Appends the record's JSON, without sequence and line feed.
    public func write(into line: inout [UInt8]) {
        var writer = JSONWriter(.record, after: line)
        line = []
        writer.object { write(into: &$0) }
        line = writer.bytes
    }

    private func write(into json: inout JSONWriter) {
        json.member("event_type", eventType.rawValue)
        json.member("timestamp", timestamp.milliseconds)
        json.object("connection") { connection.write(into: &$0) }
        switch principal {
        case .user(let id, let email):
            json.object("user") {
                $0.member("id", id)
                $0.member("email", email)
            }
        case .serviceAccount(let id, let name, let keyID, let key):
            json.object("service_account") {
                $0.member("id", id)
                $0.member("name", name)
                $0.member("key_id", keyID)
                $0.member("key", key)
            }
        case nil: break
        }
        if let deviceID { json.object("device") { $0.member("id", deviceID) } }
        json.object("connector") { connector.write(into: &$0) }
        json.object("remote_network") { network.write(into: &$0) }
        if let resource {
            json.object("resource") {
                $0.member("id", resource.id)
                $0.member("address", resource.address)
                $0.member("applied_rule", resource.appliedRule)
            }
        }
        json.array("relays") {
            for relay in relays {
                $0.object {
                    $0.member("name", relay.name)
                    $0.member("ip", relay.ip)
                    $0.member("port", relay.port)
                }
            }
        }
        if let policy {
            json.object("policy") {
                $0.member("version", policy.version)
                $0.member("digest", policy.digest)
            }
        }
        if let decision {
            json.object("decision") {
                $0.member("effect", decision.effect)
                $0.member("reason", decision.reason)
            }
        }
    }
}

extension FlowRecord.Connection {
    fileprivate func write(into json: inout JSONWriter) {
        json.member("id", id)
        json.member("protocol", transport.rawValue)
        json.member("client_ip", clientIP)
        json.member("resource_ip", resourceIP)
        json.member("resource_port", resourcePort)
        json.member("rx", received)
        json.member("tx", transferred)
        json.member("duration_ms", durationMs)
        json.member("started_at", startedAt?.milliseconds)
        json.member("close_reason", closeReason)
        json.member("requested", requested)
        json.member("tunnel_path", tunnelPath)
        json.member("tunnel_proto", tunnelProtocol)
        json.member("error_message", errorMessage)
    }
}

extension FlowRecord.Named {
    fileprivate func write(into json: inout JSONWriter) {
        json.member("id", id)
        json.member("name", name)
    }
}

public import FlowModel

/// A private network that Connectors open to the tenant.
public struct RemoteNetwork: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case regular
        /// Carries traffic to the public Internet.
        case exit
    }

    public var id: String
    public var name: String
    public var kind = Kind.regular
    public var isActive = true
    /// The address ranges that the network is declared to hold; empty when nothing is declared.
    public var ranges: [AddressBlock] = []

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

public struct Connector: Hashable, Sendable {
    public var id: String
    public var name: String
    public var networkID: String
    public var hostname: String?
    public var version: String?
    /// Addresses that the Connector itself has, public and private.
    public var addresses: [IPAddress] = []

    public init(id: String, name: String, networkID: String) {
        self.id = id
        self.name = name
        self.networkID = networkID
    }
}

public struct User: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case active
        /// Invited, not yet joined: has no access.
        case pending
        case disabled
    }

    public var id: String
    public var email: String
    public var state = State.active
    public var role: String?

    public init(id: String, email: String, state: State = .active) {
        self.id = id
        self.email = email
        self.state = state
    }
}

public struct Group: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case manual
        /// Its members come from an identity provider.
        case synced
        case system
    }

    public enum Members: Hashable, Sendable {
        case users([String])
        /// Every user of the tenant.
        case everyone
    }

    public var id: String
    public var name: String
    public var kind = Kind.manual
    public var isActive = true
    public var members: Members

    public init(id: String, name: String, members: Members) {
        self.id = id
        self.name = name
        self.members = members
    }
}

public struct ServiceAccount: Hashable, Sendable {
    public struct Key: Hashable, Sendable {
        public var id: String
        public var name: String
        /// Refused from `revokedAt` on; without that time, always.
        public var isRevoked = false
        public var revokedAt: Timestamp?
        /// The first instant at which the key no longer works.
        public var expiresAt: Timestamp?

        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    public var id: String
    public var name: String
    public var keys: [Key]

    public init(id: String, name: String, keys: [Key] = []) {
        self.id = id
        self.name = name
        self.keys = keys
    }
}

public struct Device: Hashable, Sendable {
    public var id: String
    public var name: String
    public var userID: String?
    public var isTrusted: Bool
    /// False for an archived or blocked device: it never counts as trusted.
    public var isActive = true

    public init(id: String, name: String, isTrusted: Bool) {
        self.id = id
        self.name = name
        self.isTrusted = isTrusted
    }
}

/// What a device and its place must meet before a user may use a grant. Does not apply to service accounts.
public struct SecurityPolicy: Hashable, Sendable {
    public var id: String
    public var name: String
    public var requiresTrustedDevice = false
    /// Country codes or names as locations give them, compared without case; empty = everywhere.
    public var allowedCountries: [String] = []
    public var deniedCountries: [String] = []
    /// The source names the policy and does not say what it requires: nothing is then checked.
    public var isOpaque = false

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }

    public var asksForLocation: Bool { !allowedCountries.isEmpty || !deniedCountries.isEmpty }
}

/// Longer idle times and request durations count as this: 100 years, far from any overflow.
package let maxDurationSeconds: Int64 = 3_155_760_000

/// How a grant comes into force and goes out of it, beside its expiry.
public enum GrantMode: Hashable, Sendable {
    case manual
    /// Locks for a user who has not used it for this long.
    case autoLock(seconds: Int64)
    /// Opened by request for this long; whether a request is open is not part of a snapshot, so the edge counts as open.
    case accessRequest(seconds: Int64?)
}

/// An edge that lets a group or a service account reach a Resource.
public struct AccessEdge: Hashable, Sendable {
    public enum Subject: Hashable, Sendable {
        case group(String)
        case serviceAccount(String)

        public var id: String {
            switch self {
            case .group(let id), .serviceAccount(let id): id
            }
        }
    }

    public var subject: Subject
    /// The first instant at which the edge no longer grants.
    public var expiresAt: Timestamp?
    /// In place of the Resource's own policy.
    public var securityPolicyID: String?
    /// In place of the Resource's own mode.
    public var mode: GrantMode?

    public init(_ subject: Subject, expiresAt: Timestamp? = nil) {
        self.subject = subject
        self.expiresAt = expiresAt
    }
}

/// Something that can be reached: an address definition within a Remote network, and who may reach it.
public struct Resource: Hashable, Sendable {
    public enum Routing: String, Hashable, Sendable, CaseIterable {
        /// Carried by Connectors.
        case through
        /// Left to the client's own network: no Connector should ever see it.
        case bypass
    }

    public var id: String
    public var name: String
    public var address: ResourceAddress
    /// One more exact DNS name, normalised.
    public var alias: String?
    public var networkID: String
    public var isActive = true
    public var routing = Routing.through
    public var securityPolicyID: String?
    public var mode = GrantMode.manual
    /// Nil allows every protocol and port.
    public var protocols: ProtocolRules?
    public var access: [AccessEdge] = []

    public init(id: String, name: String, address: ResourceAddress, networkID: String) {
        self.id = id
        self.name = name
        self.address = address
        self.networkID = networkID
    }
}

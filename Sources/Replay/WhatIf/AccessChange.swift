public import AccessPolicy
public import FlowModel

/// What a proposed policy would change for somebody's use of a Resource. Raw values are public and never change meaning.
public enum AccessChange: String, Sendable, CaseIterable {
    /// Allowed now, denied by the proposal.
    case revoked = "ACCESS_REVOKED"
    /// Perhaps so: one of both policies does not say enough.
    case maybeRevoked = "ACCESS_MAYBE_REVOKED"
    /// Denied now, allowed by the proposal.
    case gained = "ACCESS_GAINED"
    /// Perhaps so: one of both policies does not say enough.
    case maybeGained = "ACCESS_MAYBE_GAINED"
    /// Neither policy says enough.
    case unknown = "UNKNOWN_CHANGE"
    /// The same answer from both.
    case none = "NO_CHANGE"
}

/// What a policy says of access, as far as it can.
public enum AccessState: Hashable, Sendable {
    /// Allowed; `assumed` when a security policy asks for a device or place that the record does not carry.
    case granted(assumed: Bool)
    case notGranted
    /// No policy was in force, or it does not say enough.
    case unknown

    /// Nil means that no policy was in force.
    init(_ verdict: Verdict?) {
        guard let verdict, !verdict.isUndecidable else {
            self = .unknown
            return
        }
        self = verdict.isAllowed ? .granted(assumed: verdict.isPostureUnknown) : .notGranted
    }
}

extension AccessChange {
    /// Compares two policies' answers; where the first is not known, what was recorded tells the direction: `wasCarried` says whether
    /// the Connector let the connection through.
    public init(from before: AccessState, to after: AccessState, wasCarried: Bool) {
        switch (before, after) {
        case (.granted(let assumedBefore), .granted(let assumedAfter)):
            if assumedAfter, !assumedBefore {
                self = .maybeRevoked
            } else if assumedBefore, !assumedAfter, !wasCarried {
                self = .maybeGained
            } else {
                self = .none
            }
        case (.granted, .notGranted): self = .revoked
        case (.granted, .unknown): self = .maybeRevoked
        case (.notGranted, .granted(let assumed)): self = assumed ? .maybeGained : .gained
        case (.notGranted, .notGranted): self = .none
        case (.notGranted, .unknown): self = .maybeGained
        case (.unknown, .granted): self = wasCarried ? .none : .maybeGained
        case (.unknown, .notGranted): self = wasCarried ? .maybeRevoked : .none
        case (.unknown, .unknown): self = .unknown
        }
    }
}

/// The same change for the same reasons, for one principal and one Resource.
public struct AccessChangeRow: Sendable {
    public var change: AccessChange
    /// Nil when the records name nobody.
    public var principal: PrincipalReference?
    /// E-mail or name, where the records or a policy give one.
    public var principalName: String?
    /// The Resource that is lost, gained or kept: the current policy's for losses, the proposal's for gains; where neither selects one,
    /// the one that the first record names, if a policy has it.
    public var resource: Resource?
    /// The destination of the first flow, for rows without a Resource.
    public var destination: String
    /// The Resource under the proposal, when it is another one.
    public var newResource: Resource?
    /// Why the current policy answers as it does; nil when it can't be asked or does not say enough.
    public var reasonBefore: ReasonCode?
    /// The same of the proposal.
    public var reasonAfter: ReasonCode?
    /// What in the proposal decides, in words: a Resource with its grants, or the reason and the Resource that it speaks of.
    public var decidedBy: String

    public var flows: Int64 = 0
    /// Flows among them that Connectors refused.
    public var refused: Int64 = 0
    public var firstSeen = Timestamp.distantFuture
    public var lastSeen = Timestamp.distantPast
    var daySet = DaySet()
    /// Different days, in UTC, on which one of the flows began.
    public var days: Int { daySet.count }
    public var samples: [Sample] = []

    /// A flow that shows the row, one for each different target, the first ones met.
    public struct Sample: Hashable, Sendable {
        public var flowID: Int64
        public var connectionID: String?
        public var target: String
    }

    /// Enough to see what it is about.
    static let maxSamples = 3
}

/// Access that the proposal adds and that nobody was recorded trying.
public struct NewAccess: Sendable {
    public var principal: PrincipalReference
    /// E-mail or name with id.
    public var principalName: String
    public var resource: Resource
    /// A connection that shows it, such as `wiki.corp.example:443/tcp`.
    public var example: String
    public var decidedBy: String
}

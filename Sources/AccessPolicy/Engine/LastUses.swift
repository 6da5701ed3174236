public import FlowModel

/// When one principal last used each Resource, for grants that lock themselves: what a request says about it.
///
/// A Resource about which it says nothing was never used, or nobody knows: then it is not locked.
public struct LastUses: Hashable, Sendable {
    /// By the Resource's id.
    public var byResource: [String: Timestamp]
    /// Of every Resource that is not in `byResource`; nil = not known.
    public var otherwise: Timestamp?
    /// A Resource that is in use at the moment, and therefore not locked whatever the others say.
    public var inUse: String?

    /// Nothing is known.
    public static let none = LastUses()

    public init(byResource: [String: Timestamp] = [:], otherwise: Timestamp? = nil, inUse: String? = nil) {
        self.byResource = byResource
        self.otherwise = otherwise
        self.inUse = inUse
    }

    /// The last use of a Resource; nil = not known, or in use at the moment, and then nothing is locked.
    public func time(of resourceID: String) -> Timestamp? {
        resourceID == inUse ? nil : byResource[resourceID] ?? otherwise
    }
}

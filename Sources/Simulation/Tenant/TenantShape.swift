/// How large a simulated tenant is.
public struct TenantShape: Hashable, Sendable {
    public var users = TenantShape.defaultUsers
    public var resources = TenantShape.defaultResources
    public var networks = TenantShape.defaultNetworks
    public var connectorsPerNetwork = TenantShape.defaultConnectorsPerNetwork
    public var groups = TenantShape.defaultGroups

    /// A company that one person can still picture; all kinds of Resource occur.
    public static let defaultUsers = 200
    public static let defaultResources = 60
    public static let defaultNetworks = 3
    /// Two, because a Remote network with one Connector has no fail-over to show.
    public static let defaultConnectorsPerNetwork = 2
    public static let defaultGroups = 12

    /// Identifiers are dealt out in blocks of a million, and every network has a /16 of its own below 10.0.0.0/8.
    public static let userRange = 4...900_000
    public static let resourceRange = 12...100_000
    public static let networkRange = 2...200
    public static let connectorsPerNetworkRange = 1...64
    public static let groupRange = 3...10_000

    public init() {}

    /// Service accounts: one for forty users, and never fewer than four, so that keys can be revoked and jobs still run.
    public var serviceAccounts: Int { max(4, users / 40) }
}

/// A request that cannot be simulated, or a fault of the surroundings while doing so.
public struct SimulationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The request contradicts itself or goes beyond a limit.
        case request
        /// Files could not be written.
        case environment
    }

    public var kind: Kind
    /// One sentence, lower case, that says what, where and what to do.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}

extension TenantShape {
    public func check() throws(SimulationProblem) {
        let sizes = [
            ("users", users, TenantShape.userRange),
            ("resources", resources, TenantShape.resourceRange),
            ("networks", networks, TenantShape.networkRange),
            ("connectors per network", connectorsPerNetwork, TenantShape.connectorsPerNetworkRange),
            ("groups", groups, TenantShape.groupRange),
        ]
        for (name, value, range) in sizes where !range.contains(value) {
            throw SimulationProblem(
                .request,
                "cannot make a tenant with \(value) \(name): give a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// Choices where the product's behaviour is undocumented or a tolerance is needed.
public struct EngineOptions: Hashable, Sendable {
    public enum Selection: String, Hashable, Sendable, CaseIterable {
        /// The most specific Resource among those granted to the principal at that time.
        case granted
        /// The most specific Resource of the tenant, granted or not.
        case tenant
    }

    /// Policy changes reach Connectors within 5 minutes: longer than any propagation seen in operation, shorter than a working break.
    public static let defaultGraceMs: Int64 = 300_000
    /// Clocks that are synchronised at all agree within 5 seconds.
    public static let defaultSkewMs: Int64 = 5_000

    public var selection: Selection
    /// Whether a port that the selected Resource refuses may fall through to a broader granted Resource that allows it.
    public var portFallthrough: Bool
    /// How long a policy change may take to reach a Connector.
    public var graceMs: Int64
    /// How far the clocks of Connectors and Controller may be apart.
    public var skewMs: Int64

    public init(
        selection: Selection = .granted, portFallthrough: Bool = false, graceMs: Int64 = defaultGraceMs, skewMs: Int64 = defaultSkewMs
    ) {
        self.selection = selection
        self.portFallthrough = portFallthrough
        self.graceMs = max(0, graceMs)
        self.skewMs = max(0, skewMs)
    }
}

/// What two observations of one flow say differently. The bits stand in databases.
package struct SourceDifferences: OptionSet, Hashable {
    package var rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    package static let outcome = SourceDifferences(rawValue: 1)
    package static let end = SourceDifferences(rawValue: 2)
    package static let bytesReceived = SourceDifferences(rawValue: 4)
    package static let bytesTransferred = SourceDifferences(rawValue: 8)
    package static let resource = SourceDifferences(rawValue: 16)
    package static let resourceIP = SourceDifferences(rawValue: 32)
    package static let appliedRule = SourceDifferences(rawValue: 64)
    package static let network = SourceDifferences(rawValue: 128)
    package static let clientIP = SourceDifferences(rawValue: 256)

    /// The columns of the view `flow` that they are about.
    static let names: [(difference: SourceDifferences, name: String)] = [
        (.outcome, "outcome"), (.end, "ended_at"), (.bytesReceived, "bytes_received"), (.bytesTransferred, "bytes_transferred"),
        (.resource, "resource_id"), (.resourceIP, "resource_ip"), (.appliedRule, "applied_rule"), (.network, "network_id"),
        (.clientIP, "client_ip"),
    ]

    package var count: Int { rawValue.nonzeroBitCount }
}

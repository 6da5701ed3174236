internal import FlowModel

/// What all records of one connection agree in, as a hash: the principal, the device, the Resource and the destination. Records with equal
/// ids and another subject are of two connections.
///
/// Names count only where there is no id: a person or Connector that was renamed is the same.
package struct FlowSubject: Hashable {
    /// Principal, device, Resource and destination.
    package var subject: UInt64
    /// Beside these, all else by which records without connection id are told apart: client address, Connector, network.
    var circumstances: UInt64

    package static let none = FlowSubject(subject: 0, circumstances: 0)

    private init(subject: UInt64, circumstances: UInt64) {
        self.subject = subject
        self.circumstances = circumstances
    }

    package init(_ key: IdentityKey, _ client: ClientKey) {
        subject = key.hash(
            1, client.principalKind, client.principalID, client.principalID == 0 ? client.principal : 0, client.device)
        circumstances = key.hash(2, client.clientIP)
    }

    package init(_ key: IdentityKey, _ destination: DestinationKey) {
        subject = key.hash(
            3, destination.resourceID, destination.resourceID == 0 ? destination.appliedRule : 0, destination.address,
            destination.transport, max(0, destination.port))
        circumstances = key.hash(
            4, destination.connectorID, destination.connectorID == 0 ? destination.connector : 0, destination.networkID,
            destination.networkID == 0 ? destination.network : 0)
    }

    /// Of a flow: both parts are values of a keyed hash, and so is their sum.
    @inline(__always)
    package init(client: FlowSubject, destination: FlowSubject) {
        subject = client.subject &+ destination.subject
        circumstances = client.circumstances &+ destination.circumstances
    }
}

extension FlowDraft {
    /// The identity of a record without connection id: all that it says, and the how manieth record it is that says just that in its
    /// source.
    package func identity(_ key: IdentityKey, occurrence: Int64) -> UInt64 {
        key.hash(
            5, Int64(bitPattern: subject.subject), Int64(bitPattern: subject.circumstances), resourceIP, startedAt, endedAt,
            bytesReceived, bytesTransferred, Int64(rank), occurrence)
    }
}

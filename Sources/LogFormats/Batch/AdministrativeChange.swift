public import FlowModel

/// One entry of the administrative audit log: who changed what.
public struct AdministrativeChange: Hashable, Sendable {
    /// Something that was changed, in the state that the change left.
    public struct Target: Hashable, Sendable {
        /// As written: `resource`, `group`, `remoteNetwork`, …
        public var type: String
        /// The decimal part where the source gives a global id.
        public var id: String
        public var name: String?
        /// The target as JSON text, as the source gives it.
        public var raw: String

        public init(type: String, id: String, name: String?, raw: String) {
            self.type = type
            self.id = id
            self.name = name
            self.raw = raw
        }
    }

    /// The version of the entry's form, where stated.
    public var version: Int64?
    public var time: Timestamp
    /// As written: `User`, `API`, `Twingate Support`.
    public var actorType: String?
    public var actorID: String?
    public var actorName: String?
    public var actorEmail: String?
    /// As written: `create`, `edit`, `delete`, or another word.
    public var action: String
    public var targets: [Target]

    public var offset: UInt64 = 0
    public var line: UInt64 = 0
    /// Index in the batch's list of unknown fields; -1 when there are none.
    public var extras: Int32 = -1

    public init(time: Timestamp, action: String, targets: [Target]) {
        self.time = time
        self.action = action
        self.targets = targets
    }
}

/// When written bytes are made durable.
public enum SyncMode: String, Sendable, CaseIterable {
    /// After every frame: an acknowledged record survives a loss of power.
    case frame
    /// At the end of a segment and before a checkpoint is signed: an acknowledged record survives the end of the process.
    case segment
    /// Only before a checkpoint is signed.
    case none
}

/// How a journal is written. Every default has its reason beside it.
public struct JournalOptions: Sendable {
    /// zlib's own default: 14 % smaller than level 4 on flow events at a rate of 100,000 events a second and core.
    public static let defaultLevel = 6
    /// Larger frames compress flow events by less than 2 % more; smaller ones make a seek cheaper but cost ratio.
    public static let defaultFrameBytes = 128 << 10
    /// What a crash can lose of what was not acknowledged.
    public static let defaultFrameAgeMs: Int64 = 1_000
    /// Small enough to copy and to keep for a retention period, large enough that a year is not a million files.
    public static let defaultSegmentBytes: UInt64 = 64 << 20
    /// A day a file suits retention and backups.
    public static let defaultSegmentAgeMs: Int64 = 86_400_000
    /// How long a record may be without a signature over it while the journal is in use.
    public static let defaultCheckpointIntervalMs: Int64 = 60_000
    /// Kept aside so that the count of lost records can be written when the disk is full: the frames that are on their way to the disk, a
    /// last one, and a checkpoint.
    public static let defaultReserveBytes = 128 << 10

    /// zlib's compression level, 0…9.
    public var level = defaultLevel
    /// Inflated bytes after which a frame is cut; at most `FrameHeader.maxInflatedLength`.
    public var frameBytes = defaultFrameBytes
    /// Age of its oldest record at which a frame is cut; `JournalWriter.tick()` looks at it.
    public var frameAgeMs = defaultFrameAgeMs
    public var sync = SyncMode.frame
    public var segmentBytes = defaultSegmentBytes
    public var segmentAgeMs = defaultSegmentAgeMs
    public var checkpointIntervalMs = defaultCheckpointIntervalMs
    public var reserveBytes = defaultReserveBytes
    /// Signs checkpoints; without it the journal can be read but proves nothing.
    public var key: NoteSigner?
    /// The key that the journal was written with before. The first checkpoint of this run is signed by both and names `key` as its successor.
    public var previousKey: NoteSigner?

    /// Compress and write beside the caller's thread, on all cores. Without it everything happens in the call, in a fixed order.
    public var isConcurrent = true
    /// At opening, move an unsealed end that is damaged aside even when whole frames follow the damage, instead of refusing the journal.
    public var cutsDamage = false

    public init() {}
}

/// Who writes a journal: all of it is in the record `journal_opened`.
public struct JournalIdentity: Hashable, Sendable {
    /// The origin line of the journal's checkpoints; nil takes the one that the journal has, else the key's name, else one made of the
    /// journal's id.
    public var origin: String?
    public var connector: FlowRecord.Named?
    public var network: FlowRecord.Named?
    /// Program and version, such as `twin-journal 1.0.0`.
    public var software: String
    public var host: String?
    /// Tells runs of one journal apart; nil takes 64 random bits. Given only where the same bytes must come out again.
    public var run: String?

    public init(
        origin: String? = nil,
        connector: FlowRecord.Named? = nil,
        network: FlowRecord.Named? = nil,
        software: String,
        host: String? = nil,
        run: String? = nil
    ) {
        self.origin = origin
        self.connector = connector
        self.network = network
        self.software = software
        self.host = host
        self.run = run
    }
}

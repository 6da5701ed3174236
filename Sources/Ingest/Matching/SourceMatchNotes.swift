internal import FlowModel
internal import FlowStore

/// Notes, while flows are written, what the comparison of sources has to look at later: which runs have records without connection id, and
/// at which times flows changed that were compared already.
///
/// Without such records it notes nothing.
final class SourceMatchNotes {
    /// What records without connection id a run has; the bits stand in databases.
    struct Kinds: OptionSet {
        var rawValue: Int64

        /// Rows of reports.
        static let whole = Kinds(rawValue: 1)
        /// Others that are found by their start.
        static let byStart = Kinds(rawValue: 2)
        /// Those that tell of the end of a flow.
        static let byEnd = Kinds(rawValue: 4)

        init(rawValue: Int64) { self.rawValue = rawValue }

        init(_ state: FlowState) {
            self = state.contains(.whole) ? .whole : (state.contains(.hasClosed) ? .byEnd : .byStart)
        }
    }

    static let through = "source-matches-compared-through"

    private let insertRun: RawStatement
    private let insertChange: RawStatement
    private var kinds = Kinds()
    /// Flows up to this number were compared.
    private var comparedThrough: Int64 = 0

    init(_ database: StoreConnection) throws {
        insertRun = try RawStatement(database, "INSERT OR REPLACE INTO source_match_run (first_flow, kinds) VALUES (?, ?)")
        insertChange = try RawStatement(database, "INSERT OR IGNORE INTO source_match_queue (client_id, at) VALUES (?, ?)")
        comparedThrough = try SourceMatchNotes.comparedThrough(database)
    }

    static func comparedThrough(_ database: StoreConnection) throws -> Int64 {
        try (database.value("SELECT value FROM setting WHERE name = ?", [through]) as String?).flatMap { Int64($0) } ?? 0
    }

    /// A new flow, of the run that is being written.
    @inline(__always)
    func see(_ draft: UnsafePointer<FlowDraft>) {
        if draft.pointee.connectionID.isEmpty { kinds.formUnion(Kinds(draft.pointee.state)) }
    }

    /// The run that was written begins with this flow.
    func endRun(first: Int64) throws {
        guard !kinds.isEmpty else { return }
        insertRun.bind(1, first)
        insertRun.bind(2, kinds.rawValue)
        try insertRun.run()
        kinds = []
    }

    /// A flow was known and is written anew.
    func see(change old: FlowDraft, to new: FlowDraft) throws {
        guard new.flowID <= comparedThrough else { return }
        for draft in [old, new] {
            for at in [draft.startedAt, draft.endedAt] where at != FlowDraft.absent {
                insertChange.bind(1, draft.client)
                insertChange.bind(2, at)
                try insertChange.run()
            }
        }
    }
}

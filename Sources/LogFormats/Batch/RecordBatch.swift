public import FlowModel

/// What a run of lines decoded to.
///
/// Every record read goes to exactly one place: `lines` is the sum of the events in the lists, `noiseLines`, `blankLines`,
/// `headerLines` and `quarantined.count`. Owned by one worker, filled by a `LineDecoder`, emptied with `removeAll()` and used
/// again.
public final class RecordBatch {
    /// The table that the symbols in the lists belong to.
    public let symbols: SymbolTable

    public var flows: [FlowEvent] = []
    /// JSON objects, as text: the fields of an event that this toolchain does not read, under their dotted paths. Events refer
    /// by index.
    public var extras: [String] = []
    public var nameQueries: [NameQuery] = []
    public var changes: [AdministrativeChange] = []
    public var journalEvents: [JournalEvent] = []
    public var otherEvents: [OtherEvent] = []
    /// What the source itself says that it lacks.
    public var gaps: [LogGap] = []
    public var quarantined: [QuarantinedLine] = []

    /// Lines of a service log that carry no event.
    public var noiseLines = 0
    public var blankLines = 0
    /// Header rows of reports.
    public var headerLines = 0
    /// Records looked at: lines, or objects of a JSON document; of a line that holds several each one, of several that make one that one.
    public var lines = 0
    /// Bytes that those records took, line ends included.
    public var bytes: UInt64 = 0
    /// Of `flows`: how many came wrapped as synced objects.
    public var syncedFlows = 0

    public init(symbols: SymbolTable) {
        self.symbols = symbols
    }

    /// Records that were understood as events of any kind, gaps among them.
    public var eventCount: Int {
        flows.count + nameQueries.count + changes.count + journalEvents.count + otherEvents.count + gaps.count
    }

    /// Empties the batch; memory is kept for the next run. The symbol table is left alone.
    public func removeAll() {
        flows.removeAll(keepingCapacity: true)
        extras.removeAll(keepingCapacity: true)
        nameQueries.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
        journalEvents.removeAll(keepingCapacity: true)
        otherEvents.removeAll(keepingCapacity: true)
        gaps.removeAll(keepingCapacity: true)
        quarantined.removeAll(keepingCapacity: true)
        noiseLines = 0
        blankLines = 0
        headerLines = 0
        lines = 0
        bytes = 0
        syncedFlows = 0
    }
}

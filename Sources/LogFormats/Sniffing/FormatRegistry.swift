import FlowModel

/// What reads a format, and how it is told from others. Another format is an entry here.
struct RegisteredFormat {
    let format: InputFormat
    /// Makes a decoder whose texts are those of the table.
    let decoder: (SymbolTable) -> any StreamDecoding
    /// How many records of this format were found among lines that were read as `analytics`; nil where lines do not tell.
    let count: ((RecordBatch) -> Int)?

    private init<Reader: RecordReader>(
        _ format: InputFormat, count: ((RecordBatch) -> Int)? = nil, reader: @escaping (SymbolTable) -> Reader
    ) {
        self.format = format
        self.count = count
        decoder = { DecoderBox(DecoderCore(reader: reader($0))) }
    }

    /// Where lines are as much of one as of another, the first counts.
    static var all: [RegisteredFormat] { InputFormat.allCases.map(of) }

    static func of(_ format: InputFormat) -> RegisteredFormat {
        switch format {
        case .analytics:
            RegisteredFormat(format, count: { $0.flows.count - $0.syncedFlows + $0.journalEvents.count }) {
                EventReader(symbols: $0, framing: .lines, textIsNoise: true)
            }
        case .networkReport:
            RegisteredFormat(format) { NetworkReportReader(symbols: $0) }
        case .synced:
            RegisteredFormat(format, count: { $0.syncedFlows + $0.otherEvents.count }) { EventReader(symbols: $0, framing: .lines) }
        case .auditLog:
            RegisteredFormat(format, count: { $0.changes.count }) { EventReader(symbols: $0, framing: .lines) }
        case .nameFiltering:
            RegisteredFormat(format, count: { $0.nameQueries.count }) { EventReader(symbols: $0, framing: .lines) }
        case .json:
            RegisteredFormat(format) { EventReader(symbols: $0, framing: .documents) }
        }
    }
}

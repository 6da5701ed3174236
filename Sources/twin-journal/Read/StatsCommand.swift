import ArgumentParser
import FlowJournal
import FlowModel
import TerminalSupport

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count what journals hold, from frame headers alone.",
        discussion: """
            One row a journal, or a segment with --segments. Nothing is inflated but gzip members that other programs wrote.

            Example:
              twin-journal stats journals/* --format json
            """)

    @Argument(help: "Journals (directories) or segment files.")
    var paths: [String]

    @Flag(help: "One row a segment.")
    var segments = false

    @Option(help: "table, csv, tsv, json, ndjson or markdown.")
    var format = OutputFormat.table

    func run() throws {
        let rows = RowWriter(format: format, columns: Row.columns, output: OutputStream())
        var frames: UInt64 = 0
        for path in paths {
            for row in try count(path) {
                frames += row.frames
                try rows.write(row.cells)
            }
        }
        try rows.finish()
        if frames == 0 { throw CommandFailure(.undecidable, "no frame: there is nothing to count") }
    }

    private func count(_ path: String) throws -> [Row] {
        let reader =
            try JournalDirectory.isJournal(path) ? JournalReader(JournalDirectory(path)) : JournalReader(file: path)
        var rows: [Row] = []
        var lastNumber: Int?
        while let located = try reader.next() {
            let isNewSegment = located.number != lastNumber
            if rows.isEmpty || (segments && isNewSegment) {
                rows.append(Row(name: segments ? located.segment.path : path))
            }
            if isNewSegment { rows[rows.count - 1].segments += 1 }
            lastNumber = located.number
            rows[rows.count - 1].add(located.frame)
        }
        return rows.isEmpty ? [Row(name: path)] : rows
    }

    private struct Row {
        static let columns = [
            "journal", "segments", "frames", "records", "bytes", "inflated_bytes", "first_sequence", "last_sequence", "first_at",
            "last_at", "foreign_members", "damaged", "torn_bytes",
        ]

        var name: String
        var segments = 0
        var frames: UInt64 = 0
        var records: UInt64 = 0
        var bytes: UInt64 = 0
        var inflated: UInt64 = 0
        var firstSequence: UInt64?
        var lastSequence: UInt64?
        var first: Timestamp?
        var last: Timestamp?
        var foreign: UInt64 = 0
        var damaged: UInt64 = 0
        var torn: UInt64 = 0

        init(name: String) {
            self.name = name
        }

        mutating func add(_ frame: Frame) {
            bytes += frame.length
            switch frame.form {
            case .native(let header):
                frames += 1
                records += UInt64(header.recordCount)
                inflated += UInt64(header.inflatedLength)
                firstSequence = firstSequence ?? header.firstSequence
                lastSequence = header.lastSequence
                if header.firstTimestamp != .distantPast { first = min(first ?? header.firstTimestamp, header.firstTimestamp) }
                if header.lastTimestamp != .distantFuture { last = max(last ?? header.lastTimestamp, header.lastTimestamp) }
            case .foreign:
                frames += 1
                foreign += 1
            case .torn: torn += frame.length
            case .damaged: damaged += 1
            }
        }

        var cells: [Cell] {
            [
                .text(name), .integer(segments), count(frames), count(records), count(bytes), count(inflated),
                number(firstSequence),
                number(lastSequence), time(first), time(last), count(foreign), count(damaged), count(torn),
            ]
        }

        private func count(_ value: UInt64) -> Cell { .integer(Int64(clamping: value)) }
        private func number(_ value: UInt64?) -> Cell { .integer(value.map { Int64(clamping: $0) }) }
        private func time(_ value: Timestamp?) -> Cell { value.map { .time($0.rfc3339) } ?? .null }
    }
}

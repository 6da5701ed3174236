internal import TextEncodings
internal import Wording

/// Makes the bytes of rows in one of the forms of output. What stands in every row is made once, and what stands in many rows can be.
///
/// A value: several threads may make rows of one output, and `RowWriter` writes them.
public struct RowRenderer: Sendable {
    /// Rows one behind the other.
    public struct Rows: Sendable {
        /// What the form shows of them, but for tables.
        fileprivate(set) var bytes: [UInt8] = []
        /// Rows of a table, whose widths are not known yet.
        fileprivate(set) var cells: [[Cell]] = []
        public fileprivate(set) var count = 0

        public init() {}

        mutating func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            cells.removeAll(keepingCapacity: true)
            count = 0
        }
    }

    /// A row in which some cells are left open.
    public final class Prepared: Sendable {
        /// What stands before each gap, and behind the last.
        fileprivate let stretches: [[UInt8]]
        /// For tables: all cells, those of the gaps too.
        fileprivate let cells: [Cell]
        fileprivate let gaps: [Int]

        fileprivate init(stretches: [[UInt8]] = [], cells: [Cell] = [], gaps: [Int]) {
            self.stretches = stretches
            self.cells = cells
            self.gaps = gaps
        }
    }

    let format: OutputFormat
    let columns: [String]
    /// What stands before each cell.
    private let leads: [[UInt8]]
    private let end: [UInt8]
    private let isForTerminal: Bool

    /// - Parameter isForTerminal: whether someone looks at the rows where they are written.
    init(format: OutputFormat, columns: [String], isForTerminal: Bool) {
        self.format = format
        self.columns = columns
        self.isForTerminal = isForTerminal
        leads = columns.enumerated().map { place, column in
            switch format {
            case .table: []
            case .csv: place == 0 ? [] : Array(",".utf8)
            case .tsv: place == 0 ? [] : Array("\t".utf8)
            case .json, .ndjson: Array(((place == 0 ? "{" : ",") + JSONEscapes.shown.quoted(column) + ":").utf8)
            case .markdown: Array((place == 0 ? "| " : " | ").utf8)
            }
        }
        end =
            switch format {
            case .table: []
            case .csv, .tsv: Array("\n".utf8)
            case .json: Array("}".utf8)
            case .ndjson: Array("}\n".utf8)
            case .markdown: Array(" |\n".utf8)
            }
    }

    /// - Precondition: a cell for each column.
    public func append(_ row: [Cell], to rows: inout Rows) {
        assert(format == .table || row.count == leads.count)
        begin(&rows)
        guard format != .table else { return rows.cells.append(row) }
        for (lead, cell) in zip(leads, row) {
            rows.bytes.append(contentsOf: lead)
            append(cell, to: &rows.bytes)
        }
        rows.bytes.append(contentsOf: end)
    }

    /// Prepares a row but for the cells at `gaps`, which ascend; what `row` has there is of no matter.
    public func prepare(_ row: [Cell], gaps: [Int]) -> Prepared {
        assert(format == .table || row.count == leads.count)
        guard format != .table else { return Prepared(cells: row, gaps: gaps) }
        var stretches: [[UInt8]] = []
        var bytes: [UInt8] = []
        for (place, cell) in row.enumerated() {
            bytes.append(contentsOf: leads[place])
            if gaps.contains(place) {
                stretches.append(bytes)
                bytes.removeAll(keepingCapacity: true)
            } else {
                append(cell, to: &bytes)
            }
        }
        return Prepared(stretches: stretches + [bytes + end], gaps: gaps)
    }

    /// Appends a prepared row; `cell` gives what stands at a gap, asked for in their order.
    public func append(_ prepared: Prepared, to rows: inout Rows, cell: (_ gap: Int) -> Cell) {
        begin(&rows)
        guard format != .table else {
            var row = prepared.cells
            for gap in prepared.gaps { row[gap] = cell(gap) }
            return rows.cells.append(row)
        }
        for place in prepared.gaps.indices {
            rows.bytes.append(contentsOf: prepared.stretches[place])
            append(cell(prepared.gaps[place]), to: &rows.bytes)
        }
        rows.bytes.append(contentsOf: prepared.stretches[prepared.gaps.count])
    }

    private func begin(_ rows: inout Rows) {
        if format == .json, rows.count > 0 { rows.bytes.append(contentsOf: RowRenderer.betweenObjects) }
        rows.count += 1
    }

    static let betweenObjects = Array(",\n".utf8)

    private func append(_ cell: Cell, to bytes: inout [UInt8]) {
        switch format {
        case .json, .ndjson: cell.writeJSON(into: &bytes)
        case .markdown: bytes.append(contentsOf: Escaping.markdown(cell.plain).utf8)
        case .csv, .tsv, .table:
            guard !cell.isNumeric else { return bytes.append(contentsOf: cell.plain.utf8) }
            // Files get the bytes as they are; a terminal that someone looks at gets none that it would act on.
            let shown = isForTerminal ? Escaping.terminal(cell.plain) : cell.plain
            bytes.append(contentsOf: (format == .tsv ? Escaping.tsv(shown) : Escaping.csv(shown)).utf8)
        }
    }
}

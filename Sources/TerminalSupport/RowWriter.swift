internal import Wording

/// Prints rows in a chosen form. All forms but `table` stream; `table` holds the first rows back to find column widths.
public final class RowWriter {
    /// Rows that are looked at for widths: a screenful of screens; later rows that are wider are not cut, only out of line.
    private static let sampleSize = 1_000
    /// A column is not squeezed below this when a table is wider than the terminal.
    private static let narrowest = 8

    private let format: OutputFormat
    private let columns: [String]
    private let output: OutputStream
    private let terminalWidth: Int?
    /// Makes the rows of this output.
    public let renderer: RowRenderer
    private var rows = RowRenderer.Rows()
    private var held: [[Cell]] = []
    private var widths: [Int]?
    public private(set) var rowCount = 0

    /// `terminalWidth`: columns to fit a table into; nil never cuts.
    public init(format: OutputFormat, columns: [String], output: OutputStream, terminalWidth: Int? = Terminal.width) {
        self.format = format
        self.columns = columns
        self.output = output
        self.terminalWidth = terminalWidth
        renderer = RowRenderer(format: format, columns: columns, isForTerminal: Terminal.standardOutputIsTerminal)
    }

    public func write(_ row: [Cell]) throws {
        rows.removeAll()
        renderer.append(row, to: &rows)
        try write(rows)
    }

    /// Writes rows that `renderer` made.
    public func write(_ rows: RowRenderer.Rows) throws {
        guard rows.count > 0 else { return }
        if rowCount == 0 { try begin() }
        switch format {
        case .table: try writeTable(rows.cells)
        case .json: try output.write(rowCount == 0 ? "[\n" : ",\n")
        case .csv, .tsv, .ndjson, .markdown: break
        }
        rowCount += rows.count
        try rows.bytes.withUnsafeBytes { try output.write($0) }
    }

    /// Ends the output; must be called once.
    public func finish() throws {
        if rowCount == 0 {
            // A table of nothing prints nothing; machine forms stay well-formed.
            switch format {
            case .csv, .tsv: try begin()
            case .json: try output.write("[]\n")
            case .table, .ndjson, .markdown: break
            }
        } else if format == .json {
            try output.write("\n]\n")
        } else if format == .table, widths == nil {
            try releaseHeld()
        }
        try output.flush()
    }

    private func begin() throws {
        switch format {
        case .csv: try output.write(columns.map { Escaping.csv($0) }.joined(separator: ",") + "\n")
        case .tsv: try output.write(columns.map { Escaping.tsv($0) }.joined(separator: "\t") + "\n")
        case .markdown:
            try output.write("| " + columns.map(Escaping.markdown).joined(separator: " | ") + " |\n")
            try output.write("|" + columns.map { _ in " --- |" }.joined() + "\n")
        case .table, .json, .ndjson: break
        }
    }

    private func writeTable(_ rows: [[Cell]]) throws {
        for row in rows {
            if widths == nil {
                held.append(row)
                if held.count >= RowWriter.sampleSize { try releaseHeld() }
            } else {
                try writeTableRow(row)
            }
        }
    }

    private func releaseHeld() throws {
        var widths = columns.map(Terminal.columns)
        for row in held {
            for (index, cell) in row.enumerated() where index < widths.count {
                widths[index] = max(widths[index], Terminal.columns(Escaping.terminal(cell.plain)))
            }
        }
        if let terminalWidth { squeeze(&widths, into: terminalWidth) }
        self.widths = widths
        let header = zip(columns, widths).map { fit($0, $1, right: false) }.joined(separator: "  ")
        let styled = Terminal.useColor ? "\u{1b}[1m" + trimRight(header) + "\u{1b}[0m" : trimRight(header)
        try output.write(styled + "\n")
        for row in held { try writeTableRow(row) }
        held.removeAll()
    }

    /// Takes columns from the widest until the table fits or nothing is left to take.
    private func squeeze(_ widths: inout [Int], into total: Int) {
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - total
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
            widths[widest] > RowWriter.narrowest
        {
            widths[widest] -= 1
            excess -= 1
        }
    }

    private func writeTableRow(_ row: [Cell]) throws {
        let widths = widths ?? []
        var fields: [String] = []
        for (index, cell) in row.enumerated() where index < widths.count {
            fields.append(fit(Escaping.terminal(cell.plain), widths[index], right: cell.isNumeric))
        }
        try output.write(trimRight(fields.joined(separator: "  ")) + "\n")
    }

    private func fit(_ text: String, _ width: Int, right: Bool) -> String {
        let size = Terminal.columns(text)
        if size <= width {
            let blanks = String(repeating: " ", count: width - size)
            return right ? blanks + text : text + blanks
        }
        guard terminalWidth != nil else { return text }
        var output = ""
        var used = 0
        for character in text {
            let next = Terminal.columns(String(character))
            if used + next > width - 1 { break }
            output.append(character)
            used += next
        }
        return output + "…" + String(repeating: " ", count: max(0, width - used - 1))
    }

    private func trimRight(_ text: String) -> String {
        var end = text.endIndex
        while end > text.startIndex {
            let before = text.index(before: end)
            guard text[before] == " " else { break }
            end = before
        }
        return String(text[..<end])
    }
}

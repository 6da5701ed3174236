import Foundation
import TerminalSupport
import Testing

struct RowWriterTests {
    static let rows: [[Cell]] = [
        [.text("ana\u{1b}[2J"), .integer(Int64(12)), .null],
        [.text("=cmd|x"), .integer(Int64(-3)), .json("[1]")],
    ]

    @Test(
        "each form prints the same rows",
        arguments: [
            (OutputFormat.table, "who       flows  more\nana\\e[2J     12\n=cmd|x       -3  [1]\n"),
            (.csv, "who,flows,more\nana\u{1b}[2J,12,\n'=cmd|x,-3,[1]\n"),
            (.tsv, "who\tflows\tmore\nana\u{1b}[2J\t12\t\n'=cmd|x\t-3\t[1]\n"),
            (
                .json,
                "[\n{\"who\":\"ana\\u001b[2J\",\"flows\":12,\"more\":null},\n{\"who\":\"=cmd|x\",\"flows\":-3,\"more\":[1]}\n]\n"
            ),
            (
                .ndjson,
                "{\"who\":\"ana\\u001b[2J\",\"flows\":12,\"more\":null}\n{\"who\":\"=cmd|x\",\"flows\":-3,\"more\":[1]}\n"
            ),
            (.markdown, "| who | flows | more |\n| --- | --- | --- |\n| ana\\\\e\\[2J | 12 |  |\n| =cmd\\|x | -3 | \\[1\\] |\n"),
        ])
    func forms(format: OutputFormat, want: String) throws {
        #expect(try RowWriterTests.print(RowWriterTests.rows, format) == want)
    }

    @Test("a prepared row with its gaps filled is the row", arguments: OutputFormat.allCases)
    func prepared(format: OutputFormat) throws {
        let cells: [Cell] = [
            .text("a"), .null, .text("=1+1"), .text("x,\"y\"\t\n\\|"), .text("\u{1b}[2J\u{202e}ü"), .integer(Int64.min), .real(0.5),
            .real(.infinity), .time("2026-01-02T03:04:05Z"), .json("{\"a\":[1,\"<b>\"]}"),
        ]
        for gaps in [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]] {
            for start in cells.indices {
                let row = (0..<3).map { cells[(start + $0 * 3) % cells.count] }
                let want = try RowWriterTests.print([row, row], format)
                let got = try RowWriterTests.printing(format) { writer in
                    var rows = RowRenderer.Rows()
                    let open = writer.renderer.prepare(row.enumerated().map { gaps.contains($0) ? .text("?") : $1 }, gaps: gaps)
                    for _ in 0..<2 { writer.renderer.append(open, to: &rows) { row[$0] } }
                    try writer.write(rows)
                    try writer.write(RowRenderer.Rows())
                }
                #expect(got == want)
                let half = try RowWriterTests.printing(format) { writer in
                    try writer.write(row)
                    var rows = RowRenderer.Rows()
                    writer.renderer.append(row, to: &rows)
                    try writer.write(rows)
                }
                #expect(half == want)
            }
        }
    }

    @Test(
        "no rows are still well-formed",
        arguments: [(OutputFormat.table, ""), (.csv, "who,flows,more\n"), (.json, "[]\n"), (.ndjson, ""), (.markdown, "")])
    func empty(format: OutputFormat, want: String) throws {
        #expect(try RowWriterTests.print([], format) == want)
    }

    @Test("a table is squeezed into the terminal, never below eight columns")
    func squeezed() throws {
        let rows: [[Cell]] = [[.text(String(repeating: "x", count: 60)), .integer(Int64(1)), .text("y")]]
        #expect(
            try RowWriterTests.print(rows, .table, width: 30) == "who                flows  more\nxxxxxxxxxxxxxxxx…      1  y\n")
    }

    static func print(_ rows: [[Cell]], _ format: OutputFormat, width: Int? = nil) throws -> String {
        try printing(format, width: width) { writer in
            for row in rows { try writer.write(row) }
        }
    }

    static func printing(_ format: OutputFormat, width: Int? = nil, _ body: (RowWriter) throws -> Void) throws -> String {
        let path = NSTemporaryDirectory() + "/rows-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        let writer = RowWriter(
            format: format, columns: ["who", "flows", "more"], output: OutputStream(descriptor: descriptor), terminalWidth: width)
        try body(writer)
        try writer.finish()
        return try String(contentsOfFile: path, encoding: .utf8)
    }
}

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
        let path = NSTemporaryDirectory() + "/rows-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        let writer = RowWriter(
            format: format, columns: ["who", "flows", "more"], output: OutputStream(descriptor: descriptor), terminalWidth: width)
        for row in rows { try writer.write(row) }
        try writer.finish()
        return try String(contentsOfFile: path, encoding: .utf8)
    }
}

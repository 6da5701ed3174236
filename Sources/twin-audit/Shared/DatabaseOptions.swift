internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import Glibc
internal import TerminalSupport

/// Which database.
struct DatabaseOptions: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp("The database file. [default: $TWIN_AUDIT_DB, else ./audit.db]", valueName: "file"))
    var file: String?

    static let defaultFile = "audit.db"

    var path: String {
        file ?? Terminal.environment("TWIN_AUDIT_DB").flatMap { $0.isEmpty ? nil : $0 } ?? DatabaseOptions.defaultFile
    }

    func open(_ mode: AuditDatabase.Mode = .readOnly) throws -> AuditDatabase {
        try AuditDatabase(path: path, mode: mode)
    }
}

/// In what form rows are printed.
struct OutputOptions: ParsableArguments {
    @Option(help: "How to print: \(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: OutputFormat = .table

    @Option(help: ArgumentHelp("Show times with this offset from UTC, such as +02:00.", valueName: "±hh:mm"))
    var timezone: String?

    func offsetMinutes() throws -> Int {
        guard let timezone, timezone != "UTC", timezone != "Z" else { return 0 }
        let sign = timezone.hasPrefix("-") ? -1 : 1
        let parts = timezone.drop(while: { $0 == "+" || $0 == "-" }).split(separator: ":").map { Int($0) }
        guard parts.count == 2, let hours = parts[0], let minutes = parts[1], (0...14).contains(hours), (0...59).contains(minutes)
        else {
            throw CommandFailure(.usage, "--timezone takes an offset such as +02:00, not `\(timezone)`")
        }
        return sign * (hours * 60 + minutes)
    }

    /// Prints an answer; columns whose names end in `_at` or `_seen` hold times. Gives the number of rows.
    func write(_ answer: Answer) throws -> Int {
        let offset = try offsetMinutes()
        let isTime = answer.columns.map { $0.hasSuffix("_at") || $0.hasSuffix("_seen") }
        let writer = RowWriter(format: format, columns: answer.columns, output: OutputStream())
        var watch = SumWatch()
        try answer.forEach { row in
            watch.see(row, isTime)
            try writer.write(zip(row, isTime).map { Cell($0, isTime: $1, offsetMinutes: offset) })
        }
        try writer.finish()
        watch.report()
        if answer.unsure > 0 {
            Message.warning(
                """
                counted, though it is not known whether they are meant: \(answer.unsure) flows that were pruned, of which the sums of \
                whole hours are left
                """)
        }
        return writer.rowCount
    }
}

/// Looks out for sums in what is printed that were cut off, and says so.
struct SumWatch {
    private var hasCut = false

    mutating func see(_ row: [StoredValue], _ isTime: [Bool]) {
        for (value, isTime) in zip(row, isTime) where !isTime && value == .integer(.max) { hasCut = true }
    }

    func report() {
        if hasCut { Message.warning("a sum passed 2^63−1 and is cut off there: the true one is larger") }
    }
}

extension Cell {
    init(_ value: StoredValue, isTime: Bool = false, offsetMinutes: Int = 0) {
        switch value {
        case .null: self = .null
        case .integer(let number) where isTime:
            self = .time(Timestamp(milliseconds: number).rfc3339(offsetMinutes: offsetMinutes))
        case .integer(let number): self = .integer(number)
        case .real(let number): self = .real(number)
        case .text(let text): self = .text(text)
        case .blob(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }
}

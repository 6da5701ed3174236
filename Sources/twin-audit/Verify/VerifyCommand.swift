internal import ArgumentParser
internal import AuditStore
internal import FlowJournal
internal import ShellSupport

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Integrity of the journals, and their agreement with the database.",
        discussion: """
            Recomputes every journal that the database was filled from, compares it with what was seen of it before, and checks that the
            bytes of every source are those that were ingested. Ends with 0 when all journals are intact, 5 when anything was tampered
            with, 6 when something cannot be proved. Other logs carry no signatures; that their bytes are unchanged is said, not more.

            Example:
              twin-audit verify --key office.key.pub --key aws.key.pub
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp(
            "Public key of a journal; it speaks for the journal whose origin is the key's name, or for ORIGIN. May be repeated.",
            valueName: "file[:origin]"))
    var key: [String] = []

    func run() throws {
        let keys = try key.map(VerifyCommand.trusted)
        let items = try SourceAgreement.verify(database.open(), keys: keys)
        let writer = RowWriter(
            format: output.format, columns: ["answer", "kind", "path", "frames", "records", "remark"], output: OutputStream())
        for item in items {
            for (index, remark) in (item.remarks.isEmpty ? [""] : item.remarks).enumerated() {
                try writer.write([
                    .text(item.answer.rawValue), .text(item.isJournal ? "journal" : "log"), .text(item.path),
                    index == 0 && item.isJournal ? .integer(Int64(clamping: item.frames)) : .null,
                    index == 0 && item.isJournal ? .integer(Int64(clamping: item.records)) : .null, .text(remark),
                ])
            }
        }
        try writer.finish()
        let journals = items.filter(\.isJournal)
        func count(_ answer: VerifiedItem.Answer) -> Int { journals.count { $0.answer == answer } }
        Message.write(
            """
            \(journals.count) journals: \(count(.intact)) intact, \(count(.tampered)) tampered with, \(count(.cannotBeProved)) cannot be \
            proved; \(items.count - journals.count) other logs
            """)
        if items.contains(where: { $0.answer == .tampered }) { throw ExitStatusError(.tampered) }
        if journals.isEmpty || count(.cannotBeProved) > 0 { throw ExitStatusError(.undecidable) }
    }

    private static func trusted(_ argument: String) throws -> TrustedKey {
        do {
            return try KeyFile.trusted(argument)
        } catch {
            throw CommandFailure(.inputRefused, "\(error)")
        }
    }
}

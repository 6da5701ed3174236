internal import ArgumentParser
internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import Ingest
internal import TerminalSupport
internal import Wording

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Integrity of the journals, and their agreement with the database.",
        discussion: """
            Recomputes every journal that the database was filled from, compares it with what was seen of it before, and checks that the
            bytes of every source are those that were ingested, wherever they were seen last. Then all sources are decoded again, and
            the rows of the database are held against what they say now. Ends with 0 when all journals are intact, 5 when evidence was
            tampered with, 4 when the database says something else than the evidence, 6 when something cannot be proved. Other logs
            carry no signatures; that their bytes are unchanged is said, not more.

            Examples:
              twin-audit verify --key office.key.pub --key aws.key.pub
              twin-audit verify --key office.key.pub --root /srv/archive
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: KeyArgument.help)
    var key: [String] = []
    @Option(
        help: ArgumentHelp(
            "Also look for sources below this directory, by what they hold; for archives, and what was moved. May be given several times.",
            valueName: "dir"))
    var root: [String] = []

    func run() throws {
        let keys = try key.map(KeyArgument.trusted)
        let opened = try database.open()
        let roots = root.isEmpty ? .none : try SourceRoots(root, of: opened)
        for problem in roots.problems { Message.warning(Escaping.terminal(problem)) }
        var items = try SourceAgreement.verify(opened, keys: keys, roots: roots)
        items.append(try rows(of: opened, roots, items))
        let writer = RowWriter(
            format: output.format, columns: ["answer", "kind", "path", "frames", "records", "remark"], output: OutputStream())
        for item in items {
            for (index, remark) in (item.remarks.isEmpty ? [""] : item.remarks).enumerated() {
                try writer.write([
                    .text(item.answer.rawValue), .text(kind(of: item)), .text(item.path),
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
            proved; \(items.count - journals.count - 1) other logs
            """)
        if items.contains(where: { $0.answer == .tampered }) { throw ExitStatusError(.tampered) }
        if items.contains(where: { $0.answer == .disagrees }) { throw ExitStatusError(.environment) }
        if journals.isEmpty || items.contains(where: { $0.answer == .cannotBeProved && kind(of: $0) != "log" }) {
            throw ExitStatusError(.undecidable)
        }
    }

    private func kind(of item: VerifiedItem) -> String {
        item.path == database.path ? "rows" : (item.isJournal ? "journal" : "log")
    }

    /// What deriving the rows again came to.
    private func rows(of opened: AuditDatabase, _ roots: SourceRoots, _ items: [VerifiedItem]) throws -> VerifiedItem {
        var item = VerifiedItem(path: database.path, isJournal: false, answer: .intact, remarks: [], frames: 0, records: 0)
        if items.contains(where: { $0.answer == .tampered }) {
            item.answer = .cannotBeProved
            item.remarks = ["evidence was tampered with, so there is nothing to hold the rows against"]
            return item
        }
        try PrivateDatabase.making { path in
            switch try RowAgreement.check(opened, roots: roots, derivingInto: path) {
            case .agrees(let count, nil): item.remarks = ["\(count) rows say what the sources say"]
            case .agrees(let count, .some(let from)):
                item.answer = .cannotBeProved
                item.remarks = [
                    "\(count) rows say what the sources say; flows were pruned, so nothing can be said of rows from before \(from.rfc3339)"
                ]
            case .differs(let sentences):
                (item.answer, item.remarks) = (.disagrees, sentences + ["build the database again from its sources"])
            case .cannotTell(let reason): (item.answer, item.remarks) = (.cannotBeProved, [reason])
            }
        }
        return item
    }
}

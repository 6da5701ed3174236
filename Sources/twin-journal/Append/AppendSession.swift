import FlowJournal
import FlowModel
import TerminalSupport
import TextEncodings
import Wording

/// Takes lines of a log, journals their events, and says what became durable.
final class AppendSession {
    let writer: JournalWriter
    private let acknowledges: Bool
    /// The source keeps its lines, so a record that cannot be written is tried again instead of being counted as lost.
    private let keepsRecords: Bool
    private let output = OutputStream()
    private var clock = ClockWatch()
    private var peeler = LogLinePeeler()

    private(set) var lines: UInt64 = 0
    private(set) var events: UInt64 = 0
    private(set) var noise: UInt64 = 0
    private(set) var unreadable: UInt64 = 0

    /// Records that are not durable yet, with the lines that they came from.
    private var open: [(sequence: UInt64, line: UInt64)] = []
    private var reportedTrouble = false

    init(_ writer: JournalWriter, acknowledges: Bool, keepsRecords: Bool) {
        self.writer = writer
        self.acknowledges = acknowledges
        self.keepsRecords = keepsRecords
    }

    /// Takes one line without its line feed. Throws when the journal cannot be used any more.
    func take(_ line: UnsafeRawBufferPointer) throws {
        lines += 1
        switch peeler.peel(line) {
        case .noise:
            noise += 1
        case .event(let event):
            do {
                if try append({ () throws(JournalProblem) in try writer.append(event, countsLoss: !keepsRecords) }) { events += 1 }
            } catch JournalProblem.refused(let refusal) {
                try takeUnreadable(line, refusal.description)
            }
        case .unreadable(let reason):
            try takeUnreadable(line, reason)
        }
    }

    private func takeUnreadable(_ line: UnsafeRawBufferPointer, _ reason: String) throws {
        unreadable += 1
        _ = try append { () throws(JournalProblem) in
            try writer.appendUnreadable(line, reason: reason, countsLoss: !keepsRecords)
        }
    }

    /// False when the record is lost.
    private func append(_ body: () throws(JournalProblem) -> UInt64) throws -> Bool {
        while true {
            do {
                let sequence = try body()
                if acknowledges { open.append((sequence, lines)) }
                try acknowledge()
                return true
            } catch {
                guard case JournalProblem.system(let problem) = error else { throw error }
                note(problem)
                guard keepsRecords else { return false }
                // Disks do not get space by being asked often.
                StopSignal.sleep(milliseconds: 1_000)
                if StopSignal.isRaised { throw error }
            }
        }
    }

    /// Lets the writer do what is due.
    func tick() throws {
        if let step = clock.step(), let record = ClockWatch.record(step) {
            _ = try? writer.append(record)
        }
        do {
            try writer.tick()
        } catch {
            guard case JournalProblem.system(let problem) = error else { throw error }
            note(problem)
        }
        try acknowledge()
    }

    /// Has what was taken written now; what cannot be written is kept.
    func flush() throws {
        do {
            try writer.flush()
        } catch {
            guard case JournalProblem.system(let problem) = error else { throw error }
            note(problem)
        }
        try acknowledge()
    }

    private func note(_ problem: SystemProblem) {
        guard !reportedTrouble else { return }
        reportedTrouble = true
        Message.warning(Escaping.terminal(problem.description) + (keepsRecords ? "; waiting" : "; records are being lost"))
    }

    private func acknowledge() throws {
        if reportedTrouble, writer.trouble == nil {
            reportedTrouble = false
            Message.warning("the journal can be written again")
        }
        if let from = writer.abandonedFrom { open.removeAll { $0.sequence >= from } }
        guard acknowledges, let first = open.first, first.sequence <= writer.durableSequence else { return }
        let durable = open.prefix { $0.sequence <= writer.durableSequence }
        if let last = durable.last {
            let answer = JSONWriter.text(.shown) {
                $0.object {
                    $0.member("seq", last.sequence)
                    $0.member("line", last.line)
                }
            }
            try output.write(answer + "\n")
            try output.flush()
        }
        open.removeFirst(durable.count)
    }

    /// Milliseconds after which `tick` has something to do; nil when nothing is due.
    var patience: Int64? { writer.millisecondsUntilDue }

    func finish() throws {
        writer.closingTotals = [("lines", lines), ("noise", noise), ("unreadable", unreadable)]
        try writer.close()
        try acknowledge()
    }

    func summary(_ journal: String) -> String {
        "\(events) events of \(lines) lines appended to `\(Escaping.terminal(journal))` up to record \(writer.durableSequence); "
            + "\(noise) lines without an event, \(unreadable) unreadable, \(writer.lostCount) lost"
    }
}

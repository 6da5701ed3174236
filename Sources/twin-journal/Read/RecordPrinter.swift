import FlowJournal
import FlowModel
import TerminalSupport
import Wording

/// Prints records: as they are for programs, harmless for people.
final class RecordPrinter {
    let output = OutputStream()
    private let selection: JournalReader.Selection
    private let escapes: Bool
    private(set) var printed: UInt64 = 0

    init(_ selection: JournalReader.Selection) {
        self.selection = selection
        escapes = Terminal.standardOutputIsTerminal
    }

    private var selects: Bool { selection != JournalReader.Selection() }

    /// Prints those of the lines that are wanted.
    func print(_ lines: UnsafeRawBufferPointer) throws {
        guard selects || escapes else {
            try output.write(lines)
            printed += 1
            return
        }
        for line in Lines(lines) {
            if selects, !isWanted(line) { continue }
            try print(line: line)
        }
    }

    private func print(line: UnsafeRawBufferPointer) throws {
        printed += 1
        if escapes {
            try output.write(JSONForTerminals.escape(line))
        } else {
            try output.write(line)
        }
        try output.write("\n")
    }

    private func isWanted(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let record = try? RecordScanner.scan(line) else { return true }
        if let sequence = record.sequence {
            if let from = selection.fromSequence, sequence < from { return false }
            if let to = selection.toSequence, sequence > to { return false }
        }
        guard selection.since != nil || selection.until != nil else { return true }
        // A record without a time of its own cannot be said to lie outside.
        guard let timestamp = record.timestamp else { return true }
        if let since = selection.since, timestamp < since { return false }
        if let until = selection.until, timestamp >= until { return false }
        return true
    }
}

/// JSON text that a terminal shows and does not obey. It stays the same JSON: what is escaped can only stand inside strings.
enum JSONForTerminals {
    static func escape(_ line: UnsafeRawBufferPointer) -> String {
        var output = ""
        for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
            let isPlain = Escaping.terminal(String(scalar)).unicodeScalars.first == scalar
            if isPlain {
                output.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    output += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }
            }
        }
        return output
    }
}

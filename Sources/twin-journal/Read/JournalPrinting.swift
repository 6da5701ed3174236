import FlowJournal
import TerminalSupport
import Wording

/// Prints the records of journals and segment files, and says on standard error what could not be read.
struct JournalPrinting {
    let selection: JournalReader.Selection
    let printer: RecordPrinter
    private(set) var damaged = 0

    init(_ selection: JournalReader.Selection) {
        self.selection = selection
        printer = RecordPrinter(selection)
    }

    mutating func print(_ path: String) throws {
        let reader =
            try JournalDirectory.isJournal(path)
            ? JournalReader(JournalDirectory(path), selection: selection) : JournalReader(file: path, selection: selection)
        try print(reader)
    }

    mutating func print(_ reader: JournalReader) throws {
        var count = 0
        let printer = self.printer
        try FrameDecoding.forEach(reader) { located, lines in
            switch lines {
            case .success(let lines):
                try printer.print(lines)
            case .failure(.foreign):
                try JournalPrinting.printForeign(located, printer)
            case .failure(.truncated):
                try printer.output.flush()
                Message.warning(JournalPrinting.place(located) + ": the file ends in the beginning of a frame")
            case .failure(.system(let problem)):
                throw problem
            case .failure(let problem):
                count += 1
                try printer.output.flush()
                Message.warning(JournalPrinting.place(located) + ": " + Escaping.terminal(problem.description))
            }
            return true
        }
        damaged += count
        try printer.output.flush()
    }

    private static func printForeign(_ located: JournalReader.Located, _ printer: RecordPrinter) throws {
        let stream = try ByteStreamReader(located.segment, range: located.frame.offset..<located.frame.end)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var lines = LineCutter()
        while true {
            let count = try stream.read(into: buffer)
            if count == 0 { break }
            try lines.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { try printer.print(UnsafeRawBufferPointer($0)) }
        }
        try lines.finish { try printer.print(UnsafeRawBufferPointer($0)) }
    }

    static func place(_ located: JournalReader.Located) -> String {
        "`\(Escaping.terminal(located.segment.path))`, bytes \(located.frame.offset)..<\(located.frame.end)"
    }
}

/// Cuts a stream at line feeds, so that only whole lines are looked at. A line may be as long as memory for a frame.
struct LineCutter {
    private var rest: [UInt8] = []

    mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
            rest.append(contentsOf: bytes)
            // A longer line is passed on in pieces rather than kept.
            if rest.count > FrameHeader.maxInflatedLength { try finish(body) }
            return
        }
        rest.append(contentsOf: bytes[...last])
        try finish(body)
        rest.append(contentsOf: bytes[(last + 1)...])
    }

    mutating func finish(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard !rest.isEmpty else { return }
        defer { rest.removeAll(keepingCapacity: true) }
        try rest.withUnsafeBytes { try body($0) }
    }
}

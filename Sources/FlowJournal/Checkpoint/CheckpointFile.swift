/// The file `checkpoints` of a journal: signed notes in the order in which they were signed, each followed by an empty line.
enum CheckpointFile {
    static let name = "checkpoints"

    struct Entry: Hashable {
        enum Content: Hashable {
            case checkpoint(Checkpoint, SignedNote)
            case malformed
            /// The file ends within a note.
            case torn
        }

        var content: Content
        /// Bytes of the file.
        var range: Range<Int>
    }

    /// All entries of a text that is in memory anyway.
    static func parse(_ bytes: [UInt8]) -> [Entry] {
        var reader = CheckpointReader(bytes)
        var entries: [Entry] = []
        // Memory cannot fail to be read.
        while let entry = try? reader.next() { entries.append(entry) }
        return entries
    }

    /// The checkpoint that stands in these bytes: one note with the empty line after it.
    static func entry(_ bytes: ArraySlice<UInt8>) -> (checkpoint: Checkpoint, note: SignedNote)? {
        guard (shortestEntry...maxEntryLength).contains(bytes.count),
            let text = String(validating: bytes.dropLast(), as: UTF8.self), let note = SignedNote(text), note.encoded == text,
            let checkpoint = Checkpoint(text: note.text)
        else { return nil }
        return (checkpoint, note)
    }

    /// No root and no signature fit into less; most of what is no checkpoint is told by that alone.
    private static let shortestEntry = 64
    /// A note and its empty line.
    static let maxEntryLength = SignedNote.maxLength + 1

    /// The bytes of one entry.
    static func encode(_ note: SignedNote) -> [UInt8] { Array(note.encoded.utf8) + [0x0a] }
}

/// Gives the entries of a file `checkpoints` one by one, in memory that does not grow with the file: a year of a checkpoint a minute is
/// half a million of them.
///
/// Every byte of the file belongs to exactly one entry, so a change anywhere shows.
struct CheckpointReader {
    private static let chunkBytes = 1 << 20

    private let file: OpenFile?
    /// Bytes of the file that exist here.
    private let limit: Int
    /// Bytes of the file from `windowStart` on.
    private var window: [UInt8]
    private var windowStart = 0
    /// What of the window has not been given out.
    private var position = 0
    private var isAtEnd: Bool
    /// A stretch that is no checkpoint: where in the file it begins, and how many paragraphs of it have ended.
    private var malformed: (start: Int, paragraphs: Int)?
    /// `position` lies within a paragraph that is longer than a note can be.
    private var isWithinParagraph = false

    /// Reads the file as it is now: what is appended later does not exist. No file is no entries.
    ///
    /// - Parameter start: where an entry begins.
    init(directory: String, from start: Int = 0) throws(SystemProblem) {
        let path = directory + "/" + CheckpointFile.name
        file = try FileSystem.status(path) == nil ? nil : OpenFile(regular: path)
        window = []
        windowStart = start
        limit = Int(clamping: try file?.size() ?? 0)
        isAtEnd = file == nil || start >= limit
    }

    init(_ bytes: [UInt8]) {
        file = nil
        limit = bytes.count
        window = bytes
        isAtEnd = true
    }

    /// The next entry; nil at the end. Neighbouring stretches that are no checkpoint are one entry.
    mutating func next() throws(SystemProblem) -> CheckpointFile.Entry? {
        while true {
            let textEnd = paragraphEnd(from: position)
            let end = isWithinParagraph ? nil : textEnd.flatMap { paragraphEnd(from: $0) }
            if end == nil, !isAtEnd, window.count - position <= CheckpointFile.maxEntryLength {
                try refill()
                continue
            }
            if position == window.count { return finish() }
            if let end, let found = CheckpointFile.entry(window[position..<end]) {
                if let malformed {
                    self.malformed = nil
                    return CheckpointFile.Entry(content: .malformed, range: malformed.start..<windowStart + position)
                }
                defer { position = end }
                return CheckpointFile.Entry(
                    content: .checkpoint(found.checkpoint, found.note), range: windowStart + position..<windowStart + end)
            }
            pass(to: textEnd)
        }
    }

    /// Counts bytes that are no checkpoint, up to the end of their paragraph when that is known.
    private mutating func pass(to textEnd: Int?) {
        var stretch = malformed ?? (windowStart + position, 0)
        if let textEnd {
            stretch.paragraphs += 1
            isWithinParagraph = false
            position = textEnd
        } else {
            // The last byte may be the first of the two line feeds that end the paragraph.
            isWithinParagraph = !isAtEnd
            position = isAtEnd ? window.count : window.count - 1
        }
        malformed = stretch
    }

    private mutating func finish() -> CheckpointFile.Entry? {
        guard let malformed else { return nil }
        self.malformed = nil
        let range = malformed.start..<windowStart + position
        // An interrupted append leaves the beginning of one note: no signature paragraph that is complete.
        let isTorn = malformed.paragraphs <= 1 && range.count < CheckpointFile.maxEntryLength
        return CheckpointFile.Entry(content: isTorn ? .torn : .malformed, range: range)
    }

    /// Just after the first empty line from a place in the window; nil when there is none.
    private func paragraphEnd(from start: Int) -> Int? {
        window.withBytes { bytes in
            var index = start
            while index + 1 < bytes.count {
                guard let found = UnsafeRawBufferPointer(rebasing: bytes[index...]).lineFeed else { return nil }
                index += found + 1
                if index < bytes.count, bytes[index] == 0x0a { return index + 1 }
            }
            return nil
        }
    }

    private mutating func refill() throws(SystemProblem) {
        guard let file else {
            isAtEnd = true
            return
        }
        window.removeSubrange(..<position)
        windowStart += position
        position = 0
        let kept = window.count
        let offset = windowStart + kept
        var chunk = [UInt8](repeating: 0, count: min(CheckpointReader.chunkBytes, limit - offset))
        let count = try chunk.withMutableBytes { bytes throws(SystemProblem) in try file.read(into: bytes, at: UInt64(offset)) }
        guard count == chunk.count else { throw .changed(file.path) }
        window.append(contentsOf: chunk)
        isAtEnd = offset + count == limit
    }
}

extension Checkpoint {
    /// The last checkpoint of a text that was kept elsewhere: one note, or a copy of a journal's file `checkpoints`; nil when any part of it is
    /// no checkpoint.
    public static func last(in text: String) -> (checkpoint: Checkpoint, note: SignedNote)? {
        let bytes = Array(text.utf8)
        var reader = CheckpointReader(bytes.suffix(2) == [0x0a, 0x0a] ? bytes : bytes + [0x0a])
        var last: (checkpoint: Checkpoint, note: SignedNote)?
        while let entry = try? reader.next() {
            guard case .checkpoint(let checkpoint, let note) = entry.content else { return nil }
            last = (checkpoint, note)
        }
        return last
    }
}

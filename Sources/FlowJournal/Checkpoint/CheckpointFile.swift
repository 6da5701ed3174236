/// The file `checkpoints` of a journal: signed notes in the order in which they were signed, each followed by an empty line.
enum CheckpointFile {
    static let name = "checkpoints"

    /// Ten years of a checkpoint a minute are 1 GB; a file that is larger than this is not read into memory.
    static let longest = 1 << 30

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

    /// The entries of a file; no file is no entries.
    static func read(in directory: String) throws(SystemProblem) -> [Entry] {
        let path = directory + "/" + name
        guard try FileSystem.status(path) != nil else { return [] }
        return parse(try FileSystem.contents(of: path, atMost: longest))
    }

    static func parse(_ bytes: [UInt8]) -> [Entry] {
        var entries: [Entry] = []
        var start = 0
        while start < bytes.count {
            let textEnd = paragraphEnd(bytes, from: start)
            let end = textEnd.flatMap { paragraphEnd(bytes, from: $0) }
            if let end, let (checkpoint, note) = entry(bytes[start..<end - 1]) {
                entries.append(Entry(content: .checkpoint(checkpoint, note), range: start..<end))
                start = end
                continue
            }
            // INVARIANT: every byte of the file belongs to exactly one entry, so a change anywhere shows.
            let next = textEnd ?? bytes.count
            if case .malformed = entries.last?.content, let last = entries.indices.last {
                entries[last].range = entries[last].range.lowerBound..<next
            } else {
                entries.append(Entry(content: .malformed, range: start..<next))
            }
            start = next
        }
        if let last = entries.last, case .malformed = last.content, isTorn(bytes[last.range]) {
            entries[entries.count - 1].content = .torn
        }
        return entries
    }

    private static func entry(_ bytes: ArraySlice<UInt8>) -> (Checkpoint, SignedNote)? {
        guard let text = String(validating: bytes, as: UTF8.self), let note = SignedNote(text), note.encoded == text,
            let checkpoint = Checkpoint(text: note.text)
        else { return nil }
        return (checkpoint, note)
    }

    /// Just after the first empty line from `start`; nil when there is none.
    private static func paragraphEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 1 < bytes.count {
            if bytes[index] == 0x0a, bytes[index + 1] == 0x0a { return index + 2 }
            index += 1
        }
        return nil
    }

    /// An interrupted append leaves the beginning of one note: no signature paragraph that is complete.
    private static func isTorn(_ bytes: ArraySlice<UInt8>) -> Bool {
        let all = Array(bytes)
        guard let textEnd = paragraphEnd(all, from: 0) else { return true }
        return textEnd < all.count && paragraphEnd(all, from: textEnd) == nil || textEnd == all.count
    }

    /// The bytes of one entry.
    static func encode(_ note: SignedNote) -> [UInt8] { Array(note.encoded.utf8) + [0x0a] }
}

extension Checkpoint {
    /// The last checkpoint of a text that was kept elsewhere: one note, or a copy of a journal's file `checkpoints`; nil when any part of it is
    /// no checkpoint.
    public static func last(in text: String) -> (checkpoint: Checkpoint, note: SignedNote)? {
        let bytes = Array(text.utf8)
        let entries = CheckpointFile.parse(bytes.suffix(2) == [0x0a, 0x0a] ? bytes : bytes + [0x0a])
        var last: (checkpoint: Checkpoint, note: SignedNote)?
        for entry in entries {
            guard case .checkpoint(let checkpoint, let note) = entry.content else { return nil }
            last = (checkpoint, note)
        }
        return last
    }
}

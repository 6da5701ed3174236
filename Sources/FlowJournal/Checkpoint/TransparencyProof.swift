import TextEncodings

/// A proof, checkable offline, that a frame is in a journal: the text of a C2SP `tlog-proof@v1` file.
public struct TransparencyProof: Hashable, Sendable {
    public static let title = "c2sp.org/tlog-proof@v1"
    public static let fileExtension = ".tlog-proof"
    /// 64 hashes, and a note with many cosignatures.
    public static let maxLength = SignedNote.maxLength + 8_192

    /// Not authenticated; a hint for people. Nil when there is none.
    public var extra: [UInt8]?
    /// Place of the frame in the journal, from 0.
    public var index: UInt64
    public var path: [TreeHash]
    public var note: SignedNote
    public var checkpoint: Checkpoint

    /// Nil when the note is no checkpoint or does not cover the index.
    public init?(extra: [UInt8]? = nil, inclusion: InclusionProof, note: SignedNote) {
        guard let checkpoint = Checkpoint(text: note.text), checkpoint.head.size == inclusion.treeSize else { return nil }
        self.extra = extra
        index = inclusion.index
        path = inclusion.path
        self.note = note
        self.checkpoint = checkpoint
    }

    /// Reads a proof; nil when it is not one.
    public init?(_ text: String) {
        guard text.utf8.count <= TransparencyProof.maxLength, let blank = TransparencyProof.blankLine(text) else { return nil }
        var lines = text[..<blank.head].split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == TransparencyProof.title[...] else { return nil }
        if let line = lines.first, line.hasPrefix("extra ") {
            guard let bytes = Base64.decode(line.dropFirst(6)) else { return nil }
            extra = bytes
            lines.removeFirst()
        }
        guard let line = lines.popFirst(), line.hasPrefix("index "), let index = Checkpoint.size(line.dropFirst(6)) else {
            return nil
        }
        self.index = index
        guard lines.count <= 64 else { return nil }
        let hashes = lines.map { TreeHash(base64: $0) }
        guard !hashes.contains(nil), let note = SignedNote(String(text[blank.note...])),
            let checkpoint = Checkpoint(text: note.text)
        else { return nil }
        path = hashes.compactMap { $0 }
        self.note = note
        self.checkpoint = checkpoint
    }

    private static func blankLine(_ text: String) -> (head: String.Index, note: String.Index)? {
        let bytes = text.utf8
        var previous: UInt8 = 0
        for index in bytes.indices {
            if bytes[index] == 0x0a, previous == 0x0a { return (bytes.index(before: index), bytes.index(after: index)) }
            previous = bytes[index]
        }
        return nil
    }

    public var encoded: String {
        var text = TransparencyProof.title + "\n"
        if let extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(index)\n"
        for hash in path { text += hash.base64 + "\n" }
        return text + "\n" + note.encoded
    }

    /// What holding a frame against the proof gave.
    public enum Check: Hashable, Sendable {
        /// The frame is in the journal that the key signs for.
        case proved(NoteVerifier)
        /// The frame's bytes and the path do not lead to the checkpoint's root.
        case notIncluded
        /// The checkpoint's signature by the key is wrong.
        case wrongSignature
        /// The checkpoint is not signed by one of the keys that speak for its origin.
        case unknownKey
    }

    /// - Parameter member: the bytes of the whole gzip member.
    public func check(_ member: UnsafeRawBufferPointer, _ keys: [TrustedKey]) -> Check {
        let inclusion = InclusionProof(index: index, treeSize: checkpoint.head.size, path: path)
        guard inclusion.proves(.leaf(member), in: checkpoint.head) else { return .notIncluded }
        switch note.check(keys.filter { $0.speaks(for: checkpoint.origin) }.map(\.verifier)) {
        case .valid(let key): return .proved(key)
        case .wrongSignature: return .wrongSignature
        case .unknownKey: return .unknownKey
        }
    }
}

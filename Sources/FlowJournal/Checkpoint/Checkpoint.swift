/// What a journal's writer signs: origin, tree size and root hash (C2SP tlog-checkpoint). Of the extension lines that may follow, only a change of
/// keys has a meaning here; the others are kept.
public struct Checkpoint: Hashable, Sendable {
    /// The journal's identity.
    public var origin: String
    public var head: TreeHead
    public var extensions: [String] = []

    public init(origin: String, head: TreeHead) {
        self.origin = origin
        self.head = head
    }

    /// Reads a note's text; nil when it is not a checkpoint's.
    public init?(text: String) {
        guard text.hasSuffix("\n") else { return nil }
        let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, !lines.contains(""), let size = Checkpoint.size(lines[1]), let root = TreeHash(base64: lines[2])
        else { return nil }
        origin = String(lines[0])
        head = TreeHead(size: size, root: root)
        extensions = lines[3...].map(String.init)
    }

    private static let successorPrefix = "successor "

    /// The key that signs this journal's checkpoints from this one on, when one of the extension lines names it.
    public var successor: NoteVerifier? {
        get {
            extensions.first { $0.hasPrefix(Checkpoint.successorPrefix) }.flatMap { line in
                try? NoteVerifier(String(line.dropFirst(Checkpoint.successorPrefix.count)))
            }
        }
        set {
            extensions.removeAll { $0.hasPrefix(Checkpoint.successorPrefix) }
            if let newValue { extensions.append(Checkpoint.successorPrefix + newValue.line) }
        }
    }

    /// The text to sign.
    public var text: String {
        ([origin, String(head.size), head.root.base64] + extensions).joined(separator: "\n") + "\n"
    }

    /// Decimal without leading zeros.
    static func size(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.count <= 20, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            text == "0" || text.utf8.first != 48
        else { return nil }
        return UInt64(text)
    }
}

/// What a journal's writer signs: origin, tree size and root hash (C2SP tlog-checkpoint). Extension lines are kept but never written.
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

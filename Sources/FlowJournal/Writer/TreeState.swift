/// The file `tree`: how far the Merkle tree has come, so that opening a journal need not hash all of it again.
///
/// It is a cache: a writer believes it only after holding it against the last checkpoint. To a verifier it is no evidence, except that a
/// journal which is shorter than its writer's state has lost frames.
struct TreeState: Equatable {
    static let name = "tree"
    private static let title = "twin-journal tree v1"
    /// 64 hashes and a few lines.
    private static let maxLength = 8_192

    var tree: MerkleTree
    var nextSequence: UInt64
    /// Where the frame after the last one of the tree begins.
    var segment: Int
    var offset: UInt64

    /// Nil when there is no state, or none that is whole.
    static func read(in directory: String) -> TreeState? {
        guard let bytes = try? FileSystem.contents(of: directory + "/" + name, atMost: maxLength) else { return nil }
        return TreeState(text: String(decoding: bytes, as: UTF8.self))
    }

    init(tree: MerkleTree, nextSequence: UInt64, segment: Int, offset: UInt64) {
        self.tree = tree
        self.nextSequence = nextSequence
        self.segment = segment
        self.offset = offset
    }

    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", lines[0] == TreeState.title else { return nil }
        let body = lines.dropLast(2).joined(separator: "\n") + "\n"
        guard lines[lines.count - 2] == TreeState.checksum(body) else { return nil }
        let numbers = lines[1].split(separator: " ").compactMap { UInt64($0) }
        guard numbers.count == 4, let segment = Int(exactly: numbers[2]) else { return nil }
        let hashes = lines[2..<(lines.count - 2)].map { TreeHash(base64: $0) }
        guard !hashes.contains(nil), let tree = MerkleTree(size: numbers[0], range: hashes.compactMap { $0 }) else { return nil }
        self.init(tree: tree, nextSequence: numbers[1], segment: segment, offset: numbers[3])
    }

    var text: String {
        let body =
            ([TreeState.title, "\(tree.size) \(nextSequence) \(segment) \(offset)"] + tree.range.map(\.base64))
            .joined(separator: "\n") + "\n"
        return body + TreeState.checksum(body) + "\n"
    }

    private static func checksum(_ body: String) -> String {
        Array(body.utf8).withUnsafeBytes { TreeHash.plain($0).base64 }
    }

    /// Replaces the file in one step.
    func write(in directory: String) throws(SystemProblem) {
        try FileSystem.replace(directory + "/" + TreeState.name, with: Array(text.utf8))
    }
}

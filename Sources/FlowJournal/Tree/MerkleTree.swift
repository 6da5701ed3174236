/// The RFC 6962 tree over leaves that arrive in order, kept as its compact range: one hash for each set bit of the size.
///
/// Appending costs one hash on average and memory is O(log n), so a tree of any size resumes from at most 64 hashes. To prove something
/// about a leaf, use `MerklePaths` over all leaf hashes.
public struct MerkleTree: Hashable, Sendable {
    public private(set) var size: UInt64 = 0
    /// Roots of the perfect subtrees that the leaves divide into, the largest (leftmost) first.
    public private(set) var range: [TreeHash] = []

    public init() {}

    /// Resumes a tree; nil when the number of hashes does not fit the size.
    public init?(size: UInt64, range: [TreeHash]) {
        guard range.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.range = range
    }

    public mutating func append(_ leaf: TreeHash) {
        var hash = leaf
        var bits = size
        while bits & 1 == 1, let left = range.popLast() {
            hash = .node(left, hash)
            bits >>= 1
        }
        range.append(hash)
        size += 1
    }

    public var root: TreeHash {
        guard var hash = range.last else { return .empty }
        for left in range.dropLast().reversed() { hash = .node(left, hash) }
        return hash
    }

    public var head: TreeHead { TreeHead(size: size, root: root) }
}

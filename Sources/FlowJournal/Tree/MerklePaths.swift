/// Proofs about a tree, made from the hashes of all its leaves. Time grows with the number of leaves; memory is the caller's array.
public enum MerklePaths {
    /// The root over `leaves` (RFC 6962 §2.1).
    public static func root(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
        var tree = MerkleTree()
        for leaf in leaves { tree.append(leaf) }
        return tree.root
    }

    /// The audit path of the leaf at `index` (RFC 6962 §2.1.1), from the leaf's sibling up; nil when there is no such leaf.
    public static func inclusion(of index: Int, in leaves: [TreeHash]) -> InclusionProof? {
        guard leaves.indices.contains(index) else { return nil }
        var path: [TreeHash] = []
        var range = 0..<leaves.count
        while range.count > 1 {
            let middle = range.lowerBound + split(range.count)
            if index < middle {
                path.append(root(leaves[middle..<range.upperBound]))
                range = range.lowerBound..<middle
            } else {
                path.append(root(leaves[range.lowerBound..<middle]))
                range = middle..<range.upperBound
            }
        }
        return InclusionProof(index: UInt64(index), treeSize: UInt64(leaves.count), path: path.reversed())
    }

    /// The proof that the tree over all `leaves` extends the one over the first `oldSize` of them (RFC 6962 §2.1.2); nil when it is longer.
    public static func consistency(from oldSize: Int, in leaves: [TreeHash]) -> ConsistencyProof? {
        guard oldSize >= 0, oldSize <= leaves.count else { return nil }
        var path: [TreeHash] = []
        if oldSize > 0, oldSize < leaves.count {
            var range = 0..<leaves.count
            var whole = true
            // SUBPROOF, iteratively: `whole` says that the old tree covers the range's left edge from the very beginning.
            var pending: [TreeHash] = []
            while oldSize < range.upperBound {
                let middle = range.lowerBound + split(range.count)
                if oldSize <= middle {
                    pending.append(root(leaves[middle..<range.upperBound]))
                    range = range.lowerBound..<middle
                } else {
                    pending.append(root(leaves[range.lowerBound..<middle]))
                    range = middle..<range.upperBound
                    whole = false
                }
            }
            if !whole { path.append(root(leaves[range])) }
            path.append(contentsOf: pending.reversed())
        }
        return ConsistencyProof(oldSize: UInt64(oldSize), newSize: UInt64(leaves.count), path: path)
    }

    /// The largest power of two that is smaller than `count`, which is at least 2.
    private static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }
}

/// Proof that a leaf stands at an index of a tree.
public struct InclusionProof: Hashable, Sendable {
    public var index: UInt64
    public var treeSize: UInt64
    /// From the leaf's sibling to the root's child.
    public var path: [TreeHash]

    public init(index: UInt64, treeSize: UInt64, path: [TreeHash]) {
        self.index = index
        self.treeSize = treeSize
        self.path = path
    }

    /// The root that the leaf and the path lead to; nil when the path's length does not fit (RFC 9162 §2.1.3.2).
    public func root(from leaf: TreeHash) -> TreeHash? {
        guard index < treeSize else { return nil }
        var node = index
        var last = treeSize - 1
        var hash = leaf
        for sibling in path {
            guard last > 0 else { return nil }
            if node & 1 == 1 || node == last {
                hash = .node(sibling, hash)
                while node & 1 == 0, node > 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = .node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 ? hash : nil
    }

    public func proves(_ leaf: TreeHash, in head: TreeHead) -> Bool {
        head.size == treeSize && root(from: leaf) == head.root
    }
}

/// Proof that a tree extends an older one.
public struct ConsistencyProof: Hashable, Sendable {
    public var oldSize: UInt64
    public var newSize: UInt64
    public var path: [TreeHash]

    public init(oldSize: UInt64, newSize: UInt64, path: [TreeHash]) {
        self.oldSize = oldSize
        self.newSize = newSize
        self.path = path
    }

    /// Whether the proof leads from the old root to the new one (RFC 9162 §2.1.4.2).
    public func proves(_ old: TreeHead, to new: TreeHead) -> Bool {
        guard old.size == oldSize, new.size == newSize, oldSize <= newSize else { return false }
        if oldSize == newSize { return path.isEmpty && old.root == new.root }
        if oldSize == 0 { return path.isEmpty && old.root == .empty }
        var hashes = path[...]
        // A power of two is itself a node of the new tree, so its hash is left out of the path.
        var oldHash: TreeHash
        if oldSize & (oldSize - 1) == 0 {
            oldHash = old.root
        } else {
            guard let first = hashes.popFirst() else { return false }
            oldHash = first
        }
        var newHash = oldHash
        var node = oldSize - 1
        var last = newSize - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        for sibling in hashes {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                oldHash = .node(sibling, oldHash)
                newHash = .node(sibling, newHash)
                while node & 1 == 0, node > 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                newHash = .node(newHash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && oldHash == old.root && newHash == new.root
    }
}

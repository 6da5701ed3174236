import Testing

@testable import FlowJournal

@Suite struct MerkleTests {
    static func leaves(_ count: Int) -> [TreeHash] {
        (0..<count).map { number in Array(String(number).utf8).withUnsafeBytes { TreeHash.leaf($0) } }
    }

    /// RFC 6962 §2.1, word for word.
    static func definition(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
        guard leaves.count > 1 else { return leaves.first ?? .empty }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let middle = leaves.startIndex + split
        return .node(definition(leaves[..<middle]), definition(leaves[middle...]))
    }

    @Test func theIncrementalTreeIsTheDefinition() {
        let leaves = Self.leaves(70)
        var tree = MerkleTree()
        for size in 0...leaves.count {
            #expect(tree.root == Self.definition(leaves[..<size]), "size \(size)")
            #expect(tree.range.count == size.nonzeroBitCount)
            if size < leaves.count { tree.append(leaves[size]) }
        }
    }

    @Test func aTreeResumesFromItsRange() {
        let leaves = Self.leaves(41)
        for size in 0...leaves.count {
            var whole = MerkleTree()
            for leaf in leaves[..<size] { whole.append(leaf) }
            var resumed = MerkleTree(size: whole.size, range: whole.range)
            #expect(resumed == whole)
            for leaf in leaves[size...] { resumed?.append(leaf) }
            #expect(resumed?.root == MerklePaths.root(leaves[...]))
        }
        #expect(MerkleTree(size: 3, range: [.empty]) == nil)
    }

    @Test func everyInclusionProofHoldsAndNoOther() throws {
        for size in 1...20 {
            let leaves = Self.leaves(size)
            let head = TreeHead(size: UInt64(size), root: MerklePaths.root(leaves[...]))
            for index in 0..<size {
                let proof = try #require(MerklePaths.inclusion(of: index, in: leaves))
                #expect(proof.proves(leaves[index], in: head))
                for other in 0..<size where other != index {
                    #expect(!proof.proves(leaves[other], in: head))
                    #expect(
                        !InclusionProof(index: UInt64(other), treeSize: proof.treeSize, path: proof.path).proves(leaves[index], in: head))
                }
                for wrong in Self.damaged(proof.path) {
                    #expect(!InclusionProof(index: proof.index, treeSize: proof.treeSize, path: wrong).proves(leaves[index], in: head))
                }
                #expect(!InclusionProof(index: UInt64(size), treeSize: proof.treeSize, path: proof.path).proves(leaves[index], in: head))
            }
            #expect(MerklePaths.inclusion(of: size, in: leaves) == nil)
        }
    }

    @Test func everyConsistencyProofHoldsAndNoOther() throws {
        for new in 1...18 {
            let leaves = Self.leaves(new)
            let newHead = TreeHead(size: UInt64(new), root: MerklePaths.root(leaves[...]))
            for old in 0...new {
                let oldHead = TreeHead(size: UInt64(old), root: MerklePaths.root(leaves[..<old]))
                let proof = try #require(MerklePaths.consistency(from: old, in: leaves))
                #expect(proof.proves(oldHead, to: newHead), "\(old) to \(new)")
                for wrong in Self.damaged(proof.path) {
                    #expect(!ConsistencyProof(oldSize: proof.oldSize, newSize: proof.newSize, path: wrong).proves(oldHead, to: newHead))
                }
                // An empty tree is extended by any other.
                guard old > 0 else { continue }
                let foreign = TreeHead(size: UInt64(old), root: .node(oldHead.root, .empty))
                #expect(!proof.proves(foreign, to: newHead))
                #expect(!proof.proves(oldHead, to: TreeHead(size: newHead.size, root: .node(newHead.root, .empty))))
            }
            #expect(MerklePaths.consistency(from: new + 1, in: leaves) == nil)
        }
    }

    /// Paths with one hash changed, left out, doubled, swapped, or added.
    static func damaged(_ path: [TreeHash]) -> [[TreeHash]] {
        var wrong: [[TreeHash]] = [path + [.empty], [.empty] + path]
        for index in path.indices {
            var changed = path
            changed[index] = .node(path[index], .empty)
            var shorter = path
            shorter.remove(at: index)
            wrong += [changed, shorter]
            if index + 1 < path.count, path[index] != path[index + 1] {
                var swapped = path
                swapped.swapAt(index, index + 1)
                wrong.append(swapped)
            }
        }
        return wrong
    }

    @Test func theStateFileIsReadBackOrNotAtAll() {
        var tree = MerkleTree()
        for leaf in Self.leaves(11) { tree.append(leaf) }
        let state = TreeState(tree: tree, nextSequence: 99, segment: 3, offset: 1_234)
        #expect(TreeState(text: state.text) == state)
        let bytes = Array(state.text.utf8)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(TreeState(text: String(decoding: changed, as: UTF8.self)) == nil, "byte \(index)")
            #expect(TreeState(text: String(decoding: bytes[..<index], as: UTF8.self)) == nil, "cut at \(index)")
        }
    }
}

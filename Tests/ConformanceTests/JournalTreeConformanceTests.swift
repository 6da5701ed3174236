import FlowJournal
import Foundation
import Testing

/// Merkle trees as data: `journal/trees.json` holds the answers that any implementation must give, made from the definitions of RFC 6962.
@Suite struct JournalTreeConformanceTests {
    struct Vectors: Decodable {
        struct Root: Decodable {
            var size: Int
            var root: String
        }

        struct Inclusion: Decodable {
            var size: Int
            var index: Int
            var path: [String]
        }

        struct Consistency: Decodable {
            var old: Int
            var new: Int
            var path: [String]
        }

        var note: String
        var leaves: [String]
        var roots: [Root]
        var inclusion: [Inclusion]
        var consistency: [Consistency]
    }

    static let vectors: Vectors? = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/journal/trees.json"
        return FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode(Vectors.self, from: $0) }
    }()

    static func leaf(_ number: Int, _ vectors: Vectors) -> TreeHash {
        var bytes = Array(String(number).utf8)
        if number < vectors.leaves.count {
            let digits = Array(vectors.leaves[number])
            bytes = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
        }
        return bytes.withUnsafeBytes { TreeHash.leaf($0) }
    }

    let vectors: Vectors
    let leaves: [TreeHash]

    init() throws {
        let vectors = try #require(Self.vectors)
        self.vectors = vectors
        leaves = (0..<(vectors.roots.map(\.size).max() ?? 0)).map { Self.leaf($0, vectors) }
    }

    @Test func roots() {
        for vector in vectors.roots {
            #expect(MerklePaths.root(leaves[..<vector.size]).base64 == vector.root, "size \(vector.size)")
        }
    }

    @Test func inclusionProofs() throws {
        for vector in vectors.inclusion {
            let tree = Array(leaves[..<vector.size])
            let proof = try #require(MerklePaths.inclusion(of: vector.index, in: tree))
            #expect(proof.path.map(\.base64) == vector.path, "leaf \(vector.index) of \(vector.size)")
            #expect(proof.root(from: tree[vector.index]) == MerklePaths.root(tree[...]))
        }
    }

    @Test func consistencyProofs() throws {
        for vector in vectors.consistency {
            let proof = try #require(MerklePaths.consistency(from: vector.old, in: Array(leaves[..<vector.new])))
            #expect(proof.path.map(\.base64) == vector.path, "\(vector.old) to \(vector.new)")
        }
    }
}

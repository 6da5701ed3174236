import Crypto
import TextEncodings

/// A SHA-256 hash of a leaf or a subtree.
public struct TreeHash: Hashable, Sendable {
    public static let byteCount = 32

    @usableFromInline var words: InlineArray<4, UInt64>

    /// Nil unless there are 32 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == TreeHash.byteCount else { return nil }
        var words = InlineArray<4, UInt64>(repeating: 0)
        for (index, byte) in bytes.enumerated() { words[index >> 3] = words[index >> 3] << 8 | UInt64(byte) }
        self.words = words
    }

    private init(words: InlineArray<4, UInt64>) { self.words = words }

    /// Of nothing: stands where a hash is still to be computed.
    static let none = TreeHash(words: InlineArray<4, UInt64>(repeating: 0))

    private init(_ digest: SHA256.Digest) {
        var words = InlineArray<4, UInt64>(repeating: 0)
        digest.withUnsafeBytes { bytes in
            for index in 0..<4 {
                words[index] = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
            }
        }
        self.words = words
    }

    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(TreeHash.byteCount)
        for index in 0..<4 { withUnsafeBytes(of: words[index].bigEndian) { result.append(contentsOf: $0) } }
        return result
    }

    public static func == (left: TreeHash, right: TreeHash) -> Bool {
        left.words[0] == right.words[0] && left.words[1] == right.words[1] && left.words[2] == right.words[2]
            && left.words[3] == right.words[3]
    }

    public func hash(into hasher: inout Hasher) {
        for index in 0..<4 { hasher.combine(words[index]) }
    }

    /// The hash of a leaf: SHA-256(0x00 ‖ data) (RFC 6962 §2.1).
    public static func leaf(_ data: UnsafeRawBufferPointer) -> TreeHash {
        var hasher = SHA256()
        withUnsafeBytes(of: UInt8(0)) { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: data)
        return TreeHash(hasher.finalize())
    }

    /// The hash of a node: SHA-256(0x01 ‖ left ‖ right).
    public static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        var block = InlineArray<65, UInt8>(repeating: 1)
        return withUnsafeMutableBytes(of: &block) { bytes in
            for index in 0..<4 {
                bytes.storeBytes(of: left.words[index].bigEndian, toByteOffset: 1 + index * 8, as: UInt64.self)
                bytes.storeBytes(of: right.words[index].bigEndian, toByteOffset: 33 + index * 8, as: UInt64.self)
            }
            var hasher = SHA256()
            hasher.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return TreeHash(hasher.finalize())
        }
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    public static let empty = TreeHash(SHA256().finalize())

    /// The hash of data that is no leaf, for fingerprints of files.
    static func plain(_ data: UnsafeRawBufferPointer) -> TreeHash {
        var hasher = SHA256()
        hasher.update(bufferPointer: data)
        return TreeHash(hasher.finalize())
    }

    public init?(base64: some StringProtocol) {
        guard let bytes = Base64.decode(base64) else { return nil }
        self.init(bytes)
    }

    public var base64: String { Base64.encode(bytes) }
}

/// The size and the root of a tree: what a checkpoint signs and an auditor remembers.
public struct TreeHead: Hashable, Sendable {
    /// Number of leaves.
    public var size: UInt64
    public var root: TreeHash

    public init(size: UInt64, root: TreeHash) {
        self.size = size
        self.root = root
    }
}

extension TreeHash {
    /// The leaf hash of a stretch of a file, read in pieces, each of which is handed on as it was hashed. Throws `SystemProblem.changed` when the
    /// file is too short.
    static func leaf(
        of file: OpenFile, from start: UInt64, to end: UInt64, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SystemProblem) -> TreeHash {
        var hasher = SHA256()
        withUnsafeBytes(of: UInt8(0)) { hasher.update(bufferPointer: $0) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        var position = start
        while position < end {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, Int(clamping: end - position))])
            let count = try file.read(into: room, at: position)
            guard count == room.count else { throw .changed(file.path) }
            let piece = UnsafeRawBufferPointer(room)
            hasher.update(bufferPointer: piece)
            body(piece)
            position += UInt64(count)
        }
        return TreeHash(hasher.finalize())
    }
}

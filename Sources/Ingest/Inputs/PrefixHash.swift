internal import Crypto
internal import TextEncodings

/// SHA-256 of bytes that come piece by piece, and of some beginnings of them.
struct PrefixHash {
    private var hash = SHA256()
    private var wanted: ArraySlice<Int64>
    /// Bytes taken in.
    private(set) var size: Int64 = 0
    /// Lower-case hexadecimal, by size; of those that were wanted and reached.
    private(set) var prefixes: [Int64: String] = [:]

    /// - Parameter sizes: ascending; digests of the first so many bytes are wanted.
    init(_ sizes: [Int64]) {
        wanted = sizes[...]
    }

    /// Whether all digests that are wanted are there.
    var isDone: Bool { wanted.isEmpty }

    var digest: String {
        let soFar = hash
        return Hexadecimal.text(soFar.finalize())
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while let next = wanted.first, next - size <= Int64(rest.count) {
            add(UnsafeRawBufferPointer(rebasing: rest[..<Int(next - size)]), &rest)
            prefixes[next] = digest
            wanted.removeFirst()
        }
        add(rest, &rest)
    }

    private mutating func add(_ part: UnsafeRawBufferPointer, _ rest: inout UnsafeRawBufferPointer) {
        hash.update(bufferPointer: part)
        size += Int64(part.count)
        rest = UnsafeRawBufferPointer(rebasing: rest[part.count...])
    }
}

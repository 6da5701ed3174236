/// Entries of a run of identities as they lie in a page: a key of 6 bytes, big-endian, and the number of a flow less the run's first,
/// 4 bytes, big-endian; ascending by key.
enum IdentityPage {
    static let entryBytes = 10
    /// What fits into a leaf of 8 KiB beside its header and the row's.
    static let entries = 800

    @inline(__always)
    static func key(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt64 {
        let place = index * entryBytes
        let high = UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        return high << 16 | UInt64(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt16.self)))
    }

    @inline(__always)
    static func flow(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index * entryBytes + 6, as: UInt32.self))
    }

    @inline(__always)
    static func append(_ key: UInt64, _ flow: UInt32, to bytes: inout [UInt8]) {
        let high = UInt32(truncatingIfNeeded: key >> 16).bigEndian
        let low = UInt16(truncatingIfNeeded: key).bigEndian
        withUnsafeBytes(of: high) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: low) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: flow.bigEndian) { bytes.append(contentsOf: $0) }
    }

    static func count(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.count / entryBytes }

    /// The first index whose key is not below `key`.
    static func lowerBound(_ bytes: UnsafeRawBufferPointer, _ key: UInt64) -> Int {
        var low = 0
        var high = count(bytes)
        while low < high {
            let middle = (low + high) / 2
            if self.key(bytes, middle) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The identifier that a Connector gives to a connection: at most 63 bytes, kept in place so that an event needs no allocation.
public struct ConnectionID: Sendable {
    public static let maxLength = 63

    @usableFromInline var storage: InlineArray<63, UInt8>
    @usableFromInline var length: UInt8

    /// No identifier: the source has none.
    @inlinable
    public init() {
        storage = InlineArray(repeating: 0)
        length = 0
    }

    /// Nil when there are more bytes than `maxLength`.
    @inlinable
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= ConnectionID.maxLength else { return nil }
        self.init()
        length = UInt8(bytes.count)
        withUnsafeMutableBytes(of: &storage) { target in
            if let base = bytes.baseAddress { target.baseAddress?.copyMemory(from: base, byteCount: bytes.count) }
        }
    }

    public init?(_ text: String) {
        var copy = text
        let value = copy.withUTF8 { ConnectionID(UnsafeRawBufferPointer($0)) }
        guard let value else { return nil }
        self = value
    }

    @inlinable
    public var isEmpty: Bool { length == 0 }

    @inlinable
    public var count: Int { Int(length) }

    @inlinable
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: storage) { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(length)])) }
    }

    public var text: String {
        withBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension ConnectionID: Hashable {
    @inlinable
    public static func == (left: ConnectionID, right: ConnectionID) -> Bool {
        // Unused bytes are zero, so whole storages compare.
        guard left.length == right.length else { return false }
        return withUnsafeBytes(of: left.storage) { leftBytes in
            withUnsafeBytes(of: right.storage) { rightBytes in
                guard let leftBase = leftBytes.baseAddress, let rightBase = rightBytes.baseAddress else { return true }
                return ByteComparison.equal(leftBase, rightBase, Int(left.length))
            }
        }
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: $0) }
    }
}

/// A text that stands in a `SymbolTable`. Symbols of different tables must not be compared.
public struct Symbol: Hashable, Sendable {
    public var rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No text at all: the field was absent or null.
    public static let none = Symbol(rawValue: 0)
    /// The empty text.
    public static let empty = Symbol(rawValue: 1)

    @inlinable
    public var isNone: Bool { rawValue == 0 }
}

/// Byte strings numbered in the order in which they were first seen.
///
/// An open-addressing hash table over one arena of bytes: a look-up of a text that is already there copies and allocates nothing.
/// Hashes are keyed by a seed, so that crafted logs cannot make look-ups slow. Not safe for use from several threads at once;
/// make one per decoding worker. It grows without limit: whoever owns it watches `byteCount` and calls `removeAll()` at a point
/// where no symbol is held any more.
public final class SymbolTable {
    /// The table proper, behind a constant pointer: decoders that keep the pointer beside the table look texts up without
    /// touching reference counts.
    public let storage: UnsafeMutablePointer<SymbolStorage>

    public init(seed: UInt64 = UInt64.random(in: .min ... .max)) {
        storage = .allocate(capacity: 1)
        storage.initialize(to: SymbolStorage(seed: seed))
    }

    deinit {
        storage.pointee.deallocate()
        storage.deinitialize(count: 1)
        storage.deallocate()
    }

    /// Symbols that exist, including `none` and `empty`.
    @inlinable
    public var count: Int { storage.pointee.count }

    /// Memory that texts and index take.
    public var byteCount: Int { storage.pointee.byteCount }

    /// How often the table has been emptied: whoever keeps symbols over time compares it.
    public var generation: UInt64 { storage.pointee.generation }

    /// Forgets all symbols but `none` and `empty`. Symbols handed out before are void.
    public func removeAll() {
        storage.pointee.removeAll()
    }

    @inlinable
    public func intern(_ bytes: UnsafeRawBufferPointer) -> Symbol {
        guard bytes.count > 0, let base = bytes.baseAddress else { return .empty }
        let hash = SymbolStorage.hash(base, bytes.count, storage.pointee.seed)
        return storage.pointee.intern(base, bytes.count, hash)
    }

    public func intern(_ text: String) -> Symbol {
        var copy = text
        return copy.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    /// The bytes of a symbol, valid until the table is next changed.
    @inlinable
    public func bytes(of symbol: Symbol) -> UnsafeRawBufferPointer {
        storage.pointee.bytes(of: symbol)
    }

    /// The text of a symbol, ill-formed UTF-8 repaired; nil for `none`.
    public func text(of symbol: Symbol) -> String? {
        symbol.isNone ? nil : String(decoding: bytes(of: symbol), as: UTF8.self)
    }
}

internal import Glibc

/// Memory for tables that are read here and there: where there is much of it, in large pages, which cost one fault in place of 512 and
/// keep addresses in the processor's own tables.
enum PagedMemory {
    private static let largePage = 2 << 20

    /// Uninitialised; to be given back by `deallocate()`.
    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        guard byteCount >= 2 * largePage else { return .allocate(byteCount: max(1, byteCount), alignment: 16) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: largePage)
        // Advice: without large pages, there are small ones.
        _ = madvise(memory, byteCount, MADV_HUGEPAGE)
        return memory
    }
}

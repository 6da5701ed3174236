internal import Glibc

/// Memory for tables that are read here and there: where there is much of it, in large pages, which cost one fault in place of 512 and
/// keep addresses in the processor's own tables; and it is the kernel's again when it is given back.
struct PagedMemory {
    private static let largePage = 2 << 20

    let base: UnsafeMutableRawPointer
    /// What was mapped; nothing for a little memory, which is the allocator's.
    private let mapped: UnsafeMutableRawBufferPointer?

    /// Uninitialised.
    init(byteCount: Int) {
        let size = (byteCount + PagedMemory.largePage - 1) / PagedMemory.largePage * PagedMemory.largePage
        guard byteCount >= 2 * PagedMemory.largePage,
            let start = mmap(nil, size + PagedMemory.largePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED
        else {
            base = .allocate(byteCount: max(1, byteCount), alignment: 16)
            mapped = nil
            return
        }
        mapped = UnsafeMutableRawBufferPointer(start: start, count: size + PagedMemory.largePage)
        base = start.alignedUp(toMultipleOf: PagedMemory.largePage)
        // Advice: without large pages, there are small ones.
        _ = madvise(base, size, MADV_HUGEPAGE)
    }

    func deallocate() {
        guard let mapped else { return base.deallocate() }
        munmap(mapped.baseAddress, mapped.count)
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func alignedUp(toMultipleOf size: Int) -> UnsafeMutableRawPointer {
        self + (size - Int(bitPattern: self) % size) % size
    }
}

import Glibc

/// Elements in one block of memory that an arena owns: reading one costs neither reference counting nor a copy of an array's header,
/// which is what a decision of some 200 ns has no time for. Indexes are checked.
///
/// Valid as long as its arena lives; the owner of both is a `CompiledPolicy`.
struct Table<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    private let base: UnsafePointer<Element>
    let count: Int

    fileprivate init(base: UnsafePointer<Element>, count: Int) {
        self.base = base
        self.count = count
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
        return base[index]
    }

    @inline(__always)
    subscript(index: Int32) -> Element { self[Int(index)] }

    /// The elements as bytes from `start` on, `length` of them. Only for tables of bytes.
    @inline(__always)
    func bytes(_ start: Int, _ length: Int) -> UnsafeRawBufferPointer where Element == UInt8 {
        precondition(start >= 0 && length >= 0 && start <= count - length, "range out of bounds")
        return UnsafeRawBufferPointer(start: UnsafeRawPointer(base) + start, count: length)
    }
}

/// Owns the memory of tables. Filled while a policy is compiled, never changed afterwards: hence safe to share.
///
/// Tables lie side by side in a few large blocks. A decision in a large tenant looks at a dozen places all over them; in huge pages these
/// are a handful of entries of the processor's address translation, in small ones nearly each would be a miss of its own.
final class TableArena: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var next: UnsafeMutableRawPointer?
    private var left = 0
    private var blockSize = smallestBlock

    /// Enough for a tenant of some hundred objects.
    private static let smallestBlock = 64 << 10
    private static let largestBlock = 16 << 20
    /// x86-64 and 64-bit ARM alike.
    private static let hugePage = 2 << 20
    /// A cache line: no element of a power of two in size straddles two.
    private static let alignment = 64

    func table<Element: BitwiseCopyable & Sendable>(_ elements: some Collection<Element>) -> Table<Element> {
        let count = elements.count
        let memory = allocate(max(1, count) * MemoryLayout<Element>.stride)
        let base = memory.bindMemory(to: Element.self, capacity: max(1, count))
        _ = UnsafeMutableBufferPointer(start: base, count: count).initialize(from: elements)
        return Table(base: UnsafePointer(base), count: count)
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        let needed = (size + TableArena.alignment - 1) / TableArena.alignment * TableArena.alignment
        if let memory = next, needed <= left {
            next = memory + needed
            left -= needed
            return memory
        }
        var size = max(needed, blockSize)
        let isHuge = size >= TableArena.hugePage
        if isHuge { size = (size + TableArena.hugePage - 1) / TableArena.hugePage * TableArena.hugePage }
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: isHuge ? TableArena.hugePage : TableArena.alignment)
        // A wish: what the system makes of it changes nothing but speed.
        if isHuge { madvise(block, size, Int32(MADV_HUGEPAGE)) }
        blocks.append(block)
        next = block + needed
        left = size - needed
        blockSize = min(blockSize * 4, TableArena.largestBlock)
        return block
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}

/// Lists of numbers in one table.
struct PackedLists: Sendable {
    private let starts: Table<Int32>
    let items: Table<Int32>

    init(_ lists: [[Int32]], _ arena: TableArena) {
        var starts: [Int32] = [0]
        starts.reserveCapacity(lists.count + 1)
        var total: Int32 = 0
        for list in lists {
            total += Int32(list.count)
            starts.append(total)
        }
        self.starts = arena.table(starts)
        items = arena.table(lists.flatMap { $0 })
    }

    @inline(__always)
    func range(_ index: Int) -> Range<Int> {
        Int(starts[index])..<Int(starts[index + 1])
    }
}

/// Mostly one number, sometimes several: the one stands in place, several in a list.
struct NumberLists: Sendable {
    /// A number, or -1 - the position of a list.
    private let heads: Table<Int32>
    private let lists: PackedLists

    init(_ numbers: [[Int32]], _ arena: TableArena) {
        var heads: [Int32] = []
        heads.reserveCapacity(numbers.count)
        var longer: [[Int32]] = []
        for list in numbers {
            if list.count == 1 {
                heads.append(list[0])
            } else {
                heads.append(-1 - Int32(longer.count))
                longer.append(list)
            }
        }
        self.heads = arena.table(heads)
        lists = PackedLists(longer, arena)
    }

    @inline(__always)
    func forEach(_ index: Int, _ body: (Int32) -> Void) {
        let head = heads[index]
        guard head < 0 else { return body(head) }
        for position in lists.range(Int(-1 - head)) { body(lists.items[position]) }
    }
}

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
final class TableArena: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawPointer] = []

    func table<Element: BitwiseCopyable & Sendable>(_ elements: some Collection<Element>) -> Table<Element> {
        let count = elements.count
        let block = UnsafeMutablePointer<Element>.allocate(capacity: max(1, count))
        _ = UnsafeMutableBufferPointer(start: block, count: count).initialize(from: elements)
        blocks.append(UnsafeMutableRawPointer(block))
        return Table(base: UnsafePointer(block), count: count)
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

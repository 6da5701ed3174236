/// Places for results that are made on several threads, each place by one.
final class Slots<Value: Sendable>: @unchecked Sendable {
    // INVARIANT: each index is set by one iteration only, and read after all have ended.
    private let storage: UnsafeMutableBufferPointer<Value?>

    init(count: Int) {
        storage = .allocate(capacity: count)
        storage.initialize(repeating: nil)
    }

    deinit {
        storage.deinitialize()
        storage.deallocate()
    }

    func set(_ index: Int, _ value: Value) { storage[index] = value }

    subscript(index: Int) -> Value? { storage[index] }

    var values: [Value?] { Array(storage) }
}

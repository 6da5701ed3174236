internal import Glibc

/// A value that one thread at a time works on.
///
/// The standard library's `Mutex` does the same; but its lock is taken inside a library that ThreadSanitizer does not see into, so that every
/// use is reported as a race. Of this one, it tells the real ones.
package final class Guarded<Value>: @unchecked Sendable {
    // INVARIANT: `value` is touched only while `lock` is held.
    private var value: Value
    private let lock: UnsafeMutablePointer<pthread_mutex_t>

    package init(_ value: Value) {
        self.value = value
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        let status = pthread_mutex_init(lock, nil)
        precondition(status == 0, "no lock can be made")
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// Gives the value to `body`, which must not come back for it.
    package func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value)
    }
}

internal import FlowStore
internal import Glibc

/// Lets one ingest at a time write to a database: an advisory lock on a file beside it.
struct IngestLock {
    private let descriptor: Int32

    /// How often a lock that somebody holds is asked for again.
    private static let patienceMicroseconds: UInt32 = 50_000

    /// Nil when it was told to stop while it waited.
    init?(databasePath: String, waits: Bool, shouldStop: () -> Bool) throws(StoreFailure) {
        let path = databasePath + "-lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreFailure(
                .environment,
                "cannot make the lock `\(path)`: \(String(cString: strerror(errno))); check the directory's permissions")
        }
        // Asked for again and again: whoever waits within the call cannot be told to stop.
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let isHeld = errno == EWOULDBLOCK
            if isHeld, waits {
                if shouldStop() {
                    close(descriptor)
                    return nil
                }
                usleep(IngestLock.patienceMicroseconds)
                continue
            }
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw StoreFailure(
                .environment,
                isHeld
                    ? "another ingest is writing to `\(databasePath)`; wait for it, or leave out --no-wait"
                    : "cannot lock `\(path)`: \(reason)")
        }
    }

    /// The lock file stays: removing it would let two ingests hold locks on different files of one name.
    func release() {
        close(descriptor)
    }
}

internal import FlowStore
internal import Glibc

/// Lets one ingest at a time write to a database: an advisory lock on a file beside it.
struct IngestLock {
    private let descriptor: Int32

    init(databasePath: String, waits: Bool) throws(StoreFailure) {
        let path = databasePath + "-lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreFailure(
                .environment,
                "cannot make the lock `\(path)`: \(String(cString: strerror(errno))); check the directory's permissions")
        }
        while flock(descriptor, LOCK_EX | (waits ? 0 : LOCK_NB)) != 0 {
            if errno == EINTR { continue }
            let isHeld = errno == EWOULDBLOCK
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

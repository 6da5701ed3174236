import Glibc

/// An open file descriptor with the few operations that a journal needs; interrupted calls are repeated.
///
/// Reading at an offset is safe from several threads at once.
final class OpenFile: Sendable {
    let path: String
    let descriptor: Int32
    private let closes: Bool

    enum Mode {
        case read
        /// Appends to an existing file or a new one.
        case append
        /// The file must not exist.
        case createNew
        /// Emptied when it exists.
        case overwrite
        /// Reads and writes; made when it does not exist.
        case lock
    }

    init(_ path: String, _ mode: Mode, permissions: mode_t = 0o640, more: Int32 = 0) throws(SystemProblem) {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .append: O_WRONLY | O_APPEND | O_CREAT
            case .createNew: O_WRONLY | O_APPEND | O_CREAT | O_EXCL
            case .overwrite: O_WRONLY | O_CREAT | O_TRUNC
            case .lock: O_RDWR | O_CREAT
            }
        var opened: Int32
        repeat { opened = open(path, flags | more | O_CLOEXEC | O_NOCTTY, permissions) } while opened < 0 && errno == EINTR
        guard opened >= 0 else {
            throw SystemProblem(operation: mode == .read ? "open" : "create or open", path: path, code: errno)
        }
        descriptor = opened
        self.path = path
        closes = true
    }

    /// Opens a regular file for reading. Anything else under a name that a stranger may have given, such as a pipe, could make reading
    /// wait for ever.
    convenience init(regular path: String) throws(SystemProblem) {
        try self.init(path, .read, more: O_NONBLOCK)
        guard try status().isRegular else { throw SystemProblem(operation: "read as a regular file", path: path, code: EINVAL) }
    }

    /// Borrows a descriptor, such as standard input; it stays open.
    init(borrowing descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
        closes = false
    }

    deinit {
        if closes { close(descriptor) }
    }

    struct Status {
        var size: UInt64
        var device: UInt64
        var inode: UInt64
        var isDirectory: Bool
        var isRegular: Bool
        var modifiedSeconds: Int
        /// When the file or what is known of it was changed last (`st_ctim`).
        var changedNanoseconds: Int64
    }

    func status() throws(SystemProblem) -> Status {
        var value = stat()
        guard fstat(descriptor, &value) == 0 else { throw problem("examine") }
        return Status(value)
    }

    func size() throws(SystemProblem) -> UInt64 { try status().size }

    /// Fills `buffer` from the current position as far as one call gives; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemProblem) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw problem("read") }
        }
    }

    /// Fills `buffer` from `offset`; fewer bytes only when the file ends.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemProblem) -> Int {
        var done = 0
        while done < buffer.count {
            guard let position = off_t(exactly: offset &+ UInt64(done)) else { break }
            let count = pread(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, position)
            if count < 0 {
                guard errno == EINTR else { throw problem("read") }
                continue
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all bytes; on an error some of them may have been written.
    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemProblem) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0 {
                guard errno == EINTR else { throw problem("write to") }
                continue
            }
            done += count
        }
    }

    func sync() throws(SystemProblem) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw problem("sync") }
        }
    }

    func truncate(to size: UInt64) throws(SystemProblem) {
        while ftruncate(descriptor, off_t(clamping: size)) != 0 {
            guard errno == EINTR else { throw problem("truncate") }
        }
    }

    /// Takes the exclusive lock, without waiting; false when another holds it.
    func lockExclusively() throws(SystemProblem) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw problem("lock") }
        }
        return true
    }

    func problem(_ operation: String) -> SystemProblem {
        SystemProblem(operation: operation, path: path, code: errno)
    }
}

extension OpenFile.Status {
    init(_ value: stat) {
        size = UInt64(max(0, value.st_size))
        device = UInt64(value.st_dev)
        inode = UInt64(value.st_ino)
        isDirectory = value.st_mode & S_IFMT == S_IFDIR
        isRegular = value.st_mode & S_IFMT == S_IFREG
        modifiedSeconds = value.st_mtim.tv_sec
        changedNanoseconds = Int64(value.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(value.st_ctim.tv_nsec)
    }
}

extension OpenFile {
    func writeAll(_ bytes: [UInt8]) throws(SystemProblem) {
        try bytes.withBytes { buffer throws(SystemProblem) in try write(buffer) }
    }
}

public import Glibc

/// Files that are there whole or not at all.
public enum WholeFile {
    /// Of the file that is written beside the one that is meant, and that a crash can leave behind; the next write uses it again.
    public static let draftEnding = ".part"

    /// Writes a file, or replaces it in one step: whoever reads it meets what was there before, or all of `bytes`, on the disk. Of several
    /// who write at once, each writes all of its own.
    ///
    /// What is no regular file, such as a pipe or `/dev/stdout`, cannot be replaced and is written to. A link is followed.
    ///
    /// - Parameter permissions: of a file that is new; one that is replaced hands its own on.
    public static func write(_ bytes: [UInt8], to path: String, permissions: mode_t = 0o644) throws(FileFailure) {
        var facts = stat()
        let exists = stat(path, &facts) == 0
        if exists, facts.st_mode & S_IFMT != S_IFREG {
            return try write(bytes, to: open(path, O_WRONLY, permissions), path)
        }
        let target = exists ? resolved(path) : path
        let draft = target + draftEnding
        let descriptor = try openDraft(draft, permissions)
        do throws(FileFailure) {
            // Closed after the renaming, so that until then nobody else writes to the draft.
            try put(bytes, descriptor, draft, emptiedFirst: true)
            if exists, fchmod(descriptor, facts.st_mode & 0o777) != 0 { throw FileFailure("write", path, code: errno) }
            guard rename(draft, target) == 0 else { throw FileFailure("write", path, code: errno) }
        } catch {
            unlink(draft)
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw FileFailure("write", path, code: errno) }
    }

    /// Writes a file that must not exist yet. On an error nothing is left of it.
    public static func create(_ bytes: [UInt8], at path: String, permissions: mode_t = 0o644) throws(FileFailure) {
        let descriptor = try open(path, O_WRONLY | O_CREAT | O_EXCL, permissions)
        do throws(FileFailure) {
            try write(bytes, to: descriptor, path)
        } catch {
            unlink(path)
            throw error
        }
    }

    private static func open(_ path: String, _ flags: Int32, _ permissions: mode_t) throws(FileFailure) -> Int32 {
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY, permissions)
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw FileFailure(flags & O_CREAT == 0 ? "open" : "create", path, code: errno) }
        }
    }

    /// The draft, with a lock on it: another writer waits, and then finds that the draft has become the file.
    private static func openDraft(_ path: String, _ permissions: mode_t) throws(FileFailure) -> Int32 {
        while true {
            let descriptor = try open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, permissions)
            while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
            var (opened, there) = (stat(), stat())
            let isThere = fstat(descriptor, &opened) == 0 && lstat(path, &there) == 0
            if isThere, opened.st_dev == there.st_dev, opened.st_ino == there.st_ino { return descriptor }
            close(descriptor)
        }
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// Writes and closes.
    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(FileFailure) {
        do throws(FileFailure) {
            try put(bytes, descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw FileFailure("write to", path, code: errno) }
    }

    private static func put(
        _ bytes: [UInt8], _ descriptor: Int32, _ path: String, emptiedFirst: Bool = false
    ) throws(FileFailure) {
        var code: Int32 = 0
        if emptiedFirst, ftruncate(descriptor, 0) != 0 { code = errno }
        if code == 0 { code = bytes.withUnsafeBytes { put($0, descriptor) } }
        // Pipes and terminals have nothing to bring to a disk.
        if code == 0, fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { code = errno }
        if code != 0 { throw FileFailure("write to", path, code: code) }
    }

    /// The error number; 0 when everything was written.
    private static func put(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) -> Int32 {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0 {
                guard errno == EINTR else { return errno }
                continue
            }
            done += count
        }
        return 0
    }
}

import FlowJournal
import Glibc
import ShellSupport

/// A log file that is being read, under whatever name it has by now.
final class FollowedFile {
    enum Outcome {
        case read
        case end
        /// The file was truncated, or its beginning is not what it was.
        case replaced
    }

    let path: String
    private let descriptor: Int32
    private let device: UInt64
    private let inode: UInt64
    /// When it was opened, in nanoseconds of Unix time.
    let openedAt = FollowedFile.clock()
    /// Reads a file that is compressed; nil for a plain one, which may still grow.
    private let compressed: ByteStreamReader?
    private var lines = LineAssembler()
    /// Bytes up to the end of the last line that was given out.
    private var consumed: UInt64 = 0
    private var readOffset: UInt64 = 0
    private var head: (length: Int, hash: TreeHash)?

    init(path: String) throws {
        self.path = path
        // Something other than a file, such as a pipe, is not waited for.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw CommandFailure(.environment, "cannot open `\(Escaping.terminal(path))`: \(String(cString: strerror(errno)))")
        }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CommandFailure(.inputRefused, "`\(Escaping.terminal(path))` is not a regular file")
        }
        let reader = try ByteStreamReader(path: path)
        compressed = reader.compression == .none ? nil : reader
    }

    deinit {
        close(descriptor)
    }

    /// Reads one piece and gives out the lines that it completes, each with the offset after it.
    func read(_ buffer: UnsafeMutableRawBufferPointer, _ body: (UnsafeRawBufferPointer, UInt64) throws -> Void) throws -> Outcome {
        let count: Int
        if let compressed {
            count = try compressed.read(into: buffer)
        } else {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failure() }
            let size = UInt64(max(0, status.st_size))
            if size < readOffset { return .replaced }
            if size == readOffset { return .end }
            if let head, hash(ofFirst: head.length) != head.hash { return .replaced }
            count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(readOffset))
            guard count >= 0 else { throw failure() }
        }
        if count == 0 { return .end }
        readOffset += UInt64(count)
        try lines.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { line, offset in
            // Before the line is given out: whoever takes it asks for the position after it.
            consumed = offset
            try body(line, offset)
        }
        return .read
    }

    /// Gives out a last line that has no line feed; only for a file that does not grow any more.
    func finish(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Void) throws {
        try lines.finish { line, offset in
            consumed = offset
            try body(line, offset)
        }
    }

    /// How far whole lines have been given out.
    func position(named name: String) -> SourcePosition {
        let length = Int(min(consumed, UInt64(SourcePosition.longestHead)))
        if head?.length != length { head = (length, hash(ofFirst: length) ?? .empty) }
        return SourcePosition(
            path: name, device: device, inode: inode, offset: consumed, headLength: length, head: head?.hash ?? .empty)
    }

    /// Whether this is the file that the position is in.
    func matches(_ position: SourcePosition) -> Bool {
        guard hash(ofFirst: position.headLength) == position.head else { return false }
        if compressed != nil { return true }
        var status = stat()
        return fstat(descriptor, &status) == 0 && UInt64(max(0, status.st_size)) >= position.offset
    }

    /// Goes on after the position.
    func skip(to position: SourcePosition) {
        lines = LineAssembler(from: position.offset)
        consumed = position.offset
        head = (position.headLength, position.head)
        guard let compressed else {
            readOffset = position.offset
            return
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        while readOffset < position.offset {
            let room = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(UInt64(buffer.count), position.offset - readOffset))])
            guard let count = try? compressed.read(into: room), count > 0 else { return }
            readOffset += UInt64(count)
        }
    }

    /// The hash of the first bytes, inflated; nil when there are not as many.
    private func hash(ofFirst length: Int) -> TreeHash? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, length), alignment: 16)
        defer { buffer.deallocate() }
        var done = 0
        let reader = compressed == nil ? nil : try? ByteStreamReader(path: path)
        while done < length {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<length])
            let count =
                compressed == nil
                ? pread(descriptor, room.baseAddress, room.count, off_t(done)) : (try? reader?.read(into: room)) ?? 0
            guard count > 0 else { return nil }
            done += count
        }
        return SourcePosition.hash(ofHead: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
    }

    /// Whether the path names another file than this one. A path that names none may be about to.
    func isReplaced(at path: String) throws -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return UInt64(status.st_dev) != device || UInt64(status.st_ino) != inode
    }

    /// Whether the path names this file still, or none as before.
    static func names(_ path: String, _ file: FollowedFile?) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return file == nil }
        return file.map { UInt64(status.st_dev) == $0.device && UInt64(status.st_ino) == $0.inode } ?? false
    }

    func isSameFile(as other: FollowedFile) -> Bool {
        device == other.device && inode == other.inode
    }

    private func failure() -> CommandFailure {
        CommandFailure(.environment, "cannot read `\(Escaping.terminal(path))`: \(String(cString: strerror(errno)))")
    }

    /// When it was last written to, in nanoseconds of Unix time.
    var modified: Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return 0 }
        return FollowedFile.nanoseconds(status.st_mtim)
    }

    private static func clock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    // MARK: Names

    /// Files that rotation may have made of the one at `path`, the newest first.
    ///
    /// A directory that is listed while files in it are renamed may leave some out, so it is listed until two lists in a row agree.
    static func siblings(of path: String) -> [FollowedFile] {
        var found = listSiblings(of: path)
        for _ in 0..<listings {
            StopSignal.sleep(milliseconds: listingPauseMs)
            let again = listSiblings(of: path)
            let isSettled = Set(again.map(\.inode)) == Set(found.map(\.inode))
            found = again
            if isSettled { break }
        }
        return found
    }

    private static let listings = 20
    /// Longer than renaming a few files takes.
    private static let listingPauseMs: Int32 = 20

    private static func listSiblings(of path: String) -> [FollowedFile] {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { String(path[...$0]) } ?? "./"
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var found: [FollowedFile] = []
        while let entry = readdir(stream) {
            let sibling = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if RotatedName.isMade(of: name, sibling), let file = try? FollowedFile(path: directory + sibling) { found.append(file) }
        }
        return found.sorted { $0.modified > $1.modified }
    }

    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return String(cString: buffer) + "/" + path
    }
}

/// The names that rotation gives: `log.1`, `log.2.gz`, `log-20261008`, `log.2026-10-08T06:00:00Z.gz`, and for `a.log` also `a-20261008.log`.
enum RotatedName {
    static func isMade(of name: String, _ sibling: String) -> Bool {
        if sibling.hasPrefix(name), isMark(sibling.dropFirst(name.count)) { return true }
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return false }
        let (stem, ending) = (name[..<dot], name[dot...])
        var plain = sibling[...]
        if plain.hasSuffix(".gz") { plain = plain.dropLast(3) }
        return plain.hasPrefix(stem) && plain.hasSuffix(ending) && plain.count > name.count
            && isMark(plain.dropFirst(stem.count).dropLast(ending.count))
    }

    /// A dot or a dash, a digit, then only what dates and numbers are made of.
    private static func isMark(_ text: Substring) -> Bool {
        var mark = text
        if mark.hasSuffix(".gz") { mark = mark.dropLast(3) }
        guard let first = mark.popFirst(), first == "." || first == "-", let digit = mark.utf8.first, (48...57).contains(digit)
        else { return false }
        return mark.utf8.allSatisfy { (48...58).contains($0) || $0 == 45 || $0 == 46 || $0 == 84 || $0 == 90 || $0 == 95 }
    }
}

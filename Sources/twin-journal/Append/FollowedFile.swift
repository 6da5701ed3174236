import FileAccess
import FlowJournal
import Glibc
import TerminalSupport
import Wording

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
    /// The last bytes before `consumed`, at most `SourcePosition.maxTailLength`.
    private var tail: [UInt8] = []

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
            let size = try size()
            if size < readOffset { return .replaced }
            if size == readOffset { return isUnchanged() ? .end : .replaced }
            count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(readOffset))
            guard count >= 0 else { throw failure() }
            // After reading: what was read belongs to what was read before only when that is still there.
            guard isUnchanged(), try self.size() >= readOffset + UInt64(count) else { return .replaced }
        }
        if count == 0 { return .end }
        readOffset += UInt64(count)
        try lines.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { line, offset in
            // Before the line is given out: whoever takes it asks for the position after it.
            pass(line, to: offset)
            try body(line, offset)
        }
        return .read
    }

    private func size() throws -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure() }
        return UInt64(max(0, status.st_size))
    }

    /// Whether the first bytes, and those that were read last, are what they were.
    private func isUnchanged() -> Bool {
        if let head, hash(ofFirst: head.length) != head.hash { return false }
        guard !tail.isEmpty else { return true }
        return bytes(before: consumed, count: tail.count) == tail
    }

    /// Bytes of a file that is not compressed.
    private func bytes(before offset: UInt64, count: Int) -> [UInt8]? {
        guard offset >= UInt64(count), let start = off_t(exactly: offset - UInt64(count)) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        return pread(descriptor, &bytes, count, start) == count ? bytes : nil
    }

    /// Counts a line as given out.
    private func pass(_ line: UnsafeRawBufferPointer, to offset: UInt64) {
        let length = offset - consumed
        consumed = offset
        // Of a line that was too long, the end was dropped.
        switch length {
        case UInt64(line.count): tail = Array(line.suffix(SourcePosition.maxTailLength))
        case UInt64(line.count) + 1: tail = Array(line.suffix(SourcePosition.maxTailLength - 1)) + [UInt8(ascii: "\n")]
        default: tail = []
        }
    }

    /// Gives out a last line that has no line feed; only for a file that does not grow any more.
    func finish(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Void) throws {
        try lines.finish { line, offset in
            pass(line, to: offset)
            try body(line, offset)
        }
    }

    /// How far whole lines have been given out.
    func position(named name: String) -> SourcePosition {
        let length = Int(min(consumed, UInt64(SourcePosition.maxHeadLength)))
        if head?.length != length { head = (length, hash(ofFirst: length) ?? .empty) }
        return SourcePosition(
            path: name, device: device, inode: inode, offset: consumed, headLength: length, head: head?.hash ?? .empty,
            tailLength: tail.count, tail: tail.withUnsafeBytes { SourcePosition.hash(of: $0) })
    }

    /// Whether the position can be in this file: it begins as the file did that was read, is long enough, and holds before the position what
    /// was read last.
    func matches(_ position: SourcePosition) -> Bool {
        guard hash(ofFirst: position.headLength) == position.head else { return false }
        guard compressed == nil else {
            guard position.tailLength > 0 else { return true }
            return inflated(before: position.offset, count: position.tailLength).map(FollowedFile.hash) == position.tail
        }
        guard let size = try? size(), size >= position.offset else { return false }
        guard position.tailLength > 0 else { return true }
        return bytes(before: position.offset, count: position.tailLength).map(FollowedFile.hash) == position.tail
    }

    /// Whether it is the file itself, and not a copy, that the position names.
    func isNamed(by position: SourcePosition) -> Bool { device == position.device && inode == position.inode }

    private static func hash(_ bytes: [UInt8]) -> TreeHash { bytes.withUnsafeBytes { SourcePosition.hash(of: $0) } }

    /// Bytes of a compressed file.
    private func inflated(before offset: UInt64, count: Int) -> [UInt8]? {
        guard let reader = try? ByteStreamReader(path: path) else { return nil }
        var last: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var done: UInt64 = 0
        while done < offset {
            let room = Int(min(UInt64(piece.count), offset - done))
            guard
                let got = try? piece.withUnsafeMutableBytes({ try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room])) }
                ), got > 0
            else { return nil }
            last = Array((last + piece[..<got]).suffix(count))
            done += UInt64(got)
        }
        return last.count == count ? last : nil
    }

    /// Whether everything in this file stands at the beginning of the other: then nothing is in it that the other has not.
    func isPrefix(of other: FollowedFile) -> Bool {
        guard let own = try? ByteStreamReader(path: path), let others = try? ByteStreamReader(path: other.path) else { return false }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            guard let count = try? piece.withUnsafeMutableBytes({ try own.read(into: $0) }) else { return false }
            if count == 0 { return true }
            var wanted = piece[..<count]
            while !wanted.isEmpty {
                var found = [UInt8](repeating: 0, count: wanted.count)
                guard let got = try? found.withUnsafeMutableBytes({ try others.read(into: $0) }), got > 0,
                    wanted.prefix(got).elementsEqual(found[..<got])
                else { return false }
                wanted = wanted.dropFirst(got)
            }
        }
    }

    /// Goes on after the position.
    func skip(to position: SourcePosition) {
        lines = LineAssembler(from: position.offset)
        consumed = position.offset
        head = (position.headLength, position.head)
        tail = []
        guard let compressed else {
            readOffset = position.offset
            tail = bytes(before: position.offset, count: position.tailLength) ?? []
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
        return SourcePosition.hash(of: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
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

    /// Whether something is at the path, or may be: a directory that may not be searched hides it.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 || errno == EACCES
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
        guard let names = try? DirectoryListing.names(in: directory) else { return [] }
        var found: [FollowedFile] = []
        for sibling in names where RotatedName.isMade(of: name, sibling) {
            if let file = try? FollowedFile(path: directory + sibling) { found.append(file) }
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

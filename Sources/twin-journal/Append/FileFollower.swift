import FlowJournal
import Glibc
import ShellSupport

/// Journals a file that grows and is rotated, from where the journal says it was left.
///
/// Rotation by renaming, by copying and truncating, and with compression are all found by content: a file is the one that was being read
/// when its first bytes hash to what the journal holds. Lines are read exactly once as long as what was read last still exists, under any
/// name that begins with the file's.
final class FileFollower {
    private let path: String
    private let session: AppendSession
    private let stopsAtEnd: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    /// How often a quiet file is looked at: below what delays a frame.
    private static let pollMs: Int32 = 250

    private var file: FollowedFile?
    private var gap: String?

    init(path: String, session: AppendSession, stopsAtEnd: Bool) {
        // Positions are kept by absolute path, whatever directory the program is started from.
        self.path = FollowedFile.absolute(path)
        self.session = session
        self.stopsAtEnd = stopsAtEnd
    }

    deinit {
        buffer.deallocate()
    }

    func run() throws {
        if let position = try SourcePosition.last(of: path, in: session.writer.directory) { try resume(position) }
        if stopsAtEnd, file == nil { file = try FollowedFile(path: path) }
        while !StopSignal.isRaised {
            if file == nil { file = try? FollowedFile(path: path) }
            let progressed = try readOn()
            try session.tick()
            if progressed { continue }
            if try rotate() { continue }
            if stopsAtEnd {
                try file?.finish { line, _ in try session.take(line) }
                notePosition()
                return
            }
            StopSignal.sleep(milliseconds: FileFollower.pollMs)
        }
    }

    /// Reads a piece of the current file; false at its end.
    private func readOn() throws -> Bool {
        guard let file else { return false }
        let isSame = try file.read(buffer) { line, _ in
            try session.take(line)
            notePosition()
        }
        switch isSame {
        case .read: return true
        case .end: return false
        case .replaced:
            // Truncated and written anew: what was not read yet may be in a copy.
            try takeUp(file.position(named: path))
            return true
        }
    }

    private func notePosition() {
        guard let file else { return }
        var position = file.position(named: path)
        position.gap = gap
        gap = nil
        session.writer.note(position: position)
    }

    /// At the end of the current file: goes on with the next one, when the path names another file by now.
    private func rotate() throws -> Bool {
        guard let file, try file.isReplaced(at: path) else { return false }
        // What was written between the last read and the renaming.
        while try readOn() {}
        guard let last = self.file else { return true }
        try last.finish { line, _ in try session.take(line) }
        notePosition()
        try readBetween(after: last, current: path)
        self.file = try? FollowedFile(path: path)
        return true
    }

    /// After a restart: finds the file that was being read, reads its rest, and what was rotated since.
    private func resume(_ position: SourcePosition) throws {
        if let current = try? FollowedFile(path: path), current.matches(position) {
            current.skip(to: position)
            file = current
            return
        }
        try takeUp(position)
    }

    /// The file at the path is not the one that was being read: finds that one among its siblings.
    private func takeUp(_ position: SourcePosition) throws {
        file = nil
        if let rotated = FollowedFile.siblings(of: path).first(where: { $0.matches(position) }) {
            try readRest(rotated, from: position)
            try readBetween(after: rotated, current: path)
        } else {
            gap = "the file that was read up to byte \(position.offset) is gone"
            Message.warning("`\(Escaping.terminal(path))`: \(gap ?? ""); what followed in it is not in the journal")
        }
        file = try? FollowedFile(path: path)
        notePosition()
    }

    /// Reads a rotated file, which may be compressed, from a position to its end.
    private func readRest(_ rotated: FollowedFile, from position: SourcePosition) throws {
        rotated.skip(to: position)
        file = rotated
        while try rotated.read(
            buffer,
            { line, _ in
                try session.take(line)
                notePosition()
            }) == .read
        {
            try session.tick()
            if StopSignal.isRaised { return }
        }
        try rotated.finish { line, _ in try session.take(line) }
        notePosition()
    }

    /// Files that were rotated after `last` and before the current one, oldest first.
    private func readBetween(after last: FollowedFile, current: String) throws {
        let between = FollowedFile.siblings(of: current)
            .filter { $0.modified > last.modified && !$0.isSameFile(as: last) && (try? $0.isReplaced(at: current)) != false }
            .sorted { $0.modified < $1.modified }
        for file in between { try readRest(file, from: file.position(named: path)) }
    }
}

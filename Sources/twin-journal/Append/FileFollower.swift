import FlowJournal
import FlowModel
import Glibc
import TerminalSupport
import Wording

/// Journals a file that grows and is rotated, from where the journal says it was left.
///
/// Rotation by renaming, by copying and truncating, and with compression are all found by content: a file is the one that was being read
/// when its first bytes, and those before the position, hash to what the journal holds; among several, the oldest that was not read on. Lines are read exactly once as long as what was read last still exists, under any
/// name that begins with the file's.
final class FileFollower {
    private let path: String
    private let session: AppendSession
    private let stopsAtEnd: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    /// How often a quiet file is looked at: below what delays a frame.
    private static let pollMs: Int32 = 250
    /// Looks for a rotated file, a poll apart: renaming and compressing a log takes less than these together.
    private static let attempts = 8
    /// Nanoseconds that a file's time of change may lag behind the clock: two ticks of the slowest kernel clock.
    private static let clockGrain: Int64 = 20_000_000

    private var file: FollowedFile?
    private var gap: String?
    private var hasSaidObstacle = false
    /// The journal knows how far the file has been read.
    private var hasPosition = false

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
        let position = try SourcePosition.last(of: path, in: session.writer.directory)
        try waitUntilReadable()
        if let position { try resume(position) } else { file = openCurrent() }
        if stopsAtEnd, file == nil { file = try FollowedFile(path: path) }
        hasPosition = position != nil
        while !StopSignal.isRaised {
            if file == nil { file = openCurrent() }
            if file != nil, !hasPosition || gap != nil { try noteBeginning() }
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

    /// The file at the path; nil when there is none, or when it cannot be read, which is said once.
    private func openCurrent() -> FollowedFile? {
        do {
            let file = try FollowedFile(path: path)
            hasSaidObstacle = false
            return file
        } catch {
            if FollowedFile.exists(path), !hasSaidObstacle {
                hasSaidObstacle = true
                Message.warning(
                    "\((error as? CommandFailure)?.description ?? "\(error)"); waiting until the user who runs this program may read it, "
                        + "for instance by `setfacl -m u:USER:r`")
            }
            return nil
        }
    }

    /// A file that is there and may not be read is not gone: where it was left is looked for when it can be.
    private func waitUntilReadable() throws {
        while FollowedFile.exists(path), openCurrent() == nil {
            if stopsAtEnd { _ = try FollowedFile(path: path) }
            if StopSignal.isRaised { return }
            try session.tick()
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
            let position = file.position(named: path)
            if position.headLength == 0 {
                try takeUpUnread(since: file.openedAt - FileFollower.clockGrain)
            } else {
                try takeUp(position)
            }
            return true
        }
    }

    /// - Parameter beginning: also of a file of which nothing was read.
    private func notePosition(beginning: Bool = false) {
        guard let file else { return }
        var position = file.position(named: path)
        guard beginning || position.offset > 0 else { return }
        position.gap = gap
        gap = nil
        session.writer.note(position: position)
    }

    /// Journals that reading begins, before anything is read, so that what is rotated right away is read as well. A gap is journaled before the
    /// lines that come after it.
    ///
    /// Later, the position stays at the end of one file until a line of the next one was read: the end of what was read last is always
    /// found again by its contents, the beginning of a file of which nothing was read is not.
    private func noteBeginning() throws {
        hasPosition = true
        notePosition(beginning: true)
        try session.flush()
    }

    /// At the end of the current file: goes on with the next one, when the path names another file by now.
    private func rotate() throws -> Bool {
        guard let file, try file.isReplaced(at: path) else { return false }
        // What was written between the last read and the renaming.
        while try readOn() {}
        guard let last = self.file else { return true }
        try last.finish { line, _ in try session.take(line) }
        try noteEnd()
        try goOn(after: last, newerThan: last.modified)
        return self.file !== last
    }

    /// After a restart: finds the file that was being read, reads its rest, and what was rotated since.
    private func resume(_ position: SourcePosition) throws {
        if position.headLength == 0 {
            return try takeUpUnread(since: position.recordedAt.map { FileFollower.nanoseconds($0) - FileFollower.clockGrain } ?? .max)
        }
        if let current = openCurrent(), current.matches(position),
            !FollowedFile.siblings(of: path).contains(where: { !$0.isSameFile(as: current) && $0.matches(position) })
        {
            current.skip(to: position)
            file = current
            return
        }
        try takeUp(position)
    }

    /// A time of a journal, which anybody may have written, as a file system counts it; far ones as far as that goes.
    private static func nanoseconds(_ time: Timestamp) -> Int64 {
        let limit: Int64 = 9_000_000_000_000
        return max(-limit, min(limit, time.milliseconds)) * 1_000_000
    }

    /// Nothing had been read at that time, in nanoseconds, so nothing of what was written since has been.
    private func takeUpUnread(since: Int64) throws {
        file = nil
        try goOn(after: nil, newerThan: since)
    }

    /// The file at the path is not the one that was being read: finds that one among its siblings.
    private func takeUp(_ position: SourcePosition) throws {
        file = nil
        if let rotated = try find(position) {
            if try !rotated.isReplaced(at: path) {
                // It was being renamed back, or the path was looked at between two steps of a rotation.
                rotated.skip(to: position)
                file = rotated
                return
            }
            try readRest(rotated, from: position)
            try goOn(after: rotated, newerThan: rotated.modified)
        } else {
            gap = "the file that was read up to byte \(position.offset) is gone"
            Message.warning("`\(Escaping.terminal(path))`: \(gap ?? ""); what followed in it is not in the journal")
            if StopSignal.isRaised { return }
            file = openCurrent()
            if file != nil { try noteBeginning() }
        }
    }

    /// The file that the position is in, under the path or under a name that rotation gave it. A rotation that is under way may hide it
    /// for a moment.
    private func find(_ position: SourcePosition) throws -> FollowedFile? {
        for attempt in 0..<FileFollower.attempts {
            if attempt > 0 { StopSignal.sleep(milliseconds: FileFollower.pollMs) }
            let current = openCurrent()
            let rotated = FollowedFile.siblings(of: path).filter { file in current.map { !file.isSameFile(as: $0) } != false }
            let holding = (rotated + [current].compactMap { $0 }).filter { $0.matches(position) }
            if let found = try choose(among: holding, position) { return found }
            if StopSignal.isRaised { return nil }
        }
        return nil
    }

    /// Of files that hold what was read last, the one to go on in. Logs that begin alike, as with what a program says when it starts, are not
    /// told apart by it; so the oldest is it of which the rest was not read, and all that came after it is read behind it.
    ///
    /// - Parameter files: the one at the path last.
    private func choose(among files: [FollowedFile], _ position: SourcePosition) throws -> FollowedFile? {
        guard files.count > 1 else { return files.first }
        var passed: Set<Int> = []
        var beginning = Int64.max
        _ = try SourcePosition.last(of: path, in: session.writer.directory) { earlier in
            if let at = earlier.recordedAt { beginning = min(beginning, FileFollower.nanoseconds(at) - FileFollower.clockGrain) }
            guard earlier.offset > position.offset else { return false }
            for (place, file) in files.enumerated() where !passed.contains(place) && file.matches(earlier) { passed.insert(place) }
            return false
        }
        let open = files.enumerated().filter { place, file in
            // What was last written to before anything was followed is none of ours.
            !passed.contains(place) && (file.isNamed(by: position) || file.modified >= beginning)
        }.map(\.element)
        // Of copies the one that has all, and of equal ones the file itself.
        let distinct = open.filter { file in
            !open.contains { other in
                other !== file && file.isPrefix(of: other)
                    && (!other.isPrefix(of: file) || other.isNamed(by: position) && !file.isNamed(by: position))
            }
        }
        return distinct.min { $0.modified < $1.modified }
    }

    /// Reads a rotated file, which may be compressed, from a position to its end.
    private func readRest(_ rotated: FollowedFile, from position: SourcePosition) throws {
        rotated.skip(to: position)
        file = rotated
        if gap != nil { try noteBeginning() }
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
        try noteEnd()
    }

    /// Journals that a file was read to its end, before anything of the next one: later it is known from those that begin alike.
    private func noteEnd() throws {
        notePosition()
        try session.flush()
    }

    /// After `last`, or from a time in nanoseconds on: reads the files that were rotated since, the oldest first, and goes on with the one at
    /// the path. When there is none, the last one that was rotated is kept until there is.
    private func goOn(after last: FollowedFile?, newerThan modified: Int64) throws {
        let (current, rotated) = survey()
        let between =
            rotated
            .filter { file in
                file.modified > modified && last.map { file.isSameFile(as: $0) } != true && current.map { file.isSameFile(as: $0) } != true
            }
            .sorted { $0.modified < $1.modified }
        for next in between where !StopSignal.isRaised { try readRest(next, from: next.position(named: path)) }
        // A position in the next file would say that this one was read to its end.
        if !StopSignal.isRaised, let current { file = current }
    }

    /// The file at the path and those that rotation made of it, as they were at one moment: a file that is renamed while the others are
    /// listed would be in neither place. All of them are open, so what happens to their names afterwards does not matter.
    private func survey() -> (current: FollowedFile?, rotated: [FollowedFile]) {
        var current = openCurrent()
        var rotated = FollowedFile.siblings(of: path)
        for _ in 0..<FileFollower.attempts where !FollowedFile.names(path, current) {
            current = openCurrent()
            rotated = FollowedFile.siblings(of: path)
        }
        return (current, rotated)
    }
}

import Glibc

/// What the files of a journal's directory are at one moment, so that one that is being copied or written is told from one that stands still.
struct Stillness: Equatable {
    private struct File: Equatable {
        var size: UInt64
        var inode: UInt64
        var changed: Int64
    }

    private var files: [String: File] = [:]

    init(_ directory: JournalDirectory) throws(SystemProblem) {
        for name in try FileSystem.names(in: directory.path) {
            guard let status = try FileSystem.status(directory.path + "/" + name) else { continue }
            files[name] = File(size: status.size, inode: status.inode, changed: status.changedNanoseconds)
        }
    }

    static func pause(milliseconds: Int64) {
        // A signal ends the pause early; a journal is then judged a little sooner.
        if milliseconds > 0 { poll(nil, 0, Int32(clamping: milliseconds)) }
    }
}

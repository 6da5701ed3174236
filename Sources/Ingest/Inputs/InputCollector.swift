internal import FileAccess
internal import FlowJournal
internal import FlowStore
internal import Glibc

/// Finds the files that path arguments mean: files, directories (all files below, in name order), patterns, and `-`.
struct InputCollector {
    /// Directory levels that are followed; links to directories are not.
    private static let deepest = 32

    private(set) var files: [String] = []
    /// Of `files`: those that an argument named itself.
    private(set) var named: [String] = []
    private(set) var refusals: [InputProblem] = []
    private var seen: Set<String> = []

    mutating func collect(_ arguments: [String]) {
        for argument in arguments {
            if argument == "-" {
                files.append(argument)
                named.append(argument)
                continue
            }
            var information = stat()
            if stat(argument, &information) == 0 {
                add(argument, mode: information.st_mode, depth: 0, isNamed: true)
            } else if errno == ENOENT, argument.utf8.contains(where: { $0 == 42 || $0 == 63 || $0 == 91 }) {
                expand(argument)
            } else {
                refuse(argument, code: errno)
            }
        }
    }

    private mutating func refuse(_ path: String, code: Int32) {
        switch code {
        case ENOENT: refusals.append(InputProblem(.refused, path: path, "`\(path)`: there is no such file; check the path"))
        case EACCES, EPERM:
            refusals.append(InputProblem(.environment, path: path, "`\(path)`: no permission to read it; run as a user who may"))
        default:
            refusals.append(InputProblem(.environment, path: path, "`\(path)`: \(String(cString: strerror(code)))"))
        }
    }

    /// `isNamed`: the user named this very path, so that something odd about it is worth a word.
    private mutating func add(_ path: String, mode: mode_t, depth: Int, isNamed: Bool) {
        switch mode & S_IFMT {
        case S_IFDIR:
            guard depth < InputCollector.deepest else { return }
            list(path, depth: depth)
        case S_IFREG, S_IFIFO, S_IFCHR:
            guard mode & S_IFMT == S_IFREG || isNamed, seen.insert(path).inserted else { return }
            files.append(path)
            if isNamed { named.append(path) }
        default:
            if isNamed { refusals.append(InputProblem(.refused, path: path, "`\(path)` is neither a file nor a directory")) }
        }
    }

    private mutating func list(_ directory: String, depth: Int) {
        let names: [String]
        do throws(FileFailure) {
            names = try DirectoryListing.names(in: directory).filter { !$0.hasPrefix(".") }
        } catch {
            return refuse(directory, code: error.code)
        }
        // What a journal keeps beside its segments — checkpoints, lock, torn ends — is no input.
        let isJournal = names.contains { SegmentName.number(of: $0) != nil }
        for name in names {
            if isJournal, SegmentName.number(of: name) == nil { continue }
            let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
            var information = stat()
            guard lstat(path, &information) == 0 else { continue }
            if information.st_mode & S_IFMT == S_IFLNK {
                guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { continue }
            }
            add(path, mode: information.st_mode, depth: depth + 1, isNamed: false)
        }
    }

    private mutating func expand(_ pattern: String) {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, found.gl_pathc > 0 else {
            refusals.append(InputProblem(.refused, path: pattern, "`\(pattern)`: no file matches the pattern"))
            return
        }
        for index in 0..<Int(found.gl_pathc) {
            guard let pointer = found.gl_pathv[index] else { continue }
            let path = String(cString: pointer)
            var information = stat()
            guard stat(path, &information) == 0 else { continue }
            add(path, mode: information.st_mode, depth: 0, isNamed: true)
        }
    }
}

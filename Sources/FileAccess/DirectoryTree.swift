public import Glibc

/// Directories that are made with those above them.
public enum DirectoryTree {
    /// Makes a directory and, where needed, those above it; one that is there already is left as it is.
    ///
    /// - Throws: also when what is there is no directory (`ENOTDIR`).
    public static func make(_ path: String, permissions: mode_t = 0o755) throws(FileFailure) {
        let code = made(path, permissions)
        guard code == ENOENT, let parent = parent(of: path) else { return try require(code, path) }
        try make(parent, permissions: permissions)
        try require(made(path, permissions), path)
    }

    /// The error number; 0 when the directory is there.
    private static func made(_ path: String, _ permissions: mode_t) -> Int32 {
        if mkdir(path, permissions) == 0 { return 0 }
        guard errno == EEXIST else { return errno }
        var facts = stat()
        guard stat(path, &facts) == 0 else { return errno }
        return facts.st_mode & S_IFMT == S_IFDIR ? 0 : ENOTDIR
    }

    private static func require(_ code: Int32, _ path: String) throws(FileFailure) {
        if code != 0 { throw FileFailure("make the directory", path, code: code) }
    }

    private static func parent(of path: String) -> String? {
        var trimmed = path[...]
        while trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/"), slash > trimmed.startIndex else { return nil }
        return String(trimmed[..<slash])
    }
}

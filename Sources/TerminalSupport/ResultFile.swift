internal import FileAccess

/// Files that a command leaves behind.
public enum ResultFile {
    /// Written beside and renamed, so that nobody ever reads half a result.
    public static func write(_ text: String, to path: String) throws {
        try write(Array(text.utf8), to: path)
    }

    /// A directory for results, and where needed those above it.
    public static func makeDirectory(_ path: String) throws {
        do {
            try DirectoryTree.make(path)
        } catch {
            throw CommandFailure(.environment, error.description)
        }
    }

    public static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try WholeFile.write(bytes, to: path)
        } catch {
            throw CommandFailure(.environment, error.description)
        }
    }
}

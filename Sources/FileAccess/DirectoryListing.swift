internal import Glibc

/// What directories hold.
public enum DirectoryListing {
    /// All names in a directory but `.` and `..`, hidden ones included, in the order of their bytes.
    ///
    /// - Throws: also when the listing breaks off: some of the names would look like all of them.
    public static func names(in directory: String) throws(FileFailure) -> [String] {
        guard let stream = opendir(directory) else { throw FileFailure("list", directory, code: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw FileFailure("list", directory, code: errno) }
                return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }
}

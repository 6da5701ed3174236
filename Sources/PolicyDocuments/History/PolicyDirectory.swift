public import AccessPolicy
import FileAccess
import FlowModel
import Glibc
import Wording

extension PolicyHistory {
    /// Endings of the files that a policy directory is made of; others are passed over.
    public static let fileEndings = [".yaml", ".yml", ".json"]

    /// Reads every document in a directory. The whole is refused on any problem in any of them.
    ///
    /// - Throws: every problem of every file; a directory that cannot be read or holds no document is one, too.
    public static func load(directory path: String) throws(PolicyDocumentErrors) -> PolicyHistory {
        try load(files: try documents(inDirectory: path))
    }

    /// Paths of the documents in a directory, in the order of their names; never empty.
    public static func documents(inDirectory path: String) throws(PolicyDocumentErrors) -> [String] {
        let names: [String]
        do throws(FileFailure) {
            names = try DirectoryListing.names(in: path).filter { name in
                !name.hasPrefix(".") && fileEndings.contains { name.hasSuffix($0) }
            }
        } catch {
            throw PolicyDocumentErrors(file: path, "cannot be read as a directory: \(error.reason)")
        }
        guard !names.isEmpty else {
            throw PolicyDocumentErrors(
                file: path, "holds no policy document (files ending in \(fileEndings.joined(separator: ", ")))")
        }
        let separator = path.hasSuffix("/") ? "" : "/"
        return names.map { path + separator + $0 }
    }

    /// Reads the given documents as one history.
    public static func load(files paths: [String]) throws(PolicyDocumentErrors) -> PolicyHistory {
        var snapshots: [(path: String, snapshot: PolicySnapshot)] = []
        var problems: [PolicyProblem] = []
        for path in paths {
            do throws(PolicyDocumentErrors) {
                snapshots.append((path, try PolicySnapshot.load(try PolicyFile.read(path), file: path)))
            } catch {
                problems += error.problems
            }
        }
        snapshots.sort { $0.snapshot.effectiveAt < $1.snapshot.effectiveAt }
        for (left, right) in zip(snapshots, snapshots.dropFirst()) where left.snapshot.effectiveAt == right.snapshot.effectiveAt {
            problems.append(
                PolicyProblem(
                    file: right.path, line: 0,
                    message: "comes into force at \(right.snapshot.effectiveAt), as does \(left.path.quoted)"))
        }
        guard problems.isEmpty else { throw PolicyDocumentErrors(problems) }
        do {
            return try PolicyHistory(snapshots: snapshots.map(\.snapshot))
        } catch {
            throw PolicyDocumentErrors(file: paths.first ?? "", "\(error)")
        }
    }
}

/// Policy documents as files.
public enum PolicyFile {
    /// The bytes of a regular file or pipe.
    public static func read(_ path: String) throws(PolicyDocumentErrors) -> [UInt8] {
        func failure() -> PolicyDocumentErrors {
            PolicyDocumentErrors(file: path, "cannot be read: \(String(cString: strerror(errno)))")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 1)
        defer { chunk.deallocate() }
        var bytes: [UInt8] = []
        while true {
            guard bytes.count <= DocumentNode.largest else {
                throw PolicyDocumentErrors(file: path, "the document has more than \(DocumentNode.largest >> 20) MB")
            }
            let count = Glibc.read(descriptor, chunk.baseAddress, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}

import FileAccess
import Foundation
import Testing

final class FileAccessTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-files-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func content(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: path(name)).map(Array.init) }

    @Test("a listing holds all names, in the order of their bytes")
    func listing() throws {
        #expect(try DirectoryListing.names(in: folder.path) == [])
        let names = ["b", ".hidden", "a b", "ä", "Z", "a", "z\n", String(repeating: "n", count: 255)] + (0..<500).map { "file-\($0)" }
        for name in names { try Data().write(to: folder.appendingPathComponent(name)) }
        #expect(try DirectoryListing.names(in: folder.path) == names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    }

    @Test("a directory is made with those above it, once, and never in the place of a file")
    func directories() throws {
        for name in ["a/b/c", "a/b/c", "a", "d/", "a/e//f/"] {
            try DirectoryTree.make(path(name), permissions: 0o750)
            var isDirectory: ObjCBool = false
            #expect(FileManager.default.fileExists(atPath: path(name), isDirectory: &isDirectory) && isDirectory.boolValue, "\(name)")
        }
        #expect((try FileManager.default.attributesOfItem(atPath: path("a/b"))[.posixPermissions] as? Int) == 0o750)
        try Data().write(to: folder.appendingPathComponent("file"))
        for (name, place) in [("file", "file"), ("file/below", "file/below")] {
            let failure = #expect(throws: FileFailure.self) { try DirectoryTree.make(self.path(name)) }
            #expect(failure == FileFailure("make the directory", path(place), code: ENOTDIR))
        }
        #expect(content("file") == [])
    }

    @Test("what cannot be listed is an error, never an empty directory")
    func notListed() throws {
        try Data().write(to: folder.appendingPathComponent("file"))
        for (name, code) in [("nowhere", ENOENT), ("file", ENOTDIR)] {
            #expect(throws: FileFailure("list", path(name), code: code)) { try DirectoryListing.names(in: self.path(name)) }
        }
    }

    @Test("a file is made or replaced, and nothing stays beside it")
    func replaced() throws {
        for bytes in [[1, 2, 3], [], [UInt8](repeating: 7, count: 200_000), [4]] as [[UInt8]] {
            try WholeFile.write(bytes, to: path("file"))
            #expect(content("file") == bytes)
            #expect(try DirectoryListing.names(in: folder.path) == ["file"])
        }
    }

    @Test("what a crash left beside the file does no harm")
    func leftover() throws {
        try Data([UInt8](repeating: 9, count: 100)).write(to: folder.appendingPathComponent("file" + WholeFile.draftEnding))
        try WholeFile.write([1], to: path("file"))
        #expect(content("file") == [1])
        #expect(try DirectoryListing.names(in: folder.path) == ["file"])
    }

    @Test("a file that is replaced keeps its permissions, a new one gets those asked for, and links stay links")
    func permissions() throws {
        func mode(_ name: String) -> mode_t {
            var facts = stat()
            return lstat(path(name), &facts) == 0 ? facts.st_mode : 0
        }
        try WholeFile.write([1], to: path("new"), permissions: 0o600)
        #expect(mode("new") & 0o777 == 0o600)
        chmod(path("new"), 0o640)
        symlink("new", path("link"))
        try WholeFile.write([2], to: path("link"), permissions: 0o600)
        #expect(content("new") == [2] && mode("new") & 0o777 == 0o640)
        #expect(mode("link") & S_IFMT == S_IFLNK)
        try WholeFile.create([3], at: path("key"), permissions: 0o600)
        #expect(mode("key") & 0o777 == 0o600)
    }

    @Test("on an error the file is as it was")
    func failures() throws {
        #expect(throws: FileFailure.self) { try WholeFile.write([1], to: self.path("no/such/directory")) }
        #expect(throws: FileFailure("write to", "/dev/full", code: ENOSPC)) { try WholeFile.write([1], to: "/dev/full") }
        try WholeFile.write([1], to: "/dev/null")
        try WholeFile.create([1], at: path("key"))
        #expect(throws: FileFailure("create", path("key"), code: EEXIST)) { try WholeFile.create([2], at: self.path("key")) }
        #expect(content("key") == [1])
        // The draft's place is taken by what cannot be written.
        try FileManager.default.createDirectory(atPath: path("key" + WholeFile.draftEnding), withIntermediateDirectories: false)
        #expect(throws: FileFailure.self) { try WholeFile.write([3], to: self.path("key")) }
        #expect(content("key") == [1])
    }

    @Test("many writers at once: whoever reads meets one of them, whole")
    func concurrent() async throws {
        try WholeFile.write([0], to: path("file"))
        let path = path("file")
        let torn = await withTaskGroup(of: Int.self) { group in
            for writer in 1...8 as ClosedRange<UInt8> {
                group.addTask {
                    var failures = 0
                    for round in 0..<20 {
                        let bytes = [UInt8](repeating: writer, count: 1 + (round * 7_919 + Int(writer) * 104_729) % 100_000)
                        do { try WholeFile.write(bytes, to: path) } catch { failures += 1 }
                        let read = FileManager.default.contents(atPath: path).map(Array.init) ?? []
                        if read.isEmpty || Set(read).count != 1 { failures += 1 }
                    }
                    return failures
                }
            }
            return await group.reduce(0, +)
        }
        #expect(torn == 0)
        #expect(try DirectoryListing.names(in: folder.path) == ["file"])
    }
}

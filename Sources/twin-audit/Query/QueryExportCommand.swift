internal import ArgumentParser
internal import FlowModel
internal import Glibc
internal import QueryCatalogue
internal import TerminalSupport
internal import Wording

struct QueryExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the library into a directory, to read and to change.",
        discussion: """
            Detections, questions, and sections and templates of reports. A directory that is given with --queries lies over the
            library of the program: keep in it what you changed or added.

            Examples:
              twin-audit query export queries
              twin-audit detect --queries queries --check
            """)

    @OptionGroup var library: LibraryOptions

    @Argument(help: ArgumentHelp("The directory; files that are there with another text are left, and refused.", valueName: "dir"))
    var directory: String

    func run() throws {
        let library = try library.open()
        let files = try Refusal.translating { try library.paths.map { (path: $0, text: try library.text($0)) } }
        // All of them are looked at before the first is written.
        let missing = try files.filter { file in
            let path = directory + "/" + file.path
            guard access(path, F_OK) == 0 else { return true }
            guard try Refusal.translating({ try QueryLibrary.read(path) }) == file.text else {
                throw CommandFailure(.inputRefused, "`\(path)` is there and says something else; move it away, or name another directory")
            }
            return false
        }
        for file in missing {
            let path = directory + "/" + file.path
            try ResultFile.makeDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
            try ResultFile.write(file.text, to: path)
        }
        Message.write("\(files.count) files in `\(Escaping.terminal(directory))`, \(files.count - missing.count) of them there before")
    }
}

import Foundation
import Testing

/// Runs the built programs.
struct Program {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String

        /// What was said, without lines that hold rates or times.
        var lastError: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
    }

    /// `make sanitize` says so: times and limits of memory say nothing then.
    static var isSanitized: Bool { ProcessInfo.processInfo.environment["TWIN_SANITIZED"] != nil }

    let name: String

    /// Beside the test bundle.
    static let directory = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()

    static func audit(_ arguments: String..., in folder: Folder, input: Data? = nil, as user: UInt32? = nil) throws -> Outcome {
        try Program(name: "twin-audit").run(arguments, in: folder, input: input, as: user)
    }

    static func journal(_ arguments: String..., in folder: Folder, input: Data? = nil) throws -> Outcome {
        try Program(name: "twin-journal").run(arguments, in: folder, input: input)
    }

    /// `user`: a numeric id to become first, which takes root.
    func run(_ arguments: [String], in folder: Folder, input: Data? = nil, as user: UInt32? = nil) throws -> Outcome {
        let process = Process()
        let program = Program.directory.appendingPathComponent(name).path
        if let user {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
            process.arguments = ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", program] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
        }
        process.currentDirectoryURL = folder.url
        var environment = ProcessInfo.processInfo.environment
        environment["TWIN_AUDIT_DB"] = nil
        environment["NO_COLOR"] = "1"
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment["TWIN_AUDIT_QUERIES"] = nil
        process.environment = environment
        // Files instead of pipes: nothing can fill up.
        let outputURL = folder.url.appendingPathComponent(".stdout-\(UUID().uuidString)")
        let errorURL = folder.url.appendingPathComponent(".stderr-\(UUID().uuidString)")
        for url in [outputURL, errorURL] { _ = FileManager.default.createFile(atPath: url.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: outputURL)
        process.standardError = try FileHandle(forWritingTo: errorURL)
        if let input {
            let inputURL = folder.url.appendingPathComponent(".stdin")
            try input.write(to: inputURL)
            process.standardInput = try FileHandle(forReadingFrom: inputURL)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
        process.waitUntilExit()
        defer {
            try? FileManager.default.removeItem(at: outputURL)
            try? FileManager.default.removeItem(at: errorURL)
        }
        return Outcome(
            status: process.terminationStatus, output: String(decoding: try Data(contentsOf: outputURL), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errorURL), as: UTF8.self))
    }

    /// Runs a program of the system through the shell.
    static func shell(_ script: String, in folder: Folder) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = folder.url
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self), errors: "")
    }
}

/// A directory of a test's own, removed with it.
final class Folder {
    let url: URL

    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Input that stands beside some checkouts; tests that read it say so when it is absent.
    static let samples = checkout.deletingLastPathComponent().appendingPathComponent("shared/samples")
    static var hasSamples: Bool { FileManager.default.fileExists(atPath: samples.path) }

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("twin-audit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func write(_ name: String, _ data: Data) throws {
        let target = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: target)
    }

    func write(_ name: String, _ text: String) throws {
        try write(name, Data(text.utf8))
    }

    func read(_ name: String) throws -> Data {
        try Data(contentsOf: url.appendingPathComponent(name))
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: path(name))
    }

    func sampleLog(_ name: String) throws -> Data {
        try Data(contentsOf: Folder.checkout.appendingPathComponent("SampleLogs/\(name)"))
    }

    /// All facts and roll-ups of a database as text, by the sqlite3 shell; nothing that depends on when or where it ran.
    func dump(_ database: String) throws -> String {
        let outcome = try Program.shell(
            """
            sqlite3 '\(database)' '.mode csv' \
                "SELECT * FROM flow ORDER BY connection_id, started_at, flow_id" \
                "SELECT * FROM access ORDER BY hour_at, first_flow, last_flow" \
                "SELECT path, line, offset, reason FROM quarantine ORDER BY 1, 2" \
                "SELECT path, digest, size, position, lines, complete, events, noise, quarantined FROM source ORDER BY 1" \
                "SELECT at, kind, body FROM journal_record ORDER BY 1, 3"
            """, in: self)
        #expect(outcome.status == 0)
        return outcome.output
    }
}

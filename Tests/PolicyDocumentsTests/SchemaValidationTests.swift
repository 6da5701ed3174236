import AccessPolicy
import FlowModel
import Foundation
import RandomPolicies
import Testing

@testable import PolicyDocuments

/// The published schema, held against documents by a validator that others wrote.
@Suite struct SchemaValidationTests {
    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A Python that has jsonschema and PyYAML: the one that `make differential` furnishes, or the system's.
    private static let python: String? = [
        checkout.appendingPathComponent(".differential/venv/bin/python").path, "/usr/bin/python3",
    ].first { (try? run($0, ["-c", "import jsonschema, yaml"]).status) == 0 }

    private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private static func files(in folder: String) throws -> [String] {
        let url = checkout.appendingPathComponent(folder)
        return try FileManager.default.contentsOfDirectory(atPath: url.path).sorted().map { url.appendingPathComponent($0).path }
    }

    @Test(
        "accepted documents are valid, and those with a fault of structure are not",
        .enabled(if: python != nil, "no Python with jsonschema and PyYAML; `make differential` installs them into .differential/venv"))
    func validation() throws {
        let python = try #require(Self.python)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var documents = try Self.files(in: "Tests/ConformanceTests/policy/harbour")
        for path in documents { _ = try PolicyDocument(try PolicyFile.read(path), file: path) }
        func add(_ name: String, _ bytes: [UInt8]) throws {
            let file = folder.appendingPathComponent(name)
            try Data(bytes).write(to: file)
            documents.append(file.path)
        }
        let page = try String(contentsOf: Self.checkout.appendingPathComponent("docs/policy-model.md"), encoding: .utf8)
        let example = try #require(page.components(separatedBy: "```yaml\n").dropFirst().first?.components(separatedBy: "```").first)
        try add("example.yaml", Array(example.utf8))
        // What the project writes: of an export, and of tenants that nobody chose.
        var dice = Dice(seed: 17)
        let samples = try PolicyHistory.load(directory: Self.checkout.appendingPathComponent("SampleLogs/policy").path)
        let snapshots = samples.policies.map(\.snapshot) + (0..<40).map { _ in RandomTenant.snapshot(&dice) }
        for (number, snapshot) in snapshots.enumerated() {
            try add("\(number).yaml", Array(snapshot.yaml().utf8))
            try add("\(number).json", snapshot.canonicalJSON())
        }
        let policies = Self.checkout.appendingPathComponent("Tests/ConformanceTests/policy").path
        let schema = Self.checkout.appendingPathComponent("docs/policy.schema.json").path
        let outcome = try Self.run(python, [policies + "/validate.py", schema, policies + "/refused.yaml"] + documents)
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.contains("schema: \(documents.count) documents valid"))
    }
}

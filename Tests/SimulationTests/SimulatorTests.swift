import AccessPolicy
import FlowJournal
import FlowModel
import Foundation
import Testing

@testable import Simulation

/// A directory that is gone when the test is over.
final class ScratchDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("simulation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Every file below, by its path.
    static func files(_ root: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isDirectory)
            if !isDirectory.boolValue { files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)")) }
        }
        return files
    }
}

struct SimulatorTests {
    static func options(seed: UInt64 = 5, flows: Int = 3_000) -> SimulationOptions {
        var options = SimulationOptions()
        options.seed = seed
        options.flows = flows
        options.shape.users = 60
        options.shape.resources = 40
        return options
    }

    @Test("the same options give the same bytes, another seed others")
    func determinism() throws {
        let scratch = try ScratchDirectory()
        var output = SimulationOutput()
        output.logs = true
        output.key = NoteSigner(name: "simulated", seed: [UInt8](repeating: 7, count: 32))
        for name in ["a", "b"] {
            _ = try Simulator.run(SimulatorTests.options(), into: "\(scratch.path)/\(name)", output: output)
        }
        _ = try Simulator.run(SimulatorTests.options(seed: 6), into: "\(scratch.path)/c", output: output)
        let first = try ScratchDirectory.files("\(scratch.path)/a")
        let second = try ScratchDirectory.files("\(scratch.path)/b")
        let third = try ScratchDirectory.files("\(scratch.path)/c")
        #expect(first.keys.sorted() == second.keys.sorted())
        for (name, bytes) in first { #expect(second[name] == bytes, "\(name) differs between two runs") }
        #expect(first["truth.ndjson"] != third["truth.ndjson"])
        // Two changes make three policies; seven Connectors write, the unknown one included.
        #expect(first.keys.filter { $0.hasPrefix("policy/") }.count == 3)
        #expect(first.keys.filter { $0.hasPrefix("logs/") }.count == 7)
        #expect(first.keys.filter { $0.hasPrefix("journals/") && $0.hasSuffix("000000000001.ndjson.gz") }.count == 7)
    }

    @Test("a directory with anything in it is refused, and with force only what a simulation wrote is replaced")
    func force() throws {
        let scratch = try ScratchDirectory()
        let path = "\(scratch.path)/out"
        _ = try Simulator.run(SimulatorTests.options(flows: 300), into: path)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(path)/mine.txt"))
        try Data("old".utf8).write(to: URL(fileURLWithPath: "\(path)/policy/old.yaml"))
        let refusal = SimulationProblem(
            .request, "the directory `\(path)` is not empty: give another one, or `--force` to replace what is there")
        #expect(throws: refusal) { try Simulator.run(SimulatorTests.options(flows: 300), into: path) }
        _ = try Simulator.run(SimulatorTests.options(flows: 300), into: path, force: true)
        let files = try ScratchDirectory.files(path)
        #expect(files["mine.txt"] == Data("mine".utf8))
        #expect(files["policy/old.yaml"] == nil)
        #expect(files["truth.ndjson"] != nil)
    }

    @Test(
        "a request that cannot be met is refused in one sentence",
        arguments: [
            (0, 1, 2, 3, "cannot make 0 flows: give a number from 1"),
            (10, 0, 2, 3, "cannot simulate 0 days: give a number from 1 to 3660"),
            (10, 1, 97, 3, "cannot change the policy 97 times in 1 days: give at most 96 a day, and 2000 in all"),
            (10, 1, 2, -1, "cannot plant -1 flows of a kind: give a number from 0 to 100000"),
        ])
    func refusals(flows: Int, days: Int, changes: Int, violations: Int, message: String) throws {
        var options = SimulatorTests.options(flows: flows)
        options.period.days = days
        options.policyChanges = changes
        options.violationsPerKind = violations
        #expect(throws: SimulationProblem(.request, message)) { try options.check() }
    }

    @Test("a directory that cannot be made is the surroundings' fault")
    func environment() throws {
        let scratch = try ScratchDirectory()
        try Data().write(to: URL(fileURLWithPath: "\(scratch.path)/file"))
        do {
            _ = try Simulator.run(SimulatorTests.options(flows: 300), into: "\(scratch.path)/file/out")
            Issue.record("a file was taken for a directory")
        } catch {
            #expect(error.kind == .environment)
            #expect(error.message.contains("\(scratch.path)/file"))
        }
    }

    @Test(
        "lines for measuring are bare objects of the size of real ones, ascending in time; scattered, hardly two connect the same",
        arguments: [false, true])
    func benchmarkEvents(scattered: Bool) throws {
        var events = try BenchmarkEvents(scattered: scattered)
        var pairs: Set<[String]> = []
        var last = 0
        var bytes = 0
        var kinds: [String: Int] = [:]
        for _ in 0..<2_000 {
            let line = events.next()
            bytes += line.count
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let time = try #require(object["timestamp"] as? Int)
            #expect(time >= last)
            last = time
            kinds[try #require(object["event_type"] as? String), default: 0] += 1
            func id(_ name: String) throws -> String {
                try #require((object[name] as? [String: Any])?["id"] as? String)
            }
            pairs.insert([try id("user"), try id("device"), try id("resource"), try id("connector")])
        }
        #expect(scattered ? pairs.count > 1_900 : pairs.count < 1_800, "\(pairs.count) pairs")
        #expect((520...610).contains(bytes / 2_000), "lines are \(bytes / 2_000) bytes long on average")
        #expect(kinds.keys.sorted() == ["closed_connection", "failed_to_connect"])
        #expect((15...70).contains(kinds["failed_to_connect"] ?? 0))
    }
}

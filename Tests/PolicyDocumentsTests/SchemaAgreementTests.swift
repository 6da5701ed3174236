import AccessPolicy
import FlowModel
import Foundation
import RandomPolicies
import Testing

@testable import PolicyDocuments

/// The published schema and the reader accept the same documents, as far as a schema can say it: documents that nobody chose, each with
/// something changed that may be wrong.
@Suite struct SchemaAgreementTests {
    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A Python that has jsonschema: the one that `make differential` furnishes, the system's, or the first on the path.
    private static let python: [String]? = {
        let found = [
            [checkout.appendingPathComponent(".differential/venv/bin/python").path], ["/usr/bin/python3"], ["/usr/bin/env", "python3"],
        ]
        .first { (try? run($0 + ["-c", "import jsonschema"]).status) == 0 }
        if found == nil { print("skipped: no Python with jsonschema; `make test` installs it") }
        return found
    }()

    private static func run(_ command: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Problems that no schema can see: references, contents of texts, lengths in bytes, values of numbers in texts.
    private static let beyondSchema = [
        "not defined", "twice", "bits set", "is not an address", "prefix length", "neither a name", "empty part", "looks like an address",
        "longer than", "part of more than", "must be a name without", "must be a time", "not a port or a range", "is the id of a",
        "is called", "is not a destination", "may be `", "`key` goes with", "an address where a name", "must be a whole number",
        "`version` must be at most", "must be 1 to 128",
    ]

    private static var values: [Any] {
        [
            NSNull(), "", "x", "7", "601", " ", "a b", "a\n", "é", "everyone", "all", "none", "active", "regular", "access-policy/1",
            "2026-10-08T06:00:00Z", "2026-10-08 06:00+0200", "2026-13-08T06:00:00Z", "2026-10-08T06:00:00Z\n", "10.0.0.0/8", "10.0.0.1/8",
            "a.example", "*.example", "a.example:443", "443", "8000-8099", "0", "70000", "allow", "deny", "allowed", "no-grant", "users",
            0, 1, 7, -1, 443, 70_000, 1.5, 9_007_199_254_740_992, Int64.max, true, false, [String](), ["x"], ["443", 80] as [Any],
            [NSNull()], [String: Any](), ["id": "7"], ["trustedDevice": true], ["tcp": "all"],
        ]
    }

    private static func base(_ dice: inout Dice) throws -> [String: Any] {
        let bytes = RandomTenant.snapshot(&dice).canonicalJSON()
        var root = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        root["tests"] = [
            ["who": "21@x", "to": "a.x:443", "expect": "deny", "reason": "no-grant"],
            ["name": "t", "who": "service_account:9", "key": "k", "to": "b.x/icmp", "expect": "allow", "at": "2026-10-08T06:00:00Z"],
        ]
        return root
    }

    /// Changes one place, deeper or higher up.
    private static func changed(_ value: Any, _ dice: inout Dice) -> Any {
        if var fields = value as? [String: Any], !fields.isEmpty, !dice.oneIn(12) {
            let key = dice.pick(fields.keys.sorted())
            switch dice.roll(10) {
            case 0: fields[key] = nil
            case 1: fields[dice.pick(optional)] = values[dice.roll(values.count)]
            default: fields[key] = changed(fields[key] ?? NSNull(), &dice)
            }
            return fields
        }
        if var items = value as? [Any], !items.isEmpty, !dice.oneIn(12) {
            let place = dice.roll(items.count)
            items[place] = changed(items[place], &dice)
            return items
        }
        return values[dice.roll(values.count)]
    }

    private static let optional = [
        "name", "type", "active", "ranges", "hostname", "addresses", "email", "state", "role", "members", "keys", "revoked", "revokedAt",
        "expiresAt", "trusted", "user", "requires", "countries", "alias", "routing", "securityPolicy", "autoLockSeconds",
        "accessRequestSeconds", "manual", "protocols", "access", "icmp", "tcp", "udp", "group", "serviceAccount", "device", "country",
        "resolved", "through", "reason", "resource", "version", "incomplete", "notes", "unheardOf",
    ]

    @Test("reader and schema agree on documents with something changed", .enabled(if: python != nil, "no Python with jsonschema"))
    func agreement() throws {
        var dice = Dice(seed: 4_711)
        var cases: [[String: Any]] = []
        var accepted = 0
        for _ in 0..<1_800 {
            let document = Self.changed(try Self.base(&dice), &dice)
            guard let root = document as? [String: Any] else { continue }
            let bytes = try JSONSerialization.data(withJSONObject: root)
            var problems: [String] = []
            do throws(PolicyDocumentErrors) { _ = try PolicyDocument(Array(bytes), file: "d.json") } catch {
                problems = error.problems.map(\.message)
            }
            accepted += problems.isEmpty ? 1 : 0
            let isBeyond = !problems.isEmpty && problems.allSatisfy { problem in Self.beyondSchema.contains { problem.contains($0) } }
            cases.append(["document": root, "problems": problems, "beyond": isBeyond])
        }
        #expect(accepted > 200 && cases.count - accepted > 600)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("twin-agreement-\(UUID().uuidString).json")
        try JSONSerialization.data(withJSONObject: cases).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let script = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1], encoding="utf-8"))
            validator = jsonschema.Draft202012Validator(schema)
            shown = 0
            for case in json.load(open(sys.argv[2], encoding="utf-8")):
                errors = [e.json_path + ": " + e.message[:160] for e in validator.iter_errors(case["document"])]
                if case["problems"] and not errors and not case["beyond"]:
                    print("the schema accepts what the reader refuses:", case["problems"][:3])
                elif not case["problems"] and errors:
                    print("the schema refuses what the reader accepts:", errors[:2])
                else:
                    continue
                shown += 1
                if shown == 12: break
            print("examined")
            """
        let schema = Self.checkout.appendingPathComponent("docs/policy.schema.json").path
        let said = try Self.run(try #require(Self.python) + ["-c", script, schema, file.path]).output
        #expect(said == "examined\n")
    }
}

import Foundation
import Testing

/// What a sweep costs: one user asks for many names under one wildcard.
struct GrowthTests {
    private static func database(_ destinations: Int, _ folder: Folder) throws -> String {
        var text = ""
        for index in 0..<destinations {
            text += """
                {"event_type":"established_connection","timestamp":\(1_789_365_600_000 + index * 20),"connection":{"id":"q\(index)",\
                "protocol":"tcp","client_ip":"203.0.113.11","resource_ip":"10.31.1.5","resource_port":443},"user":{"id":"1",\
                "email":"ada@x.example"},"device":{"id":"2"},"connector":{"id":"3","name":"heron"},"remote_network":{"id":"4",\
                "name":"Depot"},"resource":{"id":"5","address":"h\(index).depot.example","applied_rule":"*.depot.example"},"relays":[]}

                """
        }
        try folder.write("log\(destinations)", text)
        let ingest = try Program.audit("ingest", "--quiet", "--db", "\(destinations).db", "log\(destinations)", in: folder)
        #expect(ingest.status == 0)
        return "\(destinations).db"
    }

    /// Seconds of the fastest of three.
    private static func seconds(_ arguments: [String], _ folder: Folder) throws -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = Date()
            let outcome = try Program(name: "twin-audit").run(arguments, in: folder)
            #expect([0, 6].contains(outcome.status), "\(outcome.errors)")
            best = min(best, Date().timeIntervalSince(start))
        }
        return best
    }

    @Test("four times the destinations take a report about four times as long, not sixteen")
    func report() throws {
        let folder = try Folder()
        let (small, large) = (try GrowthTests.database(2_000, folder), try GrowthTests.database(8_000, folder))
        for command in [["report", "--format", "csv"], ["query", "run", "unverifiable"], ["timeline"]] {
            let few = try GrowthTests.seconds(command + ["--db", small], folder)
            let many = try GrowthTests.seconds(command + ["--db", large], folder)
            #expect(many < few * 4 * 2, "\(command): \(few) s and \(many) s")
        }
    }
}

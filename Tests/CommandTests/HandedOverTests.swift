import Foundation
import Testing

/// Proofs of a journal that was handed over to another key, by both programs.
struct HandedOverTests {
    @Test("a proof says by which key it can be checked, and is checked by that key")
    func handedOver() throws {
        let folder = try Folder()
        for key in ["a", "b"] { _ = try Program.journal("keygen", "--out", key, "--name", "\(key).example/office", in: folder) }
        func append(_ id: String, _ arguments: String...) throws {
            let event = #"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"\#(id)"}}"# + "\n"
            let outcome = try Program(name: "twin-journal").run(
                ["append", "j", "--quiet"] + arguments, in: folder, input: Data(event.utf8))
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        try append("first", "--key", "a")
        try append("second", "--key", "b", "--previous-key", "a")
        let sequences = try Program.journal("cat", "j", in: folder).output.split(separator: "\n").compactMap { line in
            line.contains("denied_access") ? String(line.dropFirst(7).prefix { $0.isNumber }) : nil
        }
        try #require(sequences.count == 2)
        let publicKey = String(decoding: try folder.read("b.pub"), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        /// Status of both checkers.
        func check(_ proof: String, _ key: String) throws -> [Int32] {
            let own = try Program.journal("verify-proof", "\(proof).tlog-proof", "--frame", "\(proof).ndjson.gz", "--key", key, in: folder)
            let script = Folder.checkout.appendingPathComponent("docs/verify-proof.py").path
            let other = try Program.shell("python3 '\(script)' \(proof).tlog-proof \(proof).ndjson.gz \(key)", in: folder)
            for said in [own.errors, other.output] where own.status == 6 && key == "a.pub" {
                #expect(said.contains("but by") && said.contains("b.example/office+") && said.contains("after a change of keys"), "\(said)")
            }
            return [own.status, other.status]
        }
        #expect(try Program.journal("prove", "j", "--key", "a.pub", "--sequence", sequences[0], "--out", "one", in: folder).status == 0)
        #expect(try check("one", "a.pub") == [0, 0])
        let refused = try Program.journal("prove", "j", "--key", "a.pub", "--sequence", sequences[1], "--out", "two", in: folder)
        #expect(refused.status == 6 && !folder.exists("two.tlog-proof"))
        #expect(refused.errors.contains("is only under checkpoints of `b.example/office`, to which the journal was handed over"))
        #expect(refused.errors.contains(publicKey), "\(refused.errors)")
        let keys = ["--key", "a.pub", "--key", "b.pub:a.example/office"]
        let both = try Program(name: "twin-journal").run(["prove", "j", "--sequence", sequences[1], "--out", "two"] + keys, in: folder)
        #expect(both.status == 0, "\(both.errors)")
        #expect(try check("two", "b.pub:a.example/office") == [0, 0])
        #expect(try check("two", "a.pub") == [6, 6])
        // Nobody said that it speaks for this journal.
        #expect(try check("two", "b.pub") == [6, 6])
    }
}

import AccessPolicy
import FlowJournal
import FlowModel
import Foundation
import LogFormats
import PolicyDocuments
import Testing

/// The examples in the comments of the libraries: they compile, they do what they say, and each of them stands here word by word.
@Suite struct CommentExampleTests {
    static let clock: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_791_400_000_000) }

    static func event(_ number: Int) -> String {
        """
        {"event_type":"closed_connection","timestamp":\(1_791_400_000_000 + number),"connection":{"id":"c-\(number)","protocol":"tcp",\
        "client_ip":"203.0.113.9","resource_ip":"10.0.0.2","resource_port":443},"user":{"id":"1","email":"a@b.example"},\
        "connector":{"id":"2","name":"n"},"remote_network":{"id":"3","name":"m"},"resource":{"id":"4","address":"wiki.corp.example"}}
        """
    }

    /// A journal of five events in a directory of its own, and the key that it is sealed with.
    private func journal<Value>(_ body: (_ path: String, _ publicKey: String) throws -> Value) throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("twin-example-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var options = JournalOptions()
        let key = try #require(NoteSigner.generate(name: "acme.example/office"))
        options.key = key
        let writer = try JournalWriter(
            directory: directory, options: options, identity: JournalIdentity(software: "example 1.0"), clock: Self.clock)
        for number in 0..<5 { _ = try writer.append(Array(Self.event(number).utf8)) }
        try writer.close()
        return try body(directory, key.verifier.line)
    }

    @Test func writing() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("twin-example-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (clock, event) = (Self.clock, Self.event(1))
        // Sources/FlowJournal/Writer/JournalWriter.swift
        var options = JournalOptions()
        options.key = NoteSigner.generate(name: "acme.example/office")
        let writer = try JournalWriter(directory: path, options: options, identity: JournalIdentity(software: "example 1.0"), clock: clock)
        let sequence = try writer.append(Array(event.utf8))
        try writer.flush()
        let isAcknowledged = writer.durableSequence >= sequence
        try writer.close()
        // end
        #expect(isAcknowledged)
        #expect(sequence == 2)
    }

    @Test func reading() throws {
        var lines = 0
        func take(_ bytes: UnsafeRawBufferPointer) { lines += bytes.count { $0 == 10 } }
        let since = Self.clock()
        try journal { path, _ in
            // Sources/FlowJournal/Segment/JournalReader.swift
            let wanted = JournalReader.Selection(since: since)
            let reader = try JournalReader(JournalDirectory(path), selection: wanted)
            try FrameDecoding.forEach(reader) { located, lines in
                switch lines {
                case .success(let bytes): take(bytes)
                case .failure(let problem): print("frame \(located.index) of segment \(located.number): \(problem)")
                }
                return true
            }
            // end
        }
        // Five events, and what the journal says of itself: that it was opened, sealed and closed.
        #expect(lines == 8)
    }

    @Test func passing() throws {
        try journal { path, _ in
            var lines = 0
            func take(_ bytes: UnsafeRawBufferPointer) { lines += bytes.count { $0 == 10 } }
            var remembered = TreeHead(size: 0, root: .empty)
            func pass() throws -> Bool? {
                // Sources/FlowJournal/Pass/JournalPass.swift
                let pass = try JournalPass(JournalDirectory(path))
                guard try pass.advance(to: remembered.size) == remembered else { return nil }
                let inflater = FrameInflater()
                let room = UnsafeMutableRawBufferPointer.allocate(byteCount: FrameHeader.maxInflatedLength, alignment: 8)
                defer { room.deallocate() }
                while let leaf = try pass.next() {
                    guard leaf.frame.header != nil else { continue }
                    let length = try leaf.inflate(with: inflater, into: room)
                    take(UnsafeRawBufferPointer(rebasing: room[..<length]))
                }
                remembered = pass.head
                // end
                return true
            }
            let first = try pass()
            #expect(first == true)
            #expect(lines == 8)
            #expect(remembered.size > 0)
            // What was taken in is passed, and nothing is behind it.
            let second = try pass()
            #expect(second == true)
            #expect(lines == 8)
            remembered = TreeHead(size: remembered.size, root: .empty)
            let other = try pass()
            #expect(other == nil)
        }
    }

    @Test func verifying() throws {
        var printed: [String] = []
        func print(_ item: Any) { printed.append("\(item)") }
        try journal { path, publicKey in
            // Sources/FlowJournal/Verify/JournalVerifier.swift
            var verifier = JournalVerifier(JournalDirectory(path))
            verifier.keys = [TrustedKey(try NoteVerifier(publicKey))]
            let report = try verifier.verify()
            switch report.verdict {
            case .intact: print("\(report.recordCount) records are what was written")
            case .tampered, .cannotBeProved: for finding in report.findings { print(finding) }
            }
            // end
        }
        #expect(printed == ["8 records are what was written"])
    }

    @Test func decoding() throws {
        var printed: [String] = []
        func print(_ item: Any) { printed.append("\(item)") }
        func addresses(_ bytes: UnsafeRawBufferPointer) -> [String?] {
            // Sources/LogFormats/Lines/LineDecoder.swift
            guard let format = FormatSniffer.sniff(firstBytes: bytes) else { return [] }
            let symbols = SymbolTable()
            let batch = RecordBatch(symbols: symbols)
            let decoder = LineDecoder(format: format, symbols: symbols)
            decoder.decode(bytes, isLast: true, into: batch)
            for line in batch.quarantined { print("line \(line.line): \(line.reason.rawValue)") }
            return batch.flows.map { symbols.text(of: $0.resourceAddress) }
            // end
        }
        let input = "\(Self.event(1))\n{\"event_type\":\n\(Self.event(2))\n"
        let found = Array(input.utf8).withUnsafeBytes { addresses($0) }
        #expect(found == ["wiki.corp.example", "wiki.corp.example"])
        #expect(printed == ["line 2: malformed-json"])
    }

    @Test func judging() {
        var snapshot = PolicySnapshot(effectiveAt: Self.clock())
        snapshot.networks = [RemoteNetwork(id: "3", name: "m")]
        func answer(_ snapshot: PolicySnapshot) -> String {
            // Sources/AccessPolicy/Engine/CompiledPolicy.swift
            let policy = CompiledPolicy(snapshot)
            let verdict = policy.evaluate(
                AccessRequest(
                    principal: PrincipalReference(kind: .user, id: "1"), destination: Destination("wiki.corp.example"), transport: .tcp,
                    port: 443, at: snapshot.effectiveAt))
            return "\(verdict.effect.rawValue): \(verdict.reason.rawValue)"
            // end
        }
        #expect(answer(snapshot) == "deny: unknown-principal")
    }

    @Test func judgingEvents() throws {
        let history = try PolicyConformanceTests.harbour.get()
        let symbols = SymbolTable()
        let batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: .analytics, symbols: symbols)
        Array(Self.event(1).utf8).withUnsafeBytes { decoder.decode($0, isLast: true, into: batch) }
        let event = try #require(batch.flows.first)
        // Sources/PolicyDocuments/Documents/EventFacts.swift
        let assessment = history.judge(FlowFacts(event, symbols: batch.symbols), options: EngineOptions())
        // end
        #expect(assessment.isViolation)
    }

    // MARK: The comments

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The lines of the examples in the comments of a file, one behind the other; without indentation, which differs.
    private static func inComments(of path: String) throws -> [String] {
        var lines: [String] = []
        var isInside = false
        for line in try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8).split(separator: "\n") {
            let text = line.trimmingCharacters(in: .whitespaces)
            guard text.hasPrefix("///") else { continue }
            let content = text.dropFirst(3).trimmingCharacters(in: .whitespaces)
            if content.hasPrefix("```") { isInside = content == "```swift" } else if isInside { lines.append(content) }
        }
        return lines
    }

    /// The lines of the examples here, by the file that they stand in.
    private static func here() throws -> [String: [String]] {
        var found: [String: [String]] = [:]
        var path: String?
        for line in try String(contentsOfFile: #filePath, encoding: .utf8).split(separator: "\n") {
            let text = line.trimmingCharacters(in: .whitespaces)
            if text.hasPrefix("// Sources/") {
                path = String(text.dropFirst(3))
            } else if text == "// end" {
                path = nil
            } else if let path {
                found[path, default: []].append(text)
            }
        }
        return found
    }

    @Test("an example in a comment is one of these, and each of these is in a comment")
    func comments() throws {
        let sources = Self.root.appendingPathComponent("Sources")
        let files = (FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix(".swift") }.map { "Sources/" + $0 }
        var documented: [String: [String]] = [:]
        for file in files {
            let lines = try Self.inComments(of: file)
            if !lines.isEmpty { documented[file] = lines }
        }
        let here = try Self.here()
        #expect(here.count == 7)
        #expect(Set(documented.keys) == Set(here.keys))
        for (file, lines) in documented { #expect(here[file] == lines, "\(file)") }
    }
}

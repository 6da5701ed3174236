import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// Two connections with one Connector and one id are two flows, whoever comes first.
struct ReusedIDTests {
    /// One connection as it was, and the records of it that reached us.
    struct Connection: Hashable {
        var id: Int
        var user: Int
        var device: Int
        var resource: Int
        var start: Int
        var length: Int
        var shape: Shape

        enum Shape: CaseIterable {
            case whole
            case open
            case onlyClosed
            case closedWithoutDuration
            case denied
            case failed
        }

        /// `unit`: how many of the duration's unit make a millisecond; nil for a stated end in milliseconds, as journals write it.
        func lines(unit: Int?) -> [String] {
            func line(_ type: String, at: Int, _ more: String = "") -> String {
                """
                {"event_type":"\(type)","timestamp":\(at),"connection":{"id":"c\(id)","protocol":"tcp",\
                "client_ip":"203.0.113.9","resource_ip":"10.0.0.\(resource)","resource_port":443\(more)},\
                "user":{"id":"\(user)","email":"u\(user)@small.example"},"device":{"id":"\(70 + device)"},\
                "connector":{"id":"4","name":"k"},"remote_network":{"id":"9","name":"n"},\
                "resource":{"id":"\(50 + resource)","address":"r\(resource).small.example"},"relays":[]}
                """
            }
            let begin = SmallEvents.start + start
            let duration = unit.map { #","duration":\#(length * $0)"# } ?? #","duration_ms":\#(length),"started_at":\#(begin)"#
            let established = line("established_connection", at: begin)
            let bytes = #","rx":\#(length % 97),"tx":\#(user)"#
            switch shape {
            case .whole: return [established, line("closed_connection", at: begin + length, duration + bytes)]
            case .open: return [established]
            case .onlyClosed: return [line("closed_connection", at: begin + length, duration + bytes)]
            case .closedWithoutDuration: return [established, line("closed_connection", at: begin + length, bytes)]
            case .denied: return [line("denied_access", at: begin, #","error_message":"no""#)]
            case .failed: return [line("failed_to_connect", at: begin, #","error_message":"refused""#)]
            }
        }
    }

    private static func flows(_ connections: [[String]], _ order: [Int], files: Int, batch: Int?) throws -> (facts: [String], store: Store)
    {
        let store = try Store()
        let lines = order.map { connections.flatMap { $0 }[$0] }
        let size = max(1, (lines.count + files - 1) / files)
        for start in stride(from: 0, to: lines.count, by: size) {
            var options = Ingest.Options()
            if let batch { options.batchFlows = batch }
            try store.ingest(Array(lines[start..<min(start + size, lines.count)]), options: options)
        }
        let problems = try store.problems()
        #expect(problems == [])
        return (try store.facts(), store)
    }

    /// Connections that share few ids, far enough apart in time that they cannot be one.
    private static func connections(using numbers: inout Numbers) -> [Connection] {
        var made: [Connection] = []
        for place in 0..<Int.random(in: 2...14, using: &numbers) {
            let shape = Connection.Shape.allCases.randomElement(using: &numbers) ?? .whole
            let isLoose = shape == .closedWithoutDuration || shape == .failed
            made.append(
                Connection(
                    id: Int.random(in: 0...2, using: &numbers), user: Int.random(in: 1...2, using: &numbers),
                    device: Int.random(in: 0...1, using: &numbers), resource: Int.random(in: 0...1, using: &numbers),
                    // A record that does not say when its connection began reaches a day back.
                    start: place * (isLoose ? 400_000_000 : 7_000_000) + (isLoose ? 5_000_000_000 : 0),
                    length: Int.random(in: 10...2_000_000, using: &numbers), shape: shape))
        }
        return made
    }

    @Test("in any order and division the database is the same, and every connection is a flow of its own", arguments: 0..<1_000)
    func anyOrder(seed: Int) throws {
        // Every twentieth in the ordinary run; all of them with TWIN_THOROUGH.
        guard seed % 20 == 0 || ProcessInfo.processInfo.environment["TWIN_THOROUGH"] != nil else { return }
        var numbers = Numbers(seed: UInt64(seed) + 77)
        let made = ReusedIDTests.connections(using: &numbers)
        let lines = made.map { $0.lines(unit: [1, nil].randomElement(using: &numbers) ?? 1) }
        let count = lines.joined().count
        let plain = try ReusedIDTests.flows(lines, Array(0..<count), files: 1, batch: nil)
        for _ in 0..<2 {
            let order = Array(0..<count).shuffled(using: &numbers)
            let other = try ReusedIDTests.flows(
                lines, order, files: Int.random(in: 1...4, using: &numbers), batch: [nil, 1, 3].randomElement(using: &numbers) ?? nil)
            #expect(plain.facts == other.facts, "order \(order) of \(lines.joined())")
        }
        // By hand: connections are apart in time, so each is one flow; those of one id, where there are several, are marked.
        #expect(try plain.store.number("SELECT count(*) FROM flow") == Int64(made.count), "\(made)")
        let shared = Dictionary(grouping: made, by: \.id).values.filter { $0.count > 1 }.joined().count
        #expect(try plain.store.number("SELECT count(*) FROM flow WHERE id_is_reused") == Int64(shared))
        #expect(try plain.store.number("SELECT count(*) FROM flow WHERE outcome = 'denied'") == Int64(made.count { $0.shape == .denied }))
        for user in 1...2 {
            #expect(
                try plain.store.number("SELECT count(*) FROM flow WHERE principal_id = '\(user)'")
                    == Int64(made.count { $0.user == user }))
        }
    }

    @Test("another principal, device, Resource or outcome at the same moment is another flow; the same record again is not")
    func atTheSameMoment() throws {
        let base = Connection(id: 1, user: 1, device: 0, resource: 0, start: 0, length: 60_000, shape: .whole)
        var others = [base, base, base, base]
        others[0].user = 2
        others[1].device = 1
        others[2].resource = 1
        others[3].shape = .denied
        for other in others {
            let lines = [base, other, base].flatMap { $0.lines(unit: 1) }
            let store = try Store()
            try store.ingest(lines)
            #expect(try store.number("SELECT count(*) FROM flow") == 2)
            #expect(try store.number("SELECT count(*) FROM reused_id") == 1)
            #expect(try store.number("SELECT count(*) FROM flow WHERE is_disputed") == 0)
        }
    }

    @Test("a copy whose end or bytes were changed leaves a disputed flow")
    func changedCopy() throws {
        let base = Connection(id: 1, user: 1, device: 0, resource: 0, start: 0, length: 60_000, shape: .whole)
        for (from, to) in [(#""rx":"#, #""rx":9"#), (#""tx":"#, #""tx":8"#)] {
            let lines = base.lines(unit: 1)
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let all = lines + [lines[1].replacing(from, with: to)]
                let store = try Store()
                for place in order { try store.ingest([all[place]]) }
                #expect(try store.number("SELECT count(*) FROM flow") == 1)
                #expect(try store.number("SELECT count(*) FROM flow WHERE is_disputed") == 1)
            }
        }
    }

    /// A record with some of what does not tell connections apart changed, by a retelling system or by a forger.
    private static func changed(_ line: String, using numbers: inout Numbers) -> String {
        var line = line
        let number = Int.random(in: 1...3, using: &numbers)
        for _ in 0..<Int.random(in: 1...2, using: &numbers) {
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: line = line.replacing(/"client_ip":"[^"]*"/, with: #""client_ip":"203.0.113.\#(number)""#)
            case 1: line = line.replacing(/"resource_ip":"[^"]*",/, with: number == 1 ? "" : #""resource_ip":"10.9.0.\#(number)","#)
            case 2: line = line.replacing(/"email":"[^"]*"/, with: #""email":"n\#(number)@small.example""#)
            case 3: line = line.replacing(/"name":"k"/, with: #""name":"k\#(number)""#)
            case 4: line = line.replacing(#""relays":[]"#, with: #""relays":[{"name":"relay-\#(number)","ip":"198.51.100.1","port":443}]"#)
            default: line = line.replacing(/"error_message":"[^"]*"/, with: #""error_message":"other \#(number)""#)
            }
        }
        return line
    }

    @Test("copies that differ in names, addresses, relays or reasons give one answer in any order", arguments: 0..<200)
    func changedCopies(seed: Int) throws {
        guard seed % 10 == 0 || ProcessInfo.processInfo.environment["TWIN_THOROUGH"] != nil else { return }
        var numbers = Numbers(seed: UInt64(seed) + 4_000)
        let made = ReusedIDTests.connections(using: &numbers)
        var lines = made.map { $0.lines(unit: nil) }
        for place in lines.indices {
            for line in lines[place] {
                for _ in 0..<Int.random(in: 0...2, using: &numbers) { lines[place].append(ReusedIDTests.changed(line, using: &numbers)) }
            }
        }
        let count = lines.joined().count
        let plain = try ReusedIDTests.flows(lines, Array(0..<count), files: 1, batch: nil)
        for _ in 0..<3 {
            let order = Array(0..<count).shuffled(using: &numbers)
            let other = try ReusedIDTests.flows(
                lines, order, files: Int.random(in: 1...5, using: &numbers), batch: [nil, 1, 3].randomElement(using: &numbers) ?? nil)
            #expect(plain.facts == other.facts, "order \(order) of \(lines.joined())")
        }
        #expect(try plain.store.number("SELECT count(*) FROM flow") == Int64(made.count), "\(made)")
    }

    /// Connections of few ids, so close to each other that what links them may be a third one.
    private static func crowded(using numbers: inout Numbers) -> [Connection] {
        let span = [30_000, 120_000, 1_000_000].randomElement(using: &numbers) ?? 30_000
        return (0..<Int.random(in: 3...12, using: &numbers)).map { _ in
            Connection(
                id: Int.random(in: 0...1, using: &numbers), user: Int.random(in: 1...2, using: &numbers), device: 0,
                resource: 0,
                // Lengths that make the start in one reading of the duration meet another connection's.
                start: Int.random(in: 0...span / 1_000, using: &numbers) * 1_000 + Int.random(in: 0...2, using: &numbers) * 300,
                length: [1_000, 4_000, 9_000, 60_000, 2_000_000].randomElement(using: &numbers) ?? 1_000,
                shape: Connection.Shape.allCases.randomElement(using: &numbers) ?? .whole)
        }
    }

    /// What a record says of time, for a second reading of the rules in docs/ingest.md.
    private struct Said {
        var kind: String
        /// When the connection may have begun.
        var begins: [Int]
        var end: Int?
        /// What began up to a day before belongs to it.
        var isLoose: Bool
    }

    private static func said(_ connection: Connection, unit: Int?) -> [Said] {
        let (begin, end) = (connection.start, connection.start + connection.length)
        let established = Said(kind: "established", begins: [begin], end: nil, isLoose: false)
        // A duration of unstated unit, in milliseconds or microseconds.
        let closed = Said(
            kind: "closed", begins: unit.map { [end - connection.length * $0, end - connection.length * $0 / 1_000] } ?? [begin], end: end,
            isLoose: false)
        switch connection.shape {
        case .whole: return [established, closed]
        case .open: return [established]
        case .onlyClosed: return [closed]
        case .closedWithoutDuration: return [established, Said(kind: "closed", begins: [], end: end, isLoose: true)]
        case .denied: return [Said(kind: "denied", begins: [begin], end: nil, isLoose: false)]
        case .failed: return [Said(kind: "failed", begins: [begin], end: begin, isLoose: true)]
        }
    }

    private static func areOne(_ left: Said, _ right: Said) -> Bool {
        func near(_ most: Int) -> Bool { left.begins.contains { one in right.begins.contains { abs(one - $0) <= most } } }
        func follows(_ late: Said, _ early: Said) -> Bool {
            guard late.isLoose, let end = late.end else { return false }
            return early.begins.contains { end - $0 >= -5_000 && end - $0 <= 86_400_000 }
        }
        switch (left.kind, right.kind) {
        case ("denied", "denied"): return near(0)
        case ("denied", _), (_, "denied"): return false
        case ("failed", "failed"): return near(0) || left.end == right.end
        case ("established", "established"): return near(10_000)
        case ("closed", "closed"):
            if near(0) || (left.end == right.end && near(5_000)) { return true }
        default: if near(5_000) { return true }
        }
        return (left.isLoose && right.isLoose && left.end == right.end) || follows(left, right) || follows(right, left)
    }

    /// How many flows the rules make of the records, looked at all at once.
    private static func expectedFlows(_ connections: [Connection], units: [Int?]) -> Int {
        let records = zip(connections, units).flatMap { connection, unit in
            said(connection, unit: unit).map { (subject: [connection.id, connection.user], said: $0) }
        }
        var number = Array(records.indices)
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for left in records.indices {
                for right in records.indices where number[right] > number[left] && records[left].subject == records[right].subject {
                    guard areOne(records[left].said, records[right].said) else { continue }
                    let (old, new) = (number[right], number[left])
                    for place in number.indices where number[place] == old { number[place] = new }
                    hasChanged = true
                }
            }
        }
        return Set(number).count
    }

    @Test(
        "also where one record links two others, the order does not count, and the rules say how many flows there are", arguments: 0..<1_000
    )
    func chains(seed: Int) throws {
        guard seed % 50 == 0 || ProcessInfo.processInfo.environment["TWIN_THOROUGH"] != nil else { return }
        var numbers = Numbers(seed: UInt64(seed) + 9_000)
        let made = ReusedIDTests.crowded(using: &numbers)
        let units = made.map { _ in [1, 1_000, nil].randomElement(using: &numbers) ?? 1 }
        let lines = zip(made, units).map { $0.lines(unit: $1) }
        let count = lines.joined().count
        let plain = try ReusedIDTests.flows(lines, Array(0..<count), files: 1, batch: nil)
        let expected = ReusedIDTests.expectedFlows(made, units: units)
        #expect(try plain.store.number("SELECT count(*) FROM flow") == Int64(expected), "\(lines.joined())")
        for _ in 0..<3 {
            let order = Array(0..<count).shuffled(using: &numbers)
            let other = try ReusedIDTests.flows(
                lines, order, files: [1, 2, 4, count].randomElement(using: &numbers) ?? 1,
                batch: [nil, 1, 3].randomElement(using: &numbers) ?? nil)
            #expect(
                Set(plain.facts).symmetricDifference(other.facts).sorted() == [], "order \(order) of \(lines.joined())")
        }
        // Told again, nothing is new.
        let again = try ReusedIDTests.flows(lines, Array(0..<count) + Array(0..<count).reversed(), files: 3, batch: nil)
        #expect(Set(plain.facts).symmetricDifference(again.facts).sorted() == [], "\(lines.joined())")
    }

    @Test("many flows of one id are taken in in time that grows with their number")
    func crafted() throws {
        func seconds(_ count: Int) throws -> Double {
            let lines = (0..<count).flatMap { place in
                Connection(id: 1, user: 1, device: 0, resource: 0, start: place * 20_000, length: 10, shape: .open).lines(unit: 1)
            }
            let store = try Store()
            let begin = ContinuousClock.now
            try store.ingest(lines)
            #expect(try store.number("SELECT count(*) FROM flow") == Int64(count))
            let took = begin.duration(to: .now)
            return Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        }
        let few = try seconds(2_000)
        let many = try seconds(16_000)
        // Eight times as many; the square would be 64 times as long.
        #expect(many < few * 24 + 1, "\(few) s and \(many) s")
    }
}

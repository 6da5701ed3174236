import FlowModel
import FlowStore
import Testing

@testable import Detection
@testable import QueryCatalogue
@testable import QueryLibrary

/// Rules that look at the roll-up first, to leave out flows that cannot matter, find what looking at every flow finds: on random histories,
/// beside the rule's own words carried out one flow after the other.
struct NarrowingTests {
    /// A flow as the rules see it; times in minutes.
    private struct Flow {
        var id: Int
        var minute: Int
        var user: Int
        var device: Int
        var ip = 0
        var host = 0
        var port = 443
        var outcome = "allowed"
        var target = "10.0.0.1"
        var bytes = 100

        var startedAt: Int64 { 1_791_439_200_000 + Int64(minute) * 60_000 }

        var row: FixtureFile.Row {
            FixtureFile.Row(fields: [
                ("flow_id", .integer(Int64(id))), ("started_at", .integer(startedAt)), ("ended_at", .integer(startedAt + 1_000)),
                ("principal_kind", .text("user")), ("principal_id", .text("u\(user)")), ("device_id", .text("d\(device)")),
                ("client_ip", .text("203.0.113.\(ip)")), ("address", .text("h\(host).example")), ("port", .integer(Int64(port))),
                ("protocol", .text("tcp")), ("outcome", .text(outcome)), ("resource_ip", .text(target)), ("network_id", .text("1")),
                ("bytes_received", .integer(Int64(bytes))), ("bytes_transferred", .integer(0)),
            ])
        }
    }

    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    /// What a rule finds in flows: a value of its subject, and the count, of each finding.
    private func found(_ rule: String, _ subject: String, _ flows: [Flow], _ parameters: [String: StoredValue] = [:]) throws -> [String] {
        let rule = try #require(try QueryLibrary.builtIn.detections().first { $0.id == rule })
        let situation = FixtureFile.Case(
            note: "random", line: 1, fires: [], parameters: [:], tables: [("flow", flows.map(\.row))])
        let fixtures = try FixtureDatabase()
        return try fixtures.with(situation, path: "random") { connection in
            try RuleRun(rule, parameters, 5).findings(connection, period: .all)
        }.map { finding in "\(finding.subject.first { $0.name == subject }?.value.plain ?? "-") \(finding.count)" }.sorted()
    }

    private func byTime(_ flows: [Flow]) -> [Flow] { flows.sorted { ($0.minute, $0.id) < ($1.minute, $1.id) } }

    @Test("identity.shared-device: changes of address within an hour", arguments: 0..<30)
    func sharedDevice(seed: Int) throws {
        var numbers = Numbers(state: UInt64(seed))
        // Devices that stay, that move now and then, and that are in two places; a day and a half.
        let flows = (1...150).map { id -> Flow in
            let device = Int.random(in: 0..<5, using: &numbers)
            let moves = [0, 5, 20, 60, 100][device] > Int.random(in: 0..<100, using: &numbers)
            return Flow(
                id: id, minute: Int.random(in: 0..<[2_000, 300][seed % 2], using: &numbers), user: device, device: device,
                ip: moves ? Int.random(in: 1...2, using: &numbers) : 0)
        }
        var expected: [String] = []
        for (device, own) in Dictionary(grouping: flows, by: \.device) {
            let ordered = byTime(own)
            let changes = zip(ordered, ordered.dropFirst()).filter { $0.ip != $1.ip }.map { Int($1.minute) }
            let count = changes.filter { at in
                let recent = changes.filter { $0 >= at - 60 && $0 <= at }
                return recent.count >= 4 && at - (recent.min() ?? at) > 5
            }.count
            if count > 0 { expected.append("d\(device) \(count)") }
        }
        #expect(try found("identity.shared-device", "device_id", flows) == expected.sorted())
    }

    @Test("volume.beacon: regular intervals and amounts", arguments: 0..<30)
    func beacon(seed: Int) throws {
        var numbers = Numbers(state: UInt64(seed) &+ 1_000)
        var flows: [Flow] = []
        for host in 0..<6 {
            // How far intervals and amounts stray, in per cent; at the edge of what the rule lets pass.
            let (stray, spread) = (Int.random(in: 0...45, using: &numbers), Int.random(in: 0...45, using: &numbers))
            let size = [0, 3, 1_000, 1 << 20][Int.random(in: 0...3, using: &numbers)]
            var minute = 0
            for _ in 0..<Int.random(in: 20...40, using: &numbers) {
                minute += 20 + Int.random(in: -stray...stray, using: &numbers) * 20 / 100
                let isOdd = Int.random(in: 0..<10, using: &numbers) < 3
                let bytes =
                    isOdd
                    ? Int.random(in: 0...5_000_000, using: &numbers) : size + size * Int.random(in: -spread...spread, using: &numbers) / 100
                // A device has several addresses: one series of several aggregates.
                flows.append(
                    Flow(id: flows.count + 1, minute: minute, user: 1, device: 1, ip: minute % 3, host: host, bytes: max(0, bytes)))
            }
        }
        for score in [0.9, 0.95, 0.6] {
            var expected: [String] = []
            for (host, own) in Dictionary(grouping: flows, by: \.host) {
                let ordered = byTime(own)
                guard ordered.count >= 24, ordered[ordered.count - 1].minute - ordered[0].minute >= 360 else { continue }
                let intervals = zip(ordered, ordered.dropFirst()).map { Double($1.minute - $0.minute) * 60_000 }
                let time = NarrowingTests.regularity(intervals)
                guard NarrowingTests.median(intervals) >= 10_000,
                    (time + NarrowingTests.regularity(own.map { Double($0.bytes) })) / 2 > score
                else { continue }
                expected.append("h\(host).example \(own.count)")
            }
            #expect(try found("volume.beacon", "address", flows, ["score": .real(score)]) == expected.sorted(), "\(score)")
        }
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    private static func regularity(_ values: [Double]) -> Double {
        let middle = median(values)
        let deviation = median(values.map { abs($0 - middle) })
        return middle > 0 ? max(0, 1 - deviation / middle) : deviation == 0 ? 1 : 0
    }

    @Test("access.scan: many ports of one host, many hosts on one port", arguments: 0..<20)
    func scan(seed: Int) throws {
        var numbers = Numbers(state: UInt64(seed) &+ 2_000)
        let spread = [3, 8, 40][seed % 3]
        let flows = (1...200).map { id -> Flow in
            let user = Int.random(in: 0..<2, using: &numbers)
            return Flow(
                id: id, minute: Int.random(in: 0..<[60, 400][seed % 2], using: &numbers), user: user, device: user,
                host: Int.random(in: 0..<spread, using: &numbers), port: 1 + Int.random(in: 0..<(60 / spread + 2), using: &numbers),
                outcome: ["denied", "failed", "allowed"][Int.random(in: 0..<3, using: &numbers)])
        }
        let (window, ports, hosts, slow, items) = (10, 4, 5, 120, 7)
        var expected: [String] = []
        let tried = flows.filter { $0.outcome != "allowed" }
        func look(_ own: [Flow], _ place: String, _ needed: Int, _ item: (Flow) -> Int) {
            var (from, to) = (Int.max, Int.min)
            for (span, needed) in [(window, needed), (slow, items)] {
                for flow in own {
                    let recent = own.filter { $0.minute > flow.minute - span && $0.minute <= flow.minute }
                    guard Set(recent.map(item)).count >= needed else { continue }
                    (from, to) = (min(from, flow.minute - span), max(to, flow.minute))
                }
            }
            let count = own.filter { $0.minute > from && $0.minute <= to }.count
            if from < to, count > 0 { expected.append("\(place) \(count)") }
        }
        for (_, mine) in Dictionary(grouping: tried, by: \.user) {
            for (host, own) in Dictionary(grouping: mine, by: \.host) { look(own, "h\(host).example", ports) { $0.port } }
            for (port, own) in Dictionary(grouping: mine, by: \.port) { look(own, "\(port)", hosts) { $0.host } }
        }
        let parameters: [String: StoredValue] = [
            "window": .integer(Int64(window) * 60_000), "ports": .integer(Int64(ports)), "hosts": .integer(Int64(hosts)),
            "slow_window": .integer(Int64(slow) * 60_000), "slow_items": .integer(Int64(items)),
        ]
        #expect(try found("access.scan", "place", flows, parameters) == expected.sorted())
    }

    @Test("dns.wandering: names with a private and a public address", arguments: 0..<10)
    func wandering(seed: Int) throws {
        var numbers = Numbers(state: UInt64(seed) &+ 3_000)
        let targets = ["10.0.0.1", "10.0.0.2", "203.0.113.9", "fd00::1", "2001:db8::1", "172.15.0.1", "172.16.0.1"]
        let flows = (1...60).map { id -> Flow in
            let host = Int.random(in: 0..<12, using: &numbers)
            let choice = host < 6 ? [0, 1, 3, 6] : host < 8 ? [2, 4, 5] : Array(0..<7)
            return Flow(
                id: id, minute: Int.random(in: 0..<500, using: &numbers), user: 1, device: 1, host: host,
                outcome: ["denied", "failed", "allowed"][Int.random(in: 0..<3, using: &numbers)],
                target: targets[choice[Int.random(in: 0..<choice.count, using: &numbers)]])
        }
        var expected: [String] = []
        for (host, own) in Dictionary(grouping: flows.filter { $0.outcome != "denied" }, by: \.host) {
            let isPrivate = Set(own.map { [0, 1, 3, 6].contains(targets.firstIndex(of: $0.target) ?? 0) })
            if isPrivate.count == 2 { expected.append("h\(host).example \(own.count)") }
        }
        #expect(try found("dns.wandering", "address", flows) == expected.sorted())
    }
}

import AccessPolicy
import FlowModel

/// Decisions of the policy engine on a tenant of a given size: half names, a tenth wildcards, the rest addresses and blocks.
enum PolicyBenchmark {
    /// Requests are made before the clock starts and asked in turn; enough of them that the processor's caches can't hold one answer.
    static let requests = 65_536
    static let rounds = 32
    /// A Resource is granted to a few groups, however many there are.
    static let edgesPerResource = 4

    static func run(resources: Int, users: Int, groups: Int) throws {
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int(truncatingIfNeeded: (z ^ (z >> 31)) >> 1) % max(1, bound)
        }
        let snapshot = try snapshot(resources, users, groups, random)
        let began = secondsNow()
        let policy = CompiledPolicy(snapshot)
        let compiled = secondsNow() - began
        let questions = (0..<requests).map { _ in request(resources, users, random) }
        var allowed = 0
        let start = secondsNow()
        questions.withUnsafeBufferPointer { buffer in
            guard let first = buffer.baseAddress else { return }
            // Through the pointer: the loop itself then copies no question.
            for _ in 0..<rounds {
                for index in 0..<buffer.count where policy.evaluate(first[index]).isAllowed { allowed += 1 }
            }
        }
        let seconds = secondsNow() - start
        let nanoseconds = seconds / Double(requests * rounds) * 1e9
        print(
            "{\"seconds\": \(seconds), \"nanoseconds\": \(nanoseconds), \"compile_seconds\": \(compiled), \"allowed\": \(allowed / rounds), \"asked\": \(requests)}"
        )
    }

    private static func definition(_ resource: Int) -> String {
        switch resource % 10 {
        case 0: "*.apps-\(resource).corp.example.com"
        case 1: "10.\(resource / 250 % 200).\(resource % 250).0/24"
        case 2, 3, 4: "172.\(16 + resource / 60_000 % 16).\(resource / 250 % 240).\(1 + resource % 250)"
        default: "service-\(resource).corp.example.com"
        }
    }

    private static func snapshot(_ resources: Int, _ users: Int, _ groups: Int, _ random: (Int) -> Int) throws -> PolicySnapshot {
        var members = [[String]](repeating: [], count: groups)
        var people: [User] = []
        for user in 0..<users {
            people.append(User(id: String(1_000_000 + user), email: "user-\(user)@example.com"))
            for _ in 0..<3 {
                let group = random(groups)
                if members[group].last != String(1_000_000 + user) { members[group].append(String(1_000_000 + user)) }
            }
        }
        var targets: [Resource] = []
        for number in 0..<resources {
            var resource = Resource(
                id: String(500_000 + number), name: "resource \(number)", address: try ResourceAddress(definition(number)),
                networkID: "1")
            resource.protocols = ProtocolRules(
                allowsICMP: false, tcp: PortRule([443, 22].compactMap { PortRange($0, $0) }), udp: .none)
            var edges: Set<String> = []
            for _ in 0..<edgesPerResource { edges.insert(String(10_000 + random(groups))) }
            resource.access = edges.sorted().map { AccessEdge(.group($0)) }
            targets.append(resource)
        }
        return PolicySnapshot(
            effectiveAt: Timestamp(milliseconds: 0), version: 1, networks: [RemoteNetwork(id: "1", name: "network")],
            connectors: [Connector(id: "2", name: "connector", networkID: "1")], users: people,
            groups: members.enumerated().map {
                Group(id: String(10_000 + $0.offset), name: "group \($0.offset)", members: .users($0.element))
            },
            resources: targets)
    }

    private static func request(_ resources: Int, _ users: Int, _ random: (Int) -> Int) -> AccessRequest {
        let number = random(resources)
        let text = definition(number)
        let destination: Destination
        var resolved = IPAddress(v4: 0x0a01_0203)
        if text.hasPrefix("*") {
            destination = .name("host-\(random(100))" + text.dropFirst())
        } else if let block = try? AddressBlock(text) {
            resolved = IPAddress(v4: UInt32(truncatingIfNeeded: block.base.low) + (block.isSingleAddress ? 0 : UInt32(random(250))))
            destination = .address(resolved)
        } else {
            destination = .name(text)
        }
        return AccessRequest(
            principal: PrincipalReference(kind: .user, id: String(1_000_000 + random(users))), destination: destination,
            resolvedAddress: resolved, transport: .tcp, port: random(10) == 0 ? 8080 : 443, connectorID: "2",
            at: Timestamp(milliseconds: 1_791_158_400_000))
    }
}

package import AccessPolicy
package import FlowModel

/// Small tenants in which everything collides: few names, overlapping patterns and blocks, times close together.
package enum RandomTenant {
    package static let definitions = [
        "a.x", "b.x", "*.x", "*", "a.*", "?.x", "*a.x", "a*", "*.a.x", "?.?.x", "a.?", "*.*", "c.a.x", "**.x", "a?.x*", "10.0.0.0/8",
        "10.1.0.0/16", "10.1.1.1", "10.1.1.0/24", "0.0.0.0/0", "fd00::/8", "fd00::1", "::/0", "10.1.1.1",
    ]
    package static let destinations = [
        "a.x", "B.X.", "c.a.x", "a", "ab.x", "x", "d.c.a.x", "zz.y", "10.1.1.1", "10.1.2.3", "10.9.9.9", "8.8.8.8", "fd00::1", "fe80::1",
        "::ffff:10.1.1.1", "",
    ]
    package static let addresses = [
        "10.1.1.1", "10.1.2.3", "127.0.0.1", "169.254.1.1", "fd00:ec2::254", "100.64.0.1", "8.8.8.8", "fd00::1",
    ]

    package static func snapshot(_ dice: inout Dice) -> PolicySnapshot {
        var snapshot = PolicySnapshot(effectiveAt: Timestamp(milliseconds: 0))
        for id in ["1", "2"] {
            var network = RemoteNetwork(id: id, name: "n\(id)")
            if dice.oneIn(3) { network.ranges = [try? AddressBlock("10.1.0.0/16")].compactMap(\.self) }
            snapshot.networks.append(network)
            snapshot.connectors.append(Connector(id: "1\(id)", name: "c\(id)", networkID: id))
        }
        let userIDs = (1...4).map { "2\($0)" }
        snapshot.users = userIDs.map { User(id: $0, email: "\($0)@x", state: dice.oneIn(5) ? .disabled : .active) }
        for id in ["31", "32", "33"] {
            var group = Group(id: id, name: id, members: dice.oneIn(6) ? .everyone : .users(dice.some(userIDs, oneIn: 2)))
            group.isActive = !dice.oneIn(5)
            snapshot.groups.append(group)
        }
        for id in ["41", "42"] {
            var account = ServiceAccount(id: id, name: id)
            for number in 0..<dice.roll(3) {
                var key = ServiceAccount.Key(id: "\(id)\(number)", name: "k")
                if dice.oneIn(3) { key.expiresAt = time(&dice) }
                if dice.oneIn(3) { key.revokedAt = time(&dice) }
                key.isRevoked = key.revokedAt != nil || dice.oneIn(6)
                account.keys.append(key)
            }
            snapshot.serviceAccounts.append(account)
        }
        snapshot.devices = [Device(id: "51", name: "d", isTrusted: true), Device(id: "52", name: "e", isTrusted: false)]
        for id in ["61", "62"] {
            var policy = SecurityPolicy(id: id, name: id)
            policy.requiresTrustedDevice = dice.oneIn(2)
            if dice.oneIn(2) { policy.allowedCountries = ["PT"] }
            if dice.oneIn(3) { policy.deniedCountries = ["XX"] }
            snapshot.securityPolicies.append(policy)
        }
        for number in 0..<(1 + dice.roll(7)) { snapshot.resources.append(resource(number, &dice)) }
        for (_, gap) in PolicySnapshot.Gaps.names where dice.oneIn(20) { snapshot.gaps.insert(gap) }
        snapshot.sort()
        return snapshot
    }

    private static func resource(_ number: Int, _ dice: inout Dice) -> Resource {
        let address = (try? ResourceAddress(dice.pick(definitions))) ?? .name(HostPattern("a.x"))
        // Ids of different lengths: order is by value, not by text.
        var resource = Resource(id: "\(98 + number)", name: "r\(number)", address: address, networkID: dice.pick(["1", "2"]))
        if dice.oneIn(6) { resource.alias = dice.pick(["a.x", "b.x", "zz.y"]) }
        resource.isActive = !dice.oneIn(6)
        resource.routing = dice.oneIn(10) ? .bypass : .through
        if dice.oneIn(4) { resource.securityPolicyID = dice.pick(["61", "62"]) }
        if dice.oneIn(5) { resource.mode = .autoLock(seconds: 3) }
        if dice.oneIn(2) {
            resource.protocols = ProtocolRules(allowsICMP: dice.oneIn(2), tcp: ports(&dice), udp: ports(&dice))
        }
        for subject in [AccessEdge.Subject.group("31"), .group("32"), .group("33"), .serviceAccount("41"), .serviceAccount("42")]
        where dice.oneIn(3) {
            var edge = AccessEdge(subject)
            if dice.oneIn(4) { edge.expiresAt = time(&dice) }
            if dice.oneIn(6) { edge.securityPolicyID = dice.pick(["61", "62"]) }
            if dice.oneIn(8) { edge.mode = dice.oneIn(2) ? .manual : .autoLock(seconds: 2) }
            resource.access.append(edge)
        }
        return resource
    }

    private static func ports(_ dice: inout Dice) -> PortRule {
        if dice.oneIn(4) { return .all }
        return PortRule(dice.some(["22", "80-90", "443", "91", "85-100"], oneIn: 2).compactMap { PortRange($0) })
    }

    /// Few different times, so that boundaries are hit exactly.
    package static func time(_ dice: inout Dice) -> Timestamp { Timestamp(milliseconds: Int64(dice.roll(10)) * 1_000) }

    package static func request(_ dice: inout Dice) -> AccessRequest {
        let principal: PrincipalReference?
        switch dice.roll(12) {
        case 0: principal = nil
        case 1: principal = PrincipalReference(kind: .user, id: "41")
        case 2...4: principal = PrincipalReference(kind: .serviceAccount, id: dice.pick(["41", "42", "21"]))
        default: principal = PrincipalReference(kind: .user, id: dice.pick(["21", "22", "23", "24"]))
        }
        return AccessRequest(
            principal: principal, serviceKeyID: dice.oneIn(2) ? dice.pick(["410", "411", "420", "999"]) : nil,
            destination: Destination(dice.pick(destinations)),
            resolvedAddress: dice.oneIn(3) ? IPAddress(dice.pick(addresses)) : nil,
            transport: dice.oneIn(15) ? nil : dice.pick([.tcp, .tcp, .udp, .icmp]),
            port: dice.oneIn(15) ? nil : UInt16(dice.pick([22, 79, 80, 90, 91, 92, 100, 101, 443])),
            connectorID: dice.oneIn(3) ? nil : dice.pick(["11", "12", "19"]), networkID: dice.oneIn(2) ? nil : dice.pick(["1", "2"]),
            deviceID: dice.oneIn(3) ? nil : dice.pick(["51", "52", "59"]),
            location: dice.oneIn(2) ? nil : LocationEvidence(country: dice.pick(["pt", "XX", "FR"])),
            lastUses: lastUses(&dice), at: time(&dice).advanced(byMilliseconds: Int64(dice.roll(3)) - 1))
    }

    /// Of some Resources a use of their own, of the others perhaps a common one.
    package static func lastUses(_ dice: inout Dice) -> LastUses {
        var uses = LastUses(otherwise: dice.oneIn(2) ? nil : time(&dice))
        for id in 98...105 where dice.oneIn(3) { uses.byResource["\(id)"] = time(&dice) }
        if dice.oneIn(6) { uses.inUse = dice.pick(["98", "99", "100"]) }
        return uses
    }

    package static func options(_ dice: inout Dice) -> EngineOptions {
        EngineOptions(selection: dice.oneIn(3) ? .tenant : .granted, portFallthrough: dice.oneIn(3))
    }

    /// Smaller tenants, each with one thing less.
    package static func smaller(_ snapshot: PolicySnapshot) -> [PolicySnapshot] {
        var result: [PolicySnapshot] = []
        func without<Element>(_ path: WritableKeyPath<PolicySnapshot, [Element]>) {
            for index in snapshot[keyPath: path].indices {
                var copy = snapshot
                copy[keyPath: path].remove(at: index)
                result.append(copy)
            }
        }
        without(\.resources)
        without(\.groups)
        without(\.users)
        without(\.serviceAccounts)
        without(\.devices)
        without(\.connectors)
        for index in snapshot.resources.indices {
            for edge in snapshot.resources[index].access.indices {
                var copy = snapshot
                copy.resources[index].access.remove(at: edge)
                result.append(copy)
            }
            for simplify: (inout Resource) -> Void in [
                { $0.alias = nil }, { $0.protocols = nil }, { $0.securityPolicyID = nil }, { $0.mode = .manual },
            ] {
                var copy = snapshot
                simplify(&copy.resources[index])
                if copy != snapshot { result.append(copy) }
            }
        }
        if !snapshot.gaps.isEmpty {
            var copy = snapshot
            copy.gaps = []
            result.append(copy)
        }
        return result
    }
}

internal import FlowModel

/// Makes a tenant of a given shape. The same seed and shape give the same tenant.
struct TenantMaker {
    private let shape: TenantShape
    private var random: SeededRandom
    private var tenant = Tenant(domain: Vocabulary.domain)
    /// Of each network, how many blocks, single addresses and named hosts have been dealt out.
    private var dealtBlocks: [Int]
    private var dealtAddresses: [Int]
    private var dealtNames: [Int]

    /// First identifiers of each kind. Kinds never share a number, so that a mistaken join shows.
    private static let firstNetwork = 1_001
    private static let firstConnector = 5_001
    private static let firstGroup = 50_001
    private static let firstResource = 1_000_001
    private static let firstUser = 2_000_001
    private static let firstDevice = 3_000_001
    private static let firstServiceAccount = 6_000_001
    private static let firstKey = 7_000_001
    private static let firstServiceDevice = 8_000_001

    static func make(shape: TenantShape, seed: UInt64) -> Tenant {
        var maker = TenantMaker(shape: shape, seed: seed)
        maker.addPlaces()
        maker.addNetworks()
        maker.addGroups()
        maker.addUsers()
        maker.addResources()
        maker.addServiceAccounts()
        return maker.tenant
    }

    private init(shape: TenantShape, seed: UInt64) {
        self.shape = shape
        random = SeededRandom(seed: seed, stream: .tenant)
        dealtBlocks = [Int](repeating: 0, count: shape.networks)
        dealtAddresses = dealtBlocks
        dealtNames = dealtBlocks
    }

    private mutating func addPlaces() {
        for (index, city) in Vocabulary.cities.enumerated() {
            tenant.places.append(
                Tenant.Place(
                    city: city.city, country: city.country, region: city.region, latitude: city.latitude, longitude: city.longitude,
                    // 203.0.113.0/24 is for documentation (RFC 5737).
                    officeAddress: IPAddress(v4: 0xcb00_7100 + UInt32(10 + index))))
        }
    }

    private mutating func addNetworks() {
        for index in 0..<shape.networks {
            let known = Vocabulary.networks.count
            let word = Vocabulary.networks[index % known]
            let name = index < known ? word.name : "\(word.name) \(index / known + 1)"
            let base = IPAddress(v4: 0x0a00_0000 | UInt32(index + 1) << 16)
            guard let block = try? AddressBlock(base: base, prefixLength: 16) else { continue }
            var network = Tenant.Network(id: String(TenantMaker.firstNetwork + index), name: name, block: block)
            for _ in 0..<shape.connectorsPerNetwork {
                let number = tenant.connectors.count
                let adjective = random.pick(Vocabulary.adjectives) ?? ""
                let animal = random.pick(Vocabulary.animals) ?? ""
                network.connectors.append(number)
                tenant.connectors.append(
                    Tenant.Connector(
                        id: String(TenantMaker.firstConnector + number), name: "\(adjective)-\(animal)-\(number + 1)",
                        network: index))
            }
            tenant.networks.append(network)
        }
    }

    private mutating func addGroups() {
        for index in 0..<shape.groups {
            let department = Vocabulary.departments[(index + Vocabulary.departments.count - 1) % Vocabulary.departments.count]
            let round = (index - 1) / Vocabulary.departments.count
            let name = index == 0 ? "Everyone" : round == 0 ? department : "\(department) team \(round + 1)"
            tenant.groups.append(Tenant.Group(id: String(TenantMaker.firstGroup + index), name: name, isEveryone: index == 0))
        }
    }

    /// In 1,000 users, how many are in a second and in a third group besides Everyone.
    private static let secondGroupShare = 400
    private static let thirdGroupShare = 120

    private mutating func addUsers() {
        let groupSizes = WeightedChoice.zipf(count: shape.groups - 1, flattening: 3)
        for index in 0..<shape.users {
            // The first users fill the groups in turn, so that no group of a large enough tenant stays empty.
            let first = index < shape.groups - 1 ? index + 1 : groupSizes.draw(&random) + 1
            var groups: Set<Int> = [0, first]
            if random.chance(perMille: TenantMaker.secondGroupShare) { groups.insert(groupSizes.draw(&random) + 1) }
            if random.chance(perMille: TenantMaker.thirdGroupShare) { groups.insert(groupSizes.draw(&random) + 1) }
            let role = TenantMaker.label(tenant.groups[first].name)
            let place = random.below(tenant.places.count)
            tenant.users.append(
                Tenant.User(
                    id: String(TenantMaker.firstUser + index), email: "\(role)-\(TenantMaker.padded(index + 1))@example.com",
                    devices: [String(TenantMaker.firstDevice + 2 * index), String(TenantMaker.firstDevice + 2 * index + 1)],
                    groups: groups.sorted(), place: place,
                    // 198.18.0.0/15 is for benchmarks (RFC 2544): public looking, and nobody's.
                    homeAddress: IPAddress(v4: 0xc612_0000 + UInt32(random.below(1 << 17)))))
        }
    }

    private mutating func addServiceAccounts() {
        let candidates = tenant.resources.indices.filter { index in
            let resource = tenant.resources[index]
            return (resource.form == .name || resource.form == .address) && resource.transport == .tcp
        }
        for index in 0..<shape.serviceAccounts {
            let job = Vocabulary.jobs[index % Vocabulary.jobs.count]
            let round = index / Vocabulary.jobs.count
            let name = round == 0 ? job : "\(job)-\(round + 1)"
            // Every other account has a spare key.
            let keys = (0...(index % 2)).map { spare in
                Tenant.ServiceAccount.Key(
                    id: String(TenantMaker.firstKey + 2 * index + spare), name: spare == 0 ? "\(name)-key" : "\(name)-spare-key")
            }
            var resources: Set<Int> = []
            for _ in 0..<3 { if let candidate = random.pick(candidates) { resources.insert(candidate) } }
            tenant.serviceAccounts.append(
                Tenant.ServiceAccount(
                    id: String(TenantMaker.firstServiceAccount + index), name: name, keys: keys, resources: resources.sorted(),
                    device: String(TenantMaker.firstServiceDevice + index),
                    address: IPAddress(v4: 0xcb00_7180 + UInt32(index % 64))))
        }
    }

    /// Lower-case letters and digits of a name, words joined by a hyphen.
    private static func label(_ name: String) -> String {
        name.lowercased().split(separator: " ").joined(separator: "-")
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

// MARK: - Resources

extension TenantMaker {
    /// In 1,000 Resources, how many are of each form; the rest are single names.
    private static let wildcardShare = 90
    private static let blockShare = 100
    private static let addressShare = 150
    private static let bypassShare = 40
    /// In 1,000 names, how many have an alias.
    private static let aliasShare = 150
    /// Every eighth Resource is only for devices that are managed.
    private static let trustedDeviceInterval = 8
    /// Hosts behind a wildcard or a block that anybody ever dials.
    private static let hostsPerRange = 12

    private mutating func addResources() {
        while tenant.resources.count < shape.resources {
            let index = tenant.resources.count
            let network = index % shape.networks
            // The first ones are of each form in turn, so that the smallest tenant has them all; a range takes two.
            switch index {
            case 0: addRange(.wildcard, network)
            case 2: addRange(.block, network)
            case 4: addAddress(network)
            case 5: addBypass(network)
            case 6..<12: addName(network)
            default: addAny(network)
            }
        }
    }

    private mutating func addAny(_ network: Int) {
        var draw = random.below(1_000)
        let forms: [(Int, SimulatedResource.Form)] = [
            (TenantMaker.wildcardShare, .wildcard), (TenantMaker.blockShare, .block), (TenantMaker.addressShare, .address),
            (TenantMaker.bypassShare, .bypass),
        ]
        for (share, form) in forms {
            if draw < share {
                switch form {
                case .wildcard, .block: addRange(form, network)
                case .address: addAddress(network)
                case .bypass: addBypass(network)
                case .name: addName(network)
                }
                return
            }
            draw -= share
        }
        addName(network)
    }

    private func networkLabel(_ network: Int) -> String {
        let known = Vocabulary.networks.count
        let label = Vocabulary.networks[network % known].label
        return network < known ? label : "\(label)\(network / known + 1)"
    }

    private func resourceID() -> String { String(TenantMaker.firstResource + tenant.resources.count) }

    private func address(_ network: Int, third: Int, fourth: Int) -> IPAddress {
        IPAddress(v4: 0x0a00_0000 | UInt32(network + 1) << 16 | UInt32(third & 255) << 8 | UInt32(fourth & 255))
    }

    /// Named hosts live in 10.N.1.0–10.N.47.255; several names may share an address once the range is used up, as virtual hosts do.
    private mutating func nextNamedAddress(_ network: Int) -> IPAddress {
        let number = dealtNames[network]
        dealtNames[network] += 1
        return address(network, third: 1 + number / 250 % 47, fourth: 2 + number % 250)
    }

    private mutating func addName(_ network: Int) {
        let service = Vocabulary.services[random.below(Vocabulary.services.count)]
        let number = tenant.resources.count + 1
        let name = "\(service.name)-\(number).\(networkLabel(network)).\(tenant.domain)"
        let alias = random.chance(perMille: TenantMaker.aliasShare) ? "\(service.name)-\(number).internal" : nil
        let address = nextNamedAddress(network)
        var hosts = [SimulatedResource.Host(dialled: name, address: address)]
        if let alias { hosts.append(SimulatedResource.Host(dialled: alias, address: address)) }
        tenant.resources.append(
            SimulatedResource(
                id: resourceID(), name: "\(service.name) \(number)", form: .name, address: name, alias: alias, network: network,
                ports: service.ports, hosts: hosts, needsTrustedDevice: number % TenantMaker.trustedDeviceInterval == 0))
    }

    private mutating func addBypass(_ network: Int) {
        let number = tenant.resources.count + 1
        let name = "mail-\(number).\(Vocabulary.outsideDomain)"
        tenant.resources.append(
            SimulatedResource(
                id: resourceID(), name: "mail service \(number)", form: .bypass, address: name, alias: nil, network: network,
                ports: [443],
                hosts: [SimulatedResource.Host(dialled: name, address: nextNamedAddress(network))]))
    }

    /// Single addresses live in 10.N.192.0–10.N.239.255. One of them is the name server, over UDP.
    private mutating func addAddress(_ network: Int) {
        let number = dealtAddresses[network]
        guard number < 48 * 250 else { return addName(network) }
        dealtAddresses[network] += 1
        let address = address(network, third: 192 + number / 250, fourth: 2 + number % 250)
        let isNameServer = number == 0
        let service = Vocabulary.services[random.below(Vocabulary.services.count)]
        tenant.resources.append(
            SimulatedResource(
                id: resourceID(), name: isNameServer ? "name server \(networkLabel(network))" : "\(service.name) \(address)",
                form: .address, address: address.description, alias: nil, network: network, transport: isNameServer ? .udp : .tcp,
                ports: isNameServer ? [53] : service.ports,
                hosts: [SimulatedResource.Host(dialled: address.description, address: address)]))
    }

    /// A wildcard or a block, and beside it the Resource for one place inside that the same groups may reach: the pair in which
    /// the more specific one must win.
    private mutating func addRange(_ form: SimulatedResource.Form, _ network: Int) {
        let number = dealtBlocks[network]
        // 64 blocks of 256 addresses, 10.N.64.0 and on, then 1,024 blocks of 16, 10.N.128.0 and on.
        guard form == .wildcard || number < 64 + 1_024 else { return addName(network) }
        let broad = tenant.resources.count
        let service = Vocabulary.services[random.below(Vocabulary.services.count)]
        var hosts: [SimulatedResource.Host] = []
        let definition: String
        let inner: SimulatedResource.Host
        if form == .wildcard {
            let suffix = "apps-\(broad + 1).\(networkLabel(network)).\(tenant.domain)"
            definition = "*.\(suffix)"
            for host in 1...TenantMaker.hostsPerRange {
                hosts.append(SimulatedResource.Host(dialled: "app-\(host).\(suffix)", address: nextNamedAddress(network)))
            }
            inner = SimulatedResource.Host(dialled: "admin.\(suffix)", address: nextNamedAddress(network))
        } else {
            dealtBlocks[network] += 1
            let wide = number < 64
            let third = wide ? 64 + number : 128 + (number - 64) / 16
            let fourth = wide ? 0 : (number - 64) % 16 * 16
            definition = "\(address(network, third: third, fourth: fourth))/\(wide ? 24 : 28)"
            for host in 1...TenantMaker.hostsPerRange {
                let address = address(network, third: third, fourth: fourth + host)
                hosts.append(SimulatedResource.Host(dialled: address.description, address: address))
            }
            let address = address(network, third: third, fourth: fourth + 14)
            inner = SimulatedResource.Host(dialled: address.description, address: address)
        }
        tenant.resources.append(
            SimulatedResource(
                id: resourceID(), name: "\(form == .wildcard ? "applications" : "subnet") \(broad + 1)", form: form,
                address: definition,
                alias: nil, network: network, ports: [443] + service.ports.filter { $0 != 443 }, hosts: hosts))
        guard tenant.resources.count < shape.resources else { return }
        tenant.resources.append(
            SimulatedResource(
                id: resourceID(), name: "administration of \(definition)", form: form == .wildcard ? .name : .address,
                address: inner.dialled, alias: nil, network: network, ports: [443], hosts: [inner], coveredBy: broad))
    }
}

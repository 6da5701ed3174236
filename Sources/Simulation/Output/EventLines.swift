internal import FlowModel

/// Writes flows as events of the Connector real-time log, in the form of a journal's record or of a log line.
///
/// What repeats (Connector, Resource, place, policy) is rendered once.
struct EventLines: Sendable {
    enum Form: Sendable {
        /// A record of a journal: with start, enforced policy, decision and close reason.
        case journal
        /// What a Connector without journal prints: `ANALYTICS` and the object.
        case analytics
        /// The object alone, as log shippers write it, with the duration in a unit that is stated.
        case bare
    }

    /// What a Connector says of itself.
    struct Speaker: Sendable {
        var id: String
        var name: String
        var networkID: String
        var networkName: String
    }

    private let tenant: Tenant
    private let identitySalt: UInt64
    private let speakers: [[UInt8]]
    private let resources: [(id: [UInt8], rule: [UInt8])]
    private let locations: [[UInt8]]
    private let policies: [[UInt8]]
    private let relays: [[UInt8]]

    /// Relays that the simulated tenant uses.
    static let relayCount = 4

    /// - Parameter policies: version and digest of each state's policy.
    init(tenant: Tenant, speakers: [Speaker], policies: [(version: Int64, digest: String)], seed: UInt64) {
        self.tenant = tenant
        identitySalt = SeededRandom.mix(seed &+ 0x636f_6e6e)
        self.speakers = speakers.map { speaker in
            LineBuffer.fragment { line in
                line.raw(#","connector":{"id":"#)
                line.string(speaker.id)
                line.raw(#","name":"#)
                line.string(speaker.name)
                line.raw(#"},"remote_network":{"id":"#)
                line.string(speaker.networkID)
                line.raw(#","name":"#)
                line.string(speaker.networkName)
                line.raw("}")
            }
        }
        resources = tenant.resources.map { resource in
            (LineBuffer.fragment { $0.string(resource.id) }, LineBuffer.fragment { $0.string(resource.address) })
        }
        locations = tenant.places.map { place in
            LineBuffer.fragment { line in
                let geoip =
                    #"{"geoip":{"city":"\#(place.city)","country":"\#(place.country)","lat":\#(EventLines.degrees(place.latitude)),"#
                    + #""lon":\#(EventLines.degrees(place.longitude)),"region":"\#(place.region)"}}"#
                line.raw(#","location":"#)
                line.string(geoip)
            }
        }
        self.policies = policies.map { policy in
            LineBuffer.fragment { line in
                line.raw(#","policy":{"version":"#)
                line.number(policy.version)
                line.raw(#","digest":"#)
                line.string(policy.digest)
                line.raw("}")
            }
        }
        relays = (0..<EventLines.relayCount).map { number in
            LineBuffer.fragment { line in
                line.raw(#","relays":[{"name":"relay-\#(number + 1).example.net","ip":"192.0.2.\#(number + 10)","port":30008}]"#)
            }
        }
    }

    private static func degrees(_ tenThousandths: Int) -> String {
        let magnitude = abs(tenThousandths)
        let digits = String(10_000 + magnitude % 10_000).dropFirst()
        return "\(tenThousandths < 0 ? "-" : "")\(magnitude / 10_000).\(digits)"
    }

    /// The identifier of a connection: unique, and without a visible order.
    func connectionID(_ number: UInt64) -> String {
        var line = LineBuffer()
        appendConnectionID(number, &line)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    private func appendConnectionID(_ number: UInt64, _ line: inout LineBuffer) {
        // INVARIANT: mixing is a bijection, so distinct numbers give distinct identifiers.
        line.hex(SeededRandom.mix(number ^ identitySalt))
        line.raw("-")
        line.number(Int64(number % 997))
    }

    func established(_ flow: PlannedFlow, _ form: Form, _ line: inout LineBuffer) {
        begin("established_connection", flow.start, flow, form, &line)
        finish(flow, form, &line)
    }

    func closed(_ flow: PlannedFlow, _ form: Form, _ line: inout LineBuffer) {
        begin("closed_connection", flow.end, flow, form, &line)
        line.raw(form == .analytics ? #","duration":"# : #","duration_ms":"#)
        line.number(flow.end.milliseconds - flow.start.milliseconds)
        line.raw(#","rx":"#)
        line.number(flow.received)
        line.raw(#","tx":"#)
        line.number(flow.sent)
        if form == .journal {
            line.raw(#","close_reason":""#)
            line.raw(flow.closeReason.rawValue)
            line.raw("\"")
        }
        finish(flow, form, &line)
    }

    func failed(_ flow: PlannedFlow, error: Int, _ form: Form, _ line: inout LineBuffer) {
        begin("failed_to_connect", flow.end, flow, form, &line)
        line.raw(#","error_message":"#)
        line.string(Vocabulary.errors[error % Vocabulary.errors.count])
        finish(flow, form, &line)
    }

    func denied(_ flow: PlannedFlow, reason: String, _ form: Form, _ line: inout LineBuffer) {
        begin("denied_access", flow.start, flow, form, &line)
        line.raw(#","error_message":"access denied""#)
        finish(flow, form, &line, deniedFor: reason)
    }

    private func begin(_ event: StaticString, _ time: Timestamp, _ flow: PlannedFlow, _ form: Form, _ line: inout LineBuffer) {
        line.raw(form == .analytics ? #"ANALYTICS {"event_type":""# : #"{"event_type":""#)
        line.raw(event)
        line.raw(#"","timestamp":"#)
        line.number(time.milliseconds)
        line.raw(#","connection":{"id":""#)
        appendConnectionID(flow.number, &line)
        line.raw(#"","protocol":""#)
        switch flow.transport {
        case .tcp: line.raw("tcp")
        case .udp: line.raw("udp")
        case .icmp: line.raw("icmp")
        }
        line.raw(#"","client_ip":""#)
        line.address(clientAddress(flow))
        line.raw(#"","resource_ip":""#)
        line.address(flow.address)
        line.raw(#"","resource_port":"#)
        line.number(Int(flow.port))
        if form == .journal {
            line.raw(#","started_at":"#)
            line.number(flow.start.milliseconds)
        }
        guard form != .bare else { return }
        switch flow.path {
        case .direct: line.raw(#","tunnel_path":"direct","tunnel_proto":"quic/udp""#)
        case .relay: line.raw(#","tunnel_path":"relayed","tunnel_proto":"quic/udp""#)
        }
    }

    private func clientAddress(_ flow: PlannedFlow) -> IPAddress {
        switch flow.caller {
        case .user(let user):
            flow.isAtOffice ? tenant.places[tenant.users[user].place].officeAddress : tenant.users[user].homeAddress
        case .serviceAccount(let account, _): tenant.serviceAccounts[account].address
        }
    }

    private func finish(_ flow: PlannedFlow, _ form: Form, _ line: inout LineBuffer, deniedFor reason: String? = nil) {
        let device: String
        switch flow.caller {
        case .user(let number):
            let user = tenant.users[number]
            line.raw(#"},"user":{"id":""#)
            line.raw(user.id)
            line.raw(#"","email":""#)
            line.raw(user.email)
            device = user.devices[flow.device]
        case .serviceAccount(let number, let key):
            let account = tenant.serviceAccounts[number]
            line.raw(#"},"service_account":{"id":""#)
            line.raw(account.id)
            line.raw(#"","name":""#)
            line.raw(account.name)
            line.raw(#"","key":""#)
            line.raw(account.keys[key].name)
            line.raw(#"","key_id":""#)
            line.raw(account.keys[key].id)
            device = account.device
        }
        line.raw(#""},"device":{"id":""#)
        line.raw(device)
        line.raw("\"}")
        line.raw(speakers[flow.connector])
        appendResource(flow, isDenied: reason != nil, &line)
        switch flow.path {
        case .direct: line.raw(#","relays":[]"#)
        case .relay(let number): line.raw(relays[number % relays.count])
        }
        if form != .bare, case .user(let user) = flow.caller { line.raw(locations[tenant.users[user].place]) }
        if form == .journal {
            line.raw(policies[flow.policy])
            if let reason {
                line.raw(#","decision":{"effect":"deny","reason":""#)
                line.raw(reason)
                line.raw("\"}")
            } else {
                line.raw(#","decision":{"effect":"allow","reason":"allowed"}"#)
            }
        }
        line.raw("}")
    }

    /// A refused flow names the Resource that was asked for and no rule that applied.
    private func appendResource(_ flow: PlannedFlow, isDenied: Bool, _ line: inout LineBuffer) {
        let fragment = resources[flow.resource]
        line.raw(#","resource":{"id":"#)
        line.raw(fragment.id)
        line.raw(#","address":""#)
        line.raw(flow.dialled ?? tenant.resources[flow.resource].hosts[flow.host].dialled)
        line.raw(#"","applied_rule":"#)
        if isDenied { line.raw("\"\"") } else { line.raw(fragment.rule) }
        line.raw("}")
    }
}

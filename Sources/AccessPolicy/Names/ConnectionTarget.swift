public import FlowModel
import Wording

/// Where a connection goes, as people write it: `host:443/tcp`, `[fd00::1]:53/udp`, `host/icmp`; without a protocol it is TCP.
public struct ConnectionTarget: Hashable, Sendable {
    public var destination: Destination
    public var transport: TransportProtocol
    /// Nil for ICMP only.
    public var port: UInt16?

    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String
    }

    public init(destination: Destination, transport: TransportProtocol, port: UInt16?) {
        self.destination = destination
        self.transport = transport
        self.port = port
    }

    /// Reads a target. Ports are 1 to 65535 in digits; ICMP has none.
    public init(_ text: String) throws(Problem) {
        func problem(_ why: String = "") -> Problem {
            let form = "write host:port/tcp, host:port/udp or host/icmp, IPv6 addresses in brackets"
            return Problem(description: "\(text.quoted) is not a destination: \(form)\(why.isEmpty ? "" : "; \(why)")")
        }
        var rest = text[...]
        transport = .tcp
        if let slash = rest.lastIndex(of: "/") {
            guard let named = TransportProtocol(rawValue: rest[rest.index(after: slash)...].lowercased()) else {
                throw problem()
            }
            transport = named
            rest = rest[..<slash]
        }
        var host = rest
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            guard case .address(let address) = Destination(String(host)), address.family == .v6 || host.contains(":") else {
                throw problem()
            }
            rest = rest[rest.index(after: end)...]
        } else if case .address = Destination(String(rest)) {
            rest = ""
        } else if let colon = rest.lastIndex(of: ":") {
            host = rest[..<colon]
            rest = rest[colon...]
        } else {
            rest = ""
        }
        if !rest.isEmpty {
            guard transport != .icmp else { throw problem("ICMP has no ports") }
            let digits = rest.dropFirst()
            guard rest.hasPrefix(":"), !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { throw problem() }
            guard let range = PortRange(digits) else { throw problem("a port is a number within 1 to 65535") }
            port = range.first
        }
        guard transport == .icmp || port != nil else { throw problem() }
        destination = Destination(String(host))
        if case .name(let name) = destination {
            guard (try? ResourceAddress.exactName(name)) != nil else { throw problem("\(name.quoted) is neither a name nor an address") }
        }
    }
}

extension ConnectionTarget: CustomStringConvertible {
    public var description: String {
        let host: String
        switch destination {
        case .name(let name): host = name
        case .address(let address): host = address.family == .v6 && port != nil ? "[\(address)]" : address.description
        }
        return host + (port.map { ":\($0)" } ?? "") + "/" + transport.rawValue
    }
}

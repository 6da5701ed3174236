public import FlowModel

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

    public init(_ text: String) throws(Problem) {
        let problem = Problem(
            description:
                "\(text.quoted) is not a destination: write host:port/tcp, host:port/udp or host/icmp, IPv6 addresses in brackets")
        var rest = text[...]
        transport = .tcp
        if let slash = rest.lastIndex(of: "/") {
            guard let named = TransportProtocol(rawValue: rest[rest.index(after: slash)...].lowercased()) else { throw problem }
            transport = named
            rest = rest[..<slash]
        }
        var host = rest
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
        } else if IPAddress(rest) != nil {
            rest = ""
        } else if let colon = rest.lastIndex(of: ":") {
            host = rest[..<colon]
            rest = rest[colon...]
        } else {
            rest = ""
        }
        if !rest.isEmpty {
            guard rest.hasPrefix(":"), let number = UInt16(rest.dropFirst()) else { throw problem }
            port = number
        }
        guard !host.isEmpty, transport == .icmp || port != nil else { throw problem }
        destination = Destination(String(host))
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

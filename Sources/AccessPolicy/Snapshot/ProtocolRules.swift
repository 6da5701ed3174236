/// Ports from `first` through `last`.
public struct PortRange: Hashable, Sendable, Comparable {
    public var first: UInt16
    public var last: UInt16

    /// Nil unless 1 ≤ first ≤ last ≤ 65535.
    public init?(_ first: Int, _ last: Int) {
        guard first >= 1, first <= last, last <= 65_535 else { return nil }
        self.first = UInt16(first)
        self.last = UInt16(last)
    }

    /// Reads `443` or `8000-8099`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let start = parts.first.flatMap({ PortRange.number($0) }) else { return nil }
        guard parts.count == 2 else {
            self.init(start, start)
            return
        }
        guard let end = PortRange.number(parts[1]) else { return nil }
        self.init(start, end)
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 5, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int(text)
    }

    public func contains(_ port: UInt16) -> Bool { port >= first && port <= last }

    public static func < (left: PortRange, right: PortRange) -> Bool {
        (left.first, left.last) < (right.first, right.last)
    }
}

extension PortRange: CustomStringConvertible {
    public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }
}

/// Which ports of one protocol are open.
public enum PortRule: Hashable, Sendable {
    case all
    /// Ascending, neither overlapping nor touching; empty = the protocol is closed.
    case only([PortRange])

    public static let none = PortRule.only([])

    /// Sorts the ranges and joins those that overlap or touch.
    public init(_ ranges: [PortRange]) {
        var joined: [PortRange] = []
        for range in ranges.sorted() {
            if let last = joined.last, Int(range.first) <= Int(last.last) + 1 {
                joined[joined.count - 1].last = max(last.last, range.last)
            } else {
                joined.append(range)
            }
        }
        self = .only(joined)
    }

    public func allows(_ port: UInt16) -> Bool {
        switch self {
        case .all: true
        case .only(let ranges): ranges.contains { $0.contains(port) }
        }
    }
}

extension PortRule: CustomStringConvertible {
    public var description: String {
        switch self {
        case .all: "all"
        case .only(let ranges): ranges.isEmpty ? "none" : ranges.map(\.description).joined(separator: ", ")
        }
    }
}

public struct ProtocolRules: Hashable, Sendable {
    public var allowsICMP: Bool
    public var tcp: PortRule
    public var udp: PortRule

    public init(allowsICMP: Bool, tcp: PortRule, udp: PortRule) {
        self.allowsICMP = allowsICMP
        self.tcp = tcp
        self.udp = udp
    }

    /// What they allow, for people; nil stands for no restriction.
    package static func words(_ rules: ProtocolRules?) -> String {
        guard let rules else { return "everything" }
        return "TCP \(rules.tcp), UDP \(rules.udp), ICMP \(rules.allowsICMP ? "yes" : "no")"
    }
}

/// A domain name pattern: `*` stands for zero or more characters and crosses labels, `?` for exactly one character.
///
/// `*.a.b` matches `x.y.a.b` and not `a.b`. Compared in the form of `DomainName.normalized`.
/// Matching takes time proportional to the product of the lengths at worst, never more.
public struct HostPattern: Hashable, Sendable {
    /// The normalised text.
    public let text: String
    /// True when the pattern is a plain name.
    public let isExact: Bool
    /// Characters that are not wildcards: of two matching wildcards the one with more is the more specific.
    public let literalCount: Int

    public init(_ text: String) {
        self.text = DomainName.normalized(text)
        let wild = self.text.unicodeScalars.count { $0 == "*" || $0 == "?" }
        isExact = wild == 0
        literalCount = self.text.unicodeScalars.count - wild
    }

    /// Whether `name`, which must be normalised, matches.
    public func matches(normalized name: String) -> Bool {
        if isExact { return name == text }
        // Spans of UTF-8: normalised names are ASCII, save for labels that Punycode could not take.
        return HostPattern.match(text.utf8Span.span, name.utf8Span.span)
    }

    public func matches(_ name: String) -> Bool {
        matches(normalized: DomainName.normalized(name))
    }

    private static func match(_ pattern: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        var p = 0
        var n = 0
        var star = -1
        var resume = 0
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = p
                resume = n
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
                p += 1
                n += 1
            } else if star >= 0 {
                p = star + 1
                resume += 1
                n = resume
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.count
    }
}

extension HostPattern: CustomStringConvertible {
    public var description: String { text }
}

public import FlowModel
import Wording

/// The definition of what a Resource covers.
public enum ResourceAddress: Hashable, Sendable {
    /// A name, or a pattern with `*` and `?`.
    case name(HostPattern)
    /// One address, or a CIDR block.
    case block(AddressBlock)

    public struct Problem: Error, Hashable, Sendable {
        /// One sentence, lower case.
        public var message: String
    }

    /// Reads a definition as people and the administration interface write it.
    public init(_ text: String) throws(Problem) {
        if text.utf8.contains(UInt8(ascii: "/")) || IPAddress(text) != nil {
            do {
                self = .block(try AddressBlock(text))
            } catch {
                throw Problem(message: ResourceAddress.message(error, text))
            }
            return
        }
        self = .name(try ResourceAddress.pattern(text))
    }

    /// The form in which definitions are compared, of any text: that of a block where it is one, else that of a name.
    static func comparable(_ text: String) -> String {
        IPAddress(recorded: text)?.description ?? (try? AddressBlock(text))?.description ?? DomainName.normalized(text)
    }

    /// Reads a name without wildcards, such as an alias, and gives its comparable form.
    public static func exactName(_ text: String) throws(Problem) -> String {
        let pattern = try pattern(text)
        guard pattern.isExact else { throw Problem(message: "\(text.quoted) must be a name without `*` and `?`") }
        guard IPAddress(pattern.text) == nil else { throw Problem(message: "\(text.quoted) is an address where a name is needed") }
        return pattern.text
    }

    private static func pattern(_ text: String) throws(Problem) -> HostPattern {
        let pattern = HostPattern(text)
        let name = pattern.text
        guard !name.isEmpty else { throw Problem(message: "the address is empty") }
        guard name.utf8.count <= DomainName.maxNameLength else {
            throw Problem(message: "\(text.quoted) is longer than a name can be (\(DomainName.maxNameLength) characters)")
        }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            guard !label.isEmpty else { throw Problem(message: "\(text.quoted) has an empty part between dots") }
            guard label.utf8.count <= DomainName.maxLabelLength else {
                throw Problem(message: "\(text.quoted) has a part of more than \(DomainName.maxLabelLength) characters")
            }
            guard label.utf8.allSatisfy(isNameByte) else {
                throw Problem(message: "\(text.quoted) is neither a name, an address nor a CIDR block")
            }
        }
        if let last = labels.last, last.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
            throw Problem(message: "\(text.quoted) looks like an address and is none")
        }
        return pattern
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 97...122: true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "*"), UInt8(ascii: "?"): true
        default: false
        }
    }

    package static func message(_ problem: AddressBlock.Problem, _ text: String) -> String {
        switch problem {
        case .notAnAddress: "\(text.quoted) is not an address or a CIDR block"
        case .badPrefix: "\(text.quoted) has a prefix length that its address does not allow"
        case .hostBits(let suggestion):
            "\(text.quoted) has bits set after its prefix; write `\(suggestion)` for the whole block, or an address without a prefix"
        }
    }

    /// The definition as it is shown and as logs name it.
    public var text: String {
        switch self {
        case .name(let pattern): pattern.text
        case .block(let block): block.description
        }
    }

    /// True when it covers every name, or every address of a family.
    public var isCatchAll: Bool {
        switch self {
        case .name(let pattern): pattern.literalCount == 0 && pattern.text.utf8.contains(UInt8(ascii: "*"))
        case .block(let block): block.prefixLength == 0
        }
    }
}

extension ResourceAddress: CustomStringConvertible {
    public var description: String { text }
}

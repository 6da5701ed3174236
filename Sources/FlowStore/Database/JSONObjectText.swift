import Wording

/// The text of a JSON object, member by member.
public struct JSONObjectText: Sendable {
    private var members: [String] = []

    public init() {}

    public mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        members.append(JSONObjectText.quoted(name) + ":" + JSONObjectText.quoted(value))
    }

    public mutating func add(_ name: String, _ value: Int64?) {
        guard let value else { return }
        members.append(JSONObjectText.quoted(name) + ":" + String(value))
    }

    /// `json` must be well-formed.
    public mutating func add(_ name: String, json: String) {
        members.append(JSONObjectText.quoted(name) + ":" + json)
    }

    public var text: String { "{" + members.joined(separator: ",") + "}" }

    public static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }
}

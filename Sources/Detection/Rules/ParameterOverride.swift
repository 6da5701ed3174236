internal import FlowModel
internal import FlowStore
public import QueryCatalogue

/// A value for a parameter of one rule, or of every rule that has a parameter of that name.
public struct ParameterOverride: Hashable, Sendable {
    public var ruleID: String?
    public var name: String
    public var text: String

    /// Reads `rule.name=value`, or `name=value` for all rules.
    public init(_ argument: String) throws(QueryFailure) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
            throw QueryFailure(.usage, "`\(argument)` must be written as `rule.name=value` or `name=value`")
        }
        let path = argument[..<equals]
        text = String(argument[argument.index(after: equals)...])
        if let dot = path.lastIndex(of: ".") {
            ruleID = String(path[..<dot])
            name = String(path[path.index(after: dot)...])
        } else {
            ruleID = nil
            name = String(path)
        }
    }

    /// The values for each rule, by rule id and name. An override that fits no rule is refused.
    static func resolve(
        _ overrides: [ParameterOverride], rules: [DetectionRule], resolvingTime: (String) -> Timestamp?
    ) throws(QueryFailure) -> [String: [String: StoredValue]] {
        var values: [String: [String: StoredValue]] = [:]
        for override in overrides {
            var used = false
            for rule in rules where override.ruleID == nil || override.ruleID == rule.id {
                guard let parameter = rule.query.parameter(override.name) else { continue }
                values[rule.id, default: [:]][override.name] = try parameter.value(of: override.text, resolvingTime: resolvingTime)
                used = true
            }
            guard !used else { continue }
            if let ruleID = override.ruleID {
                guard let rule = rules.first(where: { $0.id == ruleID }) else {
                    throw QueryFailure(.usage, "no rule `\(ruleID)` is selected; `detect --list` shows the rules")
                }
                let known = rule.query.parameters.map { "`\($0.name)`" }.joined(separator: ", ")
                throw QueryFailure(
                    .usage, "rule `\(ruleID)` has no parameter `\(override.name)`; it has \(known.isEmpty ? "none" : known)")
            }
            throw QueryFailure(.usage, "no selected rule has a parameter `\(override.name)`")
        }
        return values
    }
}

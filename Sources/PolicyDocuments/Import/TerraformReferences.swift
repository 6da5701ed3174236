import AccessPolicy
import TextEncodings

/// Resolves, within a plan, what an attribute refers to whose value is known only after apply.
///
/// The configuration that a plan carries says to which objects an expression refers, without its value. A reference is followed through
/// variables and outputs of modules; where it means one object of the plan beyond doubt, its id, or the one made up for it, is the value.
struct TerraformReferences {
    private let configuration: DocumentNode?
    /// Addresses of all objects of the plan.
    var objects: [String] = [] {
        didSet { byBase = Dictionary(grouping: objects) { TerraformReferences.base($0) } }
    }
    private var byBase: [String: [String]] = [:]

    /// Chains of modules that hand a value on are short.
    private static let deepest = 16
    /// Of an id; longer addresses are cut, and told apart by a hash.
    private static let maxIDLength = 128

    init(configuration: DocumentNode? = nil) {
        self.configuration = configuration
    }

    /// Whether a node of `after_unknown` says that something within it is not known.
    static func isUnknown(_ node: DocumentNode?) -> Bool {
        switch node?.content {
        case .scalar(let text, isPlain: true): text == "true"
        case .sequence(let items): items.contains(where: isUnknown)
        case .mapping(let entries): entries.contains { isUnknown($0.value) }
        default: false
        }
    }

    /// The id that stands for an object until it has one: `planned:` and its address, with what ids cannot hold as `%` and two digits.
    static func madeUpID(_ address: String) -> String {
        var bytes = Array("planned:".utf8)
        for byte in address.utf8 {
            if byte > 32, byte < 127, byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                bytes += Array("%\(Hexadecimal.text(byte))".utf8)
            }
        }
        guard bytes.count > maxIDLength else { return String(decoding: bytes, as: UTF8.self) }
        // FNV-1a: the same on every machine.
        let hash = address.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let tail = Array("~\(String(hash, radix: 16))".utf8)
        return String(decoding: bytes.prefix(maxIDLength - tail.count) + tail, as: UTF8.self)
    }

    /// Addresses of the objects of a type to which an attribute refers: one for each reference. Nil when some reference cannot be
    /// followed to one object.
    func targets(of path: [String], in address: String, type: String) -> [String]? {
        let segments = TerraformReferences.segments(address)
        let modules = TerraformReferences.modules(segments)
        guard let own = segments.dropFirst(modules.count * 2).first,
            let name = segments.dropFirst(modules.count * 2 + 1).first.map(TerraformReferences.withoutIndex),
            let module = module(modules.map(\.name)),
            let resource = TerraformReferences.items(module["resources"]).first(where: {
                TerraformReferences.text($0["type"]) == own && TerraformReferences.text($0["name"]) == name
            })
        else { return nil }
        let found = TerraformReferences.references(resource["expressions"], path[...])
        var result: [String] = []
        for reference in TerraformReferences.whole(found) {
            guard let targets = follow(reference, from: modules, index: TerraformReferences.index(address), type: type, depth: 0) else {
                return nil
            }
            for target in targets where !result.contains(target) { result.append(target) }
        }
        return result
    }

    private func follow(
        _ reference: String, from modules: [(name: String, segment: String)], index: String, type: String, depth: Int
    ) -> [String]? {
        guard depth < TerraformReferences.deepest else { return nil }
        let segments = TerraformReferences.segments(reference)
        guard segments.count >= 2 else { return nil }
        func followAll(_ node: DocumentNode?, _ modules: [(name: String, segment: String)]) -> [String]? {
            let found = TerraformReferences.references(node, [])
            guard !found.isEmpty else { return nil }
            var result: [String] = []
            for next in TerraformReferences.whole(found) {
                guard let targets = follow(next, from: modules, index: index, type: type, depth: depth + 1) else { return nil }
                for target in targets where !result.contains(target) { result.append(target) }
            }
            return result
        }
        switch segments[0] {
        case "var":
            guard let last = modules.last, let parent = module(modules.dropLast().map(\.name)) else { return nil }
            let name = TerraformReferences.withoutIndex(segments[1])
            return followAll(parent["module_calls"]?[last.name]?["expressions"]?[name], Array(modules.dropLast()))
        case "module":
            guard segments.count >= 3 else { return nil }
            let name = TerraformReferences.withoutIndex(segments[1])
            guard let inner = module(modules.map(\.name) + [name]) else { return nil }
            let output = TerraformReferences.withoutIndex(segments[2])
            return followAll(inner["outputs"]?[output]?["expression"], modules + [(name, segments[1])])
        case type:
            let prefix = modules.flatMap { ["module", $0.segment] }
            let address = (prefix + segments[0..<2]).joined(separator: ".")
            let candidates = byBase[TerraformReferences.base(address)] ?? []
            if candidates.contains(address) { return [address] }
            if candidates.count == 1 { return candidates }
            return candidates.first { !index.isEmpty && TerraformReferences.index($0) == index }.map { [$0] }
        default:
            return nil
        }
    }

    private func module(_ names: [String]) -> DocumentNode? {
        names.reduce(configuration) { $0?["module_calls"]?[$1]?["module"] }
    }

    /// All references of an expression, below a path of keys; lists on the way are passed through.
    private static func references(_ node: DocumentNode?, _ path: ArraySlice<String>) -> [String] {
        guard let node else { return [] }
        switch node.content {
        case .scalar: return []
        case .sequence(let items): return items.flatMap { references($0, path) }
        case .mapping(let entries):
            if let key = path.first { return references(node[key], path.dropFirst()) }
            return entries.flatMap { entry in
                entry.key == "references" ? items(entry.value).compactMap(text) : references(entry.value, [])
            }
        }
    }

    /// Without the beginnings of others: `a.b["c"].id` comes with `a.b["c"]` and `a.b`.
    private static func whole(_ references: [String]) -> [String] {
        references.filter { reference in
            !references.contains { $0.hasPrefix(reference + ".") || $0.hasPrefix(reference + "[") }
        }
    }

    // MARK: Addresses

    /// The parts between dots; dots within brackets do not part.
    static func segments(_ address: String) -> [String] {
        var result: [String] = []
        var current = ""
        var depth = 0
        var isQuoted = false
        var isEscaped = false
        for character in address {
            if isQuoted {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    isQuoted = false
                }
            } else if character == "\"" {
                isQuoted = true
            } else if character == "[" {
                depth += 1
            } else if character == "]" {
                depth -= 1
            } else if character == ".", depth <= 0 {
                result.append(current)
                current = ""
                continue
            }
            current.append(character)
        }
        return result + [current]
    }

    private static func modules(_ segments: [String]) -> [(name: String, segment: String)] {
        var result: [(name: String, segment: String)] = []
        var rest = segments[...]
        while rest.count > 2, rest.first == "module", let segment = rest.dropFirst().first {
            result.append((withoutIndex(segment), segment))
            rest = rest.dropFirst(2)
        }
        return result
    }

    private static func withoutIndex(_ segment: String) -> String { String(segment.prefix { $0 != "[" }) }

    /// `["a"]`, `[0]`, or empty.
    private static func index(_ address: String) -> String {
        segments(address).last.map { String($0.drop { $0 != "[" }) } ?? ""
    }

    private static func base(_ address: String) -> String { segments(address).map(withoutIndex).joined(separator: ".") }

    private static func items(_ node: DocumentNode?) -> [DocumentNode] {
        guard case .sequence(let items) = node?.content else { return [] }
        return items
    }

    private static func text(_ node: DocumentNode?) -> String? {
        guard case .scalar(let text, _) = node?.content else { return nil }
        return text
    }
}

import AccessPolicy

/// What a Terraform source holds and a snapshot does not, counted, so that it can be told.
struct TerraformLeftovers {
    /// Objects that Terraform gave up and has not removed yet: they are not in force.
    var deposed = 0
    /// Objects that will be replaced: they are in force until then.
    var tainted = 0
    private var types: [String: Int] = [:]
    private var foreign: [String: Int] = [:]
    private var empty: [String: Int] = [:]
    private var attributes: [String: Int] = [:]
    private var unknown: [String] = []
    private var remarks: [String] = []

    /// More names than this in one note are summed up.
    private static let maxNamed = 24

    mutating func countType(_ type: String) { types[type, default: 0] += 1 }
    mutating func countForeign(_ type: String) { foreign[type, default: 0] += 1 }
    mutating func countEmpty(_ type: String) { empty[type, default: 0] += 1 }
    mutating func remark(_ text: String) { remarks.append(text) }

    /// An attribute that is known only after the plan was applied, and that nothing in the plan resolves.
    mutating func addUnknown(_ path: String) { unknown.append(path) }

    /// Counts the attributes of an object that say something and are not among those that are read.
    mutating func look(_ object: TerraformImport.Object, reads known: Set<String>) {
        look(object.values, as: object.type, reads: known)
        guard case .mapping(let entries) = object.unknown?.content else { return }
        for entry in entries where entry.key != "id" && !known.contains(entry.key) && TerraformReferences.isUnknown(entry.value) {
            attributes["\(object.type).\(entry.key)", default: 0] += 1
        }
    }

    mutating func look(_ node: DocumentNode, as name: String, reads known: Set<String>) {
        guard case .mapping(let entries) = node.content else { return }
        for entry in entries where !known.contains(entry.key) && TerraformLeftovers.says(entry.value) {
            attributes["\(name).\(entry.key)", default: 0] += 1
        }
    }

    private static func says(_ node: DocumentNode) -> Bool {
        switch node.content {
        case .scalar(let text, _): !node.isNull && !text.isEmpty
        case .sequence(let items): items.contains(where: says)
        case .mapping(let entries): entries.contains { says($0.value) }
        }
    }

    /// One sentence each, in an order that does not depend on that of the source.
    var notes: [String] {
        var notes: [String] = []
        func list(_ counts: [String: Int], _ what: String) {
            guard !counts.isEmpty else { return }
            let sorted = counts.sorted { $0.key < $1.key }
            let named = sorted.prefix(TerraformLeftovers.maxNamed).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
            let rest = sorted.dropFirst(TerraformLeftovers.maxNamed)
            let more = rest.isEmpty ? "" : " and \(rest.count) more (\(rest.reduce(0) { $0 + $1.value }))"
            notes.append("\(what): \(named)\(more)")
        }
        list(types, "types of the provider that are not imported")
        list(foreign, "objects of other providers, which are not imported")
        list(empty, "objects without values, which are not imported")
        list(attributes, "attributes that are not read")
        list(Dictionary(unknown.map { ($0, 1) }, uniquingKeysWith: +), "known only after apply, and therefore missing")
        if deposed > 0 { notes.append("\(deposed) deposed \(deposed == 1 ? "object waits" : "objects wait") for removal, not imported") }
        if tainted > 0 {
            notes.append("\(tainted) tainted \(tainted == 1 ? "object is" : "objects are") imported; replacing gives new ids")
        }
        return notes + remarks
    }
}

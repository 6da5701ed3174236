internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import TextEncodings
internal import Yams

/// Situations in which a rule must fire, and look-alikes in which it must not: rows of the views, and the findings they give.
struct FixtureFile {
    struct Row {
        var fields: [(name: String, value: StoredValue)]
    }

    struct Case {
        var note: String
        var line: Int
        /// What each finding must have, by column of the answer; the list has as many entries as there must be findings.
        var fires: [[String: String]]
        var parameters: [String: String]
        var tables: [(view: String, rows: [Row])]
    }

    let path: String
    var cases: [Case] = []

    private static let rootKeys: Set<String> = ["defaults", "cases"]
    private static let caseKeys: Set<String> = ["note", "fires", "parameters", "tables"]

    /// Reads a YAML document with `defaults` (values for columns that rows leave out, by view) and `cases`.
    init(_ text: String, path: String) throws(QueryFailure) {
        self.path = path
        let root = try HeaderFields.compose(text, file: path, lineOffset: 0, subject: "the fixture", known: FixtureFile.rootKeys)
        var defaults: [String: [(name: String, value: StoredValue)]] = [:]
        if let section = try root.mapping("defaults", "`defaults`") {
            for view in section.order {
                if let fields = try section.mapping(view, "the defaults of `\(view)`") {
                    defaults[view] = try FixtureFile.row(fields, defaults: []).fields
                }
            }
        }
        for fields in try root.mappings("cases", "a case", known: FixtureFile.caseKeys) {
            cases.append(try FixtureFile.readCase(fields, defaults: defaults))
        }
    }

    private static func readCase(
        _ fields: HeaderFields, defaults: [String: [(name: String, value: StoredValue)]]
    ) throws(QueryFailure) -> Case {
        var result = Case(note: try fields.requiredText("note"), line: fields.line, fires: [], parameters: [:], tables: [])
        guard fields.has("fires") else { throw QueryFailure(.refused, "\(fields.file):\(fields.line): a case needs `fires`") }
        for expected in try fields.mappings("fires", "an expected finding") {
            var columns: [String: String] = [:]
            for name in expected.order { columns[name] = try value(expected, name).plain }
            result.fires.append(columns)
        }
        if let parameters = try fields.mapping("parameters", "`parameters`") {
            for name in parameters.order { result.parameters[name] = try parameters.text(name) ?? "" }
        }
        if let tables = try fields.mapping("tables", "`tables`", known: Set(PublicViews.names)) {
            for view in tables.order {
                var rows: [Row] = []
                for row in try tables.mappings(view, "a row of `\(view)`") {
                    rows.append(try FixtureFile.row(row, defaults: defaults[view] ?? []))
                }
                result.tables.append((view, rows))
            }
        }
        return result
    }

    private static func row(_ fields: HeaderFields, defaults: [(name: String, value: StoredValue)]) throws(QueryFailure) -> Row {
        var row = Row(fields: defaults.filter { !fields.has($0.name) })
        for name in fields.order { row.fields.append((name, try value(fields, name))) }
        return row
    }

    /// Columns whose ids are numbers; all other ids are text.
    private static let numericIDs: Set<String> = [
        "flow_id", "source_id", "end_source_id", "session_id", "snapshot_id", "audit_event_id",
    ]
    private static let timeColumns: Set<String> = ["at", "first_seen", "last_seen"]

    /// A field's value: times as milliseconds, ids as text, lists and mappings as JSON, and else what YAML makes of it.
    private static func value(_ fields: HeaderFields, _ name: String) throws(QueryFailure) -> StoredValue {
        guard let node = fields.node(name) else { return .null }
        guard case .scalar(let scalar) = node else { return .text(JSONWriter.text(.stored) { write(node, into: &$0) }) }
        let text = scalar.string
        let isPlain = scalar.style == .plain || scalar.style == .any
        if isPlain, text == "null" || text == "~" || text.isEmpty { return .null }
        if name.hasSuffix("_at") || timeColumns.contains(name), let time = Timestamp(text) { return .integer(time.milliseconds) }
        if name == "policy_version" || name.hasSuffix("_id") && !numericIDs.contains(name) { return .text(text) }
        return isPlain ? plainValue(text) : .text(text)
    }

    private static func plainValue(_ text: String) -> StoredValue {
        if text == "true" { return .integer(1) }
        if text == "false" { return .integer(0) }
        if let number = Int64(text) { return .integer(number) }
        if text.utf8.first.map({ $0 == 45 || $0 == 46 || ($0 >= 48 && $0 <= 57) }) == true, let number = Double(text) {
            return .real(number)
        }
        return .text(text)
    }

    private static func write(_ node: Node, into json: inout JSONWriter) {
        switch node {
        case .mapping(let mapping):
            json.object {
                for (key, value) in mapping {
                    $0.name(key.scalar?.string ?? "")
                    write(value, into: &$0)
                }
            }
        case .sequence(let sequence):
            json.array { for element in sequence { write(element, into: &$0) } }
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return json.string(scalar.string) }
            switch scalar.string {
            case "true", "false": json.flag(scalar.string == "true")
            case "null", "~", "": json.null()
            default: json.value(plainValue(scalar.string))
            }
        case .alias:
            json.null()
        }
    }
}

internal import FlowModel
internal import Yams

/// A file of the library: a header that says what is asked, and one statement that answers it.
public struct QueryFile: Hashable, Sendable {
    public enum Status: String, Sendable, CaseIterable {
        /// Name, parameters and columns stay.
        case stable
        /// May change or go away.
        case experimental
    }

    /// A column of the answer as people are shown it.
    public struct Column: Hashable, Sendable {
        public enum Kind: String, Sendable, CaseIterable {
            case text
            case integer
            case bytes
            /// Milliseconds of Unix time.
            case time
            /// Milliseconds.
            case duration
            /// A part of a whole, 0 to 1.
            case share
            /// A JSON array of flow ids.
            case flows
            case digest
            case verdict
            case severity
        }

        public var name: String
        public var label: String
        public var kind: Kind
    }

    public var path: String
    /// The file's name without `.sql`.
    public var id: String
    public var title: String
    public var question: String
    public var description: String
    public var status: Status
    public var parameters: [QueryParameter]
    /// Columns that the header describes, in its order; may be empty.
    public var columns: [Column]
    /// Command lines that show the query in use.
    public var examples: [String]
    public var sql: String
    /// Line of the file on which `sql` begins.
    public var sqlLine: Int

    public func parameter(_ name: String) -> QueryParameter? { parameters.first { $0.name == name } }

    static let commonKeys: Set<String> = [
        "id", "title", "question", "description", "status", "parameters", "columns", "examples",
    ]
    private static let parameterKeys: Set<String> = ["type", "default", "required", "description"]
    private static let columnKeys: Set<String> = ["label", "kind"]

    private static let opening = "/* ---"
    private static let closing = "--- */"
    /// Far above any query that a person would read.
    static let largestFile = 1 << 20

    /// Reads a file's text; `moreKeys` are those that this kind of file has beside the common ones.
    package static func parse(
        _ text: String, path: String, moreKeys: Set<String>
    ) throws(QueryFailure) -> (file: QueryFile, header: HeaderFields) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasSuffix("\r") ? line.dropLast() : line
        }
        guard lines.first == Substring(opening) else {
            throw QueryFailure(.refused, "\(path):1: the file must begin with a line `\(opening)` that opens its header")
        }
        guard let end = lines.firstIndex(of: Substring(closing)) else {
            throw QueryFailure(.refused, "\(path):1: the header is not closed by a line `\(closing)`")
        }
        let yaml = lines[1..<end].joined(separator: "\n")
        let header = try HeaderFields.compose(
            yaml, file: path, lineOffset: 1, subject: "the header", known: commonKeys.union(moreKeys))
        let name = path.split(separator: "/").last.map { $0.hasSuffix(".sql") ? $0.dropLast(4) : $0 } ?? ""
        let id = try header.requiredText("id")
        guard id == String(name) else {
            throw header.failure("id", "the file is called `\(name).sql` and its `id` is `\(id)`; they must agree")
        }
        let sql = lines[(end + 1)...].joined(separator: "\n")
        guard sql.contains(where: { !$0.isWhitespace }) else {
            throw QueryFailure(.refused, "\(path):\(end + 1): no statement follows the header")
        }
        let file = QueryFile(
            path: path, id: id, title: try header.requiredText("title"), question: try header.requiredText("question"),
            description: try header.text("description") ?? "", status: try header.word("status", default: .stable),
            parameters: try parameters(header), columns: try columns(header), examples: try header.texts("examples"), sql: sql,
            sqlLine: end + 2)
        return (file, header)
    }

    private static func parameters(_ header: HeaderFields) throws(QueryFailure) -> [QueryParameter] {
        guard let section = try header.mapping("parameters", "`parameters`") else { return [] }
        var parameters: [QueryParameter] = []
        for name in section.order {
            guard let fields = try section.mapping(name, "parameter `\(name)`", known: parameterKeys) else { continue }
            guard !QueryParameter.reserved.contains(name) else {
                throw section.failure(name, "`\(name)` is the period that every query has; give the parameter another name")
            }
            guard !name.isEmpty, name.utf8.allSatisfy(isNameByte) else {
                throw section.failure(name, "the parameter name `\(name)` must be lower-case letters, digits and `_`")
            }
            var parameter = QueryParameter(
                name: name, kind: try fields.word("type", default: nil), defaultValue: .null, defaultText: "",
                isRequired: try fields.flag("required"), description: try fields.requiredText("description"))
            if let text = try fields.text("default"), text != "null" {
                do {
                    parameter.defaultValue = try parameter.value(of: text, resolvingTime: { _ in nil })
                    parameter.defaultText = text
                } catch {
                    throw fields.failure("default", error.message)
                }
            }
            parameters.append(parameter)
        }
        return parameters
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 97...122, UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func columns(_ header: HeaderFields) throws(QueryFailure) -> [Column] {
        guard let section = try header.mapping("columns", "`columns`") else { return [] }
        var columns: [Column] = []
        for name in section.order {
            guard let fields = try section.mapping(name, "column `\(name)`", known: columnKeys) else { continue }
            columns.append(
                Column(name: name, label: try fields.requiredText("label"), kind: try fields.word("kind", default: .text)))
        }
        return columns
    }
}

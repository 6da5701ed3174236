/// Which sections a report has, in order.
public struct ReportTemplate: Hashable, Sendable {
    public var id: String
    public var title: String
    public var intro: String
    /// Names of parameters that sections take.
    public var parameters: [String]
    public var scope: Scope
    /// Ids of sections; `findings` and `limits` are made by the program, all others are files beside the template's directory.
    public var sections: [String]

    /// What a report is about.
    public enum Scope: String, Sendable, CaseIterable {
        case tenant
        /// What its parameters name; at least one must be given.
        case parameters
    }

    public static let builtIn: Set<String> = ["findings", "limits"]
    private static let keys: Set<String> = ["id", "title", "intro", "parameters", "scope", "sections"]

    public init(_ text: String, path: String) throws(QueryFailure) {
        let fields = try HeaderFields.compose(
            text, file: path, lineOffset: 0, subject: "the template", known: ReportTemplate.keys)
        id = try fields.requiredText("id")
        title = try fields.requiredText("title")
        intro = try fields.requiredText("intro")
        parameters = try fields.texts("parameters")
        scope = try fields.word("scope", default: .tenant)
        if scope == .parameters, parameters.isEmpty {
            throw fields.failure("scope", "a template whose scope is its `parameters` needs some")
        }
        sections = try fields.texts("sections")
        guard !sections.isEmpty else { throw fields.failure("sections", "a template needs `sections`") }
        guard Set(sections).count == sections.count else { throw fields.failure("sections", "`sections` names a section twice") }
    }
}

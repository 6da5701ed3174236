import FlowModel
import QueryCatalogue

/// The readers of what people add to the library of statements: headers of statements, and templates of reports.
enum QueryFuzzTarget: String, CaseIterable {
    case statement
    case template

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        do {
            switch self {
            // Only a file of the name that its header states is read.
            case .statement: QueryFuzzTarget.examine(try ReportQuery(text, path: "f.sql"), text)
            case .template: require(!(try ReportTemplate(text, path: "f.yaml")).sections.isEmpty, "a template has sections")
            }
        } catch {
            require(error.message.hasPrefix("f."), "a refusal names its place")
        }
    }

    private static func examine(_ section: ReportQuery, _ text: String) {
        let file = section.query
        require(file.id == "f" && section.shown > 0 && !file.columns.isEmpty, "what is demanded is there")
        require(file.sqlLine <= text.split(separator: "\n", omittingEmptySubsequences: false).count, "the statement begins within the file")
        require(Set(file.parameters.map(\.name)).count == file.parameters.count, "a parameter is declared once")
        for parameter in file.parameters {
            require(!QueryParameter.reserved.contains(parameter.name), "the period is nobody else's")
            guard !parameter.defaultText.isEmpty else { continue }
            let again = try? parameter.value(of: parameter.defaultText) { _ in nil }
            require(again == parameter.defaultValue, "a default is what its text says")
        }
        for text in ["", "0", "-1", "9223372036854775808", "1e999", "nan", "7d", "\u{0}"] {
            for parameter in file.parameters { _ = try? parameter.value(of: text) { _ in nil } }
        }
    }
}

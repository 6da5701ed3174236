internal import ArgumentParser
internal import QueryCatalogue
internal import TerminalSupport
internal import Wording

struct QueryViewsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "views", abstract: "The views that statements ask, or the columns of one.",
        discussion: """
            Examples:
              twin-audit query views
              twin-audit query views flow
            """)

    @OptionGroup var output: OutputOptions

    @Argument(help: ArgumentHelp("A view, to see its columns.", valueName: "view"))
    var name: String?

    func run() throws {
        let views = ViewDescription.all
        guard let name else {
            let writer = RowWriter(format: output.format, columns: ["view", "columns", "meaning"], output: OutputStream())
            for view in views { try writer.write([.text(view.name), .integer(Int64(view.columns.count)), .text(view.meaning)]) }
            return try writer.finish()
        }
        guard let view = views.first(where: { $0.name == name }) else {
            let nearest = NearestWord.find(name, among: views.map(\.name)).map { "the nearest is `\($0)`; " } ?? ""
            throw CommandFailure(.usage, "no view `\(name)`; \(nearest)`twin-audit query views` shows all")
        }
        let writer = RowWriter(format: output.format, columns: ["column", "meaning"], output: OutputStream())
        for column in view.columns { try writer.write([.text(column.name), .text(column.meaning)]) }
        try writer.finish()
    }
}

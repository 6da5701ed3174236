import Foundation
import PackagePlugin

/// Makes the files of `Queries/`, and the description of the views that they are over, a Swift source of the module that it is applied
/// to, by `embed.sh` beside this file.
@main
struct EmbedQueries: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let package = context.package.directoryURL
        let root = package.appending(path: "Queries")
        let views = package.appending(path: "docs/database-views.md")
        let script = package.appending(path: "Plugins/EmbedQueries/embed.sh")
        let source = context.pluginWorkDirectoryURL.appending(path: "LibraryTexts.swift")
        // Directories, too: they change when a file comes or goes.
        let inputs = try FileManager.default.subpathsOfDirectory(atPath: root.path).map { root.appending(path: $0) }
        return [
            .buildCommand(
                displayName: "Queries", executable: URL(fileURLWithPath: "/bin/sh"),
                arguments: [script.path, root.path, views.path, source.path],
                inputFiles: [script, root, views] + inputs, outputFiles: [source])
        ]
    }
}

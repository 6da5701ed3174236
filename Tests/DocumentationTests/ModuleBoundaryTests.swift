import Foundation
import Testing

/// Modules import only what stands above them; see docs/architecture.md.
struct ModuleBoundaryTests {
    /// What each module may import of the project and of others. `Glibc` and the standard library's own modules are left to each rule.
    static let allowed: [String: Set<String>] = [
        "TextEncodings": [],
        "FileAccess": ["Glibc"],
        "FlowModel": ["TextEncodings", "Glibc"],
        "Wording": ["TextEncodings"],
        "AccessPolicy": ["FlowModel", "TextEncodings", "Wording", "Crypto", "Glibc"],
        "PolicyDocuments": ["FlowModel", "TextEncodings", "FileAccess", "Wording", "AccessPolicy", "Yams", "Glibc"],
        "FlowJournal": ["FlowModel", "TextEncodings", "FileAccess", "CDeflate", "CZlib", "Crypto", "Glibc", "Dispatch", "Synchronization"],
        "LogFormats": ["FlowModel", "TextEncodings", "Glibc"],
        "FlowStore": [
            "FlowModel", "TextEncodings", "Wording", "AccessPolicy", "PolicyDocuments", "CPrefetch", "CSQLiteBatch", "Crypto", "Dispatch",
            "GRDB", "GRDBSQLite", "Glibc", "Foundation",
        ],
        "Ingest": [
            "FlowModel", "TextEncodings", "FileAccess", "AccessPolicy", "FlowJournal", "LogFormats", "FlowStore", "CPrefetch", "Crypto",
            "Dispatch", "Glibc",
        ],
        "Replay": ["Dispatch", "FlowModel", "AccessPolicy", "PolicyDocuments", "FlowStore"],
        "BuiltInQueries": [],
        "QueryCatalogue": ["FlowModel", "TextEncodings", "FileAccess", "BuiltInQueries", "Yams", "Foundation"],
        "QueryLibrary": ["FlowModel", "FlowStore", "QueryCatalogue", "Dispatch", "Glibc", "Foundation"],
        "Detection": [
            "FlowModel", "TextEncodings", "FlowStore", "QueryCatalogue", "QueryLibrary", "Yams", "Crypto", "Glibc", "Foundation",
        ],
        "Reporting": [
            "AccessPolicy", "FlowModel", "TextEncodings", "FlowStore", "Replay", "QueryCatalogue", "QueryLibrary", "Detection", "Wording",
            "Glibc",
            "Foundation",
        ],
        "Simulation": ["FlowModel", "TextEncodings", "FileAccess", "AccessPolicy", "PolicyDocuments", "FlowJournal", "Glibc"],
        "TerminalSupport": [
            "FlowModel", "TextEncodings", "FileAccess", "Wording", "FlowJournal", "ArgumentParser", "Glibc", "Synchronization",
        ],
    ]

    @Test("a module imports only what stands above it", arguments: allowed.keys.sorted())
    func imports(module: String) throws {
        let files = Checkout.files(in: "Sources/\(module)", ending: ".swift")
        #expect(!files.isEmpty)
        let permitted = try #require(ModuleBoundaryTests.allowed[module])
        for file in files {
            for name in try ModuleBoundaryTests.imports(of: file) where !permitted.contains(name) {
                Issue.record("\(file) imports \(name)")
            }
        }
    }

    @Test(
        "the store alone opens SQLite",
        arguments: ["FlowModel", "AccessPolicy", "PolicyDocuments", "FlowJournal", "LogFormats", "Simulation", "twin-journal"])
    func databaseFree(module: String) throws {
        for file in Checkout.files(in: "Sources/\(module)", ending: ".swift") {
            let names = try ModuleBoundaryTests.imports(of: file)
            #expect(names.isDisjoint(with: ["GRDB", "GRDBSQLite", "SQLite3", "FlowStore"]), "\(file)")
        }
    }

    @Test("one module knows the library that opens SQLite")
    func oneStore() throws {
        var importers: Set<Substring> = []
        for file in Checkout.files(in: "Sources", ending: ".swift")
        where try !ModuleBoundaryTests.imports(of: file).isDisjoint(with: ["GRDB", "GRDBSQLite", "SQLite3"]) {
            importers.insert(file.split(separator: "/")[1])
        }
        #expect(importers == ["FlowStore"])
    }

    @Test("library code neither prints nor gives up")
    func manners() throws {
        let banned = ["fatalError(", "try!", "print(", "preconditionFailure(", "TO" + "DO", "FIX" + "ME"]
        for file in Checkout.files(in: "Sources", ending: ".swift") where !file.hasPrefix("Sources/twin-") {
            let lines = try Checkout.text(file).split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() {
                let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
                for word in banned where code.contains(word) {
                    Issue.record("\(file):\(number + 1) has `\(word)`")
                }
            }
        }
    }

    static func imports(of file: String) throws -> Set<String> {
        var names: Set<String> = []
        for line in try Checkout.text(file).split(separator: "\n") {
            var words = line.split(separator: " ")
            if let first = words.first, ["public", "internal", "package", "fileprivate", "private", "@testable"].contains(first) {
                words.removeFirst()
            }
            if words.first == "import", words.count > 1 { names.insert(String(words[words.count - 1])) }
        }
        return names
    }
}

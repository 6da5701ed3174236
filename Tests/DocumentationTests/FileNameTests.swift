import Foundation
import Testing

/// Pages that lead people to files lead to files that are there.
struct FileNameTests {
    @Test("every file and directory that a page names is there", arguments: ["docs/architecture.md", "docs/contributing.md"])
    func names(page: String) throws {
        let text = try Checkout.text(page)
        let named = text.matches(of: /`((?:Sources|Tests|Queries|SampleLogs|Benchmarks|Fuzz|docs)\/[^`\s]*)`/).map { String($0.1) }
        #expect(named.count > 10)
        for name in named {
            #expect(FileManager.default.fileExists(atPath: Checkout.root.appendingPathComponent(name).path), "\(page) names `\(name)`")
        }
    }

    @Test("the table of sizes is near the truth: a tenth more or less, and the longest file by name")
    func sizes() throws {
        let rows = try Checkout.text("docs/architecture.md").matches(of: /\| `([\w-]+)` \| (\d+) \| (\d+) \| `([\w+]+\.swift)`, (\d+) \|/)
        var modules: Set<String> = []
        for row in rows {
            let module = String(row.1)
            modules.insert(module)
            let lines = try Checkout.files(in: "Sources/\(module)", ending: ".swift").map { file in
                (name: file, count: try Checkout.text(file).split(separator: "\n", omittingEmptySubsequences: false).count - 1)
            }
            let total = Double(lines.reduce(0) { $0 + $1.count })
            let stated = try #require(Double(String(row.3)))
            #expect(abs(total - stated) <= max(100, total / 10), "\(module) has \(total) lines")
            let longest = try #require(lines.max { $0.count < $1.count })
            let statedLongest = try #require(Double(String(row.5)))
            #expect(abs(Double(longest.count) - statedLongest) <= 50, "\(longest)")
        }
        let all = Set(
            Checkout.files(in: "Sources", ending: ".swift").compactMap { $0.split(separator: "/").dropFirst().first.map(String.init) })
        #expect(modules == all)
    }
}

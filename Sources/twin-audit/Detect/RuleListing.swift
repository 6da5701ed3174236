internal import ArgumentParser
internal import Detection
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import TerminalSupport
internal import Wording

/// Shows rules without running them.
enum RuleListing {
    static func list(_ rules: [DetectionRule], _ options: OutputOptions) throws {
        let writer = RowWriter(
            format: options.format, columns: ["rule_id", "severity", "title", "needs", "witness", "status"], output: OutputStream())
        for rule in rules {
            try writer.write([
                .text(rule.id), .text(rule.severity.rawValue), .text(rule.query.title),
                .text(rule.needs.map(\.rawValue).joined(separator: " ")), .text(rule.witness.rawValue),
                .text(rule.query.status.rawValue),
            ])
        }
        try writer.finish()
    }

    static func explain(_ id: String, _ rules: [DetectionRule]) throws {
        guard let rule = rules.first(where: { $0.id == id }) else {
            throw CommandFailure(.usage, unknown(id, rules))
        }
        var text = "\(rule.id) (\(rule.severity.rawValue)): \(rule.query.title)\n\n"
        text += "\(rule.query.question)\n\(rule.query.description)\n\nPrecisely: \(rule.precisely)\n"
        text += "Says: \(rule.explanation)\n"
        text += "Rests on the word of: \(rule.witness.rawValue)\n"
        text += "Needs: \(rule.needs.map(\.rawValue).joined(separator: ", "))\n"
        text += "One finding for each: \(rule.subject.joined(separator: ", "))\n"
        text += Question.parameters(rule.query)
        text += paragraph("Fires by mistake on", rule.falsePositives)
        text += paragraph("ATT&CK", rule.attack)
        text += paragraph("Gives evidence for", rule.controls)
        text += "\nSQL (\(rule.query.path)):\n\n\(rule.query.sql)\n"
        let output = OutputStream()
        try output.write(Escaping.text(text))
        try output.flush()
    }

    /// What to say of an id that no rule has.
    static func unknown(_ id: String, _ rules: [DetectionRule]) -> String {
        let nearest = NearestWord.find(id, among: rules.map(\.id)).map { "the nearest is `\($0)`; " } ?? ""
        return "no rule `\(id)`; \(nearest)`twin-audit detect --list` shows the rules"
    }

    private static func paragraph(_ title: String, _ items: [String]) -> String {
        items.isEmpty ? "" : "\n\(title):\n" + items.map { "  \($0)\n" }.joined()
    }
}

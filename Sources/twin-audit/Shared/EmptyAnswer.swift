internal import FlowModel
internal import FlowStore
internal import TerminalSupport
internal import Wording

/// Says on standard error why there is nothing to show, or less than was asked for, and with which status that ends.
///
/// Nothing is an answer only where something was looked at: flows of the period, of names that the database knows.
enum EmptyAnswer {
    /// To be called after an answer of `rows` rows.
    static func explain(rows: Int, _ filter: FlowFilter, _ database: AuditDatabase) throws -> ExitStatus {
        let unknown = try filter.unknownNames(database)
        let beforePolicy = filter.groups.isEmpty ? 0 : try filter.flowsWithoutGroups(database)
        if beforePolicy > 0 {
            Message.warning(
                "not counted, because no policy is known for their time, and so nobody's group: \(beforePolicy) flows")
        }
        if rows > 0, unknown.isEmpty { return .clean }
        let coverage = try Coverage(database)
        guard coverage.flows > 0, let first = coverage.first, let last = coverage.last else {
            Message.write("nothing to show: the database holds no flows; ingest journals or logs first")
            return .undecidable
        }
        guard unknown.isEmpty else {
            for name in unknown { Message.error(Escaping.terminal(name.description)) }
            return .undecidable
        }
        let asked = filter.description.isEmpty ? "these" : Escaping.terminal(filter.description)
        Message.write("nothing matches \(asked); the database holds \(coverage.flows) flows from \(first) to \(last)")
        return coverage.meets(since: filter.since, until: filter.until) && beforePolicy == 0 ? .clean : .undecidable
    }
}

package import FlowStore
package import QueryCatalogue

/// Holds files of the library against the views of an empty database: what can be said of a statement before it meets data.
package struct StatementCheck {
    private let store: AuditDatabase

    /// `store`: a database with the public views, or tables that stand for them.
    package init(_ store: AuditDatabase) {
        self.store = store
    }

    /// The columns of the statement's answer, nil when it cannot be compiled; adds to `problems` a sentence for each thing that is wrong.
    @discardableResult
    package func columns(of query: QueryFile, _ problems: inout [String]) -> [String]? {
        do {
            return try store.read { database in
                try StatementGuard.guarding(database, .everything) { statementGuard in
                    let statement = try QueryRunner.prepare(
                        database, sql: query.sql, file: query.path, firstLine: query.sqlLine, statementGuard: statementGuard)
                    try QueryRunner.checkReach(database, sql: query.sql, file: query.path, firstLine: query.sqlLine)
                    let used = statement.parameters
                    let declared = Set(query.parameters.map(\.name))
                    for name in used.subtracting(declared).subtracting(QueryParameter.reserved).sorted() {
                        problems.append("\(query.path):\(query.sqlLine): the statement uses `:\(name)`, which the header does not declare")
                    }
                    for name in declared.subtracting(used).sorted() {
                        problems.append("\(query.path):1: the header declares `\(name)`, which the statement does not use")
                    }
                    let names = statement.columns
                    for column in query.columns where !names.contains(column.name) {
                        problems.append(
                            "\(query.path):1: the header describes the column `\(column.name)`, which the statement does not give")
                    }
                    return names
                }
            }
        } catch let error as QueryFailure {
            problems.append(error.message)
        } catch {
            problems.append("\(query.path): \(error)")
        }
        return nil
    }

    /// A section of a report describes every column that it shows.
    package func check(_ section: ReportQuery, _ problems: inout [String]) {
        guard let names = columns(of: section.query, &problems) else { return }
        let described = Set(section.query.columns.map(\.name))
        for name in names where !described.contains(name) {
            problems.append("\(section.query.path):1: the header does not describe the column `\(name)`")
        }
    }
}

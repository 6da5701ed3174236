public import FlowModel
public import FlowStore
internal import LogFormats

/// Holds the rows of a database against its sources: they are decoded anew, from the bytes that are there now, into another database, which
/// must come to say the same.
///
/// Verdicts are left out: they follow from the policy, and `replay` judges anew.
public enum RowAgreement {
    public enum Answer: Sendable {
        /// As many rows say the same. `from`: of what is from before it nothing is said, since flows were pruned.
        case agrees(rows: Int64, from: Timestamp?)
        /// Sentences: what differs.
        case differs([String])
        /// Why it cannot be told.
        case cannotTell(String)
    }

    /// Views that are compared, each with the columns that are left out of it.
    private static let views: [(name: String, without: Set<String>)] = [
        (
            "flow",
            [
                "flow_id", "source_id", "source_offset", "source_line", "end_source_id", "end_offset", "end_line", "other_sources",
                "policy_version", "verdict", "reason", "expected_resource_id", "qualifiers", "violation", "aggregate_id",
            ]
        ),
        ("journal_record", ["source_id", "offset", "line"]), ("name_query", ["source_id", "offset", "line"]),
        ("administrative_change", ["source_id", "offset", "line"]),
    ]

    /// Differing rows that are told.
    private static let most = 5

    /// - Parameters:
    ///   - roots: where to look for sources beside the places at which they were seen.
    ///   - path: where a database can be made; it is left there.
    public static func check(_ database: AuditDatabase, roots: SourceRoots = .none, derivingInto path: String) throws -> Answer {
        let inputs: [Input]
        switch try database.read({ try RowAgreement.inputs(of: $0, roots) }) {
        case .success(let found): inputs = found
        case .failure(let reason): return .cannotTell(reason.sentence)
        }
        for input in inputs {
            var options = Ingest.Options()
            options.format = input.format
            options.durationUnit = input.unit
            let report = try Ingest(options: options).run(paths: input.paths, databasePath: path)
            // A source that was cut off is cut off now, too.
            if let problem = report.refusals.first(where: { $0.kind != .refused || !$0.keepsWhatWasRead }) {
                return .cannotTell("a source cannot be read any more: \(problem.message)")
            }
        }
        let derived = try AuditDatabase(path: path, mode: .readOnly)
        let from = try database.read { try PruneWatermark($0).hour }
        var sentences: [String] = []
        var rows: Int64 = 0
        for (view, without) in views {
            // Of what was pruned, nothing can be compared.
            let condition = from == .min ? "1" : "\(view == "flow" ? "started_at" : "at") >= \(PruneWatermark.reached(from))"
            let ours = try database.read { try digest(of: view, without, condition, $0) }
            let theirs = try derived.read { try digest(of: view, without, condition, $0) }
            rows += ours.rows
            if ours != theirs {
                sentences.append("the view `\(view)` has \(ours.rows) rows, and what the sources say makes \(theirs.rows)")
                if view == "flow" { sentences += try examples(database, derived, without, condition) }
            }
        }
        try derived.close()
        let limit = from == .min ? nil : Timestamp(milliseconds: PruneWatermark.reached(from))
        return sentences.isEmpty ? .agrees(rows: rows, from: limit) : .differs(sentences)
    }

    private struct Input {
        var paths: [String]
        var format: InputFormat?
        var unit: FlowEvent.DurationUnit
    }

    private struct Missing: Error {
        var sentence: String
    }

    /// The sources at their places, in the order in which they came; those that were read alike together.
    private static func inputs(of connection: StoreConnection, _ roots: SourceRoots) throws -> Result<[Input], Missing> {
        let places = SourcePlaces(connection, roots: roots)
        var found: [Input] = []
        for file in try places.files().sorted(by: { $0.id < $1.id }) {
            guard case .found(let path, let isWhole) = try places.look(for: file) else {
                return .failure(Missing(sentence: "`\(file.path)` is not there any more, so its rows cannot be derived anew"))
            }
            guard isWhole else {
                return .failure(Missing(sentence: "`\(path)` has grown since it was ingested; ingest again"))
            }
            let format = InputFormat(rawValue: file.format)
            if let last = found.indices.last, found[last].format == format, found[last].unit == SourceTable.unit(file.durationUnit) {
                found[last].paths.append(path)
            } else {
                found.append(Input(paths: [path], format: format, unit: SourceTable.unit(file.durationUnit)))
            }
        }
        for journal in try places.journals() {
            // Where there are several, one that was left behind is not the one.
            let held = journal.candidates.count > 1 ? journal.candidates.first { journal.isHeld(in: $0) } : nil
            guard let first = journal.segments.first else { continue }
            guard let directory = held ?? journal.candidates.first else {
                return .failure(
                    Missing(sentence: "the journal `\(journal.directory)` is not there any more, so its rows cannot be derived anew"))
            }
            let paths = journal.segments.map { journal.path(of: $0, in: directory) }
            let grown = zip(journal.segments, paths).first { Ingest.size(of: $1) > $0.size }
            if let grown { return .failure(Missing(sentence: "`\(grown.1)` has grown since it was ingested; ingest again")) }
            found.append(Input(paths: paths, format: nil, unit: SourceTable.unit(first.durationUnit)))
        }
        return found.isEmpty ? .failure(Missing(sentence: "the database has no sources")) : .success(found)
    }

    private struct Digest: Equatable {
        var rows: Int64 = 0
        var sum: UInt64 = 0
        var other: UInt64 = 0
    }

    private static func columns(of view: String, _ without: Set<String>, _ connection: StoreConnection) throws -> [String] {
        try connection.columnNames(of: view).filter { !without.contains($0) }
    }

    /// The number of rows, and sums of two keyed hashes of them: the same for the same rows in any order, and nobody can craft others, since
    /// the keys are made at random for each comparison.
    private static func digest(
        of view: String, _ without: Set<String>, _ condition: String, _ connection: StoreConnection
    ) throws -> Digest {
        let names = try columns(of: view, without, connection).map { "\"\($0)\"" }.joined(separator: ", ")
        // What stands in several sources is one record.
        let kind = view == "flow" ? "" : "DISTINCT "
        let statement = try RawStatement(connection, "SELECT \(kind)\(names) FROM \(view) WHERE \(condition)")
        let width = try columns(of: view, without, connection).count
        var digest = Digest()
        while try statement.step() {
            var (first, second) = (SipHash(keys.0), SipHash(keys.1))
            for column in 0..<Int32(width) {
                let isNull = statement.isNull(column)
                first.append(isNull ? UInt64(0) : 1)
                second.append(isNull ? UInt64(0) : 1)
                if isNull { continue }
                statement.withText(column) { bytes in
                    first.append(bytes)
                    second.append(bytes)
                }
            }
            digest.rows += 1
            digest.sum &+= first.finish()
            digest.other &+= second.finish()
        }
        statement.reset()
        return digest
    }

    private static let keys = (
        SipHash.Key(first: .random(in: .min ... .max), second: .random(in: .min ... .max)),
        SipHash.Key(first: .random(in: .min ... .max), second: .random(in: .min ... .max))
    )

    /// Some flows of either side that the other has not.
    private static func examples(
        _ database: AuditDatabase, _ derived: AuditDatabase, _ without: Set<String>, _ condition: String
    ) throws -> [String] {
        func rows(_ database: AuditDatabase) throws -> [String] {
            try database.read { connection in
                let names = try columns(of: "flow", without, connection).map { "\"\($0)\"" }.joined(separator: ", ")
                return try connection.rows("SELECT \(names) FROM flow WHERE \(condition) ORDER BY \(names) LIMIT 100000").map {
                    "connection \($0["connection_id"] as String? ?? "-") of \($0["principal"] as String? ?? "-") to "
                        + "\($0["address"] as String? ?? "-") at \(Timestamp(milliseconds: $0["started_at"] as Int64? ?? 0)), "
                        + "\($0["outcome"] as String? ?? "-"), \($0["bytes_received"] as Int64? ?? 0) bytes received"
                }
            }
        }
        let (ours, theirs) = (try rows(database), try rows(derived))
        let (left, right) = (Set(ours), Set(theirs))
        return ours.filter { !right.contains($0) }.prefix(most).map { "only in the database: \($0)" }
            + theirs.filter { !left.contains($0) }.prefix(most).map { "only in the sources: \($0)" }
    }
}

public import AccessPolicy
internal import FlowJournal
public import FlowModel
internal import GRDB
internal import Glibc
public import LogFormats

/// Reads journals, logs and exports into a database.
public struct Ingest {
    public struct Options: Sendable {
        /// Nil: told from the content.
        public var format: InputFormat?
        /// The unit of `connection.duration`, when the caller vouches for it.
        public var durationUnit = FlowEvent.DurationUnit.unstated
        /// Snapshots to add to the history in the database.
        public var policies: [PolicySnapshot] = []
        public var engine = EngineOptions()
        /// Wait for another ingest into the same database to finish.
        public var waits = true
        /// Events in a transaction: enough that roll-ups are written once for many of them, few enough for a write-ahead log of some
        /// hundred MB. A transaction ends after some seconds in any case.
        public var transactionEvents = 1_000_000
        /// Flows that are made into rows together; the answer is the same with any number.
        var batchFlows = FlowAssembly.capacity
        /// Who ingests, for the auditor's own log.
        public var actor = ""
        public var now = Timestamp(milliseconds: 0)

        public init() {}
    }

    /// Of database pages held in memory: ingest appends more than it looks up.
    private static let cacheKiB = 16 << 10

    public var options: Options
    /// Called now and then with bytes read, bytes in all, and events so far.
    public var onProgress: ((Int64, Int64, Int64) -> Void)?
    /// Asked between batches; true stops at a consistent point.
    public var shouldStop: (() -> Bool)?

    public init(options: Options) {
        self.options = options
    }

    /// Ingests `paths` into the database at `databasePath`, which is made when missing.
    ///
    /// Input that cannot be used is reported, not thrown; thrown are `StoreFailure`s of the database itself. What was ingested before
    /// stays, and the next run goes on from there.
    public func run(paths: [String], databasePath: String) throws -> IngestReport {
        let existed = access(databasePath, F_OK) == 0
        var report = IngestReport()
        var inputs = InputCollector()
        inputs.collect(paths)
        report.refusals = inputs.refusals
        if inputs.files.isEmpty, options.policies.isEmpty { return report }
        let lock = try IngestLock(databasePath: databasePath, waits: options.waits)
        defer { lock.release() }
        let database = try AuditDatabase(path: databasePath, mode: .create)
        do {
            try database.withoutTransaction { connection in
                try ingest(inputs, into: connection, report: &report)
            }
            try database.close()
        } catch {
            try? database.close()
            if !existed { Ingest.removeIfEmpty(databasePath) }
            throw error
        }
        if !existed { Ingest.removeIfEmpty(databasePath) }
        return report
    }

    private func ingest(_ inputs: InputCollector, into connection: Database, report: inout IngestReport) throws {
        try connection.execute(sql: "PRAGMA cache_size = -\(Ingest.cacheKiB)")
        let before = connection.totalChangesCount
        let history = try PolicyTable.add(options.policies, to: connection, report: &report)
        let writer = try IngestWriter(
            connection, statedUnit: options.durationUnit, transactionEvents: options.transactionEvents, batchFlows: options.batchFlows
        ) { reader, judgements in
            history.map { Classifier($0, options: options.engine, reader: reader, judgements: judgements) }
        }
        defer { writer.abandon() }
        let named = Set(inputs.named)
        let total = inputs.files.reduce(Int64(0)) { $0 + Ingest.size(of: $1) }
        var done: Int64 = 0
        let journals = try examineJournals(of: inputs.files, JournalMemory(database: connection), &report)
        let pools = DecodingPools(seed: writer.identitySeed)
        for file in inputs.files {
            if shouldStop?() == true { break }
            if case .some(.none) = journals[SourceIngest.directory(of: file)] { continue }
            let reader = SourceIngest(ingest: self, writer: writer, pools: pools, total: total, done: done)
            do {
                try reader.run(file, report: &report)
            } catch let failure as StoreFailure {
                // In a directory there may be other things than logs; what was named must be one.
                if named.contains(file) || failure.kind != .refused {
                    report.refusals.append(failure)
                } else {
                    report.warnings.append(failure.message)
                }
            }
            done += Ingest.size(of: file)
        }
        try writer.finish(&report)
        try connection.inTransaction {
            for (directory, seen) in journals.sorted(by: { $0.key < $1.key }) {
                guard let seen else { continue }
                try JournalMemory(database: connection).remember(
                    seen.head, origin: seen.origin, directory: directory, at: options.now)
            }
            return .commit
        }
        report.unknownStarts = try writer.resolvePendingDurations()
        try RetellingPass(connection)?.run(&report) { shouldStop?() == true }
        if report.newSnapshots > 0 || writer.needsOrderedJudgement {
            report.judgedAgain = try writer.judgeAgain()
        }
        if connection.totalChangesCount != before {
            try AuditLog.write(
                connection, at: options.now, actor: options.actor, command: "ingest",
                detail: AuditLog.detail(of: report))
            try connection.execute(sql: "PRAGMA optimize")
        }
        try writer.leaveWriteAheadLog()
    }

    /// Holds every journal among the files against what was seen of it before. Gives a report for each that may be read, nil for each that
    /// no longer extends what was seen.
    private func examineJournals(
        of files: [String], _ memory: JournalMemory, _ report: inout IngestReport
    ) throws -> [String: VerificationReport?] {
        var examined: [String: VerificationReport?] = [:]
        for file in files where file != "-" && SegmentName.number(of: file) != nil {
            let directory = SourceIngest.directory(of: file)
            guard examined[directory] == nil else { continue }
            let found: VerificationReport
            do {
                found = try memory.examine(directory)
            } catch let problem as SystemProblem {
                report.refusals.append(StoreFailure(.environment, "\(problem)"))
                examined[directory] = .some(nil)
                continue
            }
            if let broken = found.findings.first(where: { $0.kind == .notAnExtension }) {
                report.refusals.append(
                    StoreFailure(
                        .tampered,
                        """
                        `\(directory)`: the journal no longer extends what was ingested before: \(broken.explanation); evidence was changed, \
                        nothing of it was read
                        """))
                examined[directory] = .some(nil)
            } else {
                examined[directory] = found
            }
        }
        return examined
    }

    static func size(of path: String) -> Int64 {
        var information = stat()
        return stat(path, &information) == 0 ? Int64(information.st_size) : 0
    }

    /// A database that was made for input which then was refused has nothing in it.
    private static func removeIfEmpty(_ path: String) {
        guard let database = try? AuditDatabase(path: path, mode: .readOnly),
            let rows = try? database.read({ connection in
                try Int64.fetchOne(connection, sql: "SELECT (SELECT count(*) FROM source_file) + (SELECT count(*) FROM snapshot)")
            }), rows == 0
        else { return }
        try? database.close()
        unlink(path)
    }
}

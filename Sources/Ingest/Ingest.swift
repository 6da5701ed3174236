public import AccessPolicy
internal import FlowJournal
public import FlowModel
internal import FlowStore
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
        /// Different records without id of one source that are counted in memory; the answer is the same with any number.
        var countedInMemory = RowOccurrences.defaultLimit
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
    /// Input that cannot be used is reported, not thrown, and the other inputs are taken in. Thrown is what is wrong with the database
    /// itself, a `StoreFailure`: it ends the run. What was committed before stays, and the next run goes on from there.
    public func run(paths: [String], databasePath: String) throws -> IngestReport {
        let existed = access(databasePath, F_OK) == 0
        var report = IngestReport()
        var inputs = InputCollector()
        inputs.collect(paths)
        report.refusals = inputs.refusals
        if inputs.files.isEmpty, options.policies.isEmpty { return report }
        let shouldStop = { self.shouldStop?() == true }
        // Before the lock is taken: whoever writes into a pipe may be slow.
        let spools = Spools(shouldStop: shouldStop)
        guard spools.fill(inputs.files),
            let lock = try IngestLock(databasePath: databasePath, waits: options.waits, shouldStop: shouldStop)
        else {
            report.wasStopped = true
            return report
        }
        defer { lock.release() }
        let database = try AuditDatabase(path: databasePath, mode: .create)
        do {
            try database.withoutTransaction { connection in
                try ingest(inputs, spools, into: connection, report: &report)
            }
            try database.close()
        } catch {
            try? database.close()
            if !existed { Ingest.removeIfEmpty(databasePath) }
            throw error
        }
        if !existed { Ingest.removeIfEmpty(databasePath) }
        report.wasStopped = shouldStop()
        return report
    }

    private func ingest(
        _ inputs: InputCollector, _ spools: Spools, into connection: StoreConnection, report: inout IngestReport
    ) throws {
        try connection.run("PRAGMA cache_size = -\(Ingest.cacheKiB)")
        let before = connection.changedRows
        let policies = try PolicyTable.add(options.policies, to: connection)
        report.newSnapshots = policies.newSnapshots
        report.warnings += policies.warnings
        let writer = try takeIn(inputs.files, spools, named: Set(inputs.named), connection, policies.history, &report)
        defer { writer.undo() }
        report.unknownStarts = try writer.resolveStarts()
        try SourceMatchPass(connection)?.run(&report) { shouldStop?() == true }
        if report.newSnapshots > 0 || writer.needsOrderedAssessment {
            report.judgedAgain = try writer.judgeAgain()
        }
        if connection.changedRows != before {
            try AuditLog.write(
                connection, at: options.now, actor: options.actor, command: "ingest", detail: report.log)
            try connection.run("PRAGMA optimize")
        }
        try writer.leaveWriteAheadLog()
    }

    private func makeWriter(_ connection: StoreConnection, _ history: NamedHistory?) throws -> IngestWriter {
        try IngestWriter(
            connection, statedUnit: options.durationUnit, transactionEvents: options.transactionEvents, batchFlows: options.batchFlows,
            countedInMemory: options.countedInMemory, now: options.now
        ) { reader, assessments in
            history.map { Classifier($0, options: options.engine, reader: reader, assessments: assessments) }
        }
    }

    /// Takes in file after file. What is wrong with one is reported, and nothing of it stays that was not committed before: the transaction
    /// is undone, all that memory holds of it is dropped, and the other files of the transaction are read again.
    private func takeIn(
        _ files: [String], _ spools: Spools, named: Set<String>, _ connection: StoreConnection, _ history: NamedHistory?,
        _ report: inout IngestReport
    ) throws -> IngestWriter {
        var sizes: [Int64] = [0]
        for file in files { sizes.append((sizes.last ?? 0).saturatingAdd(Ingest.size(of: file))) }
        let journals = JournalInput.find(among: files)
        var writer = try makeWriter(connection, history)
        var pools = DecodingPools(key: writer.identityKey)
        var faulty: Set<Int> = []
        var problems: [InputProblem] = []
        var index = 0
        // The first file that is not wholly in what was committed.
        var firstToRepeat = 0
        // The file of which a part is committed.
        var partOf = -1
        do {
            while index < files.count, shouldStop?() != true {
                defer { index += 1 }
                if faulty.contains(index) { continue }
                if !faulty.isEmpty {
                    // Where one file was faulty there may be more: each failure costs no more than its own file.
                    try writer.commit()
                    firstToRepeat = index
                    partOf = -1
                }
                writer.willCommit = { (firstToRepeat, partOf) = (index, index) }
                writer.mayCommit = true
                let batches = writer.batches
                do {
                    if let journal = journals[index] {
                        // All of a journal is taken in with its first segment.
                        if journal.first != index { continue }
                        try JournalIngest(
                            ingest: self, writer: writer, pools: pools, directory: journal.directory, wanted: journal.wanted,
                            total: sizes[files.count], done: sizes[index]
                        ).run()
                    } else {
                        try SourceIngest(
                            ingest: self, writer: writer, pools: pools, spools: spools, total: sizes[files.count], done: sizes[index]
                        ).run(files[index])
                    }
                } catch var problem as InputProblem {
                    faulty.insert(index)
                    problem.complete(hasPart: partOf == index)
                    problems.append(problem)
                    writer.mayCommit = true
                    guard writer.batches > batches, !problem.keepsWhatWasRead else { continue }
                    report.add(try writer.abandon())
                    writer = try makeWriter(connection, history)
                    pools = DecodingPools(key: writer.identityKey)
                    index = firstToRepeat - 1
                }
            }
            if writer.mayCommit {
                try writer.commit()
            } else {
                // Stopped in a file before it was known whether what was read of it may stay.
                report.add(try writer.abandon())
                writer = try makeWriter(connection, history)
            }
            try notePassedOver(problems, writer)
        } catch {
            // The store is broken: the transaction is undone, and what was committed stays.
            writer.undo()
            throw error
        }
        report.add(writer.report)
        for problem in problems {
            // In a directory there may be other things than logs; what was named must be one.
            if named.contains(problem.path) || problem.kind != .refused || problem.keepsWhatWasRead {
                report.refusals.append(problem)
            } else {
                report.warnings.append(problem.message)
            }
        }
        return writer
    }

    /// Every file that was passed over stands among the sources, with the reason.
    private func notePassedOver(_ problems: [InputProblem], _ writer: IngestWriter) throws {
        let settled = try writer.settledSources()
        let news = try problems.filter { problem in try !problem.keepsWhatWasRead && !settled.isNoted(problem) }
        guard !news.isEmpty else { return }
        let sources = try writer.ownedSources()
        for problem in news { try sources.notePassedOver(problem) }
        try writer.commit()
    }

    /// A journal among the inputs: its directory, and the segments that are to be read, by number.
    private struct JournalInput {
        var directory: String
        /// Where its first segment stands among the files.
        var first: Int
        var wanted: [Int: String]

        /// By the places of its segments among the files.
        static func find(among files: [String]) -> [Int: JournalInput] {
            var byDirectory: [String: JournalInput] = [:]
            var places: [(place: Int, directory: String)] = []
            for (place, file) in files.enumerated() where file != "-" {
                let directory = SourceIngest.directory(of: file)
                guard let number = SegmentName.number(of: file) else { continue }
                byDirectory[directory, default: JournalInput(directory: directory, first: place, wanted: [:])].wanted[number] = file
                places.append((place, directory))
            }
            // Other gzip files may be called so, too; where one is a segment, all are.
            byDirectory = byDirectory.filter { $0.value.wanted.values.contains { SourceProbe.beginsWithFrame(path: $0) } }
            var found: [Int: JournalInput] = [:]
            for (place, directory) in places { found[place] = byDirectory[directory] }
            return found
        }
    }

    static func size(of path: String) -> Int64 {
        var information = stat()
        return stat(path, &information) == 0 ? Int64(information.st_size) : 0
    }

    /// A database that was made for input which then was refused has nothing in it.
    private static func removeIfEmpty(_ path: String) {
        guard let database = try? AuditDatabase(path: path, mode: .readOnly),
            let rows = try? database.read({ connection in
                try
                    (connection.value("SELECT (SELECT count(*) FROM source_file WHERE refusal IS NULL) + (SELECT count(*) FROM snapshot)")
                    as Int64?)
            }), rows == 0
        else { return }
        try? database.close()
        unlink(path)
    }
}

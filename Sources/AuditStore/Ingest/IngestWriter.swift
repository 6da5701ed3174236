internal import FlowModel
internal import GRDB
internal import LogFormats

/// Puts decoded batches into the database: one transaction for facts, roll-up and the source's position together.
final class IngestWriter {
    private let database: Database
    private let texts: TextDictionary
    private let origins: TupleDictionary<OriginKey>
    private let targets: TupleDictionary<TargetKey>
    private let routes: TupleDictionary<RouteKey>
    private let remarks: TupleDictionary<RemarkKey>
    private let judgements: TupleDictionary<JudgementKey>
    private let table: FlowTable
    private let rollup: EdgeRollup
    private let calibration: DurationCalibration
    private let assembly: FlowAssembly
    private let records: RecordTables
    let sources: SourceTable
    private let classifier: Classifier?
    private var usesWriteAheadLog = false

    /// `makeClassifier`: gives what says what the policy makes of a flow; nil leaves flows unjudged.
    init(
        _ database: Database, statedUnit: FlowEvent.DurationUnit, makeClassifier: (FlowFactsReader) -> Classifier?
    ) throws {
        self.database = database
        texts = try TextDictionary(database)
        origins = try TupleDictionary(database)
        targets = try TupleDictionary(database)
        routes = try TupleDictionary(database)
        remarks = try TupleDictionary(database)
        judgements = try TupleDictionary(database)
        table = try FlowTable(database)
        rollup = try EdgeRollup(database)
        calibration = try DurationCalibration(database, stated: statedUnit)
        records = try RecordTables(database)
        sources = try SourceTable(database)
        classifier = makeClassifier(try FlowFactsReader(database, texts: texts))
        assembly = FlowAssembly(
            texts: texts, origins: origins, targets: targets, routes: routes, table: table, calibration: calibration,
            seed: try IngestWriter.identitySeed(database))
    }

    /// Made at random with the database and never told: see `KeyedHash`.
    private static func identitySeed(_ database: Database) throws -> UInt64 {
        let select = "SELECT value FROM setting WHERE name = 'identity-seed'"
        if let known = try String.fetchOne(database, sql: select).flatMap({ UInt64($0) }) { return known }
        let made = UInt64.random(in: .min ... .max)
        try database.execute(sql: "INSERT INTO setting (name, value) VALUES ('identity-seed', ?)", arguments: [String(made)])
        return made
    }

    /// Writes a batch of `source` and moves the source to `progress`, in one transaction.
    func write(
        _ batch: RecordBatch, map: inout SymbolMap, source: inout SourceRow, progress: SourceProgress,
        report: inout IngestReport
    ) throws {
        var counted = report
        var updated = source
        try transaction {
            for event in batch.flows {
                let effect = try assembly.add(event, symbols: batch.symbols, map: &map, source: source.id)
                switch effect {
                case .newFlow: counted.newFlows += 1
                case .completed: counted.completions += 1
                case .duplicate:
                    counted.duplicates += 1
                    updated.duplicates += 1
                }
                counted.flowEvents[event.kind, default: 0] += 1
                counted.see(event.timestamp)
                if event.extras >= 0 {
                    try records.writeExtra(batch.extras[Int(event.extras)], of: event, source: source.id)
                    counted.unknownFieldEvents += 1
                }
            }
            try flushFlows()
            try records.write(batch, source: source.id, report: &counted)
            updated.advance(to: progress, over: batch)
            try sources.update(updated)
            try records.writeFrames(progress.frames, source: source.id)
        } undo: {
            map.removeAll()
        }
        counted.noise += Int64(batch.noiseLines)
        counted.lines += Int64(batch.lines)
        counted.quarantined += Int64(batch.quarantined.count)
        for line in batch.quarantined { counted.quarantineReasons[line.reason.rawValue, default: 0] += 1 }
        report = counted
        source = updated
        texts.trim()
    }

    private func flushFlows() throws {
        var drafts = assembly.take()
        for index in drafts.indices where !drafts[index].isClean {
            if let classifier {
                drafts[index].judgement = try judgements.id(classifier.judge(drafts[index]))
            }
        }
        try table.write(drafts, remarks: remarks)
        for draft in drafts where !draft.isClean {
            if let before = draft.before {
                rollup.replace(before, with: draft.contribution(), flowID: draft.flowID)
            } else {
                rollup.add(draft.contribution(), flowID: draft.flowID)
            }
        }
        try rollup.flush()
        try calibration.flush()
    }

    /// Flows that waited for the unit of their Connector's durations and can have their start now. Returns how many still wait.
    func resolvePendingDurations() throws -> Int64 {
        let waiting = try Int64.fetchAll(database, sql: "SELECT DISTINCT connector_id FROM pending_duration ORDER BY 1")
        for connector in waiting where calibration.unit(of: connector) != .unstated {
            try resolvePendingDurations(of: connector)
        }
        return try Int64.fetchOne(database, sql: "SELECT count(*) FROM pending_duration") ?? 0
    }

    private func resolvePendingDurations(of connector: Int64) throws {
        let page = 20_000
        while true {
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT flow_id, hash, duration FROM pending_duration WHERE connector_id = ? ORDER BY flow_id LIMIT \(page)",
                arguments: [connector])
            if rows.isEmpty { return }
            try transaction {
                for row in rows {
                    guard var draft = try table.draft(flowID: row[0], hash: row[1]), let end = draft.endedAt,
                        let span = DurationCalibration.milliseconds(row[2], calibration.unit(of: connector))
                    else {
                        try database.execute(sql: "DELETE FROM pending_duration WHERE flow_id = ?", arguments: [row[0] as Int64])
                        continue
                    }
                    draft.startedAt = end.subtractingReportingOverflow(span).partialValue
                    draft.state.remove(.startUnknown)
                    draft.state.insert(.startInferred)
                    draft.pendingDuration = nil
                    draft.hadPendingDuration = true
                    draft.isClean = false
                    assembly.adopt(draft)
                }
                try flushFlows()
            } undo: {
            }
        }
    }

    /// Judges every flow anew and builds the roll-up again. Returns the number of flows whose judgement changed.
    func judgeAll() throws -> Int64 {
        guard let classifier else { return 0 }
        var changed: Int64 = 0
        try transaction {
            let scan = FlowScan(database)
            let update = try RawStatement(database, "UPDATE flow_fact SET judgement_id = ? WHERE flow_id = ?")
            try scan.forEach(order: classifier.needsTimeOrder ? .time : .row) { flow in
                let judgement = try judgements.id(classifier.judge(flow))
                guard judgement != flow.judgement else { return }
                update.bind(1, judgement)
                update.bind(2, flow.flowID)
                try update.run()
                changed += 1
            }
            if changed > 0 { try EdgeRollup.rebuild(database) }
        } undo: {
        }
        return changed
    }

    /// The write-ahead log keeps readers going while a single writer works; without anything to write, not a byte of the file changes.
    private func enterWriteAheadLog() throws {
        guard !usesWriteAheadLog else { return }
        try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000")
        usesWriteAheadLog = true
    }

    /// Makes one plain file again, which can be read from where nothing can be written.
    func leaveWriteAheadLog() throws {
        guard usesWriteAheadLog else { return }
        try database.execute(sql: "PRAGMA journal_mode = DELETE")
        usesWriteAheadLog = false
    }

    func transaction(_ body: () throws -> Void, undo: () -> Void) throws {
        try enterWriteAheadLog()
        try database.beginTransaction(.immediate)
        do {
            try body()
            try database.commit()
        } catch {
            // What memory believes of the database is void with the transaction.
            try? database.rollback()
            assembly.discard()
            rollup.discard()
            undo()
            try? forget()
            throw error
        }
    }

    private func forget() throws {
        try texts.forget(database)
        try origins.forget(database)
        try targets.forget(database)
        try routes.forget(database)
        try remarks.forget(database)
        try judgements.forget(database)
        try table.forget(database)
        try calibration.forget(database)
        classifier?.forget()
    }

    /// Answers depend on the order of flows, so they can be given only when all are there.
    var needsOrderedJudgement: Bool { classifier?.needsTimeOrder ?? false }
}

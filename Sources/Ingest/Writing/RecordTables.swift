internal import FlowModel
internal import FlowStore
internal import LogFormats
internal import TextEncodings

/// Writes what is no flow: quarantined lines, unknown fields, journal records, name queries, administrative changes, unknown events.
final class RecordTables {
    private let quarantine: RawStatement
    private let extra: RawStatement
    private let other: RawStatement
    private let frame: RawStatement

    init(_ database: StoreConnection) throws {
        quarantine = try RawStatement(
            database,
            """
            INSERT OR REPLACE INTO quarantined_line (source_id, offset, line, reason, detail, raw, truncated)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        extra = try RawStatement(
            database, "INSERT OR REPLACE INTO extra_field (source_id, offset, line, fields) VALUES (?, ?, ?, ?)")
        other = try RawStatement(
            database,
            """
            INSERT OR REPLACE INTO other_record (source_id, offset, line, category, kind, at, sequence, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        frame = try RawStatement(
            database,
            """
            INSERT OR REPLACE INTO frame (source_id, number, file_offset, length, inflated_offset, first_sequence, records, leaf)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
    }

    func writeExtra(_ fields: String, of event: FlowEvent, source: Int64) throws {
        try writeExtra(fields, offset: event.offset, line: event.line, source: source)
    }

    private func writeExtra(_ fields: String, offset: UInt64, line: UInt64, source: Int64) throws {
        extra.bind(1, source)
        extra.bind(2, Int64(clamping: offset))
        extra.bind(3, Int64(clamping: line))
        extra.bind(4, text: fields)
        try extra.run()
    }

    func writeFrame(_ row: FrameRow, source: Int64) throws {
        frame.bind(1, source)
        frame.bind(2, row.number)
        frame.bind(3, row.fileOffset)
        frame.bind(4, row.length)
        frame.bind(5, row.inflatedOffset)
        frame.bind(6, row.firstSequence)
        frame.bind(7, row.records)
        frame.bind(8, blob: row.leaf)
        try frame.run()
    }

    func write(_ batch: RecordBatch, source: Int64, report: inout IngestReport) throws {
        for line in batch.quarantined {
            quarantine.bind(1, source)
            quarantine.bind(2, Int64(clamping: line.offset))
            quarantine.bind(3, Int64(clamping: line.line))
            quarantine.bind(4, text: line.reason.rawValue)
            quarantine.bind(5, text: line.detail)
            quarantine.bind(6, blob: line.raw)
            quarantine.bind(7, line.isTruncated ? 1 : 0)
            try quarantine.run()
        }
        for event in batch.journalEvents {
            try writeOther(
                source, event.offset, event.line, "journal", event.kind.rawValue, event.timestamp.milliseconds,
                sequence: event.sequence, body: event.raw)
            report.otherRecords[event.kind.rawValue, default: 0] += 1
        }
        for event in batch.otherEvents {
            try writeOther(source, event.offset, event.line, "unknown", event.type, nil, sequence: 0, body: event.raw)
            report.otherRecords["unknown", default: 0] += 1
        }
        for gap in batch.gaps {
            let body = JSONWriter.text(.kept) {
                $0.object {
                    $0.name("count")
                    if let count = gap.count { $0.number(count) } else { $0.null() }
                    $0.member("text", gap.text)
                }
            }
            try writeOther(
                source, gap.offset, gap.line, "log_gap", gap.kind.rawValue, gap.time?.milliseconds, sequence: 0, body: body)
            report.gaps[gap.kind.rawValue, default: IngestReport.Gap()].add(gap.count)
        }
        for query in batch.nameQueries {
            try writeOther(
                source, query.offset, query.line, "name_query", "dns_filtering", query.time.milliseconds, sequence: 0,
                body: RecordTables.json(query, batch.symbols))
            report.otherRecords["name_query", default: 0] += 1
            report.see(query.time)
            if query.extras >= 0 {
                try writeExtra(batch.extras[Int(query.extras)], offset: query.offset, line: query.line, source: source)
            }
        }
        for change in batch.changes {
            try writeOther(
                source, change.offset, change.line, "change", change.action, change.time.milliseconds, sequence: 0,
                body: RecordTables.json(change))
            report.otherRecords["change", default: 0] += 1
            report.see(change.time)
            if change.extras >= 0 {
                try writeExtra(batch.extras[Int(change.extras)], offset: change.offset, line: change.line, source: source)
            }
        }
    }

    private func writeOther(
        _ source: Int64, _ offset: UInt64, _ line: UInt64, _ category: String, _ kind: String, _ at: Int64?, sequence: UInt64,
        body: String
    ) throws {
        other.bind(1, source)
        other.bind(2, Int64(clamping: offset))
        other.bind(3, Int64(clamping: line))
        other.bind(4, text: category)
        other.bind(5, text: kind)
        other.bind(6, at)
        other.bind(7, sequence == 0 ? nil : Int64(clamping: sequence))
        other.bind(8, text: body)
        try other.run()
    }

    private static func json(_ query: NameQuery, _ symbols: SymbolTable) -> String {
        JSONWriter.text(.kept) {
            $0.object {
                $0.member("domain", symbols.text(of: query.domain))
                $0.member("root", symbols.text(of: query.root))
                $0.member("device_id", symbols.text(of: query.deviceID))
                $0.member("device", symbols.text(of: query.deviceName))
                $0.member("client_ip", query.clientIP?.description)
                $0.member("protocol", symbols.text(of: query.queryProtocol))
                $0.member("status", symbols.text(of: query.status))
                $0.array("reasons") {
                    for reason in query.reasons { if let text = symbols.text(of: reason) { $0.string(text) } }
                }
            }
        }
    }

    private static func json(_ change: AdministrativeChange) -> String {
        JSONWriter.text(.kept) {
            $0.object {
                $0.member("actor_type", change.actorType)
                $0.member("actor_id", change.actorID)
                $0.member("actor", change.actorEmail ?? change.actorName)
                $0.array("targets") { for target in change.targets { $0.value(json: target.raw) } }
            }
        }
    }
}

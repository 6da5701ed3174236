internal import FlowModel
internal import FlowStore

/// Answers that can be given only when all flows are there.
extension IngestWriter {
    /// Has the starts that follow from the unit of their Connector's durations follow from the one that is stated or believed now. Returns how
    /// many are not known.
    func resolveStarts() throws -> Int64 {
        let waiting = try database.rows(
            """
            SELECT p.connector_id, max(s.duration_unit IS NOT NULL AND f.state & \(FlowState.startUnknown.rawValue))
            FROM pending_duration p CROSS JOIN flow_fact f USING (flow_id) CROSS JOIN source_file s USING (source_id)
            GROUP BY 1 ORDER BY 1
            """)
        for row in waiting where row[1] as Bool? == true || rows.calibration.isDue(row[0]) {
            try background.reclaim()
            try resolveStarts(of: row[0])
            rows.calibration.markApplied(row[0])
            try rows.calibration.flush()
            try rows.rollup.flush()
            try background.end()
        }
        return try
            (database.value(
                """
                SELECT count(*) FROM pending_duration CROSS JOIN flow_fact USING (flow_id)
                WHERE state & \(FlowState.startUnknown.rawValue)
                """) as Int64?) ?? 0
    }

    private func resolveStarts(of connector: Int64) throws {
        let most = 20_000
        var last = Int64.min
        while true {
            let page = try database.rows(
                """
                SELECT p.flow_id, s.duration_unit FROM pending_duration p
                    LEFT JOIN flow_fact f ON f.flow_id = p.flow_id LEFT JOIN source_file s ON s.source_id = f.source_id
                WHERE p.connector_id = ? AND p.flow_id > ? ORDER BY p.flow_id LIMIT \(most)
                """, [connector, last])
            guard let end = page.last else { return }
            last = end[0]
            var changes: [(flow: FlowDraft, change: KnownFlows.Change)] = []
            for row in page {
                guard let (found, aggregate) = try rows.table.draft(flowID: row[0], hash: 0), found.dependsOnUnit else {
                    try database.run("DELETE FROM pending_duration WHERE flow_id = ?", [row[0] as Int64])
                    continue
                }
                let unit = rows.calibration.unit(of: connector, statedForSource: SourceTable.unit(row[1]))
                if unit != .unstated, row[1] as String? == nil { try sources.noteUnit(source: found.first.source) }
                var draft = found
                draft.setStart(by: unit, try rows.table.claims.claims(of: found))
                guard draft.startedAt != found.startedAt || draft.state != found.state else { continue }
                draft.isClean = false
                changes.append((draft, KnownFlows.Change(aggregate: aggregate, old: found)))
            }
            try rows.write(changed: changes)
            if rows.rollup.isFull { try rows.rollup.flush() }
        }
    }

    /// Judges again the flows that were there before, under snapshots that came with this ingest, or every flow where answers depend on
    /// others; builds the roll-up again. Returns the number of flows whose assessment changed.
    func judgeAgain() throws -> Int64 {
        guard let classifier, classifier.needsTimeOrder || firstOwnFlow > 1 else { return 0 }
        let order = classifier.needsTimeOrder ? FlowScan.Order.time : .row(before: firstOwnFlow)
        var changed: Int64 = 0
        try background.reclaim()
        let scan = try FlowScan(database)
        let update = try RawStatement(database, "UPDATE flow_fact SET aggregate_id = ? WHERE flow_id = ?")
        try scan.forEach(order: order, withMatched: true) { flow in
            let assessment = try classifier.judge(flow)
            guard assessment != flow.assessment else { return }
            let key = AggregateKey(client: flow.client, destination: flow.destination, outcome: flow.outcomeCode, assessment: assessment)
            update.bind(1, try dictionaries.aggregates.id(key))
            try dictionaries.aggregates.flush()
            update.bind(2, flow.flowID)
            try update.run()
            changed += 1
        }
        if changed > 0 { try AggregateRollup.rebuild(database) }
        try background.end()
        return changed
    }

    /// Answers depend on the order of flows, so they can be given only when all are there.
    var needsOrderedAssessment: Bool { classifier?.needsTimeOrder ?? false }
}

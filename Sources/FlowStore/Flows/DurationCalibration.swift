package import FlowModel
package import GRDB

/// Finds out in which unit each Connector writes `connection.duration`: from flows of which the established and the closed event are known.
///
/// Nothing is guessed: without a telling pair, and when pairs contradict each other, the unit is unknown, also when it was believed
/// before.
package final class DurationCalibration {
    private struct Evidence {
        var milliseconds: Int64 = 0
        var microseconds: Int64 = 0
        var neither: Int64 = 0
        /// The unit in which starts that depend on it stand: 0 none, 1 milliseconds, 2 microseconds; another number: not known.
        var applied: Int64 = 0
    }

    /// How far the distance of two events may be from the duration between them: clocks are read at slightly different moments.
    private static let toleranceMs: Int64 = 250
    /// So many pairs for one unit are needed for each that speaks for the other.
    private static let majority: Int64 = 20

    private var evidence: [Int64: Evidence] = [:]
    private var dirty: Set<Int64> = []
    private let stated: FlowEvent.DurationUnit
    private let save: RawStatement

    /// `stated`: the unit that the caller vouches for; `.unstated` to rely on evidence.
    package init(_ database: Database, stated: FlowEvent.DurationUnit) throws {
        self.stated = stated
        save = try RawStatement(
            database,
            """
            INSERT OR REPLACE INTO duration_evidence (connector_id, milliseconds, microseconds, neither, applied) VALUES (?, ?, ?, ?, ?)
            """)
        try load(database)
    }

    private func load(_ database: Database) throws {
        evidence = [:]
        dirty = []
        let rows = try Row.fetchAll(
            database, sql: "SELECT connector_id, milliseconds, microseconds, neither, applied FROM duration_evidence")
        for row in rows {
            evidence[row[0]] = Evidence(milliseconds: row[1], microseconds: row[2], neither: row[3], applied: row[4])
        }
    }

    /// Counts what a flow shows: whether the distance of its established and its closed event is the duration in one of the units.
    package func see(_ flow: FlowDraft) { count(flow, 1) }

    /// Takes back what a flow showed that is different, or none, now.
    package func forget(_ flow: FlowDraft) { count(flow, -1) }

    private func count(_ flow: FlowDraft, _ number: Int64) {
        guard flow.state.isSuperset(of: [.hasEstablished, .hasClosed, .unitUnstated]), !flow.state.contains(.disputed),
            flow.duration != FlowDraft.absent, flow.endedAt != FlowDraft.absent
        else { return }
        let (connector, duration) = (flow.connector, flow.duration)
        let (elapsedMs, overflow) = flow.endedAt.subtractingReportingOverflow(flow.startedAt)
        guard !overflow else { return }
        let asMs = DurationCalibration.agree(elapsedMs, duration)
        let asUs = DurationCalibration.agree(elapsedMs, duration / 1_000)
        // Short connections fit both readings and tell nothing.
        guard !(asMs && asUs) else { return }
        if asMs {
            evidence[connector, default: Evidence()].milliseconds += number
        } else if asUs {
            evidence[connector, default: Evidence()].microseconds += number
        } else {
            evidence[connector, default: Evidence()].neither += number
        }
        dirty.insert(connector)
    }

    private static func agree(_ elapsedMs: Int64, _ duration: Int64) -> Bool {
        let (distance, overflow) = elapsedMs.subtractingReportingOverflow(duration)
        return !overflow && distance.magnitude <= UInt64(toleranceMs)
    }

    /// The unit that is stated, or else believed by what is there now.
    package func unit(of connector: Int64) -> FlowEvent.DurationUnit {
        stated == .unstated ? shownUnit(of: connector) : stated
    }

    /// The unit in which starts are written while records come in: it is not changed by what comes in, so that all that came in can be
    /// brought to what is believed in the end.
    package func appliedUnit(of connector: Int64) -> FlowEvent.DurationUnit {
        if stated != .unstated { return stated }
        switch evidence[connector]?.applied {
        case 1: return .milliseconds
        case 2: return .microseconds
        default: return .unstated
        }
    }

    /// Whether starts stand in another unit than the one that is stated or believed now.
    package func isDue(_ connector: Int64) -> Bool {
        stated != .unstated || (evidence[connector]?.applied ?? 0) != DurationCalibration.number(shownUnit(of: connector))
    }

    /// To be called when all starts of a Connector stand in the unit that is believed now.
    package func markApplied(_ connector: Int64) {
        guard let found = evidence[connector] else { return }
        let number = DurationCalibration.number(shownUnit(of: connector))
        guard found.applied != number else { return }
        evidence[connector]?.applied = number
        dirty.insert(connector)
    }

    private static func number(_ unit: FlowEvent.DurationUnit) -> Int64 {
        switch unit {
        case .unstated: 0
        case .milliseconds: 1
        case .microseconds: 2
        }
    }

    private func shownUnit(of connector: Int64) -> FlowEvent.DurationUnit {
        guard let found = evidence[connector] else { return .unstated }
        if found.milliseconds > found.microseconds * DurationCalibration.majority { return .milliseconds }
        if found.microseconds > found.milliseconds * DurationCalibration.majority { return .microseconds }
        return .unstated
    }

    /// What is stated now counts before what was stated for a source when it was read, and that before evidence.
    package func unit(of connector: Int64, statedForSource unit: FlowEvent.DurationUnit) -> FlowEvent.DurationUnit {
        stated == .unstated && unit != .unstated ? unit : self.unit(of: connector)
    }

    package func flush() throws {
        for connector in dirty.sorted() {
            guard let found = evidence[connector] else { continue }
            save.bind(1, connector)
            save.bind(2, found.milliseconds)
            save.bind(3, found.microseconds)
            save.bind(4, found.neither)
            save.bind(5, found.applied)
            try save.run()
        }
        dirty = []
    }

    package static func milliseconds(_ duration: Int64, _ unit: FlowEvent.DurationUnit) -> Int64? {
        switch unit {
        case .unstated: nil
        case .milliseconds: duration
        case .microseconds: duration / 1_000
        }
    }
}

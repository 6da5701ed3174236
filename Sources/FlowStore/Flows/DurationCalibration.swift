package import FlowModel
package import GRDB

/// Finds out in which unit each Connector writes `connection.duration`: from pairs of events whose distance in time is known.
///
/// Nothing is guessed: without a telling pair, and when pairs contradict each other, the unit stays unknown.
package final class DurationCalibration {
    private struct Evidence {
        var milliseconds: Int64 = 0
        var microseconds: Int64 = 0
        var neither: Int64 = 0
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
            INSERT OR REPLACE INTO duration_evidence (connector_id, milliseconds, microseconds, neither) VALUES (?, ?, ?, ?)
            """)
        try load(database)
    }

    private func load(_ database: Database) throws {
        evidence = [:]
        dirty = []
        let rows = try Row.fetchAll(
            database, sql: "SELECT connector_id, milliseconds, microseconds, neither FROM duration_evidence")
        for row in rows {
            evidence[row[0]] = Evidence(milliseconds: row[1], microseconds: row[2], neither: row[3])
        }
    }

    /// A closed event `elapsedMs` after its established event, with a duration of unknown unit.
    package func observe(connector: Int64, elapsedMs: Int64, duration: Int64) {
        let asMs = DurationCalibration.agree(elapsedMs, duration)
        let asUs = DurationCalibration.agree(elapsedMs, duration / 1_000)
        // Short connections fit both readings and tell nothing.
        guard !(asMs && asUs) else { return }
        if asMs {
            evidence[connector, default: Evidence()].milliseconds += 1
        } else if asUs {
            evidence[connector, default: Evidence()].microseconds += 1
        } else {
            evidence[connector, default: Evidence()].neither += 1
        }
        dirty.insert(connector)
    }

    private static func agree(_ elapsedMs: Int64, _ duration: Int64) -> Bool {
        let (distance, overflow) = elapsedMs.subtractingReportingOverflow(duration)
        return !overflow && distance.magnitude <= UInt64(toleranceMs)
    }

    package func unit(of connector: Int64) -> FlowEvent.DurationUnit {
        if stated != .unstated { return stated }
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

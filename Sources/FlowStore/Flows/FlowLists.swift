internal import FlowModel
package import GRDB

/// Consecutive numbers of flows, and between which times they start.
package struct FlowRun {
    package var first: Int64
    package var last: Int64
    package var earliest: Int64
    package var latest: Int64

    package init(
        first: Int64, last: Int64, earliest: Int64, latest: Int64
    ) {
        self.first = first
        self.last = last
        self.earliest = earliest
        self.latest = latest
    }

    /// The runs with flows that start within the bounds, both included.
    package static func all(_ database: Database, from earliest: Int64 = .min, through latest: Int64 = .max) throws -> [FlowRun] {
        try Row.fetchAll(
            database,
            sql: "SELECT first_flow, last_flow, earliest, latest FROM flow_run WHERE latest >= ? AND earliest <= ? ORDER BY first_flow",
            arguments: [earliest, latest]
        ).map { FlowRun(first: $0[0], last: $0[1], earliest: $0[2], latest: $0[3]) }
    }

    /// The runs with flows that start from `since` on and before `until`.
    static func all(_ database: Database, since: Timestamp, until: Timestamp) throws -> [FlowRun] {
        guard until > .distantPast else { return [] }
        return try all(database, from: since.milliseconds, through: until.milliseconds - 1)
    }
}

/// Reads the lists of flows by client that `ClientFlows` keeps.
package struct FlowLists {
    private let select: RawStatement

    package init(_ database: Database) throws {
        select = try RawStatement(database, "SELECT flows FROM client_flows WHERE first_flow = ? AND client_id = ?")
    }

    /// Appends the flows of a run that are listed under a client: all that have it, some that had it, some twice.
    package func append(run first: Int64, client: Int64, to flows: inout [Int64]) throws {
        select.bind(1, first)
        select.bind(2, client)
        if try select.step() {
            select.withBlob(0) { bytes in
                for place in 0..<bytes.count / 2 {
                    flows.append(first + Int64(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self))))
                }
            }
        }
        select.reset()
    }
}

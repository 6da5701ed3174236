internal import GRDB

/// What the numbers of aggregates stand for. Those of the first aggregates are held in memory once loaded, so that walking flows needs no look-up in
/// the database for each.
final class AggregateFacts {
    struct Aggregate {
        var client: Int64
        var destination: Int64
        var assessment: Int64
    }

    /// Numbers that do not fit are left out: they are looked up.
    private struct Held {
        var client: UInt32 = 0
        var destination: UInt32 = 0
        var assessment: UInt32 = 0
    }

    /// Aggregates held: 12 MB.
    private static let maxHeld: Int64 = 1_000_000

    private let selectAll: RawStatement
    private let select: RawStatement
    /// By number.
    private var held: [Held] = []

    init(_ database: Database) throws {
        selectAll = try RawStatement(
            database,
            "SELECT aggregate_id, client_id, destination_id, assessment_id FROM aggregate WHERE aggregate_id BETWEEN 0 AND ? ORDER BY aggregate_id DESC"
        )
        select = try RawStatement(database, "SELECT client_id, destination_id, assessment_id FROM aggregate WHERE aggregate_id = ?")
    }

    func load() throws {
        selectAll.bind(1, AggregateFacts.maxHeld)
        defer { selectAll.reset() }
        held = []
        while try selectAll.step() {
            let number = Int(selectAll.integer(0))
            if held.isEmpty { held = Array(repeating: Held(), count: number + 1) }
            guard let client = UInt32(exactly: selectAll.integer(1)), let destination = UInt32(exactly: selectAll.integer(2)),
                let assessment = UInt32(exactly: selectAll.integer(3))
            else { continue }
            held[number] = Held(client: client, destination: destination, assessment: assessment)
        }
    }

    @inline(__always)
    func aggregate(_ number: Int64) throws -> Aggregate {
        if UInt64(bitPattern: number) < UInt64(held.count) {
            let aggregate = held[Int(number)]
            // No dictionary gives the number 0.
            if aggregate.destination != 0 {
                return Aggregate(
                    client: Int64(aggregate.client), destination: Int64(aggregate.destination), assessment: Int64(aggregate.assessment))
            }
        }
        return try lookUp(number)
    }

    private func lookUp(_ number: Int64) throws -> Aggregate {
        select.bind(1, number)
        defer { select.reset() }
        guard try select.step() else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a flow without its aggregate") }
        return Aggregate(client: select.integer(0), destination: select.integer(1), assessment: select.integer(2))
    }
}

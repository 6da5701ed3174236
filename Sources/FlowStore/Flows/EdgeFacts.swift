internal import GRDB

/// What the numbers of edges stand for. Those of the first edges are held in memory once loaded, so that walking flows needs no look-up in
/// the database for each.
final class EdgeFacts {
    struct Edge {
        var origin: Int64
        var target: Int64
        var assessment: Int64
    }

    /// Numbers that do not fit are left out: they are looked up.
    private struct Held {
        var origin: UInt32 = 0
        var target: UInt32 = 0
        var assessment: UInt32 = 0
    }

    /// Edges held: 12 MB.
    private static let maxHeld: Int64 = 1_000_000

    private let selectAll: RawStatement
    private let select: RawStatement
    /// By number.
    private var held: [Held] = []

    init(_ database: Database) throws {
        selectAll = try RawStatement(
            database, "SELECT edge_id, origin_id, target_id, assessment_id FROM edge WHERE edge_id BETWEEN 0 AND ? ORDER BY edge_id DESC")
        select = try RawStatement(database, "SELECT origin_id, target_id, assessment_id FROM edge WHERE edge_id = ?")
    }

    func load() throws {
        selectAll.bind(1, EdgeFacts.maxHeld)
        defer { selectAll.reset() }
        held = []
        while try selectAll.step() {
            let number = Int(selectAll.integer(0))
            if held.isEmpty { held = Array(repeating: Held(), count: number + 1) }
            guard let origin = UInt32(exactly: selectAll.integer(1)), let target = UInt32(exactly: selectAll.integer(2)),
                let assessment = UInt32(exactly: selectAll.integer(3))
            else { continue }
            held[number] = Held(origin: origin, target: target, assessment: assessment)
        }
    }

    @inline(__always)
    func edge(_ number: Int64) throws -> Edge {
        if UInt64(bitPattern: number) < UInt64(held.count) {
            let edge = held[Int(number)]
            // No dictionary gives the number 0.
            if edge.target != 0 { return Edge(origin: Int64(edge.origin), target: Int64(edge.target), assessment: Int64(edge.assessment)) }
        }
        return try lookUp(number)
    }

    private func lookUp(_ number: Int64) throws -> Edge {
        select.bind(1, number)
        defer { select.reset() }
        guard try select.step() else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a flow without its edge") }
        return Edge(origin: select.integer(0), target: select.integer(1), assessment: select.integer(2))
    }
}

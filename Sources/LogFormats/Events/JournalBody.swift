import FlowModel

/// The numbers of a journal's records that are about no connection. The record is kept whole, and whoever reads a number of it — a view, a
/// rule, a sum — can go by the ranges that hold everywhere.
enum JournalBody {
    private struct Member {
        /// The object that it is in; nil for the record itself.
        var object: String?
        var name: String
        var range: ClosedRange<Int64>
    }

    private static let members: [JournalEvent.Kind: [Member]] = [
        .opened: counts(["format"], in: "journal") + counts(["size"], in: "checkpoint"),
        .closed: counts(["records", "lost", "lines", "noise", "unreadable"]),
        .recovered: counts(["offset", "bytes"]),
        .sealed: counts(["size"], in: "checkpoint"),
        .recordsLost: counts(["count"])
            + ["since", "until"].map { Member(object: nil, name: $0, range: ValueRanges.instant) },
        // Device and inode are names, not amounts: file systems use all 64 bits.
        .sourcePosition: counts(["offset", "head_length", "tail_length"], in: "source"),
        .unreadableLine: counts(["bytes"]),
        .policyApplied: counts(["version"], in: "policy"),
        .nameResolved: counts(["ttl"]),
        .heartbeat: counts([
            "open_flows", "flows_total", "bytes_received", "bytes_transferred", "dropped_records", "listening_sockets",
        ]),
        // A clock that was wrong may have stood anywhere, before 1970 as well.
        .clockAdjusted: ["from", "to"].map { Member(object: nil, name: $0, range: ValueRanges.duration) },
    ]

    private static func counts(_ names: [String], in object: String? = nil) -> [Member] {
        names.map { Member(object: object, name: $0, range: ValueRanges.count) }
    }

    /// Throws when a known number is none, is not whole, or lies outside of its range; the record is well-formed.
    static func check(_ kind: JournalEvent.Kind, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer) throws(Rejection) {
        guard let members = members[kind] else { return }
        guard let record = try ObjectReader(JSONTree.read(start, end, keepsDuplicates: true), path: "") else { return }
        for member in members {
            var holder = record
            if let object = member.object {
                guard let inner = try ObjectReader(holder.take(object), path: object) else { continue }
                holder = inner
            }
            _ = try holder.integer(member.name, member.range)
            guard holder.take(member.name) == nil else {
                throw Rejection(.duplicateKey, "`\(holder.name(member.name))` stands there twice")
            }
        }
    }
}

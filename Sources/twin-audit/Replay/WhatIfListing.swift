internal import AccessPolicy
internal import FlowModel
internal import Replay
internal import TerminalSupport
internal import TextEncodings
internal import Wording

/// Prints the difference that a proposed policy would make.
struct WhatIfListing {
    let output: OutputOptions

    private static let columns = [
        "change", "principal", "resource", "flows", "refused", "days", "last_seen", "decided_by", "samples", "first_seen", "before",
        "after", "principal_kind", "principal_id", "resource_id", "new_resource_id", "flow_ids",
    ]

    func write(_ report: WhatIfReport) throws {
        guard report.flows > 0, let first = report.first, let last = report.last else {
            Message.write("nothing was examined: the database holds no flows of that period")
            throw ExitStatusError(.undecidable)
        }
        let writer = RowWriter(format: output.format, columns: WhatIfListing.columns, output: OutputStream())
        for row in report.rows { try writer.write(cells(row)) }
        for gain in report.neverUsed {
            try writer.write([
                .text(AccessChange.gained.rawValue), .text(gain.principalName), .text(gain.resource.name), .integer(0), .integer(0),
                .integer(0), .null, .text(gain.decidedBy), .text(gain.example), .null, .null, .text("allowed"),
                .text(gain.principal.kind.rawValue), .text(gain.principal.id), .text(gain.resource.id), .null, .null,
            ])
        }
        try writer.finish()
        let sums = AccessChange.allCases.map { change in
            let (flows, rows) = report.count(change)
            return "\(change.rawValue) \(rows) (\(flows) flows)"
        }
        Message.write(sums.joined(separator: ", "))
        Message.write(
            """
            examined \(report.flows) flows from \(first) to \(last): \(report.undecided) cannot be decided, \
            \(report.neverUsed.count) gains were never asked for
            """)
        if report.count(.revoked).flows > 0 { throw ExitStatusError(.badAnswer) }
        if report.undecided > 0 { throw ExitStatusError(.undecidable) }
    }

    private func cells(_ row: AccessChangeRow) -> [Cell] {
        let isJSON = output.format == .json || output.format == .ndjson
        let targets = row.samples.map(\.target)
        let ids = row.samples.map(\.flowID)
        return [
            .text(row.change.rawValue), .text(row.principalName ?? row.principal?.id), .text(row.resource?.name ?? row.destination),
            .integer(row.flows), .integer(row.refused), .integer(row.days), .time(row.lastSeen.rfc3339), .text(row.decidedBy),
            isJSON
                ? .json(JSONWriter.text(.shown) { $0.array { for target in targets { $0.string(target) } } })
                : .text(targets.joined(separator: " ")),
            .time(row.firstSeen.rfc3339), .text(row.reasonBefore?.rawValue ?? "unknown"), .text(row.reasonAfter?.rawValue ?? "unknown"),
            .text(row.principal?.kind.rawValue), .text(row.principal?.id), .text(row.resource?.id), .text(row.newResource?.id),
            isJSON
                ? .json(JSONWriter.text(.shown) { $0.array { for id in ids { $0.number(id) } } })
                : .text(ids.map(String.init).joined(separator: " ")),
        ]
    }
}

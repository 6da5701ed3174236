import FlowModel
import Foundation
import Testing

@testable import LogFormats

/// The package's root and what lies beside it.
enum Place {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let samples = root.appendingPathComponent("SampleLogs")

    /// Third-party samples, which are not part of the package.
    static let foreign = root.deletingLastPathComponent().appendingPathComponent("shared/samples")
    static let hasForeign = FileManager.default.fileExists(atPath: foreign.path)
    static let withoutForeign: Comment = "third-party samples are not beside the package: skipped"

    static func bytes(_ url: URL) throws -> [UInt8] {
        try Inflate.anything([UInt8](Data(contentsOf: url)))
    }
}

/// A decoder with its batch.
struct Decoded {
    let batch: RecordBatch

    init(_ bytes: [UInt8], format: InputFormat = .analytics, chunks: [Int] = [], usesTemplates: Bool = true) {
        let symbols = SymbolTable(seed: 42)
        batch = RecordBatch(symbols: symbols)
        let decoder = LineDecoder(format: format, symbols: symbols)
        decoder.usesTemplates = usesTemplates
        var start = 0
        for size in chunks {
            let end = min(start + size, bytes.count)
            bytes[start..<end].withUnsafeBytes { decoder.decode($0, isLast: false, into: batch) }
            start = end
        }
        bytes[start...].withUnsafeBytes { decoder.decode($0, isLast: true, into: batch) }
    }

    init(_ text: String, format: InputFormat = .analytics, chunks: [Int] = [], usesTemplates: Bool = true) {
        self.init(Array(text.utf8), format: format, chunks: chunks, usesTemplates: usesTemplates)
    }

    var symbols: SymbolTable { batch.symbols }

    /// Everything in the batch as lines of text: equal texts, equal results.
    var description: [String] {
        var lines = batch.flows.map { Decoded.describe($0, batch) }
        lines += batch.nameQueries.map { query in
            "name \(query.time) \(text(query.domain)) root=\(text(query.root)) device=\(text(query.deviceID))/\(text(query.deviceName)) "
                + "client=\(query.clientIP.map { "\($0)" } ?? "-"):\(query.clientPort.map { "\($0)" } ?? "-") "
                + "protocol=\(text(query.queryProtocol)) status=\(text(query.status)) "
                + "reasons=\(query.reasons.map(text)) at=\(query.offset)/\(query.line) extras=\(extras(query.extras))"
        }
        lines += batch.changes.map { "change \($0) extras=\(extras($0.extras))" }
        lines += batch.journalEvents.map {
            "journal \($0.kind) \($0.timestamp) seq=\($0.sequence) connector=\(text($0.connectorID)) at=\($0.offset)/\($0.line) \($0.raw)"
        }
        lines += batch.otherEvents.map { "other \($0.type) at=\($0.offset)/\($0.line) \($0.raw)" }
        lines += batch.gaps.map { "gap \($0)" }
        lines += batch.quarantined.map {
            "quarantined \($0.reason.rawValue) at=\($0.offset)/\($0.line) \($0.detail) truncated=\($0.isTruncated) \($0.raw)"
        }
        lines.append(
            "noise=\(batch.noiseLines) blank=\(batch.blankLines) headers=\(batch.headerLines) lines=\(batch.lines) bytes=\(batch.bytes)"
        )
        return lines
    }

    private func text(_ symbol: Symbol) -> String { symbols.text(of: symbol) ?? "-" }
    private func extras(_ index: Int32) -> String { index < 0 ? "-" : batch.extras[Int(index)] }

    /// The fields that are there, by name, in order of declaration.
    static func describe(_ event: FlowEvent, _ batch: RecordBatch) -> String {
        var parts: [String] = []
        for child in Mirror(reflecting: event).children {
            guard let name = child.label else { continue }
            switch child.value {
            case let symbol as Symbol: if !symbol.isNone { parts.append("\(name)=\(batch.symbols.text(of: symbol) ?? "")") }
            case let id as ConnectionID: if !id.isEmpty { parts.append("\(name)=\(id.text)") }
            case let index as Int32: if index >= 0 { parts.append("\(name)=\(batch.extras[Int(index)])") }
            case let value:
                let mirror = Mirror(reflecting: value)
                if mirror.displayStyle == .optional {
                    if let inside = mirror.children.first?.value { parts.append("\(name)=\(inside)") }
                } else {
                    parts.append("\(name)=\(value)")
                }
            }
        }
        return parts.joined(separator: " ")
    }
}

/// A small deterministic source of randomness.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_f491_4f6c_dd1d
    }

    mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }
    mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
}

/// The smallest list of bytes for which `fails` still holds, by taking pieces away.
func shrink(_ bytes: [UInt8], while fails: ([UInt8]) -> Bool) -> [UInt8] {
    var best = bytes
    var piece = max(best.count / 2, 1)
    while true {
        var start = 0
        while start < best.count {
            var candidate = best
            candidate.removeSubrange(start..<min(start + piece, best.count))
            if fails(candidate) { best = candidate } else { start += piece }
        }
        if piece == 1 { return best }
        piece /= 2
    }
}

public import ArgumentParser
public import FlowJournal
import FlowModel
import Glibc
import TerminalSupport
import Wording

/// Reads what options name.
enum Inputs {
    static func text(of path: String, atMost limit: Int) throws -> String {
        let reader = try ByteStreamReader(path: path)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
            if count == 0 { break }
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= limit else {
                throw CommandFailure(.inputRefused, "`\(Escaping.terminal(path))` is too long to be what it should be")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.inputRefused, "`\(Escaping.terminal(path))` is not a text")
        }
        return text
    }

    /// A journal's directory that is there.
    static func journal(_ path: String) throws -> JournalDirectory {
        let directory = JournalDirectory(path)
        _ = try directory.segments()
        return directory
    }
}

/// A number of bytes as an argument: `65536`, `128k`, `64m`, `2g` (powers of 1024).
struct ByteCount: ExpressibleByArgument {
    let bytes: UInt64

    init(bytes: UInt64) {
        self.bytes = bytes
    }

    init?(argument: String) {
        var digits = argument[...]
        var shift: UInt64 = 0
        switch digits.last {
        case "k", "K": shift = 10
        case "m", "M": shift = 20
        case "g", "G": shift = 30
        default: break
        }
        if shift > 0 { digits = digits.dropLast() }
        guard let value = UInt64(digits), value <= UInt64.max >> shift else { return nil }
        bytes = value << shift
    }

    var defaultValueDescription: String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20)m" : bytes % (1 << 10) == 0 ? "\(bytes >> 10)k" : "\(bytes)"
    }
}

/// A span of time as an argument: `500ms`, `1s`, `15m`, `24h`, `7d`.
struct TimeSpan: ExpressibleByArgument {
    let milliseconds: Int64

    init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    init?(argument: String) {
        let units: [(suffix: String, size: Int64)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
        guard let unit = units.first(where: { argument.hasSuffix($0.suffix) }),
            let count = Int64(argument.dropLast(unit.suffix.count)), count > 0, count < 1_000_000_000
        else { return nil }
        milliseconds = count * unit.size
    }

    var defaultValueDescription: String {
        let units: [(suffix: String, size: Int64)] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)]
        for unit in units where milliseconds % unit.size == 0 { return "\(milliseconds / unit.size)\(unit.suffix)" }
        return "\(milliseconds)ms"
    }
}

extension SyncMode: ExpressibleByArgument {}

import FlowModel

@testable import FlowJournal

/// Keys and small journals that tests work on.
enum Sample {
    /// Seeds are constants, so that every run signs alike.
    static func signer(_ number: UInt8 = 1, name: String = "acme.example/office") -> NoteSigner {
        NoteSigner(name: name, seed: [UInt8](repeating: number, count: 32)) ?? signer(number)
    }

    static let start: Int64 = 1_791_400_000_000

    static func record(_ number: Int, at milliseconds: Int64) -> [UInt8] {
        Array(
            "{\"event_type\":\"closed_connection\",\"timestamp\":\(milliseconds),\"connection\":{\"id\":\"c-\(number)\",\"rx\":\(number)}}"
                .utf8)
    }

    /// A clock that tests move.
    final class Clock {
        var now = Timestamp(milliseconds: start)

        func advance(_ milliseconds: Int64) { now = now.advanced(byMilliseconds: milliseconds) }
    }

    static let identity = JournalIdentity(
        connector: FlowRecord.Named(id: "7010", name: "fine-otter"), network: FlowRecord.Named(id: "7001", name: "🏠 Office"),
        software: "tests 1", host: "host")

    static func options(key: NoteSigner?) -> JournalOptions {
        var options = JournalOptions()
        options.key = key
        options.sync = .none
        options.reserveBytes = 0
        options.isConcurrent = false
        return options
    }

    /// Writes a journal: `runs` times opened and closed, each with `frames` frames of `records` records and, unless told otherwise, a
    /// checkpoint after every second frame.
    static func write(
        _ directory: String, runs: Int = 2, frames: Int = 4, records: Int = 2, key: NoteSigner? = signer(), segmentBytes: UInt64 = 900,
        closes: Bool = true, sealEveryMs: Int64 = 2_000
    ) throws {
        let clock = Clock()
        for run in 0..<runs {
            clock.now = Timestamp(milliseconds: start + Int64(run) * 3_600_000)
            var options = options(key: key)
            options.segmentBytes = segmentBytes
            options.checkpointIntervalMs = sealEveryMs
            let writer = try JournalWriter(directory: directory, options: options, identity: identity, clock: { clock.now })
            for frame in 0..<frames {
                for record in 0..<records {
                    try writer.append(Sample.record(run * 1_000 + frame * 10 + record, at: clock.now.milliseconds))
                }
                clock.advance(1_000)
                try writer.tick()
            }
            if closes || run + 1 < runs { try writer.close() } else { try writer.flush() }
        }
    }

    static func verify(_ directory: String, keys: [NoteSigner] = [signer()], configure: (inout JournalVerifier) -> Void = { _ in }) throws
        -> VerificationReport
    {
        var verifier = JournalVerifier(JournalDirectory(directory))
        verifier.keys = keys.map { TrustedKey($0.verifier) }
        configure(&verifier)
        return try verifier.verify()
    }

    /// Every record that can be read, with the place of its frame; foreign and damaged stretches give none.
    static func records(_ directory: String) throws -> [String] {
        var lines: [String] = []
        try FrameDecoding.forEach(JournalReader(JournalDirectory(directory))) { _, bytes in
            if case .success(let bytes) = bytes {
                for line in Lines(bytes) { lines.append(String(decoding: line, as: UTF8.self)) }
            }
            return true
        }
        return lines
    }

    /// Frames by a walk over the headers.
    static func frames(_ directory: String) throws -> [JournalReader.Located] {
        let reader = try JournalReader(JournalDirectory(directory))
        var frames: [JournalReader.Located] = []
        while let located = try reader.next() { frames.append(located) }
        return frames
    }
}

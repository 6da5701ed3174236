import FlowModel

/// What a writer finds when it opens a journal: where to go on, and what an interrupted writer left.
///
/// The journal is verified first. A torn end, of the last segment or of the checkpoints, is moved to `torn/`; anything that contradicts is refused,
/// because a writer must not sign over bytes that it did not write.
struct JournalOpening {
    struct Recovered: Equatable {
        var file: String
        var offset: UInt64
        var bytes: UInt64
        var movedTo: String
    }

    private(set) var state: TreeState
    let sealed: TreeHead?
    let checkpointsSize: UInt64
    let segmentStart: Timestamp?
    let origin: String?
    /// The id of the key that the last run was written with.
    let lastKeyID: String?
    private(set) var recovered: [Recovered] = []

    private let directory: JournalDirectory

    /// - Parameter keys: those whose signatures are checked: the writer's own.
    init(_ directory: JournalDirectory, keys: [NoteVerifier], cutsDamage: Bool) throws(JournalProblem) {
        self.directory = directory
        do {
            var verifier = JournalVerifier(directory)
            verifier.keys = keys.map { TrustedKey($0, origin: nil) }
            verifier.depth = .tail
            var run = VerificationRun(verifier)
            let report = try run.run()
            var ending = run.ending
            if report.isTampered {
                guard cutsDamage, let sound = run.soundEnding, report.furtherFindings == 0,
                    report.findings.allSatisfy({ $0.kind.verdict != .tampered || JournalOpening.isCut($0, with: sound) })
                else { throw JournalOpening.refusal(report, directory, canBeCut: run.soundEnding != nil && !cutsDamage) }
                ending = sound
            }
            state = ending.state
            sealed = run.lastSeal
            checkpointsSize = UInt64(run.checkpointsEnd)
            segmentStart = ending.segmentStart
            origin = report.origin
            lastKeyID = run.lastKeyID
            if let torn = run.tornCheckpoint {
                try moveAside(
                    CheckpointFile.name, directory.checkpointsPath, from: UInt64(torn.lowerBound), to: UInt64(torn.upperBound))
            }
            if ending.segmentEnd > state.offset {
                try moveAside(
                    SegmentName.name(of: state.segment), directory.segmentPath(state.segment), from: state.offset,
                    to: ending.segmentEnd)
            }
        } catch let problem as SystemProblem {
            throw .system(problem)
        } catch let problem as JournalProblem {
            throw problem
        } catch {
            throw .mismatch("\(error)")
        }
    }

    /// Whether what a finding is about goes with the bytes that are cut off. The writer's own state may be of them, too.
    private static func isCut(_ finding: VerificationFinding, with sound: VerificationRun.Ending) -> Bool {
        switch finding.kind {
        case .frameDamaged, .foreignMember, .sequenceBroken: finding.frames.map { $0.lowerBound >= sound.state.tree.size } ?? false
        case .framesMissing: finding.file == TreeState.name
        default: false
        }
    }

    private static func refusal(_ report: VerificationReport, _ directory: JournalDirectory, canBeCut: Bool) -> JournalProblem {
        let first = report.findings.first { $0.kind.verdict == .tampered }
        return .tampered(
            path: directory.path,
            reason: (first?.description ?? "it contradicts itself") + "; `twin-journal verify` says more"
                + (canBeCut ? ", `twin-journal repair` cuts a damaged end off" : ""))
    }

    /// Copies the bytes to `torn/`, makes the copy durable, and cuts them off.
    private mutating func moveAside(_ name: String, _ path: String, from start: UInt64, to end: UInt64) throws {
        try FileSystem.makeDirectory(directory.tornPath)
        let target = "\(name).\(start)-\(end)"
        let source = try OpenFile(path, .read)
        let copy = try OpenFile(directory.tornPath + "/" + target, .overwrite)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var position = start
        while position < end {
            let wanted = min(buffer.count, Int(clamping: end - position))
            let count = try buffer.withUnsafeMutableBytes { bytes in
                try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]), at: position)
            }
            guard count > 0 else { break }
            try copy.writeAll(Array(buffer[..<count]))
            position += UInt64(count)
        }
        try copy.sync()
        try FileSystem.syncDirectory(directory.tornPath)
        let writable = try OpenFile(path, .append)
        try writable.truncate(to: start)
        try writable.sync()
        recovered.append(Recovered(file: name, offset: start, bytes: end - start, movedTo: "torn/" + target))
    }
}

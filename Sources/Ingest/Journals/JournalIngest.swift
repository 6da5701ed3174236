internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import Glibc
internal import LogFormats
internal import TextEncodings

/// Ingests a journal in one pass: every frame is read once, hashed into the tree and decoded from the same bytes, and what it says is
/// committed together with the tree up to it. A journal that no longer extends what was seen of it before is refused before anything new of
/// it is taken in.
struct JournalIngest {
    /// A segment as the database knows it.
    private struct Segment {
        var number: Int
        var row: SourceRow
        /// Frames of it that were passed.
        var frames: Int64 = 0
        /// Bytes that were in the database before.
        let known: Int64
        let knownDigest: String
        /// Whether it is to be read, or only hashed.
        let isWanted: Bool
        /// The file as it was when the pass began.
        let file: JournalMoment.Segment?
    }

    let ingest: Ingest
    let writer: IngestWriter
    let pools: DecodingPools
    let directory: String
    /// The directory by which the journal is remembered: absolute, since the same name is another directory elsewhere.
    let place: String
    /// Paths of the segments that are to be read, as the caller names them, by number.
    let wanted: [Int: String]
    let total: Int64
    let done: Int64

    init(
        ingest: Ingest, writer: IngestWriter, pools: DecodingPools, directory: String, wanted: [Int: String], total: Int64, done: Int64
    ) {
        self.ingest = ingest
        self.writer = writer
        self.pools = pools
        self.directory = directory
        self.wanted = wanted
        self.total = total
        self.done = done
        place = SourceTable.absolute(directory)
    }

    func run() throws {
        let moment: JournalMoment
        do { moment = try JournalMoment(JournalDirectory(directory)) } catch { throw problem(error) }
        let pass = JournalPass(moment)
        let pool = pools.pool(for: .analytics)
        // What is under way is dropped when an error ends the pass.
        defer { pool.drain() }
        var run = Run(pass: pass, expected: try writer.journals().heads(origin: nil, place: place, named: directory))
        var segment: Segment?
        var piece: FramePiece?
        do {
            while let leaf = try pass.next() {
                if leaf.index == 0 { try meet(leaf, &run) }
                if segment?.number != leaf.segment {
                    try finish(&segment, &piece, &run, pool)
                    segment = try begin(leaf, moment, origin: run.origin)
                }
                guard var current = segment else { continue }
                current.frames += 1
                let end = Int64(clamping: leaf.frame.end)
                if run.see(leaf, moment) {
                    // The rest of it may still come: it is read when it is there.
                } else if current.isWanted, end > current.known {
                    try requireKnownPart(current, at: Int64(clamping: leaf.frame.offset))
                    if piece == nil {
                        piece = FramePiece(
                            at: ResumePoint(offset: UInt64(current.row.position), line: UInt64(current.row.lines)),
                            filePosition: current.row.filePosition)
                    }
                    piece?.append(leaf, number: current.frames)
                } else if end == current.known, let digest = pass.digest, Hexadecimal.text(digest.sha256) != current.knownDigest {
                    throw changed(current.row)
                }
                segment = current
                try run.checkExtension(directory)
                if piece?.isFull == true { try submit(&piece, &segment, &run, pool) }
                // Before the next leaf: the digest and the head are then of just what was decoded.
                if leaf.endsSegment { try finish(&segment, &piece, &run, pool) }
                if ingest.shouldStop?() == true { break }
            }
        } catch let error as SystemProblem {
            throw problem(error)
        }
        try finish(&segment, &piece, &run, pool)
        guard ingest.shouldStop?() != true else { return }
        try run.requireWhole(directory)
        writer.mayCommit = true
        for segment in run.known { try writer.settledSources().seeLater(segment.source, at: segment.path) }
        if let torn = pass.tornEnd, wanted[torn.segment] != nil {
            writer.note { $0.warnings.append("`\(torn.path)`: the last frame is not complete yet; it will be read when it is") }
        }
        for gap in moment.missing where !wanted.isEmpty {
            let what = gap.count == 1 ? "segment \(gap.lowerBound) is" : "segments \(gap.lowerBound) to \(gap.upperBound) are"
            writer.note { $0.warnings.append("`\(directory)`: \(what) missing; see `twin-journal verify`") }
        }
        guard pass.head.size > 0 else {
            writer.note { $0.warnings.append("`\(directory)`: the journal has no whole frame yet; nothing was read from it") }
            return
        }
        if run.isSound { try writer.remember(pass.head, origin: run.origin, directory: place) }
        if run.damage.isEmpty, let cut = run.cut.first { throw cutShort(cut, moment) }
        guard !run.damage.isEmpty else { return }
        var damaged = InputProblem(
            .tampered, path: directory,
            "`\(directory)`: \(run.damage.joined(separator: "; ")); all other frames were read, see `twin-journal verify`")
        damaged.keepsWhatWasRead = true
        throw damaged
    }

    // MARK: What was seen before

    /// What is found out in the course of a pass.
    private struct Run {
        let pass: JournalPass
        /// Heads that the tree must pass.
        var expected: [TreeHead]
        var origin: String?
        var damage: [String] = []
        /// Segments of which nothing was to be read: where they are is noted when the journal proves to be the one that was seen.
        var known: [(source: Int64, path: String)] = []
        /// Segments before the last that end in the middle of a frame: where, in words.
        private(set) var cut: [String] = []
        /// Nothing is missing so far: the tree is the journal's own.
        private(set) var isSound = true
        private var inflater = FrameInflater()

        init(pass: JournalPass, expected: [TreeHead]) {
            self.pass = pass
            self.expected = expected
        }

        /// The first frame says which journal it is.
        mutating func learnOrigin(_ leaf: JournalPass.Leaf) { origin = leaf.openedOrigin(with: inflater) }

        /// Notes what a leaf says of the journal. True for the beginning of a frame with which a segment ends although another follows.
        mutating func see(_ leaf: JournalPass.Leaf, _ moment: JournalMoment) -> Bool {
            if moment.missing.contains(where: { $0.upperBound < leaf.segment }) { isSound = false }
            guard leaf.frame.header == nil else { return false }
            isSound = false
            guard leaf.endsSegment, case .damaged = leaf.frame.form else { return false }
            cut.append("`\(leaf.path)` ends in the middle of a frame, at byte \(leaf.frame.offset), although another segment follows")
            return true
        }

        /// Throws when the tree is another than it was when it had as many leaves.
        mutating func checkExtension(_ directory: String) throws(InputProblem) {
            let head = pass.head
            for seen in expected where seen.size == head.size && seen.root != head.root {
                throw JournalIngest.notAnExtension(
                    directory, "its first \(seen.size) frames had the root \(seen.root.base64), and now have \(head.root.base64)")
            }
            expected.removeAll { $0.size <= head.size }
        }

        /// Throws when there are fewer frames than were seen.
        func requireWhole(_ directory: String) throws(InputProblem) {
            guard let seen = expected.max(by: { $0.size < $1.size }), seen.size > pass.head.size else { return }
            throw JournalIngest.notAnExtension(directory, "it had \(seen.size) frames, and now has \(pass.head.size)")
        }
    }

    /// The first frame says which journal it is: the same may have been seen elsewhere, and another one here.
    private func meet(_ leaf: JournalPass.Leaf, _ run: inout Run) throws {
        run.learnOrigin(leaf)
        guard let origin = run.origin else { return }
        run.expected = try writer.journals().heads(origin: origin, place: place, named: directory)
        if let before = try writer.journals().origin(in: place), before != origin {
            writer.note {
                $0.warnings.append(
                    """
                    `\(directory)` holds another journal than before: its origin is `\(origin)`, and was `\(before)`; it is taken in beside \
                    that one
                    """)
            }
        }
    }

    private static func notAnExtension(_ directory: String, _ how: String) -> InputProblem {
        InputProblem(
            .tampered, path: directory,
            "`\(directory)`: the journal no longer extends what was ingested before: \(how); evidence was changed, nothing of it was read")
    }

    private func changed(_ row: SourceRow) -> InputProblem {
        InputProblem(
            .tampered, path: row.path,
            """
            `\(row.path)`: the segment no longer begins with the \(row.size) bytes that were ingested before (SHA-256 \(row.digest)); \
            evidence was changed, nothing of it was read
            """)
    }

    /// New frames begin where the known ones ended.
    private func requireKnownPart(_ segment: Segment, at offset: Int64) throws(InputProblem) {
        guard offset < segment.known else { return }
        throw changed(segment.row)
    }

    private func problem(_ error: SystemProblem) -> InputProblem {
        guard error.isChange else { return InputProblem(.environment, path: directory, "\(error)") }
        var found = InputProblem(.tampered, path: directory, "`\(directory)`: \(error), and a journal is only ever appended to")
        found.remedy = "see `twin-journal verify`"
        return found
    }

    /// How long a journal is watched that may be a copy in the making, in microseconds.
    private static let settling: UInt32 = 1_000_000

    /// A segment that is cut off is one that is still being copied, or frames of it were taken away: the former grows.
    private func cutShort(_ sentence: String, _ moment: JournalMoment) -> InputProblem {
        usleep(JournalIngest.settling)
        // One that cannot be looked at any more did not stand still.
        let stands = (try? JournalMoment(JournalDirectory(directory))) == moment
        var found = InputProblem(
            stands ? .tampered : .environment, path: directory,
            stands
                ? "\(sentence); all whole frames were read, see `twin-journal verify`"
                : "\(sentence), and the journal is still being written or copied; what is whole was read, run the same command again")
        found.keepsWhatWasRead = true
        return found
    }

    // MARK: Segments

    private func begin(_ leaf: JournalPass.Leaf, _ moment: JournalMoment, origin: String?) throws -> Segment {
        let path = wanted[leaf.segment] ?? leaf.path
        let head = try SourceProbe.head(path: leaf.path)
        var row = try writer.settledSources().find(journalPath: path, origin: origin)
        if row == nil { row = try elsewhere(leaf.path, head, origin) }
        let number = row == nil && wanted[leaf.segment] != nil ? try writer.settledSources().nextID() : 0
        let known =
            row
            ?? SourceRow(
                id: number, kind: .journal,
                format: InputFormat.analytics.rawValue, compression: ByteStreamReader.Compression.gzip.rawValue, path: path,
                journal: place, digest: "", size: 0, head: head)
        var made = known
        made.path = path
        made.journal = place
        made.origin = origin ?? known.origin
        made.head = head
        made.frames = row?.frames ?? 0
        return Segment(
            number: leaf.segment, row: made, known: known.filePosition, knownDigest: known.digest, isWanted: wanted[leaf.segment] != nil,
            file: moment.segments.first { $0.number == leaf.segment })
    }

    /// The row of a segment that was ingested from another place: the one whose bytes it begins with.
    private func elsewhere(_ path: String, _ head: String, _ origin: String?) throws -> SourceRow? {
        let sizes = try writer.settledSources().knownSizes(upTo: Ingest.size(of: path), head: head)
        guard !sizes.isEmpty else { return nil }
        let probe = try SourceProbe.read(path: path, sizes: sizes)
        for (size, digest) in probe.prefixes.sorted(by: { $0.key > $1.key }) {
            if let found = try writer.settledSources().find(journalSize: size, digest: digest, origin: origin) { return found }
        }
        return nil
    }

    /// Ends a segment: its row holds the digest of just what was read.
    private func finish(_ segment: inout Segment?, _ piece: inout FramePiece?, _ run: inout Run, _ pool: DecodingPool) throws {
        guard segment != nil else { return }
        try submit(&piece, &segment, &run, pool)
        piece = nil
        try drain(pool, &run, &segment)
        guard let ended = segment, ended.isWanted else { return segment = nil }
        writer.note { $0.bytesRead += ended.row.filePosition }
        // Of a segment with no whole frame there is nothing to say.
        guard ended.row.filePosition > 0 else { return segment = nil }
        if ended.row.filePosition == ended.known, ended.row.isComplete {
            writer.note { $0.filesKnown += 1 }
            run.known.append((ended.row.id, ended.row.path))
        } else {
            guard try stands(ended) else {
                var found = InputProblem(
                    .tampered, path: ended.row.path,
                    "`\(ended.row.path)` was changed while it was read, and a journal is only ever appended to")
                found.remedy = "see `twin-journal verify`"
                throw found
            }
            writer.note { $0.filesRead += 1 }
            var row = ended.row
            let end = DecodingWorker(format: .analytics, key: pools.key)
            let progress = SourceProgress(
                position: row.position, filePosition: row.filePosition, lines: row.lines, isComplete: ingest.shouldStop?() != true)
            try writer.write(end.batch, end.numbers, map: &end.map, source: &row, progress: progress)
        }
        segment = nil
    }

    /// Whether what was decoded is what is there: bytes that were changed behind the pass would be of two moments. A file that nobody touched
    /// meanwhile, by its status, is not read again.
    private func stands(_ segment: Segment) throws -> Bool {
        if segment.file?.isUntouched == true { return true }
        let probe = try SourceProbe.read(path: segment.row.path, sizes: [segment.row.filePosition])
        return probe.prefixes[segment.row.filePosition] == segment.row.digest
    }

    /// Has a piece decoded, and writes what is decoded when there is no more room.
    private func submit(_ piece: inout FramePiece?, _ segment: inout Segment?, _ run: inout Run, _ pool: DecodingPool) throws {
        guard var made = piece, !made.isEmpty, let digest = run.pass.digest else { return }
        var hash = digest.sha256
        if Int64(clamping: digest.size) != made.filePosition, let path = segment?.row.path {
            // The pass is behind a cut frame already, which is not taken in.
            hash = try SourceProbe.prefix(path: path, size: made.filePosition)
        }
        made.close(head: run.isSound ? run.pass.head : nil, digest: hash)
        piece = FramePiece(at: made.end, filePosition: made.filePosition)
        let closed = made
        // Until the tree has passed what was seen before, nothing is committed.
        writer.mayCommit = run.expected.isEmpty
        while !pool.hasRoom { try takeOne(pool, &run, &segment) }
        pool.submit { worker in closed.decode(worker) }
    }

    private func drain(_ pool: DecodingPool, _ run: inout Run, _ segment: inout Segment?) throws {
        while try takeOne(pool, &run, &segment) {}
    }

    @discardableResult
    private func takeOne(_ pool: DecodingPool, _ run: inout Run, _ segment: inout Segment?) throws -> Bool {
        guard let worker = pool.take() else { return false }
        defer { pool.giveBack(worker) }
        guard var current = segment else { return true }
        run.damage += worker.damage.map { "`\(current.row.path)`: \($0)" }
        let progress = SourceProgress(
            position: Int64(clamping: worker.end.offset), filePosition: worker.filePosition, lines: Int64(clamping: worker.end.line),
            isComplete: false, frames: worker.frames)
        current.row.size = worker.filePosition
        current.row.digest = Hexadecimal.text(worker.segmentDigest)
        if let head = worker.head { writer.rememberNext(head, origin: run.origin, directory: place) }
        try writer.write(worker.batch, worker.numbers, map: &worker.map, source: &current.row, progress: progress)
        segment = current
        ingest.onProgress?(done.saturatingAdd(worker.filePosition), total, writer.report.flowEvents.values.reduce(0, +))
        return true
    }
}

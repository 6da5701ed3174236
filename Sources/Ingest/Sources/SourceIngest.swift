internal import Crypto
internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import Glibc
internal import LogFormats
internal import TextEncodings

/// Ingests one file that is no journal.
struct SourceIngest {
    let ingest: Ingest
    let writer: IngestWriter
    let pools: DecodingPools
    let spools: Spools
    let total: Int64
    let done: Int64

    /// Inflated bytes handed to the decoder at a time.
    private static let chunk = 1 << 20
    /// Compressed files up to this size are in one transaction, which is ended when their checksum was met. Larger ones are inflated once
    /// before, so that the write-ahead log stays within some hundred MB.
    private static let maxAtOnce: Int64 = 256 << 20

    func run(_ path: String) throws {
        if let spool = try spools.spool(path) {
            try file(spool.path, name: path, kind: .standardInput)
        } else {
            try file(path, name: path, kind: .file)
        }
    }

    private func file(_ path: String, name: String, kind: SourceRow.Kind) throws {
        let head = try SourceProbe.head(path: path)
        let sizes = try writer.settledSources().knownSizes(upTo: Ingest.size(of: path), head: head)
        let probe = try SourceProbe.read(path: path, sizes: sizes)
        guard probe.size > 0 else {
            throw InputProblem(.refused, path: name, "`\(name)` is empty; nothing was read from it")
        }
        writer.note { $0.bytesRead += probe.size }
        if let known = try knownSource(probe) {
            if known.size == probe.size, known.isComplete {
                try isKnown(known, at: name)
                return
            }
            var grown = known
            grown.size = probe.size
            grown.digest = probe.digest
            grown.head = head
            grown.path = name
            try read(path, name: name, row: grown, probe)
            return
        }
        let row = SourceRow(
            id: try writer.settledSources().nextID(), kind: kind, format: "", compression: "", path: name, journal: nil,
            digest: probe.digest, size: probe.size, head: head)
        try read(path, name: name, row: row, probe)
    }

    /// Nothing is to be read; where the bytes are now is noted.
    private func isKnown(_ known: SourceRow, at name: String) throws {
        writer.note {
            $0.filesKnown += 1
            $0.quarantinedBefore += known.quarantined
        }
        try writer.settledSources().seeLater(known.id, at: name)
    }

    /// The source that this file is, or has grown from.
    private func knownSource(_ probe: SourceProbe) throws -> SourceRow? {
        if let same = try writer.settledSources().find(size: probe.size, digest: probe.digest) { return same }
        for (size, digest) in probe.prefixes.sorted(by: { $0.key > $1.key }) where size < probe.size {
            if let known = try writer.settledSources().find(size: size, digest: digest) { return known }
        }
        return nil
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func read(_ path: String, name: String, row: SourceRow, _ probe: SourceProbe) throws {
        if let known = try stream(path, name: name, row: row, probe) { try isKnown(known, at: name) }
    }

    // MARK: Logs and exports

    /// Nil when it was read; the source that it is when the database has all of it, from a file that was compressed otherwise.
    private func stream(_ path: String, name: String, row: SourceRow, _ probe: SourceProbe) throws -> SourceRow? {
        var row = row
        let reader = try translating(name) { () throws(StreamProblem) in try ContentReader(path: path, size: probe.size) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SourceIngest.chunk, alignment: 16)
        defer { buffer.deallocate() }
        row.compression = reader.compression.rawValue
        let count = try translating(name) { () throws(StreamProblem) in try reader.fill(buffer) }
        let first = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        if count == 0, let problem = reader.problem { throw failure(problem, name) }
        let content = try sameContent(path, name, &row, first, probe)
        if case .known(let same) = content { return same }
        let format = try format(of: row, path, name, first, probe)
        row.format = format.rawValue

        if row.countsRows || !format.isLineByLine {
            row.restart()
            try writer.beginCounting(row.id)
            try writer.ownedSources().clearDuplicates(source: row.id)
        }
        // Go on where the last run, or the file before it grew, ended.
        let point = ResumePoint(offset: UInt64(row.position), line: UInt64(row.lines), context: row.context)
        row.wasContinued = row.position > 0
        writer.mayCommit = content.isProved
        if format.isLineByLine {
            try inPieces(reader, name, first, at: point, &row, probe)
        } else {
            reader.note(first)
            let worker = DecodingWorker(format: format, key: pools.key)
            worker.decode(first)
            try inSequence(reader, name, worker, &row, probe)
        }
        // Stopped before its checksum was met, nothing of it may stay.
        writer.mayCommit = content.isProved || row.isComplete
        // One line set aside is a flaw of the file; all of them are a file that was not understood.
        if row.events == 0, row.other == 0, row.quarantined > 0, let problem = row.firstProblem {
            let warning = "`\(name)`: no event could be read from it, \(row.quarantined) lines were set aside; the first: \(problem)"
            writer.note { $0.warnings.append(warning) }
        }
        return nil
    }

    private func format(
        of row: SourceRow, _ path: String, _ name: String, _ first: UnsafeRawBufferPointer, _ probe: SourceProbe
    ) throws -> InputFormat {
        if let known = InputFormat(rawValue: row.format) { return known }
        if let forced = ingest.options.format {
            guard let obstacle = FormatSniffer.obstacle(to: forced, firstBytes: first) else { return forced }
            throw InputProblem(.refused, path: name, "`\(name)` cannot be read: \(obstacle)")
        }
        switch try sniff(path, name, first, probe) {
        case .format(let found): return found
        case .notALog(let reason):
            throw InputProblem(.refused, path: name, "`\(name)` is not a log that is known here: \(reason)")
        }
    }

    /// Reads on, from a reader of its own, where the first bytes do not show what the file is.
    private func sniff(_ path: String, _ name: String, _ first: UnsafeRawBufferPointer, _ probe: SourceProbe) throws -> Sniffed {
        var sniffer = FormatSniffer()
        if let answer = sniffer.see(first) { return answer }
        guard first.count == SourceIngest.chunk else { return sniffer.end() }
        let reader = try translating(name) { () throws(StreamProblem) in try ContentReader(path: path, size: probe.size) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SourceIngest.chunk, alignment: 16)
        defer { buffer.deallocate() }
        _ = try translating(name) { () throws(StreamProblem) in try reader.fill(buffer) }
        while true {
            let count = try translating(name) { () throws(StreamProblem) in try reader.fill(buffer) }
            if count == 0 { return sniffer.end() }
            if let answer = sniffer.see(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { return answer }
        }
    }

    /// What is known of a file's content before it is decoded.
    private enum Content {
        /// The database has all of it, from this source, which is compressed otherwise.
        case known(SourceRow)
        /// It is plain, or was inflated to its end.
        case proved
        /// Whether its checksum fits is seen at its end.
        case unproved

        var isProved: Bool {
            guard case .unproved = self else { return true }
            return false
        }
    }

    /// Looks at the whole of a file's content where a source begins alike, and where it is compressed and too large to be kept in one
    /// transaction until its checksum was met.
    private func sameContent(
        _ path: String, _ name: String, _ row: inout SourceRow, _ first: UnsafeRawBufferPointer, _ probe: SourceProbe
    ) throws -> Content {
        row.contentHead = Hexadecimal.text(SHA256.hash(data: first.prefix(Int(SourceProbe.headBytes))))
        let isPlain = row.compression == ByteStreamReader.Compression.none.rawValue
        let isNew = row.position == 0 && row.contentSize == 0
        if isPlain || probe.size <= SourceIngest.maxAtOnce, try !isNew || !writer.settledSources().mayHaveContent(head: row.contentHead) {
            return isPlain ? .proved : .unproved
        }
        let reader = try translating(name) { () throws(StreamProblem) in try ContentReader(path: path, size: probe.size) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SourceIngest.chunk, alignment: 16)
        defer { buffer.deallocate() }
        do {
            while true {
                let count = try translating(name) { () throws(StreamProblem) in try reader.fill(buffer) }
                if count == 0 { break }
                reader.note(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        } catch {
            // What is there of it is no other source, and is read as far as it goes.
            if reader.isCutOff { return .proved }
            throw error
        }
        let content = reader.contentDigest
        guard isNew, let same = try writer.settledSources().find(contentSize: content.size, contentDigest: content.text) else {
            return .proved
        }
        return .known(same)
    }

    /// Lines stand for themselves: pieces are decoded beside each other, and written in order.
    private func inPieces(
        _ reader: ContentReader, _ name: String, _ first: UnsafeRawBufferPointer, at point: ResumePoint, _ row: inout SourceRow,
        _ probe: SourceProbe
    ) throws {
        guard let format = InputFormat(rawValue: row.format) else { return }
        let pool = pools.pool(for: format)
        let cutter = StreamCutter(reader, first: first, at: point)
        let before = try translating(name) { () throws(StreamProblem) in try cutter.skip() }
        if point.offset > 0, !row.isComplete, row.contentSize == row.position, before.text != row.contentDigest {
            throw InputProblem(
                .tampered, path: name,
                """
                `\(name)`: the first \(row.position) bytes of its content are not those that were ingested before (SHA-256 \
                \(row.contentDigest)); evidence was changed, nothing of it was read
                """)
        }
        defer { pool.drain() }
        while try takePiece(cutter, reader, pool, name, &row, probe) {}
    }

    /// Writes the next piece. False behind the last one, and when the ingest is to stop.
    private func takePiece(
        _ cutter: StreamCutter, _ reader: ContentReader, _ pool: DecodingPool, _ name: String, _ row: inout SourceRow, _ probe: SourceProbe
    ) throws -> Bool {
        while pool.hasRoom { pool.submit { worker in cutter.read(worker) } }
        guard let worker = pool.take() else { return false }
        defer { pool.giveBack(worker) }
        let problem = worker.failure as? StreamProblem
        if let problem, !problem.isCut { throw failure(problem, name) }
        if worker.overlong > 0 {
            try overlong(worker, reader, pool, name, &row, probe)
            return false
        }
        if worker.isLast {
            try requireUnchanged(reader, name, probe)
            worker.content = reader.contentDigest
        }
        let isLast = worker.isLast
        try write(worker, &row, isComplete: isLast && problem == nil, position: worker.end, content: worker.content)
        progress(worker.filePosition)
        if let problem { throw cutOff(problem, name, row) }
        return !isLast && ingest.shouldStop?() != true
    }

    /// The pieces behind one whose line does not fit into it are empty; when they are done, the reader is ours again.
    private func overlong(
        _ worker: DecodingWorker, _ reader: ContentReader, _ pool: DecodingPool, _ name: String, _ row: inout SourceRow,
        _ probe: SourceProbe
    ) throws {
        guard let format = InputFormat(rawValue: row.format) else { return }
        // Before the reader is touched here.
        pool.drain()
        let own = DecodingWorker(format: format, key: pools.key)
        own.resume(at: worker.end)
        let bytes = UnsafeRawBufferPointer(rebasing: worker.buffer[..<worker.overlong])
        reader.note(bytes)
        own.decode(bytes)
        try inSequence(reader, name, own, &row, probe)
    }

    private func progress(_ filePosition: Int64) {
        ingest.onProgress?(done.saturatingAdd(filePosition), total, writer.report.flowEvents.values.reduce(0, +))
    }

    /// What a line means depends on those before it, or lines are longer than they may be: everything in a row.
    private func inSequence(
        _ reader: ContentReader, _ name: String, _ worker: DecodingWorker, _ row: inout SourceRow, _ probe: SourceProbe
    ) throws {
        let resume = (position: ResumePoint(offset: UInt64(row.position), line: UInt64(row.lines), context: row.context), content: row.read)
        while true {
            if worker.batch.lines > 0 {
                worker.number()
                // A next run goes on before all of this: what was read of the middle has no digest of its own.
                try write(worker, &row, isComplete: false, position: resume.position, content: resume.content)
                if ingest.shouldStop?() == true { return }
            }
            progress(reader.fileOffset)
            if reader.isCutOff, let problem = reader.problem {
                try requireUnchanged(reader, name, probe)
                throw cutOff(problem, name, row)
            }
            let count = try translating(name) { () throws(StreamProblem) in try reader.fill(worker.buffer) }
            if count == 0 { break }
            let bytes = UnsafeRawBufferPointer(rebasing: worker.buffer[..<count])
            reader.note(bytes)
            worker.decode(bytes)
        }
        try requireUnchanged(reader, name, probe)
        // As for pieces: the last line may be half a line.
        let whole = worker.resumePoint
        worker.decode(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        worker.number()
        try write(worker, &row, isComplete: true, position: whole, content: reader.contentDigest)
    }

    /// What was decoded is what was looked at, or the file changed in between.
    private func requireUnchanged(_ reader: ContentReader, _ name: String, _ probe: SourceProbe) throws(InputProblem) {
        guard !reader.isAllOf(digest: probe.digest) else { return }
        var found = InputProblem(.environment, path: name, "`\(name)` changed while it was read")
        found.remedy = "run the same command again"
        throw found
    }

    private func write(
        _ worker: DecodingWorker, _ row: inout SourceRow, isComplete: Bool, position: ResumePoint, content: ContentDigest? = nil,
        filePosition: Int64 = 0
    ) throws {
        let progress = SourceProgress(
            position: Int64(clamping: position.offset), filePosition: filePosition, lines: Int64(clamping: position.line),
            isComplete: isComplete, context: position.context, content: content, frames: worker.frames)
        if isComplete {
            // Before the rows: what is committed with them is counted with them.
            let isContinued = row.wasContinued
            writer.note {
                $0.filesRead += 1
                $0.filesContinued += isContinued ? 1 : 0
            }
        }
        try writer.write(worker.batch, worker.numbers, map: &worker.map, source: &row, progress: progress)
        worker.clear()
    }

    /// A file that ends too early, of which all is read that is there. When more of it comes, the ingest goes on where it was cut off.
    private func cutOff(_ problem: StreamProblem, _ name: String, _ row: SourceRow) -> InputProblem {
        writer.mayCommit = true
        guard row.events > 0 || row.other > 0 || row.noise > 0 || row.quarantined > 0 else { return failure(problem, name) }
        var found = InputProblem(
            .refused, path: name,
            "`\(name)`: \(problem); the lines before that place were read, get the whole file and run the same command again")
        found.keepsWhatWasRead = true
        return found
    }

    private func translating<Value>(_ name: String, _ body: () throws(StreamProblem) -> Value) throws(InputProblem) -> Value {
        do {
            return try body()
        } catch {
            throw failure(error, name)
        }
    }

    private func failure(_ problem: StreamProblem, _ name: String) -> InputProblem {
        if case .system(let problem) = problem { return InputProblem(.environment, path: name, "`\(name)`: \(problem)") }
        var found = InputProblem(.refused, path: name, "`\(name)`: \(problem)")
        found.remedy = "get the file again"
        return found
    }
}

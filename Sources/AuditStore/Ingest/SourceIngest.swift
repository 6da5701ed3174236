internal import Crypto
internal import FlowJournal
internal import FlowModel
internal import Glibc
internal import LogFormats

/// Ingests one file.
struct SourceIngest {
    let ingest: Ingest
    let writer: IngestWriter
    let pools: DecodingPools
    let total: Int64
    let done: Int64

    /// Inflated bytes handed to the decoder at a time.
    private static let chunk = 1 << 20

    func run(_ path: String, report: inout IngestReport) throws {
        guard path == "-" else {
            try file(path, name: path, kind: .file, report: &report)
            return
        }
        let spool = try StandardInputSpool()
        defer { spool.close() }
        try file(spool.path, name: "-", kind: .standardInput, report: &report)
    }

    private func file(_ path: String, name: String, kind: SourceRow.Kind, report: inout IngestReport) throws {
        let head = try SourceProbe.head(path: path)
        let sizes = try writer.settledSources().knownSizes(upTo: Ingest.size(of: path), head: head)
        let probe = try SourceProbe.read(path: path, sizes: sizes)
        guard probe.size > 0 else {
            throw StoreFailure(.refused, "`\(name)` is empty; nothing was read from it")
        }
        report.bytesRead += probe.size
        if let known = try knownSource(probe) {
            guard known.size < probe.size || !known.isComplete else {
                report.filesKnown += 1
                return
            }
            var grown = known
            grown.size = probe.size
            grown.digest = probe.digest
            grown.head = head
            try read(path, name: name, row: grown, isJournal: grown.kind == .journal, report: &report)
            return
        }
        if probe.isJournal, kind == .file, let other = try writer.settledSources().find(journalPath: name) {
            throw StoreFailure(
                .tampered,
                """
                `\(name)`: the segment no longer begins with the \(other.size) bytes that were ingested before \
                (SHA-256 \(other.digest)); evidence was changed, nothing of it was read
                """)
        }
        let row = SourceRow(
            id: try writer.settledSources().nextID(), kind: probe.isJournal ? .journal : kind, format: "", compression: "",
            path: name, journal: probe.isJournal ? SourceIngest.directory(of: name) : nil, digest: probe.digest, size: probe.size,
            head: head)
        try read(path, name: name, row: row, isJournal: probe.isJournal, report: &report)
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

    private func read(_ path: String, name: String, row: SourceRow, isJournal: Bool, report: inout IngestReport) throws {
        if isJournal {
            try journal(path, row: row, report: &report)
        } else if try !stream(path, name: name, row: row, report: &report) {
            report.filesKnown += 1
            return
        }
        report.filesRead += 1
    }

    // MARK: Logs and exports

    /// False when the database has all of it, from a file that was compressed otherwise.
    private func stream(_ path: String, name: String, row: SourceRow, report: inout IngestReport) throws -> Bool {
        var row = row
        let reader = try SourceIngest.translating(name) { () throws(StreamProblem) in try ByteStreamReader(path: path) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SourceIngest.chunk, alignment: 16)
        defer { buffer.deallocate() }
        if reader.compression == .none {
            row.contentDigest = row.digest
            row.contentSize = row.size
        } else {
            (row.contentSize, row.contentDigest) = try inflatedContent(path, name, buffer)
        }
        if row.position == 0, try writer.settledSources().find(contentSize: row.contentSize, contentDigest: row.contentDigest) != nil {
            return false
        }
        row.compression = reader.compression.rawValue

        var count = try fill(buffer, from: reader, name: name)
        let format: InputFormat
        if let known = InputFormat(rawValue: row.format) {
            format = known
        } else if let forced = ingest.options.format {
            format = forced
        } else {
            switch FormatSniffer.examine(firstBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
            case .format(let found): format = found
            case .notALog(let reason):
                throw StoreFailure(.refused, "`\(name)` is not a log that is known here: \(reason); say with --format what it is")
            }
        }
        row.format = format.rawValue

        // Go on where the last run, or the file before it grew, ended.
        let point = ResumePoint(offset: UInt64(row.position), line: UInt64(row.lines), context: row.context)
        let first = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        if format.isLineByLine {
            try inPieces(reader, name, first, at: point, &row, &report)
            return true
        }
        let worker = DecodingWorker(format: format, seed: pools.seed)
        worker.resume(at: point)
        let skipped = min(count, Int(clamping: point.offset))
        worker.decode(UnsafeRawBufferPointer(rebasing: first[skipped...]))
        var behind = UInt64(count)
        while behind < point.offset, count > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, Int(clamping: point.offset - behind))])
            count = try fill(part, from: reader, name: name)
            behind += UInt64(count)
        }
        try inSequence(reader, name, worker, &row, &report)
        return true
    }

    /// Inflates a compressed file once beforehand: one that is cut off or damaged is refused before anything of it is stored.
    private func inflatedContent(
        _ path: String, _ name: String, _ buffer: UnsafeMutableRawBufferPointer
    ) throws -> (size: Int64, digest: String) {
        let reader = try SourceIngest.translating(name) { () throws(StreamProblem) in try ByteStreamReader(path: path) }
        var hash = SHA256()
        var size: Int64 = 0
        while true {
            let count = try SourceIngest.translating(name) { () throws(StreamProblem) in try reader.read(into: buffer) }
            if count == 0 { return (size, SourceProbe.hex(hash.finalize())) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += Int64(count)
        }
    }

    /// Lines stand for themselves: pieces are decoded beside each other, and written in order.
    private func inPieces(
        _ reader: ByteStreamReader, _ name: String, _ first: UnsafeRawBufferPointer, at point: ResumePoint, _ row: inout SourceRow,
        _ report: inout IngestReport
    ) throws {
        guard let format = InputFormat(rawValue: row.format) else { return }
        let pool = pools.pool(for: format)
        let cutter = StreamCutter(reader, first: first, at: point)
        defer { pool.drain() }
        while true {
            while pool.hasRoom { pool.submit { worker in cutter.read(worker) } }
            guard let worker = pool.take() else { return }
            defer { pool.giveBack(worker) }
            if let problem = worker.failure as? StreamProblem { throw SourceIngest.failure(problem, name) }
            if worker.overlong > 0 {
                // The pieces behind this one are empty; the reader is ours again.
                let own = DecodingWorker(format: format, seed: pools.seed)
                own.resume(at: worker.end)
                own.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[..<worker.overlong]))
                pool.drain()
                try inSequence(reader, name, own, &row, &report)
                return
            }
            let isLast = worker.isLast
            try write(worker, &row, isComplete: isLast, position: worker.end, report: &report)
            ingest.onProgress?(done + worker.filePosition, total, report.flowEvents.values.reduce(0, +))
            if isLast || ingest.shouldStop?() == true { return }
        }
    }

    /// What a line means depends on those before it, or lines are longer than they may be: everything in a row.
    private func inSequence(
        _ reader: ByteStreamReader, _ name: String, _ worker: DecodingWorker, _ row: inout SourceRow, _ report: inout IngestReport
    ) throws {
        while true {
            if worker.batch.lines > 0 {
                worker.number()
                try write(worker, &row, isComplete: false, position: worker.resumePoint, report: &report)
                if ingest.shouldStop?() == true { return }
            }
            ingest.onProgress?(done + Int64(clamping: reader.compressedOffset), total, report.flowEvents.values.reduce(0, +))
            let count = try fill(worker.buffer, from: reader, name: name)
            if count == 0 { break }
            worker.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[..<count]))
        }
        // As for pieces: the last line may be half a line.
        let whole = worker.resumePoint
        worker.decode(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        worker.number()
        try write(worker, &row, isComplete: true, position: whole, report: &report)
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer, from reader: ByteStreamReader, name: String) throws -> Int {
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let more = try SourceIngest.translating(name) { () throws(StreamProblem) in try reader.read(into: rest) }
            if more == 0 { break }
            count += more
        }
        return count
    }

    private func write(
        _ worker: DecodingWorker, _ row: inout SourceRow, isComplete: Bool, position: ResumePoint, filePosition: Int64 = 0,
        report: inout IngestReport
    ) throws {
        let progress = SourceProgress(
            position: Int64(clamping: position.offset), filePosition: filePosition, lines: Int64(clamping: position.line),
            isComplete: isComplete, context: position.context, frames: worker.frames)
        try writer.write(worker.batch, worker.numbers, map: &worker.map, source: &row, progress: progress, report: &report)
        worker.clear()
    }

    private static func translating<Value>(
        _ name: String, _ body: () throws(StreamProblem) -> Value
    ) throws(StoreFailure) -> Value {
        do {
            return try body()
        } catch {
            throw failure(error, name)
        }
    }

    private static func failure(_ problem: StreamProblem, _ name: String) -> StoreFailure {
        if case .system(let problem) = problem { return StoreFailure(.environment, "`\(name)`: \(problem)") }
        return StoreFailure(.refused, "`\(name)`: \(problem); nothing of it was stored, get the file again")
    }

    // MARK: Journals

    private func journal(_ path: String, row: SourceRow, report: inout IngestReport) throws {
        var row = row
        row.format = InputFormat.analytics.rawValue
        row.compression = ByteStreamReader.Compression.gzip.rawValue
        let segment: SegmentFile
        do {
            segment = try SegmentFile(path: path)
        } catch {
            throw StoreFailure(.environment, "`\(row.path)`: \(error)")
        }
        var reader = try FrameGatherer(segment, from: row, name: row.path)
        let pool = pools.pool(for: .analytics)
        defer { pool.drain() }
        var damage: [String] = []
        while true {
            while pool.hasRoom, let piece = try reader.next() { pool.submit { worker in piece.decode(worker) } }
            guard let worker = pool.take() else { break }
            defer { pool.giveBack(worker) }
            damage += worker.damage
            let filePosition = worker.filePosition
            try write(worker, &row, isComplete: false, position: worker.end, filePosition: filePosition, report: &report)
            if ingest.shouldStop?() == true { return }
            ingest.onProgress?(done + filePosition, total, report.flowEvents.values.reduce(0, +))
        }
        if reader.isTorn {
            report.warnings.append("`\(row.path)`: the last frame is not complete yet; it will be read when it is")
        }
        // The row keeps the digest of what was read: the part behind the last whole frame may still change.
        if row.filePosition < row.size {
            row.digest = try SourceProbe.read(path: path, sizes: [row.filePosition]).prefixes[row.filePosition] ?? row.digest
            row.size = row.filePosition
        }
        let end = DecodingWorker(format: .analytics, seed: pools.seed)
        try write(
            end, &row, isComplete: true, position: ResumePoint(offset: UInt64(row.position), line: UInt64(row.lines)),
            filePosition: row.filePosition, report: &report)
        if !damage.isEmpty {
            throw StoreFailure(
                .tampered,
                "`\(row.path)`: \(damage.joined(separator: "; ")); all other frames were read, see `twin-journal verify`")
        }
    }
}

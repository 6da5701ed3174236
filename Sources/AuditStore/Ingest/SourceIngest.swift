internal import FlowJournal
internal import FlowModel
internal import Glibc
internal import LogFormats

/// Ingests one file.
struct SourceIngest {
    let ingest: Ingest
    let writer: IngestWriter
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
        let sizes = try writer.sources.knownSizes(upTo: Ingest.size(of: path))
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
            try read(path, name: name, row: grown, isJournal: grown.kind == .journal, report: &report)
            return
        }
        if probe.isJournal, kind == .file, let other = try writer.sources.find(journalPath: name) {
            throw StoreFailure(
                .tampered,
                """
                `\(name)`: the segment no longer begins with the \(other.size) bytes that were ingested before \
                (SHA-256 \(other.digest)); evidence was changed, nothing of it was read
                """)
        }
        let row = SourceRow(
            id: try writer.sources.nextID(), kind: probe.isJournal ? .journal : kind, format: "", compression: "",
            path: name, journal: probe.isJournal ? SourceIngest.directory(of: name) : nil, digest: probe.digest, size: probe.size)
        try read(path, name: name, row: row, isJournal: probe.isJournal, report: &report)
    }

    /// The source that this file is, or has grown from.
    private func knownSource(_ probe: SourceProbe) throws -> SourceRow? {
        if let same = try writer.sources.find(size: probe.size, digest: probe.digest) { return same }
        for (size, digest) in probe.prefixes.sorted(by: { $0.key > $1.key }) where size < probe.size {
            if let known = try writer.sources.find(size: size, digest: digest) { return known }
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
        } else {
            try stream(path, name: name, row: row, report: &report)
        }
        report.filesRead += 1
    }

    // MARK: Logs and exports

    private func stream(_ path: String, name: String, row: SourceRow, report: inout IngestReport) throws {
        var row = row
        let reader = try SourceIngest.translating(name) { () throws(StreamProblem) in try ByteStreamReader(path: path) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SourceIngest.chunk, alignment: 16)
        defer { buffer.deallocate() }
        // Compressed files are inflated once beforehand: a file that is cut off or damaged is refused before anything of it is stored.
        if reader.compression != .none {
            let check = try SourceIngest.translating(name) { () throws(StreamProblem) in try ByteStreamReader(path: path) }
            while try SourceIngest.translating(name, { () throws(StreamProblem) in try check.read(into: buffer) }) > 0 {}
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
        let worker = DecodingWorker(format: format, at: point)
        var offset: UInt64 = 0
        while count > 0 {
            let skipped = Int(clamping: max(0, Int64(point.offset) - Int64(offset)))
            if skipped < count {
                worker.decode(UnsafeRawBufferPointer(rebasing: buffer[skipped..<count]), isLast: false)
            }
            offset += UInt64(count)
            if worker.isFull {
                try write(worker, &row, isComplete: false, report: &report)
                if ingest.shouldStop?() == true { return }
            }
            ingest.onProgress?(done + Int64(reader.compressedOffset), total, report.newFlows + report.completions)
            count = try fill(buffer, from: reader, name: name)
        }
        // A last line without its end may be half a line of a file that still grows: it is read, and read again when the file has grown.
        let whole = worker.resumePoint
        worker.decode(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
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
        _ worker: DecodingWorker, _ row: inout SourceRow, isComplete: Bool, position: ResumePoint? = nil, frames: [FrameRow] = [],
        filePosition: Int64 = 0, report: inout IngestReport
    ) throws {
        let point = position ?? worker.resumePoint
        let progress = SourceProgress(
            position: Int64(clamping: point.offset), filePosition: filePosition, lines: Int64(clamping: point.line),
            isComplete: isComplete, context: point.context, frames: frames)
        try writer.write(worker.batch, map: &worker.map, source: &row, progress: progress, report: &report)
        worker.reuse()
    }

    private static func translating<Value>(
        _ name: String, _ body: () throws(StreamProblem) -> Value
    ) throws(StoreFailure) -> Value {
        do {
            return try body()
        } catch {
            if case .system(let problem) = error { throw StoreFailure(.environment, "`\(name)`: \(problem)") }
            throw StoreFailure(.refused, "`\(name)`: \(error); nothing of it was stored, get the file again")
        }
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
        let frames = SegmentReader(segment, from: UInt64(row.filePosition))
        let inflater = FrameInflater()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: FrameHeader.longestInflated, alignment: 16)
        defer { buffer.deallocate() }
        var point = ResumePoint(offset: UInt64(row.position), line: UInt64(row.lines))
        let worker = DecodingWorker(format: .analytics, at: point)
        var pending: [FrameRow] = []
        var number = row.frames
        var filePosition = row.filePosition
        var damage: [String] = []
        reading: while true {
            let next: Frame?
            do {
                next = try frames.next()
            } catch {
                throw StoreFailure(.environment, "`\(row.path)`: \(error)")
            }
            guard let frame = next else { break }
            number += 1
            switch frame.form {
            case .torn:
                report.warnings.append("`\(row.path)`: the last frame is not complete yet; it will be read when it is")
                break reading
            case .damaged(let reason):
                damage.append("frame \(number) at byte \(frame.offset): \(reason)")
            case .foreign:
                damage.append("member \(number) at byte \(frame.offset) was not written by this journal's writer")
            case .native(let header):
                do {
                    let count = try segment.inflate(frame, with: inflater, into: buffer)
                    worker.decode(UnsafeRawBufferPointer(rebasing: buffer[..<count]), isLast: false)
                    pending.append(
                        FrameRow(
                            number: number, fileOffset: Int64(frame.offset), length: Int64(frame.length),
                            inflatedOffset: Int64(point.offset), firstSequence: Int64(clamping: header.firstSequence),
                            records: Int64(header.recordCount)))
                    point = ResumePoint(offset: point.offset + UInt64(count), line: point.line + UInt64(header.recordCount))
                    worker.resume(at: point)
                } catch {
                    damage.append("frame \(number) at byte \(frame.offset): \(error)")
                }
            }
            filePosition = Int64(frame.end)
            if worker.isFull {
                try write(worker, &row, isComplete: false, frames: pending, filePosition: filePosition, report: &report)
                pending = []
                if ingest.shouldStop?() == true { return }
            }
            ingest.onProgress?(done + filePosition, total, report.newFlows + report.completions)
        }
        // The row keeps the digest of what was read: the part behind the last whole frame may still change.
        if filePosition < row.size {
            row.digest = try SourceProbe.read(path: path, sizes: [filePosition]).prefixes[filePosition] ?? row.digest
            row.size = filePosition
        }
        try write(worker, &row, isComplete: true, frames: pending, filePosition: filePosition, report: &report)
        if !damage.isEmpty {
            throw StoreFailure(
                .tampered,
                "`\(row.path)`: \(damage.joined(separator: "; ")); all other frames were read, see `twin-journal verify`")
        }
    }
}

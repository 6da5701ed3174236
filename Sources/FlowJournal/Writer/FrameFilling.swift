import FlowModel

/// The frame that is being filled: what goes into it, and when it is handed over.
extension JournalWriter {
    /// When writing has failed, tries again; throws when it fails still.
    func checkTrouble() throws(SystemProblem) {
        let status = pipeline.current
        if let broken = status.broken { throw broken }
        guard status.trouble != nil else { return }
        try drain()
    }

    func drain() throws(SystemProblem) {
        pipeline.drain()
        let status = pipeline.current
        if let problem = status.broken ?? status.trouble { throw problem }
    }

    /// Ends the frame that is being filled and hands it over to be written.
    func cut() throws(SystemProblem) {
        try checkTrouble()
        addPosition()
        guard !payload.isEmpty else { return }
        pipeline.submit(&payload, content, now: clock(), mayRoll: !hasClosedRecord)
        content = FrameEncoder.Content()
        oldest = nil
        // Without queues the outcome is there already.
        if !options.isConcurrent { try checkOutcome() }
    }

    private func checkOutcome() throws(SystemProblem) {
        let status = pipeline.current
        if let problem = status.broken ?? status.trouble { throw problem }
    }

    func problem(_ problem: SystemProblem) -> JournalProblem {
        pipeline.current.broken == nil ? .system(problem) : .broken(problem)
    }

    func noteLoss(_ problem: SystemProblem, count: UInt64 = 1) {
        let now = clock()
        if lost == nil { lost = Lost(count: 0, since: now, until: now, reason: problem.description) }
        lost?.count += count
        lost?.until = now
    }

    static func facts(of record: UnsafeRawBufferPointer) throws(JournalProblem) -> RecordScanner.Record {
        guard record.count <= maxRecordLength else { throw .refused(.tooLong(record.count)) }
        let facts: RecordScanner.Record
        do throws(RecordScanner.Problem) {
            facts = try RecordScanner.scan(record)
        } catch {
            throw .refused(.malformed(error))
        }
        guard !facts.hasSequence else { throw .refused(.numbered) }
        guard facts.kind?.isReserved != true else { throw .refused(.reserved) }
        guard !facts.hasEscapedName else { throw .refused(.escapedName) }
        return facts
    }

    @discardableResult
    func add(_ record: UnsafeRawBufferPointer, _ facts: RecordScanner.Record) -> UInt64 {
        let sequence = nextSequence
        nextSequence += 1
        recordCount += 1
        if payload.isEmpty {
            content.firstSequence = sequence
            oldest = clock()
        }
        payload.append(contentsOf: JournalWriter.lineStart)
        payload.append(contentsOf: String(sequence).utf8)
        // The rest of the object after its brace; an empty one needs no comma.
        let body = RecordBody.afterBrace(record)
        if body.first != UInt8(ascii: "}") { payload.append(UInt8(ascii: ",")) }
        payload.append(contentsOf: body)
        payload.append(UInt8(ascii: "\n"))
        content.recordCount += 1
        content.timestamps.include(facts.timestamp)
        if facts.kind?.concernsVerifier == true { content.flags |= FrameHeader.holdsJournalRecords }
        return sequence
    }

    private static let lineStart = Array("{\"seq\":".utf8)

    func add(own record: [UInt8]) {
        record.withUnsafeBytes { bytes in
            guard let facts = try? RecordScanner.scan(bytes) else { return }
            add(bytes, facts)
        }
    }

    func addPosition() {
        guard let position = unrecordedPosition else { return }
        unrecordedPosition = nil
        positionRecordedAt = clock()
        add(own: position.record(at: positionRecordedAt))
    }
}

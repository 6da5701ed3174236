/// How a journal is closed, on a full disk too, for which space is kept in reserve.
extension JournalWriter {
    /// Writes all that was taken, the record `journal_closed` and a checkpoint.
    ///
    /// On a full disk the space kept in reserve is given up first, so that at least the number of lost records is in the journal; when
    /// not even that suffices, what waited to be written is lost and counted as well.
    public func close() throws(JournalProblem) {
        guard !isClosed else { return }
        isClosed = true
        do throws(SystemProblem) {
            do throws(SystemProblem) {
                try finish()
            } catch {
                guard error.isFull, pipeline.current.broken == nil else { throw error }
                try finishOnFullDisk()
            }
            try FileSystem.remove(directory.reservePath)
        } catch {
            throw problem(error)
        }
    }

    /// Most of the reserve is for frames that wait; the rest is for the last frame and the checkpoint.
    private func finishOnFullDisk() throws(SystemProblem) {
        if try FileSystem.status(directory.reservePath) != nil {
            try OpenFile(directory.reservePath, .append).truncate(to: UInt64(options.reserveBytes / 8))
        }
        do throws(SystemProblem) {
            try finish()
        } catch {
            guard error.isFull, pipeline.current.broken == nil else { throw error }
            if pipeline.current.trouble != nil { abandon(error) }
            try FileSystem.remove(directory.reservePath)
            try finish()
        }
    }

    private func finish() throws(SystemProblem) {
        try checkTrouble()
        if options.key != nil {
            // All frames are sealed before the journal says that it was closed: a close without that checkpoint has lost it.
            try cut()
            try pipeline.seal(now: clock())
        }
        addLossRecord()
        addSealRecord()
        addPosition()
        if !hasClosedRecord {
            add(own: closed())
            hasClosedRecord = true
        }
        try cut()
        try drain()
        try pipeline.seal(now: clock())
    }

    /// Gives up what waits to be written and what is being filled: none of it was acknowledged.
    private func abandon(_ problem: SystemProblem) {
        let waiting = pipeline.abandonWaiting()
        // The journal's own records among them are counted too: a reader cannot tell what they were.
        let records = waiting.records + UInt64(content.recordCount)
        lostCount += records
        recordCount -= records
        noteLoss(problem, count: records)
        nextSequence = waiting.nextSequence
        abandonedFrom = min(abandonedFrom ?? nextSequence, nextSequence)
        payload.removeAll(keepingCapacity: true)
        content = FrameEncoder.Content()
        oldest = nil
        hasClosedRecord = false
    }

    /// Takes the reserve; a disk that has no room for it is no reason not to journal.
    func fillReserve() throws(SystemProblem) {
        guard options.reserveBytes > 0 else { return }
        do throws(SystemProblem) {
            let reserve = try OpenFile(directory.reservePath, .overwrite)
            // Written, not only claimed: some file systems count only pages that hold data.
            try reserve.writeAll([UInt8](repeating: 0xff, count: options.reserveBytes))
        } catch {
            guard error.isFull else { throw error }
            try FileSystem.remove(directory.reservePath)
        }
    }
}

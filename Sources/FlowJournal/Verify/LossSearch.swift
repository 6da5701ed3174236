/// What is in the directory and should not be, and what was signed or written and is not as it was.
extension VerificationRun {
    /// Files that whoever reads the journal by a pattern of names would take for parts of it.
    mutating func strangers(in names: [String]) {
        for name in names.sorted() {
            report.add(VerificationFinding(.strangeFile, "the file has a segment's ending, and is none", file: name))
        }
    }

    /// Looks for the frames that make a checkpoint's root differ.
    mutating func locate(_ mismatch: Mismatch) throws(SystemProblem) {
        let records = mismatch.from.sequence < mismatch.to.sequence ? mismatch.from.sequence + 1...mismatch.to.sequence : nil
        let further = mismatch.further == 0 ? "" : ", nor do the \(mismatch.further) checkpoints after it fit"
        report.add(
            VerificationFinding(
                .rootMismatch,
                "these frames are not those that the checkpoint of \(mismatch.size) frames was signed over\(further)",
                file: SegmentName.name(of: mismatch.to.segment), frames: mismatch.from.index..<mismatch.to.index, records: records))
        // With depth `.records` the frames have been looked into already.
        guard verifier.depth == .seals, !verifier.keys.isEmpty else { return }
        var index = mismatch.from.index
        // Only segments that are there: their numbers may be far apart.
        for number in try verifier.directory.segments() where (mismatch.from.segment...mismatch.to.segment).contains(number) {
            let offset = number == mismatch.from.segment ? mismatch.from.offset : 0
            let reader = try SegmentReader(
                SegmentFile(path: verifier.directory.segmentPath(number)), from: offset, limit: nil, keeps: true)
            while index < mismatch.to.index, let frame = try reader.next() {
                if let header = frame.header {
                    let bytes = try reader.bytes.bytes(Int(frame.length), at: frame.offset)
                    let wrong = bytes.withBytes { soundness.problem($0, header) }
                    if let wrong {
                        report.add(
                            VerificationFinding(
                                .frameDamaged, wrong, file: SegmentName.name(of: number), bytes: frame.offset..<frame.end,
                                frames: index..<index + 1, records: header.firstSequence...header.lastSequence))
                    }
                }
                index += 1
            }
        }
    }

    /// The writer's own state proves nothing, and may be missing; but a journal that is shorter than it has lost frames.
    mutating func check(_ state: TreeState?) {
        guard let state, state.tree.size > tree.size else { return }
        report.add(
            VerificationFinding(
                .framesMissing, "the writer's state is of \(state.tree.size) frames, and there are only \(tree.size)", file: TreeState.name,
                frames: tree.size..<state.tree.size))
    }
}

import FlowModel
import Testing

@testable import FlowJournal

/// A small journal, cut at every byte and with every byte changed: nothing passes, and what is not touched can still be read.
@Suite struct DamageSweepTests {
    let directory = TemporaryDirectory()
    let journal: String
    let copy: String
    let files: [String]
    let frames: [JournalReader.Located]
    let records: [String]
    /// The sequence number of each record.
    let sequences: [UInt64]
    /// By file, for each byte of a segment: the place, in the journal, of the frame that it belongs to.
    let places: [String: [Int]]

    init() throws {
        journal = directory.path + "/journal"
        copy = directory.path + "/copy"
        try Sample.write(journal)
        files = TemporaryDirectory.names(in: journal).filter { $0 == "checkpoints" || $0.hasSuffix(".ndjson.gz") }
        frames = try Sample.frames(journal)
        records = try Sample.records(journal)
        sequences = records.map { line in Array(line.utf8).withUnsafeBytes { (try? RecordScanner.scan($0))?.sequence } ?? 0 }
        var places: [String: [Int]] = [:]
        for (place, located) in frames.enumerated() {
            let file = SegmentName.name(of: located.number)
            // Frames stand one behind the other, from the first byte on.
            #expect(places[file, default: []].count == Int(located.frame.offset))
            places[file, default: []] += [Int](repeating: place, count: Int(located.frame.length))
        }
        self.places = places
        TestFile.copyDirectory(journal, to: copy)
    }

    @Test func theJournalItselfIsIntact() throws {
        #expect(files.count > 3)
        #expect(frames.count > 8)
        for depth in [JournalVerifier.Depth.hashes, .seals, .records] {
            let report = try Sample.verify(journal) { $0.depth = depth }
            #expect(report.verdict == .intact, "\(report.findings)")
        }
    }

    func recordsWithout(_ places: Set<Int>) -> [String] {
        let gone = places.compactMap { frames[$0].frame.header }
        return zip(records, sequences).filter { _, sequence in
            !gone.contains { ($0.firstSequence...$0.lastSequence).contains(sequence) }
        }.map(\.0)
    }

    @Test(arguments: [0x01, 0xff] as [UInt8])
    func everyByteChanged(mask: UInt8) throws {
        for file in files {
            let whole = TestFile.read(journal + "/" + file)
            for offset in whole.indices {
                var changed = whole
                changed[offset] ^= mask
                TestFile.write(changed, to: copy + "/" + file)
                let report = try Sample.verify(copy)
                #expect(report.verdict != .intact, "`\(file)` byte \(offset)")
                guard file != "checkpoints" else {
                    #expect(
                        report.findings.contains { $0.file == file && ($0.bytes?.contains(UInt64(offset)) ?? true) },
                        "`\(file)` byte \(offset): \(report.findings)")
                    #expect(try Sample.records(copy) == records)
                    continue
                }
                let place = try #require(places[file]?[offset])
                #expect(report.verdict == .tampered, "`\(file)` byte \(offset): \(report.findings)")
                let read = try Sample.records(copy)
                let isNamed = report.findings.contains { finding in
                    finding.kind != .rootMismatch && finding.file == file && finding.frames == UInt64(place)..<UInt64(place + 1)
                }
                // Now and then other compressed bytes mean the same records: then nothing but the tree tells that they were changed.
                let frame = frames[place].frame
                let isWithin =
                    UInt64(offset) >= frame.offset + UInt64(FrameHeader.length)
                    && UInt64(offset) < frame.end - UInt64(FrameHeader.trailerLength)
                let isOfTree =
                    isWithin && read == records
                    && report.findings.contains { $0.kind == .rootMismatch && $0.frames?.contains(UInt64(place)) == true }
                #expect(isNamed || isOfTree, "`\(file)` byte \(offset), frame \(place): \(report.findings)")
                let found = Set(read)
                let missing = recordsWithout([place]).filter { !found.contains($0) }
                #expect(missing == [], "`\(file)` byte \(offset) of frame \(place) at \(frames[place].frame)")
            }
            TestFile.write(whole, to: copy + "/" + file)
        }
    }

    @Test func everyCut() throws {
        for file in files {
            let whole = TestFile.read(journal + "/" + file)
            for cut in whole.indices {
                TestFile.write(Array(whole[..<cut]), to: copy + "/" + file)
                let report = try Sample.verify(copy)
                #expect(report.verdict != .intact, "`\(file)` cut at \(cut)")
                guard file != "checkpoints" else {
                    #expect(try Sample.records(copy) == records)
                    continue
                }
                let ofFile = try #require(places[file])
                #expect(ofFile.count == whole.count)
                let gone = Set(ofFile[cut...])
                #expect(report.verdict == .tampered, "`\(file)` cut at \(cut): \(report.findings)")
                #expect(try Sample.records(copy) == recordsWithout(gone), "`\(file)` cut at \(cut): other frames are not read")
                // Where it is cut is said, unless the cut lies between frames.
                let place = ofFile[cut]
                if UInt64(cut) != frames[place].frame.offset {
                    #expect(
                        report.findings.contains { $0.file == file && $0.bytes?.lowerBound == frames[place].frame.offset },
                        "`\(file)` cut at \(cut): \(report.findings)")
                }
            }
            TestFile.write(whole, to: copy + "/" + file)
        }
    }
}

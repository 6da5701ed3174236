import Dispatch
import Synchronization

/// What looking into a frame found.
struct LeafInsides: Sendable {
    /// Checksum, lines, sequences and timestamps were held against the header; otherwise the frame was read for the journal's own records.
    let isDeep: Bool
    /// What is wrong with the frame; nil when nothing is.
    let wrong: String?
    /// The journal's own records in it.
    let own: [OwnRecord]

    init(_ leaf: JournalPass.Leaf, _ header: FrameHeader, isDeep: Bool, _ soundness: FrameSoundness) {
        var own: [OwnRecord] = []
        wrong = leaf.bytes.withBytes { member in
            let take = { (lines: UnsafeRawBufferPointer) in if header.holdsJournalRecords { own = OwnRecords.find(in: lines) } }
            return isDeep ? soundness.inspect(member, header, take) : soundness.lines(member, header, take)
        }
        self.isDeep = isDeep
        self.own = own
    }

    /// Bytes, inflated, and leaves that are looked into at the same time: enough for all cores, few enough that memory stays small.
    private static let windowBytes = 16 << 20
    private static let windowLeaves = 256

    /// The next leaves; none behind the last one.
    static func window(of pass: JournalPass) throws(SystemProblem) -> [JournalPass.Leaf] {
        var leaves: [JournalPass.Leaf] = []
        var bytes = 0
        while bytes < windowBytes, leaves.count < windowLeaves, let leaf = try pass.next() {
            leaves.append(leaf)
            bytes += max(leaf.bytes.count, leaf.frame.header.map { Int($0.inflatedLength) } ?? 0)
        }
        return leaves
    }

    /// What is in the frames that must be looked into, on all cores; nil for the other leaves.
    static func look(into leaves: [JournalPass.Leaf], isDeep: (JournalPass.Leaf, FrameHeader) -> Bool) -> [LeafInsides?] {
        let work = leaves.indices.compactMap { place -> (place: Int, header: FrameHeader, isDeep: Bool)? in
            guard case .native(let header) = leaves[place].frame.form else { return nil }
            let isDeep = isDeep(leaves[place], header)
            return isDeep || header.holdsJournalRecords ? (place, header, isDeep) : nil
        }
        let found = Slots<LeafInsides>(count: leaves.count)
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(Processors.count, work.count)) { _ in
            let soundness = FrameSoundness()
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < work.count else { return }
                let (place, header, isDeep) = work[index]
                found.set(place, LeafInsides(leaves[place], header, isDeep: isDeep, soundness))
            }
        }
        return found.values
    }
}

extension FrameHeader {
    /// Whether the header says that there are records of the journal itself among the frame's.
    var holdsJournalRecords: Bool { flags & FrameHeader.holdsJournalRecords != 0 }
}

/// The three answers about a journal.
public enum Verdict: String, Sendable, CaseIterable {
    /// Every frame is under a checkpoint signed by a given key, and nothing contradicts anything.
    case intact
    /// Something contradicts itself, a checkpoint, or what was seen before.
    case tampered
    /// Nothing contradicts, but something is not proved.
    case cannotBeProved = "cannot-be-proved"
}

/// One thing that a verifier found, and where.
public struct VerificationFinding: Hashable, Sendable {
    /// Part of the public interface: the raw values never change meaning.
    public enum Kind: String, Sendable, CaseIterable {
        // These mean that the journal was tampered with.
        /// A segment's number is missing between others.
        case segmentMissing = "segment-missing"
        /// Bytes that are no frame, or a frame that contradicts itself.
        case frameDamaged = "frame-damaged"
        /// A gzip member that no journal writer wrote.
        case foreignMember = "foreign-member"
        /// A frame's first sequence is not the one after its predecessor's last.
        case sequenceBroken = "sequence-broken"
        /// The frames are not those that a checkpoint was signed over.
        case rootMismatch = "root-mismatch"
        /// A checkpoint covers more frames than there are.
        case framesMissing = "frames-missing"
        /// Bytes of the file `checkpoints` are no checkpoint.
        case checkpointDamaged = "checkpoint-damaged"
        /// A signature that names a given key is wrong.
        case signatureWrong = "signature-wrong"
        /// A checkpoint is another journal's, or is out of order.
        case checkpointMisplaced = "checkpoint-misplaced"
        /// A record of the journal names a checkpoint that is not there.
        case checkpointMissing = "checkpoint-missing"
        /// The journal does not extend what was seen of it before.
        case notAnExtension = "not-an-extension"
        /// A file beside the segments that readers by a pattern of names would take for one of them.
        case strangeFile = "strange-file"

        // These mean that something cannot be proved.
        /// No key was given.
        case noKey = "no-key"
        /// There is no checkpoint.
        case noCheckpoint = "no-checkpoint"
        /// A checkpoint is not signed by a given key.
        case signerUnknown = "signer-unknown"
        /// Frames that no checkpoint covers.
        case unsealedTail = "unsealed-tail"
        /// Frames that only a checkpoint by another key than their writer's covers, or that were written without a key.
        case sealedByOther = "sealed-by-other"
        /// The journal ends in the beginning of a frame.
        case tornTail = "torn-tail"
        /// The file `checkpoints` ends in the beginning of a checkpoint.
        case tornCheckpoint = "torn-checkpoint"
        /// The last record is not `journal_closed`, so more may have followed it.
        case openEnd = "open-end"
        /// The journal does not begin with the record `journal_opened`.
        case noBeginning = "no-beginning"
        /// Files of the journal were changed again and again while it was looked at, so nothing is said of it.
        case changing = "changing"
        /// There is nothing to examine.
        case empty = "empty"

        public var verdict: Verdict {
            switch self {
            case .segmentMissing, .frameDamaged, .foreignMember, .sequenceBroken, .rootMismatch, .framesMissing, .checkpointDamaged,
                .signatureWrong, .checkpointMisplaced, .checkpointMissing, .notAnExtension, .strangeFile:
                .tampered
            case .noKey, .noCheckpoint, .signerUnknown, .unsealedTail, .sealedByOther, .tornTail, .tornCheckpoint, .openEnd,
                .noBeginning, .changing, .empty:
                .cannotBeProved
            }
        }
    }

    public var kind: Kind
    /// What is wrong, in one sentence without its end mark.
    public var explanation: String
    /// The file in the journal's directory.
    public var file: String?
    /// Bytes of that file.
    public var bytes: Range<UInt64>?
    /// Places in the journal, from 0.
    public var frames: Range<UInt64>?
    /// Sequences of the records that are concerned, as far as they are known.
    public var records: ClosedRange<UInt64>?

    public init(
        _ kind: Kind, _ explanation: String, file: String? = nil, bytes: Range<UInt64>? = nil, frames: Range<UInt64>? = nil,
        records: ClosedRange<UInt64>? = nil
    ) {
        self.kind = kind
        self.explanation = explanation
        self.file = file
        self.bytes = bytes
        self.frames = frames
        self.records = records
    }
}

extension VerificationFinding: CustomStringConvertible {
    /// One line: kind, place, explanation. The explanation may quote bytes from outside.
    public var description: String {
        var place: [String] = []
        if let file { place.append("`\(file)`") }
        if let bytes { place.append("bytes \(bytes.lowerBound)..<\(bytes.upperBound)") }
        // Not `count`, which is an Int: a forged checkpoint may claim 2⁶⁴ − 1 frames.
        if let frames {
            let isOne = frames.upperBound - frames.lowerBound == 1
            place.append(isOne ? "frame \(frames.lowerBound)" : "frames \(frames.lowerBound)..<\(frames.upperBound)")
        }
        if let records {
            let isOne = records.upperBound == records.lowerBound
            place.append(isOne ? "record \(records.lowerBound)" : "records \(records.lowerBound)...\(records.upperBound)")
        }
        return "\(kind.rawValue): " + (place.isEmpty ? "" : place.joined(separator: ", ") + ": ") + explanation
    }
}

/// What verifying a journal gave.
public struct VerificationReport: Hashable, Sendable {
    /// More findings than this are only counted: a crafted journal could have millions.
    public static let maxFindings = 1_000

    public internal(set) var findings: [VerificationFinding] = []
    /// Findings beyond `maxFindings`.
    public internal(set) var furtherFindings = 0
    public internal(set) var isTampered = false
    public internal(set) var isUnproved = false

    /// Size and root of the tree over all frames, for whoever wants to remember them.
    public internal(set) var head = TreeHead(size: 0, root: .empty)
    /// The largest checkpoint that fits the frames and is signed by a given key.
    public internal(set) var sealed: TreeHead?
    public internal(set) var origin: String?
    public internal(set) var segmentCount = 0
    public internal(set) var recordCount: UInt64 = 0
    public internal(set) var byteCount: UInt64 = 0
    public internal(set) var checkpointCount = 0
    public internal(set) var firstSequence: UInt64?
    public internal(set) var lastSequence: UInt64?

    public var verdict: Verdict { isTampered ? .tampered : isUnproved ? .cannotBeProved : .intact }

    /// The report on a journal that does not stand still.
    static var changing: VerificationReport {
        var report = VerificationReport()
        report.add(
            VerificationFinding(.changing, "files of the journal are changed while it is looked at: it is being copied, or written to"))
        return report
    }

    mutating func add(_ finding: VerificationFinding) {
        switch finding.kind.verdict {
        case .tampered: isTampered = true
        case .cannotBeProved: isUnproved = true
        case .intact: break
        }
        if findings.count < VerificationReport.maxFindings { findings.append(finding) } else { furtherFindings += 1 }
    }
}

/// A public key with the journals that it is trusted to speak for.
///
/// A signature proves that whoever holds the key signed; it does not say that this key may sign for that journal. Without an origin, a key speaks for
/// the journal whose origin is the key's name. For any other journal the one who verifies must state the origin.
public struct TrustedKey: Hashable, Sendable {
    public let verifier: NoteVerifier
    /// The origin that the key speaks for, stated by the one who trusts it; nil is the key's own name.
    public let origin: String?

    public init(_ verifier: NoteVerifier, origin: String? = nil) {
        self.verifier = verifier
        self.origin = origin
    }

    /// Whether the key may sign for the journal of that origin.
    public func speaks(for origin: String) -> Bool { origin == (self.origin ?? verifier.name) }
}

/// Who may sign for a journal, checkpoint by checkpoint.
///
/// At first these are the given keys that speak for the journal's origin. A checkpoint that one of them signed may name a successor: when the
/// successor has signed it too, it speaks from there on, and the one that named it does not any more.
struct Voices {
    /// The given keys, and successors that were named on the way.
    private(set) var known: [NoteVerifier]
    private let given: [TrustedKey]
    private var speaking: Set<Int>?
    private var origin: String?

    init(_ given: [TrustedKey]) {
        self.given = given
        known = given.map(\.verifier)
    }

    /// What the signatures of a checkpoint are worth.
    struct Answer {
        /// The place among `known` of a signer that speaks for the journal; after a change of keys, of the new one.
        var signer: Int32?
        /// At a change of keys: the one that spoke before.
        var predecessor: Int32?
        /// A key that is known signed, and does not speak for the journal.
        var stranger: NoteVerifier?
        /// `known` has grown: later checkpoints must be checked against the new key, too.
        var hasNewKey = false
    }

    /// - Parameter valid: places among `known` of those whose signatures of the note are right.
    mutating func hear(_ checkpoint: Checkpoint, _ note: SignedNote, valid: [Int]) -> Answer {
        var answer = Answer()
        let first = origin ?? checkpoint.origin
        origin = first
        var speaking = self.speaking ?? Set(given.indices.filter { given[$0].speaks(for: first) })
        defer { self.speaking = speaking }
        guard checkpoint.origin == first, let speaker = valid.first(where: { speaking.contains($0) }) else {
            answer.stranger = valid.first.map { known[$0] }
            return answer
        }
        answer.signer = Int32(clamping: speaker)
        guard let successor = checkpoint.successor, case .valid = note.check([successor]) else { return answer }
        let place: Int
        if let old = known.firstIndex(of: successor) {
            place = old
        } else {
            place = known.count
            known.append(successor)
            answer.hasNewKey = true
        }
        guard place != speaker else { return answer }
        speaking.subtract(valid)
        speaking.insert(place)
        answer.predecessor = answer.signer
        answer.signer = Int32(clamping: place)
        return answer
    }
}

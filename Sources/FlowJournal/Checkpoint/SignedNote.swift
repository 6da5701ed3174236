import TextEncodings

/// A text with signatures (C2SP signed-note): the text, an empty line, and one line for each signature.
public struct SignedNote: Hashable, Sendable {
    public struct Signature: Hashable, Sendable {
        public var name: String
        public var keyID: UInt32
        public var bytes: [UInt8]

        /// The key's id, as it stands in a public key: 8 hexadecimal digits.
        public var keyIDText: String { Hexadecimal.text(keyID) }
    }

    /// A verifier must accept 16; nobody needs more than this.
    public static let maxSignatures = 64
    /// A checkpoint with 64 post-quantum cosignatures stays below this.
    public static let maxLength = 1 << 19

    /// Ends in a line feed.
    public let text: String
    public let signatures: [Signature]

    /// What verifying against known keys gave.
    public enum Check: Hashable, Sendable {
        case valid(NoteVerifier)
        /// No signature names one of the keys.
        case unknownKey
        /// A signature names one of the keys and is wrong.
        case wrongSignature
    }

    /// Reads a note; nil when it is not one, exactly.
    public init?(_ note: String) {
        guard note.utf8.count <= SignedNote.maxLength, note.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x0a }) else { return nil }
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
        // The note ends in a line feed, so the last piece is empty.
        guard lines.count >= 4, lines.last == "", let blank = lines.dropLast().lastIndex(of: "") else { return nil }
        let signatureLines = lines[(blank + 1)..<(lines.count - 1)]
        guard blank > 0, (1...SignedNote.maxSignatures).contains(signatureLines.count) else { return nil }
        var signatures: [Signature] = []
        for line in signatureLines {
            guard let signature = SignedNote.signature(line) else { return nil }
            signatures.append(signature)
        }
        text = lines[..<blank].joined(separator: "\n") + "\n"
        self.signatures = signatures
    }

    private static func signature(_ line: Substring) -> Signature? {
        // By bytes: a combining mark behind a blank would make another character of the two.
        let bytes = Array(line.utf8)
        let start = Array("— ".utf8)
        guard bytes.starts(with: start) else { return nil }
        let parts = bytes[start.count...].split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let name = String(decoding: parts[0], as: UTF8.self)
        guard NoteKey.isName(name), let data = Base64.decode(String(decoding: parts[1], as: UTF8.self)), data.count > 4 else { return nil }
        return Signature(name: name, keyID: data[..<4].reduce(0) { $0 << 8 | UInt32($1) }, bytes: Array(data[4...]))
    }

    /// Signs a text that ends in a line feed; nil when it does not, or when the library refuses.
    public init?(text: String, signer: NoteSigner) {
        guard text.hasSuffix("\n"), let bytes = signer.sign(Array(text.utf8)) else { return nil }
        self.text = text
        signatures = [Signature(name: signer.verifier.name, keyID: signer.verifier.keyID, bytes: bytes)]
    }

    /// Adds a signature by another key; nil when the library refuses.
    public func signed(by signer: NoteSigner) -> SignedNote? {
        guard let bytes = signer.sign(Array(text.utf8)) else { return nil }
        let signature = Signature(name: signer.verifier.name, keyID: signer.verifier.keyID, bytes: bytes)
        return SignedNote(text: text, signatures: signatures + [signature])
    }

    private init(text: String, signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }

    /// The note as it is stored.
    public var encoded: String {
        var note = text + "\n"
        for signature in signatures {
            let id = withUnsafeBytes(of: signature.keyID.bigEndian) { Array($0) }
            note += "— \(signature.name) \(Base64.encode(id + signature.bytes))\n"
        }
        return note
    }

    /// Holds the signatures against the keys that are trusted. Signatures by others are ignored, as the specification asks.
    public func check(_ keys: [NoteVerifier]) -> Check {
        var found: NoteVerifier?
        for signature in signatures {
            guard let key = keys.first(where: { $0.name == signature.name && $0.keyID == signature.keyID }) else { continue }
            guard key.isValid(signature.bytes, for: Array(text.utf8)) else { return .wrongSignature }
            if found == nil { found = key }
        }
        return found.map(Check.valid) ?? .unknownKey
    }

    /// Places in `keys` of all whose signatures are here and right; nil when one that names a key is wrong.
    func signers(among keys: [NoteVerifier]) -> [Int]? {
        var found: [Int] = []
        for signature in signatures {
            guard let place = keys.firstIndex(where: { $0.name == signature.name && $0.keyID == signature.keyID }) else { continue }
            guard keys[place].isValid(signature.bytes, for: Array(text.utf8)) else { return nil }
            if !found.contains(place) { found.append(place) }
        }
        return found
    }
}

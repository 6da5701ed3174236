import Crypto
import TextEncodings

/// A public Ed25519 key with the name it signs under: the verifier line of a C2SP signed note, `name+hash+base64`.
public struct NoteVerifier: Hashable, Sendable {
    /// Not empty, without Unicode spaces and `+`.
    public let name: String
    /// The first four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ key), big-endian.
    public let keyID: UInt32
    /// 32 bytes as in RFC 8032.
    public let publicKey: [UInt8]

    init?(name: String, publicKey: [UInt8]) {
        guard NoteKey.isName(name), publicKey.count == 32 else { return nil }
        self.name = name
        self.publicKey = publicKey
        keyID = NoteKey.id(name: name, publicKey: publicKey)
    }

    /// Reads a verifier line; blanks and ends of lines around it, of whatever system, are no part of it.
    public init(_ text: String) throws(NoteKeyProblem) {
        let line = NoteKey.trimmed(text)
        let parts = line.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .notAVerifier }
        guard let encoded = Base64.decode(parts[2]), encoded.count == 33 else { throw .notAVerifier }
        guard encoded[0] == NoteKey.ed25519 else { throw .unknownAlgorithm(encoded[0]) }
        guard let verifier = NoteVerifier(name: String(parts[0]), publicKey: Array(encoded[1...])) else { throw .notAVerifier }
        guard parts[1] == Hexadecimal.text(verifier.keyID) else { throw .wrongHash }
        self = verifier
    }

    /// The verifier line, without a line feed.
    public var line: String {
        "\(name)+\(Hexadecimal.text(keyID))+\(Base64.encode([NoteKey.ed25519] + publicKey))"
    }

    /// The key's id in hexadecimal, as records of a journal name it.
    public var keyIDText: String { Hexadecimal.text(keyID) }

    func isValid(_ signature: [UInt8], for text: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: text)
    }
}

/// A private Ed25519 key with its name. Its text form is `PRIVATE+KEY+name+hash+base64`, as the Go note package writes it.
public struct NoteSigner: Sendable {
    public let verifier: NoteVerifier
    private let seed: [UInt8]

    /// Makes a new key; nil when the name is empty or has spaces or `+` in it.
    public static func generate(name: String) -> NoteSigner? {
        NoteSigner(name: name, seed: Array(Curve25519.Signing.PrivateKey().rawRepresentation))
    }

    /// - Parameter seed: the 32 bytes of the private key as in RFC 8032.
    public init?(name: String, seed: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let verifier = NoteVerifier(name: name, publicKey: Array(key.publicKey.rawRepresentation))
        else { return nil }
        self.verifier = verifier
        self.seed = seed
    }

    /// Reads the text form; blanks and ends of lines around it are no part of it.
    public init(_ text: String) throws(NoteKeyProblem) {
        let line = NoteKey.trimmed(text)
        guard line.hasPrefix(NoteKey.privatePrefix) else { throw .notASigner }
        let parts = line.dropFirst(NoteKey.privatePrefix.count).split(
            separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let encoded = Base64.decode(parts[2]), encoded.count == 33 else { throw .notASigner }
        guard encoded[0] == NoteKey.ed25519 else { throw .unknownAlgorithm(encoded[0]) }
        guard let signer = NoteSigner(name: String(parts[0]), seed: Array(encoded[1...])) else { throw .notASigner }
        guard parts[1] == Hexadecimal.text(signer.verifier.keyID) else { throw .wrongHash }
        self = signer
    }

    /// The text form, without a line feed. It is secret.
    public var line: String {
        "\(NoteKey.privatePrefix)\(verifier.name)+\(Hexadecimal.text(verifier.keyID))+\(Base64.encode([NoteKey.ed25519] + seed))"
    }

    func sign(_ text: [UInt8]) -> [UInt8]? {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
        return (try? key.signature(for: text)).map { Array($0) }
    }
}

/// Why a text is no key.
public enum NoteKeyProblem: Error, Hashable, Sendable {
    case notAVerifier
    case notASigner
    /// The number of the algorithm; only Ed25519 (1) is known.
    case unknownAlgorithm(UInt8)
    /// The hash in the text is not that of name and key.
    case wrongHash
}

extension NoteKeyProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAVerifier: "this is not a public key of the form `name+hash+base64`"
        case .notASigner: "this is not a private key of the form `PRIVATE+KEY+name+hash+base64`"
        case .unknownAlgorithm(let number): "the key's algorithm \(number) is not Ed25519"
        case .wrongHash: "the key's hash does not belong to its name and its bytes"
        }
    }
}

enum NoteKey {
    /// The signature type of plain Ed25519 signatures in signed notes.
    static let ed25519: UInt8 = 1
    static let privatePrefix = "PRIVATE+KEY+"

    /// Without blanks and line ends around it, and without a byte order mark before it: what mail and editors add to a line.
    static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || (9...13).contains(scalar.value) || scalar == "\u{feff}" }
        guard let first = scalars.firstIndex(where: { !isBlank($0) }), let last = scalars.lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(scalars[first...last])
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { scalar in
                !scalar.properties.isWhitespace && scalar != "+" && scalar.value >= 0x20 && scalar.value != 0x7f
            }
    }

    static func id(name: String, publicKey: [UInt8]) -> UInt32 {
        var hasher = SHA256()
        let input = Array(name.utf8) + [0x0a, ed25519] + publicKey
        input.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return hasher.finalize().prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

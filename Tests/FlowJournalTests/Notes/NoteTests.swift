import Testing

@testable import FlowJournal

@Suite struct NoteTests {
    // The keys and the note that the documentation of Go's package golang.org/x/mod/sumdb/note gives as its example.
    static let signerText = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    static let verifierText = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    static let note =
        text + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

    @Test func keysOfOthersAreUnderstood() throws {
        let signer = try NoteSigner(Self.signerText)
        #expect(signer.line == Self.signerText)
        #expect(signer.verifier.line == Self.verifierText)
        #expect(try NoteVerifier(Self.verifierText + "\n") == signer.verifier)
    }

    @Test func notesOfOthersAreVerifiedAndOursVerifyLikewise() throws {
        let verifier = try NoteVerifier(Self.verifierText)
        let note = try #require(SignedNote(Self.note))
        #expect(note.text == Self.text)
        #expect(note.encoded == Self.note)
        #expect(note.check([verifier]) == .valid(verifier))
        // The signature itself may differ: Ed25519 allows an implementation to add randomness.
        let own = try #require(SignedNote(text: Self.text, signer: NoteSigner(Self.signerText)))
        #expect(try #require(SignedNote(own.encoded)).check([verifier]) == .valid(verifier))
    }

    @Test func aNoteThatWasChangedAnywhereIsRefused() throws {
        let verifier = try NoteVerifier(Self.verifierText)
        let bytes = Array(Self.note.utf8)
        for index in bytes.indices {
            for mask in [1, 0x20, 0x80] as [UInt8] {
                var changed = bytes
                changed[index] ^= mask
                guard let text = String(validating: changed, as: UTF8.self), let note = SignedNote(text) else { continue }
                if case .valid = note.check([verifier]) { Issue.record("byte \(index) changed by \(mask) is accepted") }
            }
        }
    }

    @Test(arguments: [
        "", "\n", "text\n", "text\n\n", "text\n\n— a AAAAAAA=", "text\n\n- a AAAAAAA=\n", "text\n\n—a AAAAAAA=\n",
        "text\n\n— a  AAAAAAA=\n",
        "text\n\n— a+b AAAAAAA=\n", "text\n\n— a AAAA\n", "text\n\n— a AAAAAAB=\n", "te\u{7}xt\n\n— a AAAAAAA=\n",
        "text\r\n\n— a AAAAAAA=\n",
        "\n\n— a AAAAAAA=", "text\n\n— a AAAAAAA=\nmore\n",
    ])
    func whatIsNoNote(text: String) {
        #expect(SignedNote(text) == nil)
    }

    @Test func signaturesOfOthersAreIgnoredAndWrongOnesAreNot() throws {
        let ours = Sample.signer()
        let other = Sample.signer(2, name: "witness.example")
        let text = "acme.example/office\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
        let note = try #require(SignedNote(text: text, signer: ours))
        let witness = try #require(SignedNote(text: text, signer: other))
        let witnessLine = witness.encoded.split(separator: "\n").last.map(String.init) ?? ""
        let both = try #require(SignedNote(note.encoded + witnessLine + "\n"))
        #expect(both.check([ours.verifier]) == .valid(ours.verifier))
        #expect(both.check([other.verifier]) == .valid(other.verifier))
        #expect(both.check([Sample.signer(3).verifier]) == .unknownKey)
        #expect(both.check([]) == .unknownKey)
        // A key of the same name and id with other bytes cannot be made here; a signature over another text can.
        let elsewhere = try #require(SignedNote(text: "x\n", signer: ours))
        let elsewhereLine = elsewhere.encoded.split(separator: "\n").last.map(String.init) ?? ""
        #expect(try #require(SignedNote(text + "\n" + elsewhereLine + "\n")).check([ours.verifier]) == .wrongSignature)
    }

    @Test(arguments: [
        ("", NoteKeyProblem.notAVerifier), ("a+b", .notAVerifier), ("a+00000000+AAAA", .notAVerifier),
        ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", .wrongHash),
        ("PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", .wrongHash),
        ("PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", .unknownAlgorithm(2)),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", .notAVerifier),
    ])
    func whatIsNoKey(text: String, problem: NoteKeyProblem) {
        #expect(throws: problem) { try NoteVerifier(text) }
    }

    @Test func checkpointsKeptElsewhere() throws {
        let head = TreeHead(size: 3, root: .empty)
        let later = TreeHead(size: 5, root: .empty)
        let notes = try [head, later].map { head in
            try #require(SignedNote(text: Checkpoint(origin: "a", head: head).text, signer: Sample.signer()))
        }
        #expect(Checkpoint.last(in: notes[0].encoded)?.checkpoint.head == head)
        #expect(Checkpoint.last(in: notes.map { $0.encoded + "\n" }.joined())?.checkpoint.head == later)
        #expect(Checkpoint.last(in: "") == nil)
        #expect(Checkpoint.last(in: notes[0].encoded + "more") == nil)
    }

    @Test func checkpoints() throws {
        let checkpoint = Checkpoint(origin: "acme.example/office", head: TreeHead(size: 12, root: .empty))
        #expect(checkpoint.text == "acme.example/office\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
        #expect(Checkpoint(text: checkpoint.text) == checkpoint)
        #expect(Checkpoint(text: checkpoint.text + "more\n")?.extensions == ["more"])
        for text in [
            "", "a\n1\n", "a\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "a\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\n99999999999999999999\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "a\n1\n47DEQpj8HBSa\n",
            "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ] { #expect(Checkpoint(text: text) == nil, "\(text)") }
    }
}

import FlowModel
import Testing

@testable import FlowJournal

@Suite struct ProofTests {
    let directory = TemporaryDirectory()
    let journal: String

    init() throws {
        journal = directory.path + "/journal"
        try Sample.write(journal)
    }

    @Test func everyFrameIsProved() throws {
        let prover = JournalProver(JournalDirectory(journal), keys: [TrustedKey(Sample.signer().verifier)])
        for (index, located) in try Sample.frames(journal).enumerated() {
            let proof = try prover.prove(.frame(UInt64(index)))
            let parsed = try #require(TransparencyProof(proof.proof.encoded))
            #expect(parsed == proof.proof)
            #expect(parsed.index == UInt64(index))
            #expect(
                proof.member.withUnsafeBytes { parsed.check($0, [TrustedKey(Sample.signer().verifier)]) }
                    == .proved(Sample.signer().verifier))
            let header = try #require(located.frame.header)
            #expect(try prover.prove(.sequence(header.lastSequence)).proof == proof.proof)
        }
    }

    @Test func aProofThatWasChangedAnywhereIsRefused() throws {
        let key = Sample.signer().verifier
        let proof = try JournalProver(JournalDirectory(journal), keys: [TrustedKey(key)]).prove(.frame(2))
        let text = Array(proof.proof.encoded.utf8)
        let extra = proof.proof.encoded.split(separator: "\n")[1]
        let extraRange = TransparencyProof.title.utf8.count + 1..<TransparencyProof.title.utf8.count + 2 + extra.utf8.count
        for index in text.indices {
            var changed = text
            changed[index] ^= 1
            guard let string = String(validating: changed, as: UTF8.self), let parsed = TransparencyProof(string) else { continue }
            let check = proof.member.withUnsafeBytes { parsed.check($0, [TrustedKey(key)]) }
            // The extra line is not authenticated, and says so.
            if case .proved = check { #expect(extraRange.contains(index), "byte \(index)") }
        }
        for index in proof.member.indices {
            var changed = proof.member
            changed[index] ^= 1
            #expect(changed.withUnsafeBytes { proof.proof.check($0, [TrustedKey(key)]) } == .notIncluded)
        }
        #expect(proof.member.withUnsafeBytes { proof.proof.check($0, [TrustedKey(Sample.signer(4).verifier)]) } == .unknownKey)
        #expect(proof.member.withUnsafeBytes { proof.proof.check($0, []) } == .unknownKey)
    }

    @Test func whatCannotBeProvedIsNot() throws {
        let prover = JournalProver(JournalDirectory(journal), keys: [TrustedKey(Sample.signer().verifier)])
        #expect(throws: JournalProver.Problem.notFound) { try prover.prove(.frame(1_000)) }
        #expect(throws: JournalProver.Problem.notFound) { try prover.prove(.sequence(0)) }
        let stranger = JournalProver(JournalDirectory(journal), keys: [TrustedKey(Sample.signer(4).verifier)])
        #expect(throws: JournalProver.Problem.unsealed(frame: 0)) { try stranger.prove(.frame(0)) }
        let open = directory.path + "/open"
        try Sample.write(open, runs: 1, frames: 1, closes: false)
        #expect(throws: JournalProver.Problem.unsealed(frame: 0)) {
            try JournalProver(JournalDirectory(open), keys: [TrustedKey(Sample.signer().verifier)]).prove(.frame(0))
        }
        let frame = try Sample.frames(journal)[0].frame
        let path = journal + "/000000000001.ndjson.gz"
        var bytes = TestFile.read(path)
        bytes[Int(frame.end) - 1] ^= 1
        TestFile.write(bytes, to: path)
        #expect(throws: JournalProver.Problem.self) { try prover.prove(.frame(1)) }
    }

    @Test(arguments: [
        "", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nindex 00\n\na\n1\nx\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nabc\n\n", "c2sp.org/tlog-proof@v1\nextra x\nindex 0\n\n",
    ])
    func whatIsNoProof(text: String) {
        #expect(TransparencyProof(text) == nil)
    }
}

/// Proofs of a journal that was handed over from one key to another, and back again.
@Suite struct HandedOverProofTests {
    let directory = TemporaryDirectory()
    let keys = (old: Sample.signer(1), new: Sample.signer(2, name: "acme.example/next"))
    let origin = "acme.example/office"

    private func run(_ name: String, _ key: NoteSigner, previous: NoteSigner? = nil) throws {
        var options = Sample.options(key: key)
        options.previousKey = previous
        let writer = try JournalWriter(
            directory: directory.path + "/" + name, options: options, identity: Sample.identity,
            clock: { Timestamp(milliseconds: Sample.start) })
        for frame in 0..<3 {
            try writer.append(Sample.record(frame, at: Sample.start))
            try writer.flush()
        }
        try writer.close()
    }

    private func prove(_ name: String, _ frame: Int, _ trusted: [TrustedKey]) throws -> JournalProver.Proof {
        try JournalProver(JournalDirectory(directory.path + "/" + name), keys: trusted).prove(.frame(UInt64(frame)))
    }

    @Test func eachKeyProvesWhatItSignedFor() throws {
        try run("j", keys.old)
        let before = try Sample.frames(directory.path + "/j").count
        try run("j", keys.new, previous: keys.old)
        let count = try Sample.frames(directory.path + "/j").count
        let (old, new) = (TrustedKey(keys.old.verifier), TrustedKey(keys.new.verifier, origin: origin))
        for frame in 0..<count {
            // The checkpoint of the hand-over is over the frame in which the new key's run was opened.
            if frame <= before {
                let proof = try prove("j", frame, [old])
                #expect(proof.signer == keys.old.verifier)
                #expect(proof.member.withUnsafeBytes { proof.proof.check($0, [old]) } == .proved(keys.old.verifier))
            } else {
                #expect(throws: JournalProver.Problem.handedOver(frame: UInt64(frame), to: keys.new.verifier)) {
                    try prove("j", frame, [old])
                }
            }
            for trusted in [[new], [old, new], [new, old]] {
                let proof = try prove("j", frame, trusted)
                #expect(proof.signer == keys.new.verifier || proof.signer == keys.old.verifier)
                #expect(proof.member.withUnsafeBytes { proof.proof.check($0, trusted) } == .proved(try #require(proof.signer)))
            }
            // A key that nobody says speaks for the journal proves nothing, and is no successor.
            #expect(throws: JournalProver.Problem.unsealed(frame: UInt64(frame))) { try prove("j", frame, [TrustedKey(keys.new.verifier)]) }
        }
        // Handed back: the old key speaks again.
        try run("j", keys.old, previous: keys.new)
        let all = try Sample.frames(directory.path + "/j").count
        for frame in 0..<all { #expect(try prove("j", frame, [old]).signer == keys.old.verifier) }
    }

    @Test func whoHandedOverDoesNotSpeakAnyMore() throws {
        try run("j", keys.old)
        let before = try Sample.frames(directory.path + "/j").count
        try run("j", keys.new, previous: keys.old)
        // Whoever got hold of the old key goes on with it alone.
        try run("j", keys.old)
        let last = try Sample.frames(directory.path + "/j").count - 1
        #expect(try prove("j", before, [TrustedKey(keys.old.verifier)]).signer == keys.old.verifier)
        #expect(throws: JournalProver.Problem.unsealed(frame: UInt64(last))) { try prove("j", last, [TrustedKey(keys.old.verifier)]) }
    }
}

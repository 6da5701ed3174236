import Glibc
import Testing

/// What the fuzzers do, for some seconds: every target over its corpus as it is checked in, and over each input cut, changed and joined with
/// another. `make fuzz` searches further.
@Suite(.serialized, .timeLimit(.minutes(30))) struct CorpusTests {
    static let corpora: String = {
        let parts = #filePath.split(separator: "/").dropLast(4)
        return "/" + parts.joined(separator: "/") + "/Fuzz/Corpus/"
    }()

    /// Changed inputs for each input of a corpus.
    static let variants = 60
    static let maxLength = 20_000

    @Test(arguments: JournalFuzzTarget.allCases)
    func theCorpusAndItsNeighbours(target: JournalFuzzTarget) throws {
        let folder = Self.corpora + target.rawValue
        let inputs = TemporaryDirectory.names(in: folder).map { TestFile.read(folder + "/" + $0) }
        try #require(inputs.count >= 5, "the corpus `Fuzz/Corpus/\(target)` is not there")
        #expect(inputs.allSatisfy { $0.count <= Self.maxLength })
        defer { TemporaryDirectory.remove(MemoryFile.directory) }
        var generator = SeededGenerator(seed: 2)
        for input in inputs {
            input.withUnsafeBytes { target.run($0) }
            for _ in 0..<Self.variants {
                let changed = Self.change(input, inputs, &generator)
                changed.withUnsafeBytes { target.run($0) }
            }
        }
    }

    static func change(_ input: [UInt8], _ others: [[UInt8]], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.removeSubrange(place...)
            case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2 where place < bytes.count: bytes[place] = [0, 0x0a, 0x1f, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &generator)))
            case 4:
                let other = others.randomElement(using: &generator) ?? []
                bytes.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &generator)), at: place)
            default: bytes.insert(contentsOf: bytes.suffix(bytes.count - place).prefix(100), at: place)
            }
        }
        return Array(bytes.prefix(maxLength))
    }
}

/// What a target demands of an input is an expectation here.
func require(_ holds: Bool, _ what: String) {
    if !holds { Issue.record("does not hold: \(what)") }
}

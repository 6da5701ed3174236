import Foundation
import Testing

/// What the fuzzers do, for some seconds: every target over its corpus as it is checked in, and over each input changed and joined with
/// another. `make fuzz` searches further.
@Suite(.serialized, .timeLimit(.minutes(30))) struct FormatCorpusTests {
    static let variants = 40

    @Test(arguments: FormatFuzzTarget.allCases)
    func theCorpusAndItsNeighbours(target: FormatFuzzTarget) throws {
        let folder = Place.root.appendingPathComponent("Fuzz/Corpus/\(target.rawValue)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        try #require(names.count >= 5, "the corpus `Fuzz/Corpus/\(target)` is not there")
        let inputs = try names.map { [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))) }
        var dice = Dice(4)
        for input in inputs {
            input.withUnsafeBytes { target.run($0) }
            for _ in 0..<FormatCorpusTests.variants {
                var bytes = input
                for _ in 0..<(1 + dice.below(3)) {
                    bytes = TemplateTests.mutate(bytes.isEmpty ? [0x0a] : bytes, &dice)
                    if dice.below(3) == 0 {
                        let other = dice.pick(inputs)
                        bytes.insert(contentsOf: other.prefix(dice.below(other.count + 1)), at: dice.below(bytes.count + 1))
                    }
                }
                bytes.withUnsafeBytes { target.run($0) }
            }
        }
    }
}

/// What a target demands of an input is an expectation here.
func require(_ holds: Bool, _ what: String) {
    if !holds { Issue.record("does not hold: \(what)") }
}

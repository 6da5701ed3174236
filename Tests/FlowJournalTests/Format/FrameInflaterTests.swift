import CDeflate
import Foundation
import Testing

@testable import FlowJournal

/// libdeflate changes how fast frames are inflated, and nothing else.
@Suite struct FrameInflaterTests {
    private static let isThere: Bool = {
        let made = twin_deflate_make()
        twin_deflate_free(made)
        return made != nil
    }()

    private static func outcome(_ member: [UInt8], _ header: FrameHeader, fast: Bool) -> String {
        var room = [UInt8](repeating: 0, count: Int(header.inflatedLength) + 8)
        return room.withUnsafeMutableBytes { target in
            do throws(FrameProblem) {
                let count = try member.withBytes { bytes throws(FrameProblem) in
                    try FrameInflater(usesFast: fast).inflate(bytes, header, into: target)
                }
                return String(decoding: target[..<count], as: UTF8.self)
            } catch {
                return "\(error)"
            }
        }
    }

    @Test(
        "a frame inflates to the same, and is damaged for the same reason, with libdeflate and without",
        .enabled(if: isThere, "skipped: libdeflate.so.0 is not on this system"))
    func sameWithAndWithout() {
        forAll(
            seed: 4,
            generate: { generator -> [UInt8] in
                let lines = (0..<Int.random(in: 1...400, using: &generator)).map { number in
                    #"{"seq":\#(number + 1),"t":"\#(String(repeating: "ab", count: Int.random(in: 0...60, using: &generator)))\#(UInt64.random(in: .min ... .max, using: &generator))"}"#
                }
                let level = Int.random(in: 0...9, using: &generator)
                var member: [UInt8] = []
                let content = FrameEncoder.Content(recordCount: UInt32(lines.count), firstSequence: 1)
                _ = Array((lines.joined(separator: "\n") + "\n").utf8).withUnsafeBytes {
                    FrameEncoder(level: level).encode($0, content, into: &member)
                }
                // Two thirds are damaged, behind the header.
                if Int.random(in: 0..<3, using: &generator) > 0 {
                    let place = Int.random(in: FrameHeader.length..<member.count, using: &generator)
                    member[place] ^= UInt8.random(in: 1...255, using: &generator)
                }
                return member
            },
            shrink: { _ in [] }
        ) { member in
            guard case .frame(let header) = member.withUnsafeBytes({ FrameHeader.parse($0) }) else { return false }
            return FrameInflaterTests.outcome(member, header, fast: true) == FrameInflaterTests.outcome(member, header, fast: false)
        }
    }
}

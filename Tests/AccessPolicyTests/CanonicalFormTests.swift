import FlowModel
import Foundation
import RandomPolicies
import Testing

@testable import AccessPolicy

/// Spellings of addresses and names against Python's `ipaddress` and `encodings.idna`.
@Suite struct CanonicalFormTests {
    private static let python = "/usr/bin/python3"
    private static let hasPython: Bool = {
        let found = FileManager.default.isExecutableFile(atPath: python)
        if !found { print("skipped: no python3 to compare spellings with") }
        return found
    }()

    private static func ask(_ script: String, _ lines: [String]) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", script]
        let input = FileManager.default.temporaryDirectory.appendingPathComponent("twin-forms-\(UUID().uuidString)")
        try Data(lines.joined(separator: "\n").utf8).write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        process.standardInput = try FileHandle(forReadingFrom: input)
        let output = Pipe()
        process.standardOutput = output
        process.environment = ["PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"]
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Some spelling of an IPv6 address: zeros written or not, one run left out or none, capitals, an IPv4 tail, a zone.
    private static func spelling(_ dice: inout Dice) -> String {
        if dice.oneIn(6) { return (0..<4).map { _ in String(dice.roll(256)) }.joined(separator: ".") }
        var groups = (0..<8).map { _ in dice.oneIn(2) ? 0 : dice.roll(65_536) }
        if dice.oneIn(4) { groups = [0, 0, 0, 0, 0, 65_535] + groups[6...] }
        var texts = groups.map { group in
            let digits = String(group, radix: 16, uppercase: dice.oneIn(3))
            return dice.oneIn(3) ? String(repeating: "0", count: 4 - digits.count) + digits : digits
        }
        var tail = ""
        if dice.oneIn(4) {
            tail = "\(groups[6] >> 8).\(groups[6] & 255).\(groups[7] >> 8).\(groups[7] & 255)"
            texts.removeLast(2)
        }
        let zeros = texts.indices.filter { groups[$0] == 0 }
        var text = (texts + (tail.isEmpty ? [] : [tail])).joined(separator: ":")
        if !zeros.isEmpty, dice.oneIn(2) {
            let first = zeros[dice.roll(zeros.count)]
            var last = first
            while last + 1 < texts.count, groups[last + 1] == 0, !dice.oneIn(4) { last += 1 }
            let after = texts[(last + 1)...] + (tail.isEmpty ? [] : [tail])
            text = texts[..<first].joined(separator: ":") + "::" + after.joined(separator: ":")
        }
        return dice.oneIn(8) ? text + "%eth0" : text
    }

    @Test("addresses in any spelling are the ones that Python says", .enabled(if: hasPython, "no python3"))
    func addresses() throws {
        var dice = Dice(seed: 31)
        var texts = (0..<4_000).map { _ in Self.spelling(&dice) }
        // Some that are almost right.
        texts += texts.prefix(800).map { text in
            var scalars = Array(text.unicodeScalars)
            scalars[dice.roll(scalars.count)] = dice.pick(Array(":.0f/%g".unicodeScalars))
            return String(String.UnicodeScalarView(scalars))
        }
        let script = """
            import ipaddress, sys
            for line in sys.stdin.read().split("\\n"):
                try:
                    address = ipaddress.ip_address(line)
                except ValueError:
                    print("-")
                    continue
                if address.version == 6:
                    address = ipaddress.IPv6Address(int(address))
                    address = address.ipv4_mapped or address
                print(address)
            """
        // The root's dot behind dotted decimal is this project's own allowance.
        let said = try Self.ask(script, texts.map { $0.hasSuffix(".") && !$0.contains(":") ? String($0.dropLast()) : $0 })
        try #require(said.count == texts.count)
        for (text, want) in zip(texts, said) {
            let destination = Destination(text)
            if case .address(let address) = destination {
                #expect(address.description == want, "\(text)")
                // As a rule and as a target it is the same.
                #expect(ResourceAddress.comparable(text) == want)
                let bracketed = text.contains(":") ? "[\(text)]:443" : "\(text):443"
                #expect(try ConnectionTarget(bracketed).destination == destination)
            } else {
                #expect(want == "-", "\(text)")
            }
        }
        #expect(said.count { $0 != "-" } > 4_000)
    }

    @Test("names in any spelling are the ones that Python says", .enabled(if: hasPython, "no python3"))
    func names() throws {
        var dice = Dice(seed: 32)
        let letters = Array("abzABZ019-äöüÄÖÜéÉèñÑçøåÅŁłžŽабвАБВгдяЯαβγΑΒΓωΩאבג中文字日本語한국어ひカ".unicodeScalars)
        let marks = Array("\u{301}\u{308}\u{327}".unicodeScalars)
        func label() -> String {
            var scalars = String.UnicodeScalarView()
            scalars.append("a")
            for _ in 0..<(1 + dice.roll(8)) {
                scalars.append(letters[dice.roll(letters.count)])
                if dice.oneIn(6), let last = scalars.last, last.properties.isAlphabetic, last.value < 0x250 {
                    scalars.append(marks[dice.roll(marks.count)])
                }
            }
            scalars.append("z")
            return String(scalars)
        }
        let texts = (0..<1_500).map { _ in
            let name = (0...dice.roll(3)).map { _ in label() }.joined(separator: dice.oneIn(12) ? "\u{3002}" : ".")
            return dice.oneIn(4) ? name + "." : name
        }
        let script = """
            import encodings.idna, re, sys
            for line in sys.stdin.read().split("\\n"):
                labels = re.split("[.\\u3002\\uff0e\\uff61]", line.rstrip("."))
                try:
                    print(".".join(encodings.idna.ToASCII(label).decode().lower() for label in labels))
                except UnicodeError:
                    print("-")
            """
        let said = try Self.ask(script, texts)
        try #require(said.count == texts.count)
        var compared = 0
        for (text, want) in zip(texts, said) where want != "-" {
            compared += 1
            #expect(DomainName.normalized(text) == want, "\(text)")
            #expect(DomainName.normalized(want) == want)
        }
        #expect(compared > 800)
    }
}

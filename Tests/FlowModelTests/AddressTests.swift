import FlowModel
import Testing

@Suite struct IPAddressTests {
    /// RFC 5952: the second form is how the first is written.
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"), ("::1", "::1"),
        ("1::", "1::"), ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8::ABCD", "2001:db8::abcd"),
        ("0:0:0:0:0:0:0:0", "::"), ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("0:0:3:4:5:6:0:0", "::3:4:5:6:0:0"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:a00:1"), ("::10.0.0.1", "::a00:1"), ("::ffff:0:0", "0.0.0.0"),
        ("::fffe:0:0", "::fffe:0:0"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func readAndWritten(_ text: String, _ written: String) {
        #expect(IPAddress(text)?.description == written)
    }

    @Test(arguments: [
        "", ".", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3", "1..2.3",
        "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.-4", "1.2.3.4/8", "0x1.2.3.4", "1.2.3.4a", "1234.1.1.1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::",
        "::g", "::1%eth0", "[::1]", "::1.2.3", "::1.2.3.4.5", "1:2:3:4:5:6:7:1.2.3.4", "::1:", ":1::", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8", "1.2.3.4::", "::1.2.3.4:5", "１.2.3.4", "1.2.3.4\u{0}",
    ])
    func refused(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    /// Reading inverts writing for every kind of address.
    @Test func inverse() {
        var dice = Dice(4)
        for _ in 0..<20_000 {
            let v4 = IPAddress(v4: UInt32(truncatingIfNeeded: dice.next()))
            #expect(IPAddress(v4.description) == v4)
            // Groups that are often zero, so that all compressions come up.
            var words: [UInt64] = [0, 0]
            for group in 0..<8 where dice.below(2) == 0 { words[group / 4] |= (dice.next() & 0xffff) << UInt64(16 * (group % 4)) }
            let v6 = IPAddress(high: words[0], low: words[1])
            #expect(IPAddress(v6.description) == v6)
            #expect(v6.family == .v4 || !v6.description.contains(":::"))
        }
    }

    @Test func order() {
        let sorted = ["0.0.0.0", "9.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "1::", "fe80::1"].map { IPAddress($0) }
        for (left, right) in zip(sorted, sorted.dropFirst()) {
            if let left, let right { #expect(left < right && !(right < left)) } else { Issue.record("not an address") }
        }
    }

    @Test(arguments: [
        ("0.0.0.0", AddressClass.unspecified), ("::", .unspecified), ("127.0.0.1", .loopback), ("127.255.255.255", .loopback),
        ("::1", .loopback),
        ("169.254.169.254", .linkLocal), ("fe80::1", .linkLocal), ("febf::1", .linkLocal), ("224.0.0.1", .multicast),
        ("239.255.255.255", .multicast), ("ff02::1", .multicast), ("100.64.0.0", .sharedClientRange),
        ("100.127.255.255", .sharedClientRange),
        ("100.128.0.0", .public), ("100.63.255.255", .public), ("10.255.0.1", .private), ("172.16.0.1", .private),
        ("172.31.255.255", .private),
        ("172.32.0.0", .public), ("192.168.1.1", .private), ("192.169.0.0", .public), ("fd00::1", .private), ("fc00::", .private),
        ("192.0.2.1", .documentation), ("198.51.100.1", .documentation), ("203.0.113.1", .documentation),
        ("2001:db8::1", .documentation),
        ("0.1.2.3", .reserved), ("240.0.0.1", .reserved), ("255.255.255.255", .reserved), ("198.18.0.1", .reserved),
        ("198.19.255.255", .reserved),
        ("198.20.0.0", .public), ("8.8.8.8", .public), ("2606:4700::1111", .public), ("64:ff9b::10.0.0.1", .private),
        ("64:ff9b::8.8.8.8", .public),
        ("::ffff:10.0.0.1", .private), ("fec0::1", .reserved), ("4000::1", .reserved),
    ])
    func classes(_ text: String, _ wanted: AddressClass) {
        #expect(IPAddress(text)?.addressClass == wanted)
    }
}

@Suite struct AddressBlockTests {
    static func read(_ text: String) -> String {
        do {
            return try AddressBlock(text).description
        } catch {
            switch error {
            case .notAnAddress: return "not an address"
            case .badPrefix: return "bad prefix"
            case .hostBits(let suggestion): return "meant \(suggestion)"
            }
        }
    }

    @Test(arguments: [
        ("10.20.0.0/16", "10.20.0.0/16"), ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.1", "10.0.0.1"), ("10.0.0.1/32", "10.0.0.1"),
        ("::/0", "::/0"),
        ("2001:db8::/32", "2001:db8::/32"), ("2001:db8::1/128", "2001:db8::1"),
        ("2001:db8:0:0:8000::/65", "2001:db8:0:0:8000::/65"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("10.20.1.0/16", "meant 10.20.0.0/16"), ("10.0.0.1/0", "meant 0.0.0.0/0"),
        ("2001:db8::1/64", "meant 2001:db8::/64"), ("2001:db8::1/127", "meant 2001:db8::/127"), ("10.0.0.0/33", "bad prefix"),
        ("::/129", "bad prefix"), ("10.0.0.0/", "bad prefix"), ("10.0.0.0/-1", "bad prefix"), ("10.0.0.0/08", "bad prefix"),
        ("10.0.0.0/8/8", "bad prefix"), ("10.0.0.0/+8", "bad prefix"), ("10.0.0.0/1000", "bad prefix"),
        ("::ffff:10.0.0.0/95", "bad prefix"),
        ("10.0.0/8", "not an address"), ("/8", "not an address"), ("", "not an address"), ("x/8", "not an address"),
    ])
    func reading(_ text: String, _ wanted: String) {
        #expect(AddressBlockTests.read(text) == wanted)
    }

    @Test func rangeOfPrefixes() {
        #expect(throws: AddressBlock.Problem.badPrefix) { try AddressBlock(base: IPAddress(v4: 0), prefixLength: -1) }
        #expect(throws: AddressBlock.Problem.badPrefix) { try AddressBlock(base: IPAddress(v4: 0), prefixLength: 33) }
    }

    /// A block holds an address exactly when their first bits agree, told bit by bit.
    @Test func containment() throws {
        var dice = Dice(6)
        func bits(_ address: IPAddress) -> [Bool] {
            (0..<address.bitWidth).map { bit in
                let position = address.bitWidth - 1 - bit
                return (position >= 64 ? address.high >> UInt64(position - 64) : address.low >> UInt64(position)) & 1 == 1
            }
        }
        for _ in 0..<4_000 {
            let v4 = dice.below(2) == 0
            func random() -> IPAddress {
                v4
                    ? IPAddress(v4: UInt32(truncatingIfNeeded: dice.next()))
                    : IPAddress(high: dice.next() | 1 << 63, low: dice.next())
            }
            let base = random()
            let length = dice.below(base.bitWidth + 1)
            let block = try AddressBlock(base: AddressBlock.mask(base, length), prefixLength: length)
            // An address that shares a random number of leading bits with the block.
            let shared = dice.below(base.bitWidth + 1)
            let (head, tail) = (AddressBlock.mask(base, shared), random())
            let rest = AddressBlock.mask(tail, shared)
            let low = head.low | (tail.low ^ rest.low)
            let address = v4 ? IPAddress(v4: UInt32(low)) : IPAddress(high: head.high | (tail.high ^ rest.high), low: low)
            #expect(block.contains(address) == (Array(bits(address).prefix(length)) == Array(bits(base).prefix(length))))
            #expect(block.contains(base))
            let other = try AddressBlock(base: AddressBlock.mask(address, shared), prefixLength: shared)
            #expect(block.contains(other) == (shared >= length && block.contains(other.base)))
            #expect(block.overlaps(other) == other.overlaps(block))
            #expect(block.overlaps(other) == (block.contains(other) || other.contains(block)))
        }
    }

    @Test func familiesDoNotMix() throws {
        let everything = try AddressBlock("::/0")
        #expect(!everything.contains(IPAddress(v4: 1)))
        #expect(!(try AddressBlock("0.0.0.0/0")).contains(IPAddress(high: 1, low: 1)))
        #expect(try AddressBlock("0.0.0.0/0").contains(IPAddress(high: 0, low: 0xffff_0000_0001)))
    }
}

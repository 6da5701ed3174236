import FlowModel
import Testing

@Suite struct HostNameTests {
    /// Texts that name one host, and the text that stands for all of them.
    @Test(arguments: [
        (["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "[::ffff:192.0.2.1]", "0:0:0:0:0:ffff:192.0.2.1"], "192.0.2.1"),
        (["2001:db8::7", "2001:DB8:0:0::7", "[2001:db8::7]", "2001:0db8:0000:0000:0000:0000:0000:0007"], "2001:db8::7"),
        (["::", "0:0:0:0:0:0:0:0", "[::]"], "::"), (["2001:db8:0:1::", "2001:db8:0:1:0:0:0:0"], "2001:db8:0:1::"),
        (["wiki.example", "Wiki.Example", "WIKI.EXAMPLE."], "wiki.example"),
        (["straße.example", "STRAßE.example.", "XN--strae-OQA.example"], "xn--strae-oqa.example"),
        // By which interface is no part of the address.
        (["fe80::1", "fe80::1%eth0", "FE80:0::1%1", "[fe80::1%eth0]", "fe80::1%en.0"], "fe80::1"),
        (["::ffff:192.0.2.1%eth0"], "192.0.2.1"), (["fe80::1%"], "fe80::1%"), (["fe80::1%a%b"], "fe80::1%a%b"),
        (["fe80::1%25/64"], "fe80::1%25/64"),
        // No addresses: octal or short forms name nothing by the rules here, and brackets belong to IPv6.
        (["010.0.0.1"], "010.0.0.1"), (["10.1"], "10.1"), (["[10.0.0.1]"], "[10.0.0.1]"), ([""], ""), (["[]"], "[]"),
        (["10.0.0.1%eth0"], "10.0.0.1%eth0"), (["10.0.0.1."], "10.0.0.1"),
    ])
    func canonical(_ texts: [String], _ wanted: String) {
        for text in texts {
            #expect(HostName.canonical(text) == wanted, "\(text)")
            #expect(HostName(text) == HostName(wanted), "\(text)")
        }
    }

    /// An address is one whatever its spelling: all spellings of random addresses, and the canonical text is a fixed point.
    @Test func spellings() {
        var dice = Dice(4)
        for _ in 0..<3_000 {
            let groups = (0..<8).map { _ in dice.below(3) == 0 ? UInt16(dice.below(65_536)) : 0 }
            let high = groups[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            let low = groups[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            let address = IPAddress(high: high, low: low)
            let full = groups.map { String($0, radix: 16, uppercase: dice.below(2) == 0) }.joined(separator: ":")
            #expect(HostName(full) == .address(address))
            #expect(HostName("[\(full)]").address == address)
            let text = HostName.canonical(full)
            #expect(HostName.canonical(text) == text)
            #expect(IPAddress(text) == address)
        }
    }
}

import AccessPolicy
import Testing

@Suite struct ConnectionTargetTests {
    @Test(arguments: [
        ("host.example:443", "host.example:443/tcp"), ("host.example:53/UDP", "host.example:53/udp"), ("10.0.0.1/icmp", "10.0.0.1/icmp"),
        ("[fd00::1]:22/tcp", "[fd00::1]:22/tcp"), ("fd00::1/icmp", "fd00::1/icmp"),
    ])
    func targetsAreReadAndWritten(_ text: String, _ written: String) throws {
        let target = try ConnectionTarget(text)
        #expect(target.description == written)
        #expect(try ConnectionTarget(written) == target)
    }

    @Test(arguments: ["", "host", "host:port", "host:65536", ":443", "host:443/sctp", "fd00::1", "[fd00::1]", "host:-1"])
    func otherTextIsNoTarget(_ text: String) {
        #expect(throws: ConnectionTarget.Problem.self) { try ConnectionTarget(text) }
    }
}

import AccessPolicy
import FlowModel
import Glibc
import PolicyDocuments

/// Answers questions that come line by line on standard input, so that other programs' answers can be held against the engine's.
/// Fields are separated by tabs; `-` stands for one that is not given.
enum PolicyQuestions {
    /// `kind, id, key, destination, resolved address, transport, port, Connector, device, country, milliseconds` gives
    /// `effect, reason, Resource`.
    static func answer(_ path: String, selection: String?) throws {
        var options = EngineOptions()
        if let selection {
            guard let set = EngineOptions.Selection(rawValue: selection) else { throw Fault(description: "selection is granted or tenant") }
            options.selection = set
        }
        let policy = CompiledPolicy(try PolicySnapshot.load(try PolicyFile.read(path), file: path))
        var output = ""
        while let line = readLine() {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map { $0 == "-" ? nil : String($0) }
            guard fields.count == 11, let kind = fields[0].flatMap(PrincipalKind.init(rawValue:)), let id = fields[1],
                let destination = fields[3], let ms = fields[10].flatMap({ Int64($0) })
            else { throw Fault(description: "not a question: \(line)") }
            let request = AccessRequest(
                principal: PrincipalReference(kind: kind, id: id), serviceKeyID: fields[2], destination: Destination(destination),
                resolvedAddress: fields[4].flatMap { IPAddress($0) }, transport: fields[5].flatMap(TransportProtocol.init(rawValue:)),
                port: fields[6].flatMap { UInt16($0) }, connectorID: fields[7], deviceID: fields[8],
                location: fields[9].map { LocationEvidence(country: $0) }, at: Timestamp(milliseconds: ms))
            let verdict = policy.evaluate(request, options: options)
            output += "\(verdict.effect.rawValue)\t\(verdict.reason.rawValue)\t\(verdict.resourceID ?? "-")\n"
            if output.utf8.count > 1 << 16 { flush(&output) }
        }
        flush(&output)
    }

    /// `block` or `pattern`, the definition, an address or a name; gives `1` where it covers it, `0` where not, `!` where the definition
    /// or the address is none.
    static func match() throws {
        var output = ""
        while let line = readLine() {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3 else { throw Fault(description: "not a question: \(line)") }
            switch fields[0] {
            case "block":
                if let block = try? AddressBlock(fields[1]), let address = IPAddress(fields[2]) {
                    output += block.contains(address) ? "1\n" : "0\n"
                } else {
                    output += "!\n"
                }
            case "pattern": output += HostPattern(String(fields[1])).matches(String(fields[2])) ? "1\n" : "0\n"
            default: throw Fault(description: "not a question: \(line)")
            }
            if output.utf8.count > 1 << 16 { flush(&output) }
        }
        flush(&output)
    }

    private static func flush(_ output: inout String) {
        let bytes = Array(output.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(1, $0.baseAddress.map { $0 + done }, bytes.count - done) }
            if count <= 0 { exit(4) }
            done += count
        }
        output = ""
    }
}

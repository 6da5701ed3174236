import AccessPolicy
import FlowModel
import Wording

/// Reads the `tests` of a document.
struct PolicyTestReader {
    static let keys: Set<String> = [
        "name", "who", "key", "to", "resolved", "through", "device", "country", "at", "expect", "reason", "resource",
    ]

    let snapshot: PolicySnapshot

    func read(_ node: DocumentNode, _ number: Int, _ scanner: inout DocumentScanner) -> PolicyTest? {
        let fields = scanner.entries(node, "a test", known: PolicyTestReader.keys)
        guard case .mapping = node.content else { return nil }
        let name = scanner.text(fields["name"], "`name`") ?? "test \(number)"
        for key in ["who", "to", "expect"] where fields[key] == nil {
            scanner.report(node.line, "test \(name.quoted) has no `\(key)`")
        }
        let principal = fields["who"].flatMap { field in scanner.text(field, "`who`").flatMap { who($0, field.line, &scanner) } }
        let target = fields["to"].flatMap { field in scanner.text(field, "`to`").flatMap { destination($0, field.line, &scanner) } }
        let resolved = fields["resolved"].flatMap { field -> IPAddress? in
            guard let text = scanner.text(field, "`resolved`") else { return nil }
            if let address = IPAddress(recorded: text) { return address }
            scanner.report(field.line, "\(text.quoted) is not an address")
            return nil
        }
        let effect: Verdict.Effect = scanner.word(fields["expect"], "`expect`", default: .allow)
        // A word that is none has been reported and means no reason.
        let reason: ReasonCode? = fields["reason"].flatMap { field in
            scanner.word(field, "`reason`", default: effect == .allow ? ReasonCode.allowed : .noGrant)
        }
        if let reason, (reason == .allowed) != (effect == .allow) {
            scanner.report(
                fields["reason"]?.line ?? node.line, "test \(name.quoted) expects `\(effect.rawValue)` for the reason `\(reason.rawValue)`")
        }
        let resource = named(fields["resource"], "`resource`", &scanner) { name throws(PolicySnapshot.NameProblem) in
            try snapshot.resource(named: name)
        }
        let key = readKey(fields["key"], of: principal, &scanner)
        let connector = readKnown(fields["through"], "`through`", .connectors, &scanner) { name throws(PolicySnapshot.NameProblem) in
            try snapshot.connector(named: name)
        }
        let device = readKnown(fields["device"], "`device`", .devices, &scanner) { name throws(PolicySnapshot.NameProblem) in
            try snapshot.device(named: GlobalID.decimal(name))
        }
        let country = scanner.text(fields["country"], "`country`")
        if let field = fields["country"], country?.isEmpty == true { scanner.report(field.line, "`country` is empty") }
        let time = scanner.time(fields["at"], "`at`")
        guard let principal, let target else { return nil }
        return PolicyTest(
            name: name, line: node.line, principal: principal, serviceKeyID: key, target: target, resolvedAddress: resolved,
            connectorID: connector, deviceID: device, location: country.map { LocationEvidence(country: $0) }, at: time,
            effect: effect, reason: reason, resourceID: resource)
    }

    private func named(
        _ field: DocumentNode?, _ what: String, _ scanner: inout DocumentScanner,
        _ find: (String) throws(PolicySnapshot.NameProblem) -> String
    ) -> String? {
        guard let field, let text = scanner.text(field, what) else { return nil }
        do throws(PolicySnapshot.NameProblem) {
            return try find(text)
        } catch {
            scanner.report(field.line, error.description)
            return nil
        }
    }

    /// What an incomplete section may have left out is taken for an id.
    private func readKnown(
        _ field: DocumentNode?, _ what: String, _ gap: PolicySnapshot.Gaps, _ scanner: inout DocumentScanner,
        _ find: (String) throws(PolicySnapshot.NameProblem) -> String
    ) -> String? {
        named(field, what, &scanner) { name throws(PolicySnapshot.NameProblem) in
            do throws(PolicySnapshot.NameProblem) {
                return try find(name)
            } catch {
                guard snapshot.gaps.contains(gap) else { throw error }
                return GlobalID.decimal(name)
            }
        }
    }

    private func readKey(_ field: DocumentNode?, of principal: PrincipalReference?, _ scanner: inout DocumentScanner) -> String? {
        guard let field, let principal else { return nil }
        guard principal.kind == .serviceAccount else {
            scanner.report(field.line, "`key` goes with a service account, and `who` is a user")
            return nil
        }
        // An account that need not exist has keys that need not either.
        if !snapshot.serviceAccounts.contains(where: { $0.id == principal.id }) { return scanner.text(field, "`key`") }
        return readKnown(field, "`key`", .serviceKeys, &scanner) { name throws(PolicySnapshot.NameProblem) in
            try snapshot.key(named: GlobalID.decimal(name), ofAccount: principal.id)
        }
    }

    private func who(_ text: String, _ line: Int, _ scanner: inout DocumentScanner) -> PrincipalReference? {
        do throws(PolicySnapshot.NameProblem) {
            return try snapshot.principal(named: text)
        } catch {
            scanner.report(line, error.description)
            return nil
        }
    }

    private func destination(_ text: String, _ line: Int, _ scanner: inout DocumentScanner) -> ConnectionTarget? {
        do throws(ConnectionTarget.Problem) {
            return try ConnectionTarget(text)
        } catch {
            scanner.report(line, error.description)
            return nil
        }
    }
}

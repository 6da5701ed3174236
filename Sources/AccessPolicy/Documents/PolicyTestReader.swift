import FlowModel

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
            if let address = IPAddress(text) { return address }
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
        let resource = fields["resource"].flatMap { field -> String? in
            guard let text = scanner.text(field, "`resource`") else { return nil }
            if let id = snapshot.resourceID(named: text) { return id }
            scanner.report(field.line, "no Resource is called \(text.quoted)")
            return nil
        }
        let key = scanner.identifier(fields["key"], "`key`", type: "ServiceAccountKey")
        let connector = scanner.text(fields["through"], "`through`").map { snapshot.connectorID(named: $0) }
        let device = scanner.identifier(fields["device"], "`device`", type: "Device")
        let country = scanner.text(fields["country"], "`country`")
        let time = scanner.time(fields["at"], "`at`")
        guard let principal, let target else { return nil }
        return PolicyTest(
            name: name, line: node.line, principal: principal, serviceKeyID: key, target: target, resolvedAddress: resolved,
            connectorID: connector, deviceID: device, location: country.map { LocationEvidence(country: $0) }, at: time,
            effect: effect, reason: reason, resourceID: resource)
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

import AccessPolicy
import FlowModel
import PolicyDocuments

/// The readers of policies that are fed anything: documents, and what importers read.
enum PolicyFuzzTarget: String, CaseIterable {
    case policy
    case answers
    case terraform
    case adminlog

    func run(_ bytes: UnsafeRawBufferPointer) {
        let input = Array(bytes)
        switch self {
        case .policy: if let document = try? PolicyDocument(input, file: "f") { PolicyFuzzTarget.examine(document) }
        case .answers:
            let cut = input.lastIndex(of: 0xff) ?? input.count
            let files = [("a", Array(input[..<cut])), ("b", Array(input.dropFirst(cut + 1)))].filter { !$0.1.isEmpty }
            if let snapshot = try? AdminAPIImport.read(files, effectiveAt: Timestamp(milliseconds: 0)) {
                PolicyFuzzTarget.examine(snapshot)
            }
        case .terraform:
            if let snapshot = try? TerraformImport.read(input, file: "f", effectiveAt: Timestamp(milliseconds: 0)) {
                PolicyFuzzTarget.examine(snapshot)
            }
        case .adminlog: _ = try? AdministrativeLog.read(input, file: "f")
        }
    }

    private static func examine(_ document: PolicyDocument) {
        examine(document.snapshot)
        let policy = CompiledPolicy(document.snapshot)
        for test in document.tests { _ = test.run(policy) }
    }

    /// What was read is written and read as the same, and answers every request.
    private static func examine(_ snapshot: PolicySnapshot) {
        let json = snapshot.canonicalJSON()
        guard let again = try? PolicySnapshot.load(json, file: "j") else { return require(false, "the canonical form is read") }
        require(again.canonicalJSON() == json, "the canonical form is its own")
        guard let yaml = try? PolicySnapshot.load(Array(snapshot.yaml().utf8), file: "y") else { return require(false, "YAML is read") }
        require(yaml.digest == snapshot.digest, "YAML says the same")
        let policy = CompiledPolicy(snapshot)
        let people =
            snapshot.users.prefix(3).map { PrincipalReference(kind: .user, id: $0.id) }
            + snapshot.serviceAccounts.prefix(3).map { PrincipalReference(kind: .serviceAccount, id: $0.id) }
        for resource in snapshot.resources.prefix(4) {
            for who in people {
                for at in [snapshot.effectiveAt, .distantPast, .distantFuture] {
                    let request = AccessRequest(
                        principal: who, destination: Destination(resource.alias ?? resource.address.text), transport: .tcp, port: 443,
                        lastUses: LastUses(otherwise: .distantPast), at: at)
                    let verdict = policy.evaluate(request)
                    require(verdict.isAllowed == (verdict.reason == .allowed), "an answer has its reason")
                    if at == snapshot.effectiveAt { _ = policy.explain(request) }
                }
            }
        }
        _ = snapshot.review()
    }
}

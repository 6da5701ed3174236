public import AccessPolicy
import FlowModel

/// A snapshot with what else its document holds: the tests, and the line on which each object stands.
public struct PolicyDocument: Sendable {
    public let file: String
    public let snapshot: PolicySnapshot
    public let tests: [PolicyTest]
    let lines: [PolicyObject: Int]

    /// From 1; nil for what the document does not define.
    public func line(of object: PolicyObject) -> Int? { lines[object] }

    /// Reads a document of the project, or an answer of the administration interface whose file is named by its effective time.
    public init(_ bytes: [UInt8], file: String) throws(PolicyDocumentErrors) {
        let root = try DocumentNode.read(bytes, file: file)
        if root["format"] == nil, let time = try PolicyDocument.importTime(root, file: file) {
            let imported = try AdminAPIImport.readDraft([(file, root)], effectiveAt: time)
            self.init(file: file, snapshot: try imported.finished(), tests: [], lines: imported.lines)
            return
        }
        self = try SnapshotDocument.read(root, file: file)
    }

    init(file: String, snapshot: PolicySnapshot, tests: [PolicyTest], lines: [PolicyObject: Int]) {
        self.file = file
        self.snapshot = snapshot
        self.tests = tests
        self.lines = lines
    }

    public init(path: String) throws(PolicyDocumentErrors) {
        try self.init(try PolicyFile.read(path), file: path)
    }

    /// The time in the name of an export's file; nil when the document is no export.
    private static func importTime(_ root: DocumentNode, file: String) throws(PolicyDocumentErrors) -> Timestamp? {
        guard AdminAPIImport.recognises(root) || TerraformImport.recognises(root) else { return nil }
        let name = file.split(separator: "/").last ?? ""
        guard AdminAPIImport.recognises(root), let dot = name.lastIndex(of: "."), let time = Timestamp(name[..<dot]) else {
            throw PolicyDocumentErrors(
                file: file,
                "is an export, which does not say when it came into force; import it with an effective time, or name the file by it")
        }
        return time
    }
}

extension PolicySnapshot {
    /// Reads a document of the project, or an answer of the administration interface whose file is named by its effective time, such
    /// as `2026-10-08T06:00:00Z.json`. YAML or JSON, told apart by the first character.
    ///
    /// - Parameter file: the name for messages.
    public static func load(_ bytes: [UInt8], file: String) throws(PolicyDocumentErrors) -> PolicySnapshot {
        try PolicyDocument(bytes, file: file).snapshot
    }
}

extension SnapshotDraft {
    var lines: [PolicyObject: Int] {
        var lines: [PolicyObject: Int] = [:]
        func add(_ kind: PolicyObject.Kind, _ ids: [String], _ places: [SourceLine]) {
            for (id, place) in zip(ids, places) where lines[PolicyObject(kind, id)] == nil { lines[PolicyObject(kind, id)] = place.line }
        }
        add(.network, snapshot.networks.map(\.id), networkPlaces)
        add(.connector, snapshot.connectors.map(\.id), connectorPlaces)
        add(.user, snapshot.users.map(\.id), userPlaces)
        add(.group, snapshot.groups.map(\.id), groupPlaces)
        add(.serviceAccount, snapshot.serviceAccounts.map(\.id), accountPlaces)
        add(.device, snapshot.devices.map(\.id), devicePlaces)
        add(.securityPolicy, snapshot.securityPolicies.map(\.id), securityPolicyPlaces)
        add(.resource, snapshot.resources.map(\.id), resourcePlaces)
        return lines
    }
}

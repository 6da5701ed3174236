public import AccessPolicy
public import FlowModel

/// Reads what `terraform show -json` prints of a state or a plan, and raw state files of version 4: the objects of the provider `twingate`.
///
/// Terraform knows what it manages and nothing else, so that everything it could have left out is a gap of the snapshot: users,
/// members of groups, devices, and Resources made elsewhere. What is in the source and not in the snapshot is told in the notes.
public struct TerraformImport {
    /// One object of a state or plan.
    struct Object {
        var type: String
        /// Such as `module.office.twingate_group.staff["a"]`; empty in sources that give none.
        var address: String
        var values: DocumentNode
        /// Which attributes are known only when the plan is applied; nil outside plans.
        var unknown: DocumentNode?
    }

    var draft = SnapshotDraft()
    var scanner: DocumentScanner
    var keys: [String: [ServiceAccount.Key]] = [:]
    var ids: [String: Set<String>] = [:]
    var referencedUsers: [(id: String, place: SourceLine)] = []
    var leftovers = TerraformLeftovers()
    /// What gets an id only when the plan is applied, by its address.
    var plannedIDs: [String: String] = [:]
    private var objects: [Object] = []
    private var dataObjects: [Object] = []
    private(set) var isPlan = false
    private(set) var references = TerraformReferences()

    /// The snapshot that the state describes, in force from `effectiveAt`.
    public static func read(_ bytes: [UInt8], file: String, effectiveAt: Timestamp) throws(PolicyDocumentErrors) -> PolicySnapshot {
        let root = try DocumentNode.read(bytes, file: file)
        guard recognises(root) else {
            throw PolicyDocumentErrors(file: file, "is not what `terraform show -json` prints")
        }
        var importer = TerraformImport(scanner: DocumentScanner(file: file))
        importer.collect(root)
        guard !importer.objects.isEmpty || !importer.dataObjects.isEmpty else {
            throw PolicyDocumentErrors(file: file, "holds no object of the provider `twingate`")
        }
        importer.readObjects()
        importer.complete()
        guard importer.scanner.problems.isEmpty else { throw PolicyDocumentErrors(importer.scanner.problems) }
        importer.draft.snapshot.effectiveAt = effectiveAt
        return try importer.draft.finished()
    }

    private init(scanner: DocumentScanner) {
        self.scanner = scanner
    }

    /// Told from an answer of the administration interface by its own keys.
    public static func recognises(_ bytes: [UInt8]) -> Bool {
        guard let root = try? DocumentNode.read(bytes, file: "") else { return false }
        return recognises(root)
    }

    static func recognises(_ root: DocumentNode) -> Bool {
        root["terraform_version"] != nil || (root["format_version"] != nil && (root["values"] ?? root["planned_values"]) != nil)
    }

    // MARK: Finding the objects

    private mutating func collect(_ root: DocumentNode) {
        if let values = root["values"] {
            if let module = values["root_module"] { collect(module: module, unknown: [:]) }
        } else if let planned = root["planned_values"] {
            isPlan = true
            references = TerraformReferences(configuration: root["configuration"]?["root_module"])
            let unknown = changes(root)
            if let module = planned["root_module"] { collect(module: module, unknown: unknown) }
            // What a plan read to be made stands in the state before it.
            if let module = root["prior_state"]?["values"]?["root_module"] { collect(module: module, unknown: [:], onlyData: true) }
            if scanner.flag(root["errored"], "`errored`", default: false) {
                leftovers.remark("the plan ended with an error and may lack changes")
            }
            let deferred = scanner.list(root["deferred_changes"], "`deferred_changes`").count
            if deferred > 0 { leftovers.remark("\(deferred) changes are deferred to a later plan and are not imported") }
        } else {
            collectRaw(root)
        }
    }

    /// What a plan says of each address: which attributes are not known yet.
    private mutating func changes(_ root: DocumentNode) -> [String: DocumentNode] {
        var unknown: [String: DocumentNode] = [:]
        for change in scanner.list(root["resource_changes"], "`resource_changes`") {
            guard let address = scanner.text(change["address"], "`address`") else { continue }
            if change["deposed"] != nil {
                leftovers.deposed += 1
            } else if let node = change["change"]?["after_unknown"] {
                unknown[address] = node
            }
        }
        return unknown
    }

    private mutating func collect(module: DocumentNode, unknown: [String: DocumentNode], onlyData: Bool = false) {
        for resource in scanner.list(module["resources"], "`resources`") {
            let isData = scanner.text(resource["mode"], "`mode`") == "data"
            guard let type = scanner.text(resource["type"], "`type`"), isData || !onlyData else { continue }
            guard type.hasPrefix(TerraformImport.prefix) else {
                leftovers.countForeign(type)
                continue
            }
            let address = scanner.text(resource["address"], "`address`") ?? ""
            if resource["deposed_key"] != nil {
                leftovers.deposed += 1
            } else if let values = resource["values"] {
                if scanner.flag(resource["tainted"], "`tainted`", default: false) { leftovers.tainted += 1 }
                add(Object(type: type, address: address, values: values, unknown: unknown[address]), isData: isData)
            } else {
                leftovers.countEmpty(type)
            }
        }
        for child in scanner.list(module["child_modules"], "`child_modules`") {
            collect(module: child, unknown: unknown, onlyData: onlyData)
        }
    }

    private mutating func collectRaw(_ root: DocumentNode) {
        for resource in scanner.list(root["resources"], "`resources`") {
            guard let type = scanner.text(resource["type"], "`type`") else { continue }
            let isData = scanner.text(resource["mode"], "`mode`") == "data"
            for instance in scanner.list(resource["instances"], "`instances`") {
                if !type.hasPrefix(TerraformImport.prefix) {
                    leftovers.countForeign(type)
                } else if instance["deposed"] != nil {
                    leftovers.deposed += 1
                } else if let values = instance["attributes"] {
                    if scanner.text(instance["status"], "`status`") == "tainted" { leftovers.tainted += 1 }
                    add(Object(type: type, address: "", values: values), isData: isData)
                } else {
                    leftovers.countEmpty(type)
                }
            }
        }
    }

    private static let prefix = "twingate_"

    private mutating func add(_ object: Object, isData: Bool) {
        guard case .mapping = object.values.content else {
            scanner.report(object.values.line, "the values of a \(object.type) must be a mapping, not \(object.values.kind)")
            return
        }
        if isData { dataObjects.append(object) } else { objects.append(object) }
    }

    // MARK: Reading them

    /// Data sources come last: they repeat, and tell less than, what Terraform manages.
    private mutating func readObjects() {
        if isPlan {
            for object in objects where object.values["id"] == nil && !object.address.isEmpty {
                plannedIDs[object.address] = TerraformReferences.madeUpID(object.address)
            }
            references.objects = objects.map(\.address)
        }
        for object in objects { read(object) }
        let managed = ids
        for object in dataObjects {
            let node = object.values
            // The data source of one Resource tells neither its network nor its grants.
            if object.type == "twingate_resource", let id = node["id"].flatMap({ scanner.text($0, "`id`") }) {
                if managed["Resource"]?.contains(GlobalID.decimal(id)) != true { leftovers.countType("data." + object.type) }
            } else {
                read(object)
            }
        }
        for index in draft.snapshot.serviceAccounts.indices {
            let id = draft.snapshot.serviceAccounts[index].id
            draft.snapshot.serviceAccounts[index].keys = keys.removeValue(forKey: id) ?? []
        }
        for (account, lost) in keys.sorted(by: { identifierPrecedes($0.key, $1.key) }) {
            leftovers.remark("\(lost.count) keys of service account \(account), which is not in the source, are not imported")
        }
    }

    private mutating func read(_ object: Object) {
        switch object.type {
        case "twingate_remote_network": readNetwork(object, isExit: false)
        case "twingate_exit_network": readNetwork(object, isExit: true)
        case "twingate_connector": readConnector(object)
        case "twingate_user": readUser(object)
        case "twingate_group": readGroup(object)
        case "twingate_service_account": readAccount(object)
        case "twingate_service_account_key": readKey(object)
        case "twingate_security_policy":
            leftovers.look(object, reads: ["id", "name"])
            readSecurityPolicy(object.values["id"], name: scanner.text(object.values["name"], "`name`"), object.values)
        case "twingate_resource": readResource(object)
        default: leftovers.countType(object.type)
        }
    }

    // MARK: What the source cannot say

    private mutating func complete() {
        draft.snapshot.gaps = [.users, .groupMembers, .serviceAccounts, .serviceKeys, .connectors, .devices, .resources]
        var notes = [
            "a Terraform state holds what Terraform manages; whatever was made elsewhere is missing",
            "expiry times of grants and keys, devices, and members of synced groups are not in a Terraform state",
        ]
        for (id, place) in referencedUsers where ids["User", default: []].insert(id).inserted {
            draft.add(User(id: id, email: ""), at: place)
        }
        var strangers: [String] = []
        for (resource, places) in zip(draft.snapshot.resources, draft.edgePlaces) {
            for (edge, place) in zip(resource.access, places) {
                if case .group(let id) = edge.subject, ids["Group", default: []].insert(id).inserted {
                    draft.add(Group(id: id, name: id, members: .users([])), at: place, members: [])
                    strangers.append("group \(id)")
                }
            }
        }
        let networks = draft.snapshot.resources.map(\.networkID) + draft.snapshot.connectors.map(\.networkID)
        let places = draft.resourcePlaces + draft.connectorPlaces
        for (id, place) in zip(networks, places) where ids["RemoteNetwork", default: []].insert(id).inserted {
            draft.add(RemoteNetwork(id: id, name: id), at: place)
            strangers.append("Remote network \(id)")
        }
        if !strangers.isEmpty { notes.append("known by reference only: " + strangers.joined(separator: ", ")) }
        if !draft.snapshot.securityPolicies.isEmpty {
            notes.append("security policies are known by name only; what they require is not in a Terraform state")
        }
        if !plannedIDs.isEmpty {
            notes.append(
                "ids made up for what gets one when the plan is applied: " + plannedIDs.values.sorted().joined(separator: ", "))
        }
        draft.snapshot.sourceNotes = notes + leftovers.notes
    }
}

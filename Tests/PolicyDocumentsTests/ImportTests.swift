import AccessPolicy
import FlowModel
import Testing

@testable import PolicyDocuments

@Suite struct AdminAPIImportTests {
    static let time = Timestamp(milliseconds: 1_700_000_000_000)

    static func read(_ files: String...) throws -> PolicySnapshot {
        try AdminAPIImport.read(
            files.enumerated().map { ("page\($0.offset + 1).json", Array($0.element.utf8)) }, effectiveAt: time)
    }

    static func problems(_ files: String...) -> [String] {
        do {
            _ = try AdminAPIImport.read(
                files.enumerated().map { ("page\($0.offset + 1).json", Array($0.element.utf8)) }, effectiveAt: time)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    static let networks = #"{"remoteNetworks":{"edges":[{"node":{"id":"UmVtb3RlTmV0d29yazox","name":"Office","networkType":"EXIT"}}]}}"#

    @Test func pagesOfOneInstantBecomeOneSnapshot() throws {
        let snapshot = try Self.read(
            #"""
            {"data":{"users":{"pageInfo":{"hasNextPage":true,"endCursor":"x"},"edges":[
              {"node":{"id":"VXNlcjox","email":"a@x","state":"ACTIVE","role":"ADMIN"}}]}}}
            """#,
            #"""
            {"data":{"users":{"pageInfo":{"hasNextPage":false},"edges":[
              {"node":{"id":"VXNlcjoy","email":"b@x","state":"PENDING"}},{"node":{"id":"VXNlcjox","email":"a@x","state":"ACTIVE","role":"ADMIN"}}]}}}
            """#,
            #"""
            {"groups":{"edges":[{"node":{"id":"3","name":"Eng","isActive":false,"type":"SYNCED","users":{
              "pageInfo":{"hasNextPage":true},"edges":[{"node":{"id":"VXNlcjox"}}]}}}]}}
            """#,
            #"{"data":{"group":{"id":"3","users":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"id":"2"}},{"node":{"id":"1"}}]}}}}"#,
            #"""
            [{"serviceAccounts":{"edges":[{"node":{"id":"4","name":"ci","keys":{"edges":[
               {"node":{"id":"5","name":"k","status":"REVOKED","revokedAt":"2023-01-01T00:00:00Z","expiresAt":null}},
               {"node":{"id":"6","name":"l","status":"EXPIRED"}}]}}}]}},
             {"connectors":{"edges":[{"node":{"id":"7","name":"c","remoteNetwork":{"id":"1"},"publicIP":"192.0.2.1","privateIPs":["10.0.0.1"]}}]}},
             {"devices":{"edges":[{"node":{"id":"8","name":"d","isTrusted":true,"activeState":"BLOCKED","user":{"id":"1"}}}]}},
             {"resources":{"edges":[{"node":{"id":"9","name":"r","address":{"type":"DNS","value":"*.X.Example"},"remoteNetwork":{"id":"1"},
               "isActive":true,"routingMode":"BYPASS_TWINGATE","securityPolicy":{"id":"10","name":"Strict"},
               "accessPolicy":{"mode":"AUTO_LOCK","durationSeconds":3600},
               "protocols":{"allowIcmp":true,"tcp":{"policy":"RESTRICTED","ports":[{"start":80,"end":81}]},"udp":{"policy":"ALLOW_ALL","ports":[]}},
               "access":{"edges":[{"node":{"__typename":"Group","id":"3"},"expiresAt":"2030-01-01T00:00:00Z",
                 "accessPolicy":{"mode":"ACCESS_REQUEST","durationSeconds":60}},
                 {"node":{"id":"U2VydmljZUFjY291bnQ6NA=="}}]}}}]}}]
            """#,
            Self.networks)
        var expected = PolicySnapshot(effectiveAt: Self.time)
        var network = RemoteNetwork(id: "1", name: "Office")
        network.kind = .exit
        expected.networks = [network]
        var connector = Connector(id: "7", name: "c", networkID: "1")
        connector.addresses = ["10.0.0.1", "192.0.2.1"].compactMap { IPAddress($0) }
        expected.connectors = [connector]
        var user = User(id: "1", email: "a@x")
        user.role = "admin"
        expected.users = [user, User(id: "2", email: "b@x", state: .pending)]
        var group = Group(id: "3", name: "Eng", members: .users(["1", "2"]))
        group.isActive = false
        group.kind = .synced
        expected.groups = [group]
        var revoked = ServiceAccount.Key(id: "5", name: "k")
        revoked.isRevoked = true
        revoked.revokedAt = Timestamp("2023-01-01T00:00:00Z")
        var expired = ServiceAccount.Key(id: "6", name: "l")
        expired.expiresAt = Timestamp(milliseconds: 0)
        expected.serviceAccounts = [ServiceAccount(id: "4", name: "ci", keys: [revoked, expired])]
        var device = Device(id: "8", name: "d", isTrusted: true)
        device.isActive = false
        device.userID = "1"
        expected.devices = [device]
        var policy = SecurityPolicy(id: "10", name: "Strict")
        policy.isOpaque = true
        expected.securityPolicies = [policy]
        var resource = Resource(id: "9", name: "r", address: try ResourceAddress("*.x.example"), networkID: "1")
        resource.routing = .bypass
        resource.securityPolicyID = "10"
        resource.mode = .autoLock(seconds: 3_600)
        resource.protocols = ProtocolRules(allowsICMP: true, tcp: PortRule([try #require(PortRange(80, 81))]), udp: .all)
        var edge = AccessEdge(.group("3"), expiresAt: Timestamp("2030-01-01T00:00:00Z"))
        edge.mode = .accessRequest(seconds: 60)
        resource.access = [edge, AccessEdge(.serviceAccount("4"))]
        expected.resources = [resource]
        expected.sourceNotes = [
            "security policies are known by name only; what they require is not in the answers",
            "access by request counts as open; whether a request was open is not in the answers",
        ]
        #expect(snapshot == expected)
    }

    @Test func olderFieldsAreUnderstood() throws {
        let snapshot = try Self.read(
            Self.networks,
            #"{"groups":{"edges":[{"node":{"id":"3","name":"g","users":{"edges":[]}}}]}}"#,
            #"{"serviceAccounts":{"edges":[{"node":{"id":"4","name":"s","keys":{"edges":[]}}}]}}"#,
            #"""
            {"resources":{"edges":[{"node":{"id":"9","address":{"value":"10.0.0.0/8","type":"IP"},"remoteNetwork":{"id":"1"},"protocols":null,
              "usageBasedAutolockDurationDays":2,
              "groups":{"edges":[{"node":{"id":"3"}}]},"serviceAccounts":{"edges":[{"node":{"id":"4"}}]}}}]}}
            """#)
        #expect(snapshot.resources.first?.access == [AccessEdge(.group("3")), AccessEdge(.serviceAccount("4"))])
        #expect(snapshot.resources.first?.mode == .autoLock(seconds: 172_800))
        #expect(snapshot.gaps == [.users, .connectors, .devices])
    }

    @Test func whatTheAnswersCannotSayIsListed() throws {
        let snapshot = try Self.read(
            #"""
            {"data":{"resources":{"pageInfo":{"hasNextPage":true},"edges":[{"node":{"id":"9","name":"r","address":{"value":"a.x"},
              "remoteNetwork":{"id":"1","name":"Office"},
              "access":{"pageInfo":{"hasNextPage":true},"edges":[{"node":{"__typename":"Group","id":"3","name":"Eng"}}]}}}]}}}
            """#)
        #expect(snapshot.gaps == [.users, .groupMembers, .serviceAccounts, .connectors, .devices, .resources])
        #expect(snapshot.groups == [Group(id: "3", name: "Eng", members: .users([]))])
        #expect(
            snapshot.sourceNotes == [
                "Remote networks are not in the answers; they are known by reference only",
                "groups are not in the answers; their members are unknown",
                "users are not in the answers; members of groups are known, their state is taken as active where it is not given",
                "service accounts are not in the answers", "Connectors are not in the answers",
                "devices are not in the answers; whether a device is trusted cannot be said",
                "the protocols of Resource `9` are not in the answers and count as unrestricted",
                "resources: further pages exist and are not in the answers",
                "the access of Resource `9`: further pages exist and are not in the answers",
            ])
        // An answer that rests on what is missing is no verdict.
        let verdict = CompiledPolicy(snapshot).evaluate(
            AccessRequest(
                principal: PrincipalReference(kind: .user, id: "1"), destination: .name("a.x"), transport: .tcp, port: 443,
                at: snapshot.effectiveAt))
        #expect(verdict.reason == .unknownPrincipal && verdict.isUndecidable)
    }

    @Test(arguments: [
        (#"{"errors":[{"message":"rate limit"}]}"#, "page1.json:1: the answer carries an error and cannot be trusted: `rate limit`"),
        ("{}", "page1.json: holds no section of a tenant's configuration"),
        ("[1]", "page1.json:1: an answer must be a mapping, not a text"),
        (
            #"{"users":{"edges":[{"node":{"id":"R3JvdXA6MQ=="}}]}}"#,
            "page1.json:1: the id of a user `R3JvdXA6MQ==` is the id of a Group, not of a User"
        ),
        (
            #"{"users":{"edges":[{"node":{"id":"1","state":"ASLEEP"}}]}}"#,
            "page1.json:1: `state` must be one of `ACTIVE`, `PENDING`, `DISABLED`, not `ASLEEP`"
        ),
        (
            #"{"users":{"edges":[{"node":{"id":"1","email":"a"}},{"node":{"id":"1","email":"b"}}]}}"#,
            "page1.json:1: user `1` is given twice with different contents; are these answers of one instant?"
        ),
        (
            #"{"connectors":{"edges":[{"node":{"id":"1"}}]}}"#, "page1.json:1: the Remote network of Connector `1` is missing"
        ),
        (
            #"{"resources":{"edges":[{"node":{"id":"1","remoteNetwork":{"id":"2"},"address":{"type":"IP","value":"a.x"}}}]}}"#,
            "page1.json:1: the address `a.x` of Resource `1` is of type `IP` and is a name"
        ),
        (
            #"{"resources":{"edges":[{"node":{"id":"1","remoteNetwork":{"id":"2"},"address":{"value":"a.x"},"access":{"edges":[{"node":{"id":"7"}}]}}}]}}"#,
            "page1.json:1: a grant of Resource `1` must go to a `Group` or a `ServiceAccount`"
        ),
        (
            #"{"remoteNetworks":{"edges":[]},"resources":{"edges":[{"node":{"id":"1","remoteNetwork":{"id":"2"},"address":{"value":"a.x"}}}]}}"#,
            "page1.json:1: Resource `1` is in Remote network `2`, which is not defined"
        ),
    ])
    func contradictionsAreRefused(_ answer: String, _ problem: String) {
        #expect(Self.problems(answer) == [problem])
    }
}

@Suite struct TerraformImportTests {
    static let state = #"""
        {"format_version":"1.0","terraform_version":"1.9.0","values":{"root_module":{"resources":[
          {"type":"twingate_remote_network","mode":"managed","values":{"id":"UmVtb3RlTmV0d29yazox","name":"aws","location":"AWS"}},
          {"type":"aws_instance","values":{"id":"i-1"}},
          {"type":"twingate_connector","values":{"id":"Q29ubmVjdG9yOjI=","name":"c","remote_network_id":"UmVtb3RlTmV0d29yazox"}},
          {"type":"twingate_user","values":{"id":"VXNlcjoz","email":"a@x","is_active":false}},
          {"type":"twingate_group","values":{"id":"R3JvdXA6NA==","name":"Eng","user_ids":["VXNlcjoz","VXNlcjo5"],"is_authoritative":true}},
          {"type":"twingate_service_account","values":{"id":"U2VydmljZUFjY291bnQ6NQ==","name":"ci"}},
          {"type":"twingate_service_account_key","values":{"id":"U2VydmljZUFjY291bnRLZXk6Ng==","name":"k","service_account_id":"U2VydmljZUFjY291bnQ6NQ==","is_active":true}}
         ],"child_modules":[{"resources":[
          {"type":"twingate_resource","values":{"id":"UmVzb3VyY2U6Nw==","name":"web","address":"*.corp.x","alias":null,
            "remote_network_id":"UmVtb3RlTmV0d29yazox","is_active":true,"routing_mode":"THROUGH_TWINGATE","security_policy_id":"U2VjdXJpdHlQb2xpY3k6OA==",
            "protocols":{"allow_icmp":false,"tcp":{"policy":"RESTRICTED","ports":["80","82-83"]},"udp":{"policy":"DENY_ALL","ports":[]}},
            "access_policy":[{"mode":"AUTO_LOCK","duration":"48h","approval_mode":"MANUAL"}],
            "access_group":[{"group_id":"R3JvdXA6NA==","security_policy_id":null,"access_policy":[{"mode":"MANUAL"}]},
                            {"group_id":"R3JvdXA6NDA=","access_policy":[]}],
            "access_service":[{"service_account_id":"U2VydmljZUFjY291bnQ6NQ=="}]}}
         ]}]}}}
        """#

    @Test func aStateBecomesASnapshotWithItsGaps() throws {
        let time = Timestamp(milliseconds: 0)
        let snapshot = try TerraformImport.read(Array(Self.state.utf8), file: "state.json", effectiveAt: time)
        var expected = PolicySnapshot(effectiveAt: time)
        expected.networks = [RemoteNetwork(id: "1", name: "aws")]
        expected.connectors = [Connector(id: "2", name: "c", networkID: "1")]
        expected.users = [User(id: "3", email: "a@x", state: .disabled), User(id: "9", email: "")]
        expected.groups = [
            Group(id: "4", name: "Eng", members: .users(["3", "9"])), Group(id: "40", name: "40", members: .users([])),
        ]
        expected.serviceAccounts = [ServiceAccount(id: "5", name: "ci", keys: [ServiceAccount.Key(id: "6", name: "k")])]
        var policy = SecurityPolicy(id: "8", name: "8")
        policy.isOpaque = true
        expected.securityPolicies = [policy]
        var resource = Resource(id: "7", name: "web", address: try ResourceAddress("*.corp.x"), networkID: "1")
        resource.securityPolicyID = "8"
        resource.mode = .autoLock(seconds: 172_800)
        resource.protocols = ProtocolRules(
            allowsICMP: false, tcp: PortRule(["80", "82-83"].compactMap { PortRange($0) }), udp: .none)
        var edge = AccessEdge(.group("4"))
        edge.mode = .manual
        resource.access = [edge, AccessEdge(.group("40")), AccessEdge(.serviceAccount("5"))]
        expected.resources = [resource]
        expected.gaps = [.users, .groupMembers, .serviceAccounts, .serviceKeys, .connectors, .devices, .resources]
        expected.sourceNotes = [
            "a Terraform state holds what Terraform manages; whatever was made elsewhere is missing",
            "expiry times of grants and keys, devices, and members of synced groups are not in a Terraform state",
            "known by reference only: group 40",
            "security policies are known by name only; what they require is not in a Terraform state",
            "objects of other providers, which are not imported: aws_instance (1)",
            "attributes that are not read: twingate_group.is_authoritative (1), twingate_remote_network.location (1), "
                + "twingate_resource.access_policy.approval_mode (1)",
        ]
        #expect(snapshot == expected)
    }

    @Test func rawStateFilesAreRead() throws {
        let state = #"""
            {"version":4,"terraform_version":"1.9.0","resources":[
              {"mode":"managed","type":"twingate_remote_network","name":"n","instances":[{"attributes":{"id":"UmVtb3RlTmV0d29yazox","name":"n"}}]}]}
            """#
        let snapshot = try TerraformImport.read(Array(state.utf8), file: "s", effectiveAt: Timestamp(milliseconds: 0))
        #expect(snapshot.networks == [RemoteNetwork(id: "1", name: "n")])
    }

    @Test(arguments: [
        ("{}", "s: is not what `terraform show -json` prints"),
        (#"{"terraform_version":"1","resources":[]}"#, "s: holds no object of the provider `twingate`"),
        (
            #"{"terraform_version":"1","resources":[{"type":"twingate_group","instances":[{"attributes":{"name":"x"}}]}]}"#,
            "s:1: a Group has no `id`; is this a plan that was not applied?"
        ),
        (
            #"{"terraform_version":"1","resources":[{"type":"twingate_resource","instances":[{"attributes":{"id":"1","address":"a","remote_network_id":"2","access_policy":[{"mode":"AUTO_LOCK","duration":"soon"}]}}]}]}"#,
            "s:1: Resource `1` has a duration that is not like `48h`: `soon`\ns:1: Resource `1` locks by itself and has no `duration`"
        ),
    ])
    func otherInputIsRefused(_ text: String, _ problems: String) {
        let error = #expect(throws: PolicyDocumentErrors.self) {
            try TerraformImport.read(Array(text.utf8), file: "s", effectiveAt: Timestamp(milliseconds: 0))
        }
        #expect(error?.description == problems)
    }
}

@Suite struct AdministrativeLogTests {
    @Test func changesAreDatedByTheLog() throws {
        var old = PolicySnapshot(effectiveAt: Timestamp(milliseconds: 0))
        old.users = [User(id: "1", email: "a@x"), User(id: "2", email: "b@x")]
        var new = old
        new.effectiveAt = Timestamp(milliseconds: 86_400_000)
        new.users[0].state = .disabled
        let history = try PolicyHistory(snapshots: [old, new])
        let log = #"""
            {"event_type":"audit_log","event":{"version":1,"time":"1970-01-01T05:00:00Z","actor":{"type":"User","id":"VXNlcjo5","info":{"email":"boss@x","name":"B"}},"action":"edit","targets":[{"type":"user","id":"VXNlcjox","name":"a"}]}}
            {"event_type":"dns_filtering","time":"1970-01-01T05:00:00Z"}
            {"version":1,"time":"1970-01-01T04:00:00Z","actor":{"type":"API","id":"7","info":null},"action":"edit","targets":[{"type":"user","id":"2","name":"b"}]}

            """#
        let changes = try AdministrativeLog.read(Array(log.utf8), file: "audit.ndjson")
        #expect(changes.map(\.actor) == ["7", "boss@x"])
        #expect(changes.map(\.line) == [3, 1])
        let dated = history.dated(at: 1, by: changes)
        #expect(dated.map(\.text) == ["user a@x (1): state from active to disabled"])
        #expect(dated.first?.entries.map(\.actor) == ["boss@x"])
        #expect(history.narrowedTime(at: 1, by: changes) == Timestamp("1970-01-01T05:00:00Z"))
        #expect(history.narrowedTime(at: 1, by: []) == nil)
    }

    @Test func whatIsNoEntryIsRefused() {
        let error = #expect(throws: PolicyDocumentErrors.self) {
            try AdministrativeLog.read(Array("{\"action\":\"edit\"}\nnot json".utf8), file: "a")
        }
        #expect(error?.problems.map(\.line) == [1, 2])
    }
}

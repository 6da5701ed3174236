import AccessPolicy
import FlowModel
import Testing

@testable import PolicyDocuments

/// States of any version of the provider, plans of what is not there yet, and what neither can say.
@Suite struct TerraformPlanTests {
    static func read(_ text: String) throws -> PolicySnapshot {
        try TerraformImport.read(Array(text.utf8), file: "s", effectiveAt: Timestamp(milliseconds: 0))
    }

    static func state(_ resources: String) -> String {
        #"{"format_version":"1.0","terraform_version":"1.9.0","values":{"root_module":{"resources":[\#(resources)]}}}"#
    }

    static func notes(_ text: String) throws -> [String] { Array(try read(text).sourceNotes.dropFirst(2)) }

    @Test(
        "grants in the form of every version of the provider are grants",
        arguments: [
            // 3.x, 1.x and 2.x, 0.x.
            #""access_group":[{"group_id":"4"}],"access_service":[{"service_account_id":"5"}]"#,
            #""access":[{"group_ids":["4"],"service_account_ids":["5"]}]"#,
            #""group_ids":["4"],"access_service":[{"service_account_id":"5"}]"#,
            // The same edge in two forms is one edge.
            #""group_ids":["4"],"access":[{"group_ids":["4"],"service_account_ids":["5"]}],"access_group":[{"group_id":"4"}]"#,
        ])
    func grants(_ fields: String) throws {
        let snapshot = try Self.read(
            Self.state(#"{"type":"twingate_resource","values":{"id":"7","name":"w","address":"w.x","remote_network_id":"1",\#(fields)}}"#))
        #expect(snapshot.resources.map(\.access) == [[AccessEdge(.group("4")), AccessEdge(.serviceAccount("5"))]])
    }

    private static let configuration = #"""
        "configuration":{"root_module":{
          "resources":[
            {"address":"twingate_remote_network.n","type":"twingate_remote_network","name":"n","expressions":{}},
            {"address":"twingate_resource.web","type":"twingate_resource","name":"web","expressions":{
              "remote_network_id":{"references":["twingate_remote_network.n.id","twingate_remote_network.n"]},
              "access_group":[{"group_id":{"references":["twingate_group.eng.id","twingate_group.eng"]}}]}},
            {"address":"twingate_group.eng","type":"twingate_group","name":"eng","expressions":{
              "user_ids":{"references":["twingate_user.u[\"ana\"].id","twingate_user.u[\"ana\"]","twingate_user.u"]}}}],
          "module_calls":{"m":{"expressions":{"net":{"references":["twingate_remote_network.n.id","twingate_remote_network.n"]}},
            "module":{"resources":[{"address":"twingate_connector.c","type":"twingate_connector","name":"c","expressions":{
              "remote_network_id":{"references":["var.net"]}}}]}}}}}
        """#

    /// A plan that makes a network, a group with a member, a Resource that is granted to it, and a Connector in a module.
    static let plan = #"""
        {"format_version":"1.2","terraform_version":"1.9.0","planned_values":{"root_module":{"resources":[
          {"address":"twingate_remote_network.n","mode":"managed","type":"twingate_remote_network","values":{"name":"new"}},
          {"address":"twingate_user.u[\"ana\"]","mode":"managed","type":"twingate_user","values":{"email":"ana@x.example"}},
          {"address":"twingate_user.u[\"bo\"]","mode":"managed","type":"twingate_user","values":{"email":"bo@x.example"}},
          {"address":"twingate_group.eng","mode":"managed","type":"twingate_group","values":{"name":"Eng"}},
          {"address":"twingate_resource.web","mode":"managed","type":"twingate_resource",
           "values":{"name":"Web","address":"web.x.example","access_group":[{"security_policy_id":null}]}}],
          "child_modules":[{"address":"module.m","resources":[
            {"address":"module.m.twingate_connector.c","mode":"managed","type":"twingate_connector","values":{"name":"c"}}]}]}},
         "resource_changes":[
          {"address":"twingate_group.eng","change":{"actions":["create"],"after_unknown":{"id":true,"user_ids":true}}},
          {"address":"twingate_resource.web","change":{"actions":["create"],
            "after_unknown":{"id":true,"remote_network_id":true,"access_group":[{"group_id":true}]}}},
          {"address":"module.m.twingate_connector.c","change":{"actions":["create"],"after_unknown":{"id":true,"remote_network_id":true}}}],
        \#(configuration)}
        """#

    @Test("a plan can be asked before it is applied: ids are made up, and references lead to them")
    func plannedObjects() throws {
        let snapshot = try Self.read(Self.plan)
        let network = "planned:twingate_remote_network.n"
        #expect(snapshot.networks == [RemoteNetwork(id: network, name: "new")])
        #expect(snapshot.connectors == [Connector(id: "planned:module.m.twingate_connector.c", name: "c", networkID: network)])
        #expect(snapshot.groups.map(\.members) == [.users([#"planned:twingate_user.u["ana"]"#])])
        #expect(snapshot.resources.map(\.networkID) == [network])
        #expect(snapshot.resources.map(\.access) == [[AccessEdge(.group("planned:twingate_group.eng"))]])
        #expect(try Self.read(Self.plan).digest == snapshot.digest)
        #expect(snapshot.sourceNotes.contains { $0.hasPrefix("ids made up for what gets one when the plan is applied: planned:") })
        // What is written is read again, and can be asked.
        let again = try PolicySnapshot.load(Array(snapshot.yaml().utf8), file: "p.yaml")
        #expect(again == snapshot)
        let verdict = CompiledPolicy(again).evaluate(
            AccessRequest(
                principal: try again.principal(named: "ana@x.example"), destination: .name("web.x.example"), transport: .tcp, port: 443,
                connectorID: "planned:module.m.twingate_connector.c", at: again.effectiveAt))
        #expect(verdict.isAllowed)
    }

    @Test("without the expressions, what is not known yet is told and left out")
    func unresolvedReferences() throws {
        let text = Self.plan.replacing(Self.configuration, with: #""x":1"#)
        let snapshot = try Self.read(text)
        #expect(snapshot.resources == [] && snapshot.connectors == [] && snapshot.groups.map(\.members) == [.users([])])
        let missing = try #require(snapshot.sourceNotes.first { $0.hasPrefix("known only after apply, and therefore missing: ") })
        #expect(missing.contains("twingate_group.eng.user_ids (1)"))
        #expect(missing.contains("twingate_resource.web.remote_network_id, without which the Resource is not imported (1)"))
        #expect(
            snapshot.sourceNotes.contains(
                "Connector planned:module.m.twingate_connector.c is not imported: its Remote network is not given"))
    }

    @Test("an id that is made up is an id, one for each address")
    func madeUpIDs() throws {
        let long = #"module.a["\#(String(repeating: "é b", count: 60))"].twingate_group.g"#
        let ids = [long, long + "[0]", long + "[1]", "twingate_group.a b", "twingate_group.a%20b"].map { TerraformReferences.madeUpID($0) }
        #expect(Set(ids).count == ids.count)
        var scanner = DocumentScanner(file: "f")
        for id in ids {
            #expect(scanner.identifier(DocumentNode(content: .scalar(id, isPlain: false), line: 1), "an id") == id)
        }
        #expect(ids[3] == "planned:twingate_group.a%20b" && ids[4] == "planned:twingate_group.a%2520b")
    }

    @Test("the managed object counts, wherever a data source of it stands")
    func dataSources() throws {
        let snapshot = try Self.read(
            Self.state(
                #"""
                {"mode":"data","type":"twingate_group","values":{"id":"4","name":"Eng"}},
                {"mode":"managed","type":"twingate_group","values":{"id":"4","name":"Eng","user_ids":["3"]}},
                {"mode":"data","type":"twingate_groups","values":{"id":"all","groups":[{"id":"8"}]}},
                {"mode":"data","type":"twingate_resource","values":{"id":"9","name":"other"}}
                """#))
        #expect(snapshot.groups == [Group(id: "4", name: "Eng", members: .users(["3"]))])
        #expect(
            Array(snapshot.sourceNotes.dropFirst(2)) == [
                "types of the provider that are not imported: data.twingate_resource (1), twingate_groups (1)"
            ])
    }

    @Test("deposed objects are not in force, tainted ones are")
    func deposedAndTainted() throws {
        let want = ["1 deposed object waits for removal, not imported", "1 tainted object is imported; replacing gives new ids"]
        let shown = Self.state(
            #"""
            {"type":"twingate_group","deposed_key":"ab","values":{"id":"4","name":"old"}},
            {"type":"twingate_group","tainted":true,"values":{"id":"5","name":"new"}}
            """#)
        let raw = #"""
            {"version":4,"terraform_version":"1.9.0","resources":[{"mode":"managed","type":"twingate_group","name":"g","instances":[
              {"deposed":"ab","attributes":{"id":"4","name":"old"}},{"status":"tainted","attributes":{"id":"5","name":"new"}}]}]}
            """#
        for text in [shown, raw] {
            #expect(try Self.read(text).groups.map(\.id) == ["5"])
            #expect(try Self.notes(text) == want)
        }
    }

    @Test(
        "durations of any text are read, refused or as long as can be, and never too long for a number",
        arguments: [
            ("48h", 172_800), ("1w2d3h4m5s", 788_645), ("90m", 5_400), ("99999999999999999999w", Int64.max),
            (String(repeating: "999999999w", count: 20_000), Int64.max), ("0s", nil), ("", nil), ("48", nil), ("h", nil), ("-1h", nil),
            ("1.5h", nil), ("1 h", nil), ("1H", nil), ("٤h", nil),
        ] as [(String, Int64?)])
    func durations(_ text: String, _ seconds: Int64?) {
        #expect(TerraformDuration.seconds(text) == seconds)
    }

    @Test("durations beyond a hundred years count as that")
    func longDurations() throws {
        func mode(_ fields: String) throws -> GrantMode? {
            try Self.read(
                Self.state(
                    #"{"type":"twingate_resource","values":{"id":"7","name":"w","address":"w.x","remote_network_id":"1",\#(fields)}}"#)
            ).resources.first?.mode
        }
        let longest = GrantMode.autoLock(seconds: 3_155_760_000)
        #expect(try mode(#""access_policy":[{"mode":"AUTO_LOCK","duration":"999999999999w"}]"#) == longest)
        #expect(try mode(#""usage_based_autolock_duration_days":9223372036854775807"#) == longest)
        #expect(throws: PolicyDocumentErrors.self) { try mode(#""usage_based_autolock_duration_days":9223372036854775808"#) }
        #expect(throws: PolicyDocumentErrors.self) { try mode(#""access_policy":[{"mode":"MANUAL"},{"mode":"MANUAL"}]"#) }
    }
}

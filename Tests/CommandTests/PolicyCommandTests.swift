import Foundation
import Testing

/// `twin-audit policy`, on the tenant of the conformance tests.
struct PolicyCommandTests {
    private let folder: Folder
    private let harbour = Folder.checkout.appendingPathComponent("Tests/ConformanceTests/policy/harbour").path

    init() throws {
        folder = try Folder()
    }

    private func document(_ text: String) -> String {
        """
        format: access-policy/1
        effectiveAt: "2025-03-01T00:00:00Z"
        networks: [{id: "1", name: Office}]
        connectors: [{id: "11", name: heron, network: "1"}, {id: "12", name: egret, network: "1"}]
        users: [{id: "101", email: ana@x.example}, {id: "102", email: bo@x.example}]
        groups: [{id: "201", name: Eng, members: ["101"]}]
        resources: [{id: "401", name: Web, address: "*.x.example", network: "1", protocols: {tcp: [443]}, access: [{group: "201"}]}]
        \(text)
        """
    }

    @Test("an answer that cannot be given is none: tests, names, listings")
    func nothingIsTakenForAnAnswer() throws {
        try folder.write(
            "gaps.yaml",
            document(
                """
                incomplete: [groupMembers]
                tests:
                  - {name: bo is kept out, who: bo@x.example, to: "a.x.example:443", expect: deny}
                """))
        let open = try Program.audit("policy", "test", "gaps.yaml", "--failed", "--format", "csv", in: folder)
        #expect(open.status == 6)
        #expect(
            open.output == """
                file,line,test,result,effect,reason,resource,difference
                gaps.yaml,10,bo is kept out,undecidable,deny,no-grant,,"expected deny, and the document does not say enough to decide (no-grant)"

                """)
        #expect(open.lastError == "1 test, 0 failed, 1 could not be decided")
        try folder.write("wrong.yaml", document("tests: [{who: ana@x.example, to: \"a.x.example:443\", expect: deny}]"))
        #expect(try Program.audit("policy", "test", "gaps.yaml", "wrong.yaml", in: folder).status == 1)
        let show = try Program.audit("policy", "show", "devices", "--policy", "gaps.yaml", in: folder)
        #expect(show.status == 6 && show.lastError.contains("the snapshot of 2025-03-01T00:00:00Z holds no devices"))
        let reach = try Program.audit("policy", "show", "reach", "--policy", "gaps.yaml", "--user", "bo@x.example", in: folder)
        #expect(reach.status == 0 && reach.lastError.contains("may reach none of the 1 Resources"))
        let who = try Program.audit(
            "policy", "explain", "--policy", "gaps.yaml", "--user", "anna@x.example", "--to", "a.x.example:443", in: folder)
        #expect(
            who.status == 2 && who.lastError.contains("no user or service account is called `anna@x.example`; is `ana@x.example` meant?"))
        for target in ["a.x.example:0", "a.x.example:443/icmp", "a.x.example:+443", "*.x.example:443"] {
            let ask = try Program.audit("policy", "explain", "--policy", "gaps.yaml", "--user", "ana@x.example", "--to", target, in: folder)
            #expect(ask.status == 2, "\(target)")
        }
    }

    @Test("the last use of each Resource can be given")
    func lastUses() throws {
        func reason(_ uses: String...) throws -> String {
            let arguments =
                [
                    "policy", "explain", "--policy", harbour + "/1.yaml", "--user", "engineer@harbour.example", "--to",
                    "desk.quay.example:443",
                ]
                + ["--at", "2025-03-01T05:00:00Z", "--format", "csv"] + uses.flatMap { ["--last-use", $0] }
            let asked = try Program(name: "twin-audit").run(arguments, in: folder)
            return asked.output.split(separator: "\n").first { $0.hasPrefix("applied_rule") }.map(String.init) ?? asked.lastError
        }
        #expect(try reason() == "applied_rule,desk.quay.example")
        #expect(try reason("2025-03-01T00:00:00Z") == "applied_rule,*.quay.example")
        #expect(try reason("Quay desk=2025-03-01T00:00:00Z") == "applied_rule,*.quay.example")
        #expect(try reason("2025-03-01T00:00:00Z", "616=2025-03-01T04:30:00Z") == "applied_rule,desk.quay.example")
        #expect(try reason("Quay dusk=2025-03-01T00:00:00Z").contains("is `Quay desk` meant?"))
    }

    @Test func check() throws {
        try folder.write("good.yaml", document(""))
        try folder.write("odd.yaml", document("serviceAccounts: [{id: \"301\", name: ci, keys: [{id: \"311\", name: k}]}]"))
        try folder.write("bad.yaml", document("owner: me\nversion: x"))
        let clean = try Program.audit("policy", "check", "good.yaml", "--format", "csv", in: folder)
        #expect(clean.status == 0)
        #expect(clean.output == "file,line,code,kind,id,message\n")
        #expect(clean.lastError == "1 valid document, 0 warnings")
        let odd = try Program.audit("policy", "check", "odd.yaml", "--fail-on-warnings", "--format", "csv", in: folder)
        #expect(odd.status == 1)
        #expect(
            odd.output == """
                file,line,code,kind,id,message
                odd.yaml,8,endless-key,service account,301,key k (311) of service account ci never expires

                """)
        let bad = try Program.audit("policy", "check", "good.yaml", "bad.yaml", in: folder)
        #expect(bad.status == 3)
        #expect(
            bad.errors == """
                error: bad.yaml:8: the document has no key `owner`
                error: bad.yaml:9: `version` must be a whole number of at least 0, not `x`

                """)
        #expect(try Program.audit("policy", "check", "none.yaml", in: folder).status == 3)
        #expect(try Program.audit("policy", "check", harbour, in: folder).status == 0)
    }

    @Test func test() throws {
        let tests = """
            tests:
              - {name: web, who: ana@x.example, to: "www.x.example:443", through: heron, expect: allow, resource: Web}
              - {name: not bo, who: bo@x.example, to: "www.x.example:443", expect: deny, reason: no-grant}
            """
        try folder.write("good.yaml", document(tests))
        try folder.write("bad.yaml", document(tests + "\n  - {name: hope, who: bo@x.example, to: \"www.x.example:443\", expect: allow}"))
        try folder.write("none.yaml", document(""))
        #expect(try Program.audit("policy", "test", "good.yaml", in: folder).status == 0)
        let failed = try Program.audit("policy", "test", "bad.yaml", "--failed", "--format", "csv", in: folder)
        #expect(failed.status == 1)
        #expect(
            failed.output == """
                file,line,test,result,effect,reason,resource,difference
                bad.yaml,11,hope,failed,deny,no-grant,,"expected allow, got deny (no-grant)"

                """)
        #expect(failed.lastError == "3 tests, 1 failed")
        #expect(try Program.audit("policy", "test", "none.yaml", in: folder).status == 6)
    }

    @Test func show() throws {
        let history = try Program.audit("policy", "show", "--policy", harbour, "--format", "csv", in: folder)
        #expect(history.status == 0)
        let times = history.output.split(separator: "\n").dropFirst().map { $0.prefix(20) }
        #expect(times == ["2025-03-01T00:00:00Z", "2025-03-01T06:00:00Z", "2025-03-01T12:00:00Z"])
        let reach = try Program.audit(
            "policy", "show", "reach", "--policy", harbour, "--user", "leaver@harbour.example", "--at", "2025-03-01T05:00:00Z", "--format",
            "csv", in: folder)
        #expect(
            reach.output.split(separator: "\n").dropFirst().map { $0.prefix(3) }
                == ["601", "602", "603", "604", "606", "607", "609", "610", "612", "613", "614"])
        let gone = try Program.audit(
            "policy", "show", "reach", "--policy", harbour, "--user", "leaver@harbour.example", "--at", "2025-03-01T07:00:00Z", "--format",
            "csv", in: folder)
        #expect(gone.output.split(separator: "\n").count == 1)
        for what in ["networks", "connectors", "users", "groups", "service-accounts", "devices", "resources", "grants"] {
            let shown = try Program.audit("policy", "show", what, "--policy", harbour, "--format", "ndjson", in: folder)
            #expect(shown.status == 0 && shown.output.split(separator: "\n").count >= 3 || what == "service-accounts", "\(what)")
        }
        // What `show document` prints is the same policy again.
        let printed = try Program.audit("policy", "show", "document", "--policy", harbour, in: folder)
        try folder.write("again.yaml", printed.output)
        let diff = try Program.audit("policy", "diff", harbour + "/3.yaml", "again.yaml", "--exit-code", "--format", "csv", in: folder)
        #expect(diff.status == 0)
        #expect(diff.output.split(separator: "\n").count == 1)
        #expect(try Program.audit("policy", "show", "reach", "--policy", harbour, in: folder).status == 2)
        #expect(try Program.audit("policy", "show", "--policy", harbour, "users", "--at", "2024-01-01", in: folder).status == 6)
    }

    @Test func diff() throws {
        let log = """
            {"version":1,"time":"2025-03-01T05:58:00Z","actor":{"type":"User","id":"1","info":{"email":"admin@harbour.example"}},"action":"edit","targets":[{"type":"user","id":"102","name":"leaver"}]}

            """
        try folder.write("audit.ndjson", log)
        let diff = try Program.audit(
            "policy", "diff", "2025-03-01T05:00:00Z", "2025-03-01T06:30:00Z", "--policy", harbour, "--log", "audit.ndjson", "--format",
            "csv",
            "--exit-code", in: folder)
        #expect(diff.status == 1)
        let lines = diff.output.split(separator: "\n").map(String.init)
        #expect(lines[0] == "what,object,text,principals,example,before,after,by,changed_at,flows")
        #expect(
            lines[1]
                == "changed,user 102,user leaver@harbour.example (102): state from active to disabled,,,,,admin@harbour.example,2025-03-01T05:58:00Z,"
        )
        #expect(lines.contains { $0.hasPrefix("lost,Resource 606,") && $0.contains("10.2.7.9:22/tcp,allowed by 10.2.7.9,no-grant") })
        #expect(diff.errors.contains("the log does not explain 2 of 3 changes"))
        #expect(try Program.audit("policy", "diff", "nothing.yaml", harbour + "/1.yaml", in: folder).status == 3)
    }

    @Test func explain() throws {
        func ask(_ arguments: String...) throws -> Program.Outcome {
            try Program(name: "twin-audit").run(
                ["policy", "explain", "--policy", harbour, "--at", "2025-03-01T01:00:00Z", "--format", "csv"] + arguments, in: folder)
        }
        let allowed = try ask("--user", "operator@harbour.example", "--to", "10.2.7.9:22", "--connector", "stork")
        #expect(allowed.status == 0)
        #expect(allowed.output.contains("grant,group Engineers (202)\ngrant,group Operators (203) until 2025-03-01T10:00:00Z\n"))
        let denied = try ask("--user", "visitor@harbour.example", "--to", "10.2.7.9:22", "--connector", "stork")
        #expect(denied.status == 1)
        #expect(denied.output.hasPrefix("field,value\neffect,deny\nreason,no-grant\nnearest_resource,\"Ledger host (606), 10.2.7.9\"\n"))
        #expect(denied.output.contains("would_be_allowed,\"as a member of group Engineers (202), to which Ledger host is granted\"\n"))
        #expect(try ask("--user", "nobody", "--to", "10.2.7.9:22").status == 2)
        #expect(try ask("--user", "user:999", "--to", "10.2.7.9:22").status == 1)
        #expect(try ask("--user", "101", "--to", "10.2.7.9").status == 2)
        let early = try Program.audit(
            "policy", "explain", "--policy", harbour, "--at", "2020-01-01", "--user", "101", "--to", "a:1", in: folder)
        #expect(early.status == 6)
    }

    @Test func importTerraform() throws {
        let state = """
            {"format_version":"1.0","terraform_version":"1.9.0","values":{"root_module":{"resources":[
              {"type":"twingate_remote_network","values":{"id":"UmVtb3RlTmV0d29yazox","name":"aws"}}]}}}
            """
        try folder.write("state.json", state)
        let done = try Program.audit("policy", "import", "state.json", "--effective-at", "2025-03-01T00:00:00Z", "--out", "p", in: folder)
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.errors.contains("note: a Terraform state holds what Terraform manages"))
        #expect(try Program.audit("policy", "check", "p", in: folder).status == 0)
        let twice = try Program.audit(
            "policy", "import", "state.json", "state.json", "--effective-at", "2025-03-01T00:00:00Z", "--out", "p", in: folder)
        #expect(twice.status == 2)
    }

    private func export(_ members: [String]) -> String {
        let nodes = members.map { #"{"node":{"id":"\#($0)"}}"# }.joined(separator: ",")
        return """
            {"data":{"users":{"edges":[{"node":{"id":"101","email":"ana@x.example","state":"ACTIVE"}},{"node":{"id":"102","email":"bo@x.example","state":"ACTIVE"}}]},
             "remoteNetworks":{"edges":[{"node":{"id":"1","name":"Office"}}]},
             "groups":{"edges":[{"node":{"id":"201","name":"Eng","users":{"edges":[\(nodes)]}}}]},
             "resources":{"edges":[{"node":{"id":"401","name":"Web","address":{"type":"DNS","value":"*.x.example"},"remoteNetwork":{"id":"1"},
               "access":{"edges":[{"node":{"__typename":"Group","id":"201"}}]}}}]}}}
            """
    }

    @Test("the administrative log says since when an imported policy was in force")
    func importWithLog() throws {
        try folder.write("one.json", export(["101"]))
        try folder.write("two.json", export(["101", "102"]))
        let entry = #"""
            {"time":"2025-03-01T05:58:00Z","actor":{"type":"User","id":"1","info":{"email":"admin@x.example"}},"action":"edit","targets":[{"type":"group","id":"R3JvdXA6MjAx","name":"Eng"}]}

            """#
        try folder.write("audit.ndjson", entry)
        func run(_ file: String, _ time: String, _ more: String...) throws -> Program.Outcome {
            try Program(name: "twin-audit").run(["policy", "import", file, "--effective-at", time, "--out", "p"] + more, in: folder)
        }
        let first = try run("one.json", "2025-03-01T00:00:00Z", "--log", "audit.ndjson")
        #expect(first.status == 0)
        #expect(first.errors.hasPrefix("the log dates nothing: `p` holds no snapshot before 2025-03-01T00:00:00Z\n"), "\(first.errors)")
        let second = try run("two.json", "2025-03-01T09:00:00Z", "--log", "audit.ndjson")
        #expect(second.status == 0)
        #expect(
            second.errors.hasPrefix(
                "the log explains all 1 changes; in force from 2025-03-01T05:58:00Z on, not from 2025-03-01T09:00:00Z\n"))
        #expect(second.lastError.hasPrefix("wrote p/2025-03-01T05:58:00Z.yaml: 1 Resources, 2 users, 1 groups, 0 Connectors; digest "))
        // What the log does not tell leaves the time as it was given.
        let third = try run("one.json", "2025-03-01T12:00:00Z", "--log", "audit.ndjson")
        #expect(third.status == 0)
        #expect(
            third.errors.hasPrefix(
                """
                the log does not explain: group Eng (201): lost bo@x.example (102)
                1 of 1 changes are not in the log; 2025-03-01T12:00:00Z stands as it was given

                """), "\(third.errors)")
        let history = try Program.audit("policy", "show", "--policy", "p", "--format", "csv", in: folder)
        #expect(
            history.output.split(separator: "\n").dropFirst().map { $0.prefix(20) }
                == ["2025-03-01T00:00:00Z", "2025-03-01T05:58:00Z", "2025-03-01T12:00:00Z"])
        // Taken every day, an export adds a snapshot only when something changed.
        let same = try run("one.json", "2025-03-02T12:00:00Z")
        #expect(same.status == 0)
        #expect(same.errors == "nothing changed since the snapshot of 2025-03-01T12:00:00Z in `p`; nothing was written\n")
        // One that says something else of just that time is not passed over.
        #expect(try run("two.json", "2025-03-01T12:00:00Z").status == 3)
        #expect(try run("two.json", "2025-03-01T12:00:00Z").errors.contains("holds a different snapshot of that time"))
        let between = try run("one.json", "2025-03-01T10:00:00Z")
        #expect(between.lastError.hasPrefix("wrote p/2025-03-01T10:00:00Z.yaml: "))
        #expect(try run("one.json", "2025-03-02T12:00:00Z", "--force").lastError.hasPrefix("wrote p/2025-03-02T12:00:00Z.yaml: "))
        let broken = try run("one.json", "2025-03-01T13:00:00Z", "--log", "one.json")
        #expect(broken.status == 3)
    }

    @Test("pages of one moment in any order, also pages of a list inside an object")
    func importPages() throws {
        try folder.write(
            "b.json",
            #"{"data":{"users":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"id":"102","email":"bo@x.example","state":"DISABLED"}}]}}}"#
        )
        try folder.write(
            "a.json",
            #"{"data":{"users":{"pageInfo":{"hasNextPage":true,"endCursor":"x"},"edges":[{"node":{"id":"101","email":"ana@x.example","state":"ACTIVE"}}]}}}"#
        )
        try folder.write(
            "c.json",
            #"{"data":{"remoteNetworks":{"edges":[{"node":{"id":"1","name":"Office"}}]},"groups":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"id":"201","name":"Eng","users":{"pageInfo":{"hasNextPage":true},"edges":[{"node":{"id":"101"}}]}}}]}}}"#
        )
        try folder.write(
            "d.json", #"{"data":{"group":{"id":"201","users":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"id":"102"}}]}}}}"#)
        let done = try Program.audit(
            "policy", "import", "d.json", "b.json", "c.json", "a.json", "--effective-at", "2025-03-01T00:00:00Z", "--out", "p", in: folder)
        #expect(done.status == 0, "\(done.errors)")
        let groups = try Program.audit("policy", "show", "users", "--policy", "p", "--format", "csv", in: folder)
        #expect(groups.output == "id,email,state,role,groups\n101,ana@x.example,active,,Eng\n102,bo@x.example,disabled,,Eng\n")
        // Without the second page of users, the document says so.
        let part = try Program.audit(
            "policy", "import", "d.json", "c.json", "a.json", "--effective-at", "2025-03-01T00:00:00Z", "--out", "q", in: folder)
        #expect(part.status == 0, "\(part.errors)")
        let shown = try Program.audit("policy", "show", "--policy", "q", "--format", "csv", in: folder)
        #expect(shown.output.contains("users"))
        let error = #"{"errors":[{"message":"rate limited"}],"data":null}"#
        try folder.write("e.json", error)
        #expect(
            try Program.audit("policy", "import", "e.json", "--effective-at", "2025-03-01T00:00:00Z", "--out", "r", in: folder).status == 3)
    }
}

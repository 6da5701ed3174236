internal import FlowModel

/// A line of `truth.ndjson`: what is true of one planted flow.
struct TruthLine {
    let world: World
    let lines: EventLines
    let speakers: [EventLines.Speaker]

    func append(_ planted: Planter.Planted, _ line: inout LineBuffer) {
        let flow = planted.flow
        line.raw(#"{"connection_id":"#)
        line.string(lines.connectionID(flow.number))
        line.raw(#","connector_id":"#)
        line.string(speakers[flow.connector].id)
        line.raw(#","started_at":"#)
        line.number(flow.start.milliseconds)
        line.raw(#","kind":"#)
        line.string(planted.kind.rawValue)
        line.raw(planted.kind.isViolation ? #","violation":true,"rules":["# : #","violation":false,"rules":["#)
        appendList(planted.kind.rules, &line)
        line.raw(#"],"class":"#)
        line.string(planted.verdict.flowClass)
        line.raw(#","reason":"#)
        appendOptional(planted.verdict.reason, &line)
        line.raw(#","qualifiers":["#)
        appendList(planted.verdict.qualifiers, &line)
        line.raw(#"],"expected_resource":"#)
        appendOptional(planted.verdict.expectedResource, &line)
        switch flow.caller {
        case .user(let user):
            line.raw(#","principal_kind":"user","principal_id":"#)
            line.string(world.tenant.users[user].id)
        case .serviceAccount(let account, _):
            line.raw(#","principal_kind":"service_account","principal_id":"#)
            line.string(world.tenant.serviceAccounts[account].id)
        }
        line.raw(#","recorded_resource":"#)
        line.string(world.tenant.resources[flow.resource].id)
        line.raw(#","address":"#)
        line.string(flow.dialled ?? world.tenant.resources[flow.resource].hosts[flow.host].dialled)
        line.raw(#","port":"#)
        line.number(Int(flow.port))
        line.raw("}")
    }

    private func appendList(_ texts: [String], _ line: inout LineBuffer) {
        for (index, text) in texts.enumerated() {
            if index > 0 { line.raw(",") }
            line.string(text)
        }
    }

    private func appendOptional(_ text: String?, _ line: inout LineBuffer) {
        if let text { line.string(text) } else { line.raw("null") }
    }
}

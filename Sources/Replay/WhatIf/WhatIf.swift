public import AccessPolicy
public import AuditStore
public import FlowModel

/// Asks a proposed policy about every recorded flow and compares its answers with those of the policy that it would replace.
public struct WhatIf: Sendable {
    /// What the proposal is compared with.
    public enum Baseline: String, Sendable, CaseIterable {
        /// The policy that would be replaced: the last one that came into force by the end of the period. What it denies already, the
        /// proposal cannot take away.
        case current
        /// The policy that was in force when each flow began.
        case then
    }

    /// Empty when no policy is known.
    public var history: PolicyHistory?
    public var proposal: CompiledPolicy
    public var options: EngineOptions
    public var baseline = Baseline.current
    public var since = Timestamp.distantPast
    public var until = Timestamp.distantFuture
    /// In place of the last policy of the history.
    public var replaced: CompiledPolicy?

    public init(history: PolicyHistory?, proposal: CompiledPolicy, options: EngineOptions = EngineOptions()) {
        self.history = history
        self.proposal = proposal
        self.options = options
    }

    /// The policy that the proposal would replace.
    public var current: CompiledPolicy? { replaced ?? history?.inForce(at: until) }

    public func run(_ database: AuditDatabase) throws -> WhatIfReport {
        var report = WhatIfReport()
        var rows: [RowKey: Int] = [:]
        var known: [FlowQuestion: (validity: Validity, carried: Int?, denied: Int?)] = [:]
        let current = current
        let usesLock = proposal.usesAutoLock || (history?.policies.contains(where: \.usesAutoLock) ?? false)
        let walk = FlowWalk(since: since, until: until, tracksUse: usesLock)
        try walk.run(database) { flow, reader, lastAccess in
            let question = FlowQuestion(flow)
            let isDenied = flow.outcome == .denied
            // An answer that may depend on the last use holds for this flow only.
            if !usesLock, let answer = known[question], answer.validity.contains(flow.startedAt),
                let row = isDenied ? answer.denied : answer.carried
            {
                report.count(flow, in: row)
                return
            }
            let facts = try FlowFacts(flow, reader: reader, lastAccess: lastAccess)
            let request = facts.request
            var validity = Validity.always
            var policy = current
            if baseline == .then {
                let index = history?.indexInForce(at: flow.startedAt)
                policy = index.flatMap { history?.policies[$0] }
                if let history { validity = history.reign(of: index) }
            }
            let before = policy?.evaluate(request, options: options)
            let after = proposal.evaluate(request, options: options)
            validity = validity.intersection(after.validity)
            if let before { validity = validity.intersection(before.validity) }
            let change = AccessChange(
                from: AccessState(before), to: AccessState(after), wasCarried: !isDenied)
            let origin = try reader.origin(flow.origin)
            let key = RowKey(change, facts, before, after)
            let row: Int
            if let known = rows[key] {
                row = known
            } else {
                row = report.rows.count
                rows[key] = row
                report.rows.append(AccessChangeRow(change, facts, origin.principalName, before, after))
            }
            report.count(flow, in: row)
            report.addSample(flow, facts, to: row)
            guard !usesLock else { return }
            if known.count >= FlowQuestion.mostRemembered { known.removeAll(keepingCapacity: true) }
            var entry = known[question] ?? (validity, nil, nil)
            if entry.validity != validity { entry = (validity, nil, nil) }
            if isDenied { entry.denied = row } else { entry.carried = row }
            known[question] = entry
        }
        report.sort()
        if report.flows > 0, let current { report.addNeverUsed(from: current, to: proposal, options) }
        return report
    }

    /// Flows of which the same is to be said.
    struct RowKey: Hashable {
        var change: AccessChange
        var principal: PrincipalReference?
        var before: String?
        var after: String?
        var reasonBefore: ReasonCode?
        var reasonAfter: ReasonCode?
        /// Tells rows apart that have no Resource.
        var destination: String

        init(_ change: AccessChange, _ facts: FlowFacts, _ before: Verdict?, _ after: Verdict) {
            self.change = change
            principal = facts.principal
            self.before = before?.nearestResource?.id
            // Where nothing changes it is of no account through which Resource the proposal gives the same access.
            self.after = change == .none && before?.nearestResource != nil ? nil : after.nearestResource?.id
            reasonBefore = before.flatMap { $0.isUndecidable ? nil : $0.reason }
            reasonAfter = after.isUndecidable ? nil : after.reason
            destination = self.before == nil && after.nearestResource == nil ? facts.recordedResourceID ?? facts.destination : ""
        }
    }
}

extension AccessChangeRow {
    init(_ change: AccessChange, _ facts: FlowFacts, _ name: String?, _ before: Verdict?, _ after: Verdict) {
        let old = before?.nearestResource
        let new = after.nearestResource
        // Who is known to neither policy, or active in neither, is denied before a Resource is looked for: the record names one.
        let recorded = facts.recordedResourceID.flatMap { before?.policy.resource($0) ?? after.policy.resource($0) }
        let prefersNew = change == .gained || change == .maybeGained
        self.change = change
        principal = facts.principal
        principalName = name
        resource = (prefersNew ? new ?? old : old ?? new) ?? recorded
        destination = facts.destination.isEmpty ? facts.resourceIP?.description ?? "" : facts.destination
        newResource = new?.id == (prefersNew ? new ?? old : old ?? new)?.id ? nil : new
        reasonBefore = before.flatMap { $0.isUndecidable ? nil : $0.reason }
        reasonAfter = after.isUndecidable ? nil : after.reason
        decidedBy = after.decidedBy
    }
}

extension Verdict {
    /// What decided, in words.
    var decidedBy: String {
        let place = nearestResource.map { ": \($0.display)" } ?? ""
        if isUndecidable { return "cannot be decided (\(reason.rawValue))" + place }
        guard isAllowed else { return reason.rawValue + place }
        let subjects = grants.map { policy.snapshot.display($0.subject) }.joined(separator: ", ")
        return "allowed" + place + (subjects.isEmpty ? "" : " through \(subjects)")
    }
}

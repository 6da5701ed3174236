public import AccessPolicy
public import FlowModel
public import FlowStore

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
    var effort = WalkEffort()

    public init(history: PolicyHistory?, proposal: CompiledPolicy, options: EngineOptions = EngineOptions()) {
        self.history = history
        self.proposal = proposal
        self.options = options
    }

    /// The policy that the proposal would replace.
    public var current: CompiledPolicy? { replaced ?? history?.inForce(at: until) }

    public func run(_ database: AuditDatabase) throws -> WhatIfReport {
        let usesLock = proposal.usesAutoLock || (history?.policies.contains(where: \.usesAutoLock) ?? false)
        let walk = FlowWalk(since: since, until: until, tracksUse: usesLock, effort: effort)
        var report = try walk.run(database, WhatIfTally(self)).report
        report.sort()
        if report.flows > 0, let current { report.addNeverUsed(from: current, to: proposal, options) }
        return report
    }
}

/// Counts flows by what changes for them.
struct WhatIfTally: MergingTally {
    /// Whether access would be given is asked when it is asked for.
    static let coversWholeLife = false

    let whatIf: WhatIf
    private let current: CompiledPolicy?
    private(set) var report = WhatIfReport()
    private var keys: [RowKey] = []
    private var numbers: [RowKey: Int] = [:]

    init(_ whatIf: WhatIf) {
        self.whatIf = whatIf
        current = whatIf.current
    }

    mutating func judge(_ flow: StoredFlow, _ facts: FlowFacts, _ reader: FlowFactsReader) throws -> FlowAnswer {
        let request = facts.request
        var validity = Validity.always
        var policy = current
        if whatIf.baseline == .then {
            let index = whatIf.history?.indexInForce(at: flow.startedAt)
            policy = index.flatMap { whatIf.history?.policies[$0] }
            validity = whatIf.history?.reign(of: index) ?? .always
        }
        let before = policy?.evaluate(request, options: whatIf.options)
        let after = whatIf.proposal.evaluate(request, options: whatIf.options)
        validity = validity.intersection(after.validity)
        if let before { validity = validity.intersection(before.validity) }
        let change = AccessChange(from: AccessState(before), to: AccessState(after), wasCarried: flow.outcome != .denied)
        let key = RowKey(change, facts, before, after)
        let number = numbers[key] ?? keys.count
        if number == keys.count {
            let name = try reader.client(flow.client).principalName
            add(AccessChangeRow(change, facts, name, before, after), key)
        }
        if report.wantsSample(facts, number) {
            report.addSample(flow.flowID, try reader.connectionID(ofFlow: flow.flowID), facts, to: number)
        }
        return FlowAnswer(
            number: number, holds: validity,
            dependsOnLastUse: after.dependsOnLastUse || (before?.dependsOnLastUse ?? false))
    }

    mutating func count(_ flow: StoredFlow, _ number: Int) {
        report.count(flow, in: number)
    }

    mutating func merge(_ later: WhatIfTally) {
        report.addTotals(later.report)
        for (key, row) in zip(later.keys, later.report.rows) {
            if let number = numbers[key] { report.add(row, to: number) } else { add(row, key) }
        }
    }

    private mutating func add(_ row: AccessChangeRow, _ key: RowKey) {
        numbers[key] = keys.count
        keys.append(key)
        report.rows.append(row)
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

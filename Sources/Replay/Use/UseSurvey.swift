public import AccessPolicy
public import FlowModel
public import FlowStore

/// Finds what of a policy, or of a history of policies, a period used.
public struct UseSurvey: Sendable {
    public enum Question: Sendable {
        /// What each policy allowed while it was in force.
        case history(PolicyHistory)
        /// What this policy allows, whenever it came into force.
        case policy(CompiledPolicy)

        var usesAutoLock: Bool {
            switch self {
            case .history(let history): history.policies.contains(where: \.usesAutoLock)
            case .policy(let policy): policy.usesAutoLock
            }
        }
    }

    public var question: Question
    public var options: EngineOptions
    public var since = Timestamp.distantPast
    public var until = Timestamp.distantFuture
    var effort = WalkEffort()

    public init(_ question: Question, options: EngineOptions = EngineOptions()) {
        self.question = question
        self.options = options
    }

    public func run(_ database: AuditDatabase) throws -> UseReport {
        let walk = FlowWalk(since: since, until: until, tracksUse: question.usesAutoLock, effort: effort)
        return try walk.run(database, UseTally(question, options)).finished
    }
}

/// Counts flows by what they used.
private struct UseTally: MergingTally {
    static let coversWholeLife = false

    private struct Key: Hashable {
        var principal: PrincipalReference
        var serviceKeyID: String?
        var resourceID: String
        var destination: Destination
        var transport: TransportProtocol?
        var port: UInt16?

        init(_ use: RecordedUse) {
            principal = use.principal
            serviceKeyID = use.serviceKeyID
            resourceID = use.resourceID
            destination = use.destination
            transport = use.transport
            port = use.port
        }
    }

    /// Numbers of answers that are no use; a use has its position in the report.
    private static let denied = -1
    private static let undecided = -2

    private let question: UseSurvey.Question
    private let options: EngineOptions
    private var report = UseReport()
    private var numbers: [Key: Int] = [:]
    /// Positions of the policies of a history that were asked.
    private var asked: Set<Int> = []

    init(_ question: UseSurvey.Question, _ options: EngineOptions) {
        self.question = question
        self.options = options
    }

    mutating func judge(_ flow: StoredFlow, _ facts: FlowFacts, _ reader: FlowFactsReader) -> FlowAnswer {
        var answer = FlowAnswer(number: UseTally.undecided, holds: .always, dependsOnLastUse: false)
        var policy: CompiledPolicy?
        switch question {
        case .policy(let one): policy = one
        case .history(let history):
            let index = history.indexInForce(at: flow.startedAt)
            policy = index.map { history.policies[$0] }
            answer.holds = history.reign(of: index)
            if let index { asked.insert(index) }
        }
        guard let policy, let principal = facts.principal else { return answer }
        let verdict = policy.evaluate(facts.request, options: options)
        answer.holds = answer.holds.intersection(verdict.validity)
        answer.dependsOnLastUse = verdict.dependsOnLastUse
        guard !verdict.isUndecidable else { return answer }
        if verdict.isAllowed, let resourceID = verdict.resourceID {
            answer.number = add(
                RecordedUse(
                    principal: principal, serviceKeyID: facts.serviceKeyID, resourceID: resourceID,
                    destination: facts.request.destination.comparable, transport: facts.transport, port: facts.port,
                    subjects: Set(verdict.grants.map(\.subject))))
        } else {
            answer.number = UseTally.denied
        }
        return answer
    }

    /// Gives the position of the use in the report.
    private mutating func add(_ use: RecordedUse) -> Int {
        let key = Key(use)
        guard let number = numbers[key] else {
            numbers[key] = report.uses.count
            report.uses.append(use)
            return report.uses.count - 1
        }
        report.uses[number].subjects.formUnion(use.subjects)
        report.uses[number].flows += use.flows
        report.uses[number].firstSeen = min(report.uses[number].firstSeen, use.firstSeen)
        report.uses[number].lastSeen = max(report.uses[number].lastSeen, use.lastSeen)
        return number
    }

    mutating func count(_ flow: StoredFlow, _ number: Int) {
        let start = flow.startedAt
        report.flows += 1
        report.first = min(report.first ?? start, start)
        report.last = max(report.last ?? start, start)
        switch number {
        case UseTally.denied: report.denied += 1
        case UseTally.undecided: report.undecided += 1
        default:
            report.uses[number].flows += 1
            if start < report.uses[number].firstSeen { report.uses[number].firstSeen = start }
            if start > report.uses[number].lastSeen { report.uses[number].lastSeen = start }
        }
    }

    mutating func merge(_ later: UseTally) {
        report.flows += later.report.flows
        report.denied += later.report.denied
        report.undecided += later.report.undecided
        report.first = [report.first, later.report.first].compactMap(\.self).min()
        report.last = [report.last, later.report.last].compactMap(\.self).max()
        asked.formUnion(later.asked)
        for use in later.report.uses { _ = add(use) }
    }

    var finished: UseReport {
        var report = report
        switch question {
        case .policy(let policy): report.policies = [policy]
        case .history(let history): report.policies = asked.sorted().map { history.policies[$0] }
        }
        return report
    }
}

extension Destination {
    /// Names in the form in which they are compared.
    var comparable: Destination {
        switch self {
        case .name(let name): .name(DomainName.normalized(name))
        case .address: self
        }
    }

    var text: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.description
        }
    }
}

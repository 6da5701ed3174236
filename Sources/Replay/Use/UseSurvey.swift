public import AccessPolicy
public import AuditStore
public import FlowModel

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

    public init(_ question: Question, options: EngineOptions = EngineOptions()) {
        self.question = question
        self.options = options
    }

    private struct Key: Hashable {
        var principal: PrincipalReference
        var serviceKeyID: String?
        var resourceID: String
        var destination: Destination
        var transport: TransportProtocol?
        var port: UInt16?
    }

    fileprivate enum Answer {
        case denied
        case undecided
        case use(Int)
    }

    public func run(_ database: AuditDatabase) throws -> UseReport {
        var report = UseReport()
        var slots: [Key: Int] = [:]
        var known: [FlowQuestion: (validity: Validity, answer: Answer)] = [:]
        var asked: Set<Int> = []
        let usesLock = question.usesAutoLock
        let walk = FlowWalk(since: since, until: until, tracksUse: usesLock)
        try walk.run(database) { flow, reader, lastAccess in
            let key = FlowQuestion(flow)
            if !usesLock, let answer = known[key], answer.validity.contains(flow.startedAt) {
                report.count(flow, answer.answer)
                return
            }
            let facts = try FlowFacts(flow, reader: reader, lastAccess: lastAccess)
            var validity = Validity.always
            var policy: CompiledPolicy?
            switch question {
            case .policy(let one): policy = one
            case .history(let history):
                let index = history.indexInForce(at: flow.startedAt)
                policy = index.map { history.policies[$0] }
                validity = history.reign(of: index)
                if let index { asked.insert(index) }
            }
            let answer: Answer
            if let policy, let principal = facts.principal {
                let verdict = policy.evaluate(facts.request, options: options)
                validity = validity.intersection(verdict.validity)
                if verdict.isUndecidable {
                    answer = .undecided
                } else if verdict.isAllowed, let resourceID = verdict.resourceID {
                    let slot = Key(
                        principal: principal, serviceKeyID: facts.serviceKeyID, resourceID: resourceID,
                        destination: facts.request.destination.comparable, transport: facts.transport, port: facts.port)
                    let index = slots[slot] ?? report.uses.count
                    if index == report.uses.count {
                        slots[slot] = index
                        report.uses.append(
                            RecordedUse(
                                principal: principal, serviceKeyID: facts.serviceKeyID, resourceID: resourceID,
                                destination: slot.destination, transport: facts.transport, port: facts.port, subjects: []))
                    }
                    report.uses[index].subjects.formUnion(verdict.grants.map(\.subject))
                    answer = .use(index)
                } else {
                    answer = .denied
                }
            } else {
                answer = .undecided
            }
            report.count(flow, answer)
            guard !usesLock else { return }
            if known.count >= FlowQuestion.mostRemembered { known.removeAll(keepingCapacity: true) }
            known[key] = (validity, answer)
        }
        switch question {
        case .policy(let policy): report.policies = [policy]
        case .history(let history): report.policies = asked.sorted().map { history.policies[$0] }
        }
        return report
    }
}

extension UseReport {
    fileprivate mutating func count(_ flow: StoredFlow, _ answer: UseSurvey.Answer) {
        flows += 1
        let start = flow.startedAt
        first = min(first ?? start, start)
        last = max(last ?? start, start)
        switch answer {
        case .denied: denied += 1
        case .undecided: undecided += 1
        case .use(let index):
            uses[index].flows += 1
            if start < uses[index].firstSeen { uses[index].firstSeen = start }
            if start > uses[index].lastSeen { uses[index].lastSeen = start }
        }
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

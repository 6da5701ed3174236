public import AccessPolicy
public import FlowModel
public import FlowStore

/// Makes a suggestion and proves it harmless: whatever the history used must still be allowed, and nobody may gain anything.
public struct SuggestionSearch: Sendable {
    public var policy: CompiledPolicy
    public var options: EngineOptions
    public var limits = PolicySuggestion.Limits()
    public var since = Timestamp.distantPast
    public var until = Timestamp.distantFuture
    public var effectiveAt: Timestamp

    public init(policy: CompiledPolicy, options: EngineOptions = EngineOptions(), effectiveAt: Timestamp) {
        self.policy = policy
        self.options = options
        self.effectiveAt = effectiveAt
    }

    public struct Outcome: Sendable {
        public var suggestion: PolicySuggestion
        public var use: UseReport
        /// What the history says of the suggestion.
        public var proof: WhatIfReport
        /// Resources that had to stay as they are, since narrowing them would have changed what other ones do.
        public var restored: Set<String>
    }

    /// Rounds after which everything that is still in question stays as it is.
    private static let maxRounds = 6

    public func run(_ database: AuditDatabase) throws -> Outcome {
        var survey = UseSurvey(.policy(policy), options: options)
        survey.since = since
        survey.until = until
        let use = try survey.run(database)
        var untouched: Set<String> = []
        var round = 0
        while true {
            let suggestion = PolicySuggestion(
                for: policy, uses: use.uses, limits: limits, untouched: untouched, effectiveAt: effectiveAt)
            var whatIf = WhatIf(
                history: try PolicyHistory(policies: [policy]), proposal: CompiledPolicy(suggestion.snapshot), options: options)
            whatIf.since = since
            whatIf.until = until
            whatIf.replaced = policy
            let proof = try whatIf.run(database)
            let harmed = SuggestionSearch.harmed(proof, suggestion)
            let all = Set(policy.snapshot.resources.map(\.id))
            guard !harmed.isEmpty, untouched != all else {
                return Outcome(suggestion: suggestion, use: use, proof: proof, restored: untouched)
            }
            round += 1
            untouched = round >= SuggestionSearch.maxRounds || harmed.isSubset(of: untouched) ? all : untouched.union(harmed)
        }
    }

    /// Resources of the policy whose narrowing shows in an answer.
    private static func harmed(_ proof: WhatIfReport, _ suggestion: PolicySuggestion) -> Set<String> {
        var ids: Set<String> = []
        func add(_ resource: Resource?) {
            guard let id = resource?.id else { return }
            ids.insert(suggestion.clients[id] ?? id)
        }
        for row in proof.rows where row.change != .none && row.change != .unknown {
            add(row.resource)
            add(row.newResource)
        }
        for gain in proof.neverUsed { add(gain.resource) }
        return ids
    }
}

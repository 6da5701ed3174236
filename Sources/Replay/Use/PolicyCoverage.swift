public import AccessPolicy
public import FlowModel

/// Which grants and Resources a period exercised, and which it never did.
public struct PolicyCoverage: Sendable {
    public struct Row: Sendable {
        public var resource: Resource
        /// Nil for the row of the Resource as a whole.
        public var subject: AccessEdge.Subject?
        /// Name and id of the subject.
        public var subjectText: String?
        /// Whether the last policy of the period still has it.
        public var isCurrent: Bool
        public var flows: Int64 = 0
        /// Different users and service accounts.
        public var principals = 0
        public var firstSeen: Timestamp?
        public var lastSeen: Timestamp?
        public var isExercised: Bool { flows > 0 }
    }

    /// By Resource; the row of the Resource, then its grants.
    public private(set) var rows: [Row] = []

    /// Resources that no Connector carries are left out: their use is not recorded.
    public init(_ report: UseReport) {
        var resources: [String: Resource] = [:]
        var grants: [String: [AccessEdge.Subject: String]] = [:]
        for policy in report.policies {
            for resource in policy.snapshot.resources where resource.isActive && resource.routing == .through {
                resources[resource.id] = resource
                for edge in resource.access {
                    grants[resource.id, default: [:]][edge.subject] = policy.snapshot.display(edge.subject)
                }
            }
        }
        let usesByResource = Dictionary(grouping: report.uses, by: \.resourceID)
        for resource in resources.values.sorted(by: { identifierPrecedes($0.id, $1.id) }) {
            let uses = usesByResource[resource.id] ?? []
            let current = report.policies.last?.resource(resource.id)
            let isCurrent = current.map { $0.isActive && $0.routing == .through } ?? false
            rows.append(PolicyCoverage.row(resource, nil, nil, isCurrent, uses))
            let subjects = grants[resource.id] ?? [:]
            for subject in subjects.keys.sorted(by: precedes) {
                let holds = isCurrent && (current?.access.contains { $0.subject == subject } ?? false)
                rows.append(
                    PolicyCoverage.row(resource, subject, subjects[subject], holds, uses.filter { $0.subjects.contains(subject) }))
            }
        }
    }

    private static func row(
        _ resource: Resource, _ subject: AccessEdge.Subject?, _ text: String?, _ isCurrent: Bool, _ uses: [RecordedUse]
    ) -> Row {
        Row(
            resource: resource, subject: subject, subjectText: text, isCurrent: isCurrent, flows: uses.reduce(0) { $0 + $1.flows },
            principals: Set(uses.map(\.principal)).count, firstSeen: uses.map(\.firstSeen).min(), lastSeen: uses.map(\.lastSeen).max())
    }
}

/// Groups before service accounts, then by id.
func precedes(_ left: AccessEdge.Subject, _ right: AccessEdge.Subject) -> Bool {
    switch (left, right) {
    case (.group, .serviceAccount): true
    case (.serviceAccount, .group): false
    default: identifierPrecedes(left.id, right.id)
    }
}

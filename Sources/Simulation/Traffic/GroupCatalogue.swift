internal import FlowModel

/// What each group may reach at one time, with how much each Resource is used.
struct GroupCatalogue: Sendable {
    private var resources: [[Int]]
    private var choices: [WeightedChoice]

    /// Of Zipf's law: the larger, the less the favourite stands out.
    private static let flattening = 2

    init(tenant: Tenant, state: AccessState, at time: Timestamp, seed: UInt64) {
        resources = []
        choices = []
        for (group, grants) in state.grants.enumerated() {
            var usable = grants.filter { grant in
                state.isResourceActive[grant.resource] && tenant.resources[grant.resource].form != .bypass
                    && (grant.expiresAt.map { time < $0 } ?? true)
            }.map(\.resource)
            // Each group has its own favourites, and keeps them when the policy changes.
            let salt = seed ^ UInt64(group) << 32
            usable.sort { left, right in
                let (a, b) = (SeededRandom.mix(salt ^ UInt64(left)), SeededRandom.mix(salt ^ UInt64(right)))
                return a != b ? a < b : left < right
            }
            resources.append(usable)
            choices.append(WeightedChoice.zipf(count: usable.count, flattening: GroupCatalogue.flattening))
        }
    }

    func draw(group: Int, _ random: inout SeededRandom) -> Int? {
        resources[group].isEmpty ? nil : resources[group][choices[group].draw(&random)]
    }
}

import FlowModel
import Testing

@testable import Simulation

struct TenantTests {
    private static func shape(_ users: Int, _ resources: Int, _ networks: Int, _ connectors: Int, _ groups: Int) -> TenantShape {
        var shape = TenantShape()
        shape.users = users
        shape.resources = resources
        shape.networks = networks
        shape.connectorsPerNetwork = connectors
        shape.groups = groups
        return shape
    }

    static let shapes = [
        shape(4, 12, 2, 1, 3), shape(200, 60, 3, 2, 12), shape(500, 3_000, 5, 4, 100), shape(50, 40, 200, 1, 20),
    ]

    @Test("a tenant has the shape that was asked for, and every id is its own", arguments: shapes)
    func sizes(shape: TenantShape) throws {
        try shape.check()
        let tenant = TenantMaker.make(shape: shape, seed: 3)
        #expect(tenant.users.count == shape.users)
        #expect(tenant.resources.count == shape.resources)
        #expect(tenant.networks.count == shape.networks)
        #expect(tenant.connectors.count == shape.networks * shape.connectorsPerNetwork)
        #expect(tenant.groups.count == shape.groups)
        #expect(tenant.serviceAccounts.count == shape.serviceAccounts)
        var ids = tenant.users.flatMap { [$0.id] + $0.devices }
        ids += tenant.resources.map(\.id) + tenant.networks.map(\.id) + tenant.connectors.map(\.id) + tenant.groups.map(\.id)
        ids += tenant.serviceAccounts.flatMap { [$0.id, $0.device] + $0.keys.map(\.id) }
        #expect(Set(ids).count == ids.count)
        #expect(Set(tenant.resources.map(\.address)).count == tenant.resources.count)
    }

    @Test("every form of Resource occurs, and a narrower one lies inside its broader one", arguments: shapes)
    func forms(shape: TenantShape) throws {
        let tenant = TenantMaker.make(shape: shape, seed: 4)
        for form in [SimulatedResource.Form.name, .wildcard, .address, .block, .bypass] {
            #expect(tenant.resources.contains { $0.form == form })
        }
        for resource in tenant.resources {
            #expect(!resource.hosts.isEmpty && !resource.ports.isEmpty)
            #expect(resource.hosts.allSatisfy { tenant.networks[resource.network].block.contains($0.address) })
            guard let covering = resource.coveredBy else { continue }
            let broad = tenant.resources[covering]
            #expect(broad.network == resource.network)
            switch broad.form {
            case .wildcard: #expect(HostPattern(broad.address).matches(resource.address))
            default:
                let block = try AddressBlock(broad.address)
                let address = try #require(IPAddress(resource.address))
                #expect(block.contains(address))
            }
            #expect(!broad.hosts.contains { $0.dialled == resource.address })
        }
    }

    @Test("a shape beyond the limits is refused in one sentence")
    func refusals() {
        var shape = TenantShape()
        shape.networks = 201
        #expect(throws: SimulationProblem(.request, "cannot make a tenant with 201 networks: give a number from 2 to 200")) {
            try shape.check()
        }
        shape = TenantShape()
        shape.users = 0
        #expect(throws: SimulationProblem(.request, "cannot make a tenant with 0 users: give a number from 4 to 900000")) {
            try shape.check()
        }
    }

    @Test("each change of policy leaves a state that differs by its edits")
    func story() throws {
        let tenant = TenantMaker.make(shape: TenantTests.shape(300, 80, 3, 2, 12), seed: 5)
        let period = SimulatedPeriod(start: SimulationOptions.defaultStart, days: 3)
        let times = WorkingWeek(period: period).changeTimes(count: 6, period: period)
        let story = PolicyStoryMaker.make(tenant: tenant, period: period, changes: times, seed: 5)
        #expect(story.states.map(\.effectiveAt) == [period.start] + times)
        let common = PolicyStoryMaker.commonResource(of: tenant)
        for (index, change) in story.changes.enumerated() {
            let before = story.states[index]
            let after = story.states[index + 1]
            for edit in change.edits {
                switch edit {
                case .disabledUser(let user):
                    #expect(before.isUserActive[user] && !after.isUserActive[user])
                case .removedGrant(let group, let resource):
                    #expect(before.grant(group: group, resource: resource) != nil)
                    #expect(after.grant(group: group, resource: resource) == nil)
                case .addedGrant(let group, let resource):
                    #expect(before.grant(group: group, resource: resource) == nil)
                    #expect(after.grant(group: group, resource: resource)?.expiresAt == nil)
                case .addedExpiringGrant(let group, let resource, let expiresAt):
                    #expect(after.grant(group: group, resource: resource)?.expiresAt == expiresAt)
                    #expect(expiresAt > change.at && expiresAt < period.end)
                case .movedResource(let resource, let from, let to):
                    #expect(before.networkOfResource[resource] == from && after.networkOfResource[resource] == to && from != to)
                case .deactivatedResource(let resource):
                    #expect(before.isResourceActive[resource] && !after.isResourceActive[resource])
                case .revokedKey(let account, let key):
                    #expect(before.revokedAt[account][key] == nil && after.revokedAt[account][key] == change.at)
                }
            }
            // Whatever happens, everybody keeps the common Resource.
            #expect(after.isResourceActive[common] && after.grant(group: 0, resource: common) != nil)
        }
        // A story of six changes does everything that a story can do.
        let edits = story.changes.flatMap(\.edits)
        #expect(edits.count >= 6 * 5)
    }
}

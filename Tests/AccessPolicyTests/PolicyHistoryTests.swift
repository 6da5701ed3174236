import AccessPolicy
import FlowModel
import Testing

@Suite struct PolicyHistoryTests {
    @Test func historiesAreOrderedAndFindWhatIsMeant() throws {
        func snapshot(_ at: Int64, version: Int64? = nil) -> PolicySnapshot {
            PolicySnapshot(effectiveAt: Timestamp(milliseconds: at), version: version)
        }
        let history = try PolicyHistory(snapshots: [snapshot(20, version: 2), snapshot(10, version: 1), snapshot(30, version: 1)])
        #expect(history.changes.map(\.milliseconds) == [10, 20, 30])
        #expect([9, 10, 19, 20, 99].map { history.indexInForce(at: Timestamp(milliseconds: $0)) } == [nil, 0, 0, 1, 2])
        #expect(history.previous(of: history.policies[1]) === history.policies[0])
        #expect(history.previous(of: history.policies[0]) == nil)
        func index(_ version: Int64?, _ digest: String?, _ at: Int64) -> Int? {
            history.index(version: version, digest: digest, at: Timestamp(milliseconds: at))
        }
        #expect(index(1, nil, 25) == 0)
        #expect(index(1, nil, 35) == 2)
        #expect(index(2, nil, 5) == 1)
        #expect(index(3, nil, 35) == nil)
        #expect(index(1, history.policies[1].digest, 35) == 1)
        #expect(throws: PolicyHistory.DuplicateTime.self) { try PolicyHistory(snapshots: [snapshot(1), snapshot(1)]) }
    }
}

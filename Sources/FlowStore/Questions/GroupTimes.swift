internal import GRDB

/// Who was a member of which group when: the policy history as stretches of time, so that a flow is counted under the groups of its start.
///
/// A group is an id with a name as of then: a group that is renamed is another one from then on, in which all its members begin anew.
struct GroupTimes {
    struct Group: Hashable {
        var id: String
        var name: String
    }

    /// A stretch in which somebody is a member, `until` not included.
    struct Stretch {
        var from: Int64
        var until: Int64
        /// Place in `groups`.
        var group: Int64
    }

    private(set) var groups: [Group] = []
    /// When the first snapshot takes effect; nil when there is none. Who was in a group before is not known.
    private(set) var begin: Int64?
    /// By the number of the user's id in `text`.
    private var stretches: [Int64: [Stretch]] = [:]
    /// The same: when the user's groups change, ascending.
    private var changes: [Int64: [Int64]] = [:]

    init(_ database: Database) throws {
        let times = try Int64.fetchAll(database, sql: "SELECT effective_at FROM snapshot ORDER BY 1")
        begin = times.first
        let members = try RawStatement(
            database,
            """
            SELECT effective_at, text_id, group_id, "group" FROM policy_member JOIN text ON text.value = user_id ORDER BY effective_at
            """)
        defer { members.reset() }
        var numbers: [Group: Int64] = [:]
        var open: [Membership: Int64] = [:]
        var hasRow = try members.step()
        for time in times {
            var now: Set<Membership> = []
            while hasRow, members.integer(0) == time {
                let group = Group(id: members.text(2) ?? "", name: members.text(3) ?? "")
                let number = numbers[group] ?? Int64(groups.count)
                if numbers[group] == nil {
                    numbers[group] = number
                    groups.append(group)
                }
                now.insert(Membership(user: members.integer(1), group: number))
                hasRow = try members.step()
            }
            for (membership, from) in open where !now.contains(membership) {
                close(membership, from: from, until: time)
                open[membership] = nil
            }
            for membership in now where open[membership] == nil { open[membership] = time }
        }
        for (membership, from) in open { close(membership, from: from, until: .max) }
        for (user, own) in stretches {
            changes[user] = Set(own.flatMap { [$0.from, $0.until] }.filter { $0 != .max } + (begin.map { [$0] } ?? [])).sorted()
        }
    }

    private struct Membership: Hashable {
        var user: Int64
        var group: Int64
    }

    private mutating func close(_ membership: Membership, from: Int64, until: Int64) {
        stretches[membership.user, default: []].append(Stretch(from: from, until: until, group: membership.group))
    }

    /// Users who were ever in one of the groups.
    func users(ofAny wanted: Set<Int64>) -> Set<Int64> {
        Set(stretches.filter { $0.value.contains { wanted.contains($0.group) } }.keys)
    }

    /// Whether a user's groups are not the same at all times from `first` to `last`, both included.
    func changes(of user: Int64, from first: Int64, through last: Int64) -> Bool {
        guard first < last else { return false }
        guard let own = changes[user] else { return begin.map { first < $0 && $0 <= last } ?? false }
        // The first change behind `first`.
        var (low, high) = (0, own.count)
        while low < high {
            let middle = (low + high) / 2
            if own[middle] <= first { low = middle + 1 } else { high = middle }
        }
        return low < own.count && own[low] <= last
    }

    /// Places of the groups that a user is in at a time, no group twice; nil when no policy is known for that time.
    func groups(of user: Int64, at time: Int64) -> [Int64]? {
        guard let begin, time >= begin else { return nil }
        return (stretches[user] ?? []).compactMap { $0.from <= time && time < $0.until ? $0.group : nil }
    }

    /// Whether a user is in one of the groups at a time.
    func isMember(_ user: Int64, ofAny wanted: Set<Int64>, at time: Int64) -> Bool {
        (stretches[user] ?? []).contains { $0.from <= time && time < $0.until && wanted.contains($0.group) }
    }
}

public import FlowModel

/// What to simulate.
public struct SimulationOptions: Sendable {
    public var shape = TenantShape()
    public var seed: UInt64 = SimulationOptions.defaultSeed
    /// Flows in all, those with planted violations included.
    public var flows = SimulationOptions.defaultFlows
    public var period = SimulatedPeriod(start: SimulationOptions.defaultStart, days: 1)
    public var policyChanges = SimulationOptions.defaultPolicyChanges
    /// How many flows of each kind of violation, and of each kind that only looks like one, are planted.
    public var violationsPerKind = SimulationOptions.defaultViolationsPerKind

    /// Any number would do; a fixed one makes two runs agree.
    public static let defaultSeed: UInt64 = 1
    /// A working day of a small company.
    public static let defaultFlows = 20_000
    /// Monday, 2026-10-05T00:00:00Z. Fixed, because a simulation must not depend on the day it is run.
    public static let defaultStart = Timestamp(milliseconds: 1_791_158_400_000)
    /// One change in the morning and one in the afternoon.
    public static let defaultPolicyChanges = 2
    /// Enough to measure a detection by, few enough to read.
    public static let defaultViolationsPerKind = 3
    /// Two thousand changes are more than one a day for five years.
    public static let policyChangeRange = 0...2_000
    public static let violationRange = 0...100_000

    public init() {}

    public func check() throws(SimulationProblem) {
        try shape.check()
        guard flows >= 1 else { throw SimulationProblem(.request, "cannot make \(flows) flows: give a number from 1") }
        guard SimulatedPeriod.dayRange.contains(period.days) else {
            throw SimulationProblem(
                .request,
                "cannot simulate \(period.days) days: give a number from \(SimulatedPeriod.dayRange.lowerBound) to \(SimulatedPeriod.dayRange.upperBound)"
            )
        }
        guard period.start.milliseconds % SimulatedPeriod.millisecondsPerMinute == 0, period.start.milliseconds >= 0 else {
            throw SimulationProblem(.request, "cannot start at `\(period.start)`: give a full minute after 1970-01-01")
        }
        guard SimulationOptions.policyChangeRange.contains(policyChanges), policyChanges <= period.days * 96 else {
            throw SimulationProblem(
                .request,
                "cannot change the policy \(policyChanges) times in \(period.days) days: give at most 96 a day, and 2000 in all")
        }
        guard SimulationOptions.violationRange.contains(violationsPerKind) else {
            throw SimulationProblem(
                .request,
                "cannot plant \(violationsPerKind) flows of a kind: give a number from 0 to \(SimulationOptions.violationRange.upperBound)"
            )
        }
    }
}

/// What a simulation did.
public struct SimulationSummary: Hashable, Sendable {
    public var flows = 0
    public var events = 0
    public var policyChanges = 0
    /// Without the one that no policy knows.
    public var connectors = 0
    /// Of each kind, how many flows were planted.
    public var planted: [ViolationKind: Int] = [:]
    /// Kinds for which fewer flows than asked for could be planted, with how many are missing: the tenant or the period has no place
    /// for them.
    public var missing: [ViolationKind: Int] = [:]
}

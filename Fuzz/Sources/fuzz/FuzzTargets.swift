/// All targets by name: what `Fuzz/run.sh` runs, and what the folders of `Fuzz/Corpus` are called after.
enum FuzzTargets {
    typealias Run = @Sendable (UnsafeRawBufferPointer) -> Void

    private static let all: [(name: String, run: Run)] =
        JournalFuzzTarget.allCases.map { target in (target.rawValue, { target.run($0) }) }
        + PolicyFuzzTarget.allCases.map { target in (target.rawValue, { target.run($0) }) }
        + FormatFuzzTarget.allCases.map { target in (target.rawValue, { target.run($0) }) }
        + QueryFuzzTarget.allCases.map { target in (target.rawValue, { target.run($0) }) }

    static var names: [String] { all.map(\.name) }

    /// Nil when no target is called so.
    static func named(_ name: String) -> Run? { all.first { $0.name == name }?.run }
}

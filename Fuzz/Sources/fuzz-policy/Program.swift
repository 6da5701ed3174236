import CFuzzer
import Glibc

@main
struct Program {
    static let target = PolicyFuzzTarget(rawValue: getenv("FUZZ_TARGET").map { String(cString: $0) } ?? "")

    static func main() {
        guard target != nil else {
            say("set FUZZ_TARGET to one of \(PolicyFuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
            exit(2)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { data, size in
                Program.target?.run(UnsafeRawBufferPointer(start: data, count: size))
                return 0
            })
    }
}

/// Ends the process, so that the input is kept.
func require(_ holds: Bool, _ what: String) {
    guard !holds else { return }
    say("does not hold: \(what)")
    abort()
}

private func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(2, line, line.count)
}

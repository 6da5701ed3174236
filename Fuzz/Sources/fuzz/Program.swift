import CFuzzer
import Glibc

/// Feeds one target of `FuzzTargets`, which the environment names: libFuzzer has one a process. The arguments are libFuzzer's; with
/// `--targets` alone it prints the names, one a line.
@main
struct Program {
    static let run = FuzzTargets.named(getenv("FUZZ_TARGET").map { String(cString: $0) } ?? "")

    static func main() {
        if CommandLine.arguments.dropFirst() == ["--targets"] {
            say(FuzzTargets.names.joined(separator: "\n"), to: 1)
            exit(0)
        }
        guard run != nil else {
            say("set FUZZ_TARGET to one of \(FuzzTargets.names.joined(separator: ", "))", to: 2)
            exit(2)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { data, size in
                Program.run?(UnsafeRawBufferPointer(start: data, count: size))
                return 0
            })
    }
}

/// Ends the process, so that the input is kept.
func require(_ holds: Bool, _ what: String) {
    guard !holds else { return }
    say("does not hold: \(what)", to: 2)
    abort()
}

private func say(_ text: String, to descriptor: Int32) {
    let line = Array((text + "\n").utf8)
    _ = write(descriptor, line, line.count)
}

import Glibc

/// Measures single parts of the work. Each command prints one line of JSON with `seconds`; `bench.py` runs them beside their bare
/// counterparts.
@main
struct Program {
    static let usage = """
        usage: twin-bench decide RESOURCES USERS GROUPS   the policy engine on random requests
               twin-bench answer POLICY [SELECTION]       the policy engine on the questions on standard input
               twin-bench match                           blocks and patterns on the questions on standard input
               twin-bench append FILE DIR [serial]        FILE's lines into a new journal; in one thread
               twin-bench read DIR [parallel]             every frame of a journal inflated and checked; on all cores
               twin-bench verify DIR PUBLICKEY            the whole verification of a journal
               twin-bench sha256 DIR                      bare SHA-256 over the same segments

        """

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch (arguments.first, arguments.count) {
            case ("decide", 4):
                guard let resources = Int(arguments[1]), let users = Int(arguments[2]), let groups = Int(arguments[3]) else {
                    throw Fault(description: "decide takes three numbers")
                }
                try PolicyBenchmark.run(resources: resources, users: users, groups: groups)
            case ("answer", 2): try PolicyQuestions.answer(arguments[1], selection: nil)
            case ("answer", 3): try PolicyQuestions.answer(arguments[1], selection: arguments[2])
            case ("match", 1): try PolicyQuestions.match()
            case ("append", 3): try JournalBenchmark.append(arguments[1], to: arguments[2], isConcurrent: true)
            case ("append", 4) where arguments[3] == "serial":
                try JournalBenchmark.append(arguments[1], to: arguments[2], isConcurrent: false)
            case ("read", 2): try JournalBenchmark.read(arguments[1])
            case ("read", 3) where arguments[2] == "parallel": try JournalBenchmark.readInParallel(arguments[1])
            case ("verify", 3): try JournalBenchmark.verify(arguments[1], key: arguments[2])
            case ("sha256", 2): try JournalBenchmark.digest(arguments[1])
            default:
                complain(usage)
                exit(2)
            }
        } catch {
            complain("error: \(error)\n")
            exit(4)
        }
    }
}

/// Writes to standard error.
func complain(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}

/// Seconds of a clock that never steps back.
func secondsNow() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

struct Fault: Error, CustomStringConvertible {
    var description: String
}

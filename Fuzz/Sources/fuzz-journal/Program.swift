import CFuzzer
import FlowJournal
import Glibc

/// Which reader the process feeds: libFuzzer has one target a process, so the environment chooses.
enum FuzzTarget: String, CaseIterable {
    case frame
    case record
    case checkpoint
    case proof
    case stream
    case journal

    func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .frame: FrameTarget.run(bytes)
        case .record: RecordTarget.run(bytes)
        case .checkpoint: CheckpointTarget.run(bytes)
        case .proof: ProofTarget.run(bytes)
        case .stream: StreamTarget.run(bytes)
        case .journal: JournalTarget.run(bytes)
        }
    }
}

@main
struct Program {
    static let target = FuzzTarget(rawValue: getenv("FUZZ_TARGET").map { String(cString: $0) } ?? "")

    static func main() {
        guard target != nil else {
            fputs("set FUZZ_TARGET to one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))\n", stderr)
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
    fputs("does not hold: \(what)\n", stderr)
    abort()
}

/// A file in memory that holds the input, under a path that can be opened again.
final class MemoryFile {
    let path: String

    init(_ bytes: UnsafeRawBufferPointer, _ path: String) {
        self.path = path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        require(descriptor >= 0 && write(descriptor, bytes.baseAddress, bytes.count) == bytes.count, "\(path) can be written")
        close(descriptor)
    }

    /// One directory a process, on a file system in memory.
    static let directory: String = {
        let path = "/dev/shm/twin-fuzz-\(getpid())"
        mkdir(path, 0o700)
        return path
    }()
}

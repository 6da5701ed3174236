import Glibc

/// The readers of journals and evidence that are fed anything. The tests run them all over the corpora.
enum JournalFuzzTarget: String, CaseIterable {
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

/// A file, in memory where there is a file system for that, which holds the input under a path that can be opened again.
final class MemoryFile {
    let path: String

    init(_ bytes: UnsafeRawBufferPointer, _ path: String) {
        self.path = path
        mkdir(MemoryFile.directory, 0o700)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        require(descriptor >= 0 && write(descriptor, bytes.baseAddress, bytes.count) == bytes.count, "\(path) can be written")
        close(descriptor)
    }

    /// `$FUZZ_SCRATCH`, or one directory a process.
    static let directory =
        getenv("FUZZ_SCRATCH").map { String(cString: $0) } ?? (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")
        + "/twin-fuzz-\(getpid())"
}

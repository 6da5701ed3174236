import Foundation
import Testing

/// A log that is followed while it is rotated in every way: each of its lines is in the journal once, in order, or the journal says in between
/// that lines may be missing.
struct FollowTests {
    /// The log and what rotation made of it.
    private final class Log {
        let folder: Folder
        private var numbers: Numbers
        /// What every log begins with, no event in it.
        private let banner: String
        private(set) var written = 0
        /// The first line of the log that is there, and whether the program looked at it.
        private var first = 0
        private var wasSeen = false
        /// Lines that went away with a log at which nobody looked: nothing can tell of them.
        private var unknown: Set<Int> = []
        private(set) var history: [String] = []

        init(seed: Int) throws {
            folder = try Folder()
            numbers = Numbers(state: UInt64(seed) &* 77 &+ 5)
            let line = "2026-10-08T06:00:00Z INFO connector: the same start of every log\n"
            banner = String(repeating: line, count: [0, 1, 3, 40][seed % 4])
            try begin()
        }

        func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }

        private func begin() throws { try folder.write("log", banner) }

        private func note(_ what: String) { history.append("\(what) (\(written))") }

        private func append(_ text: String) throws {
            let handle = try FileHandle(forWritingTo: folder.url.appendingPathComponent("log"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }

        /// Lines, in pieces, as a slow writer has it.
        func grow(inPieces: Bool) throws {
            for _ in 0..<(1 + below(6)) {
                let line =
                    #"ANALYTICS {"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"r\#(written)"},"#
                    + #""resource":{"address":"\#(String(repeating: "h", count: below(200))).example"}}"# + "\n"
                written += 1
                let cut = inPieces ? line.index(line.startIndex, offsetBy: below(line.count)) : line.startIndex
                if cut > line.startIndex { try append(String(line[..<cut])) }
                try append(String(line[cut...]))
            }
            note("grow")
        }

        /// Moves the rotated ones up, makes a new one or takes the log away, and begins it anew.
        func rotate() throws {
            let kind = below(5)
            var script = ""
            for number in stride(from: 9, to: 0, by: -1) {
                for ending in ["", ".gz"] {
                    script += "[ ! -e log.\(number)\(ending) ] || mv log.\(number)\(ending) log.\(number + 1)\(ending)\n"
                }
            }
            switch kind {
            case 0: script += "mv log log.1"
            // Copied and truncated.
            case 1: script += "cp log log.1; : > log"
            case 2: script += "cp -p log log.1; : > log"
            case 3: script += "mv log log.1; gzip log.1"
            default: script += "rm log"
            }
            #expect(try Program.shell(script, in: folder).status == 0)
            // The same file again where it was truncated.
            if kind == 1 || kind == 2 { try append(banner) } else { try begin() }
            if kind == 4, !wasSeen { unknown.formUnion(first..<written) }
            (first, wasSeen) = (written, false)
            note(["renamed", "copied", "copied with its times", "compressed", "taken away"][kind])
        }

        func follow() throws {
            // Of what every log begins with, nothing shows which one it was.
            wasSeen = wasSeen || written > first
            note("look")
            let outcome = try Program.journal("append", "j", "--follow", "log", "--once", "--quiet", in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }

        /// Follows while `body` runs; then the program is told to end.
        func following(_ body: () throws -> Void) throws {
            let process = Process()
            process.executableURL = Program.directory.appendingPathComponent("twin-journal")
            process.arguments = ["append", "j", "--follow", "log", "--quiet", "--frame-age", "5ms"]
            process.currentDirectoryURL = folder.url
            process.standardError = FileHandle.nullDevice
            try process.run()
            wasSeen = true
            defer {
                process.terminate()
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
            }
            try body()
        }

        /// Events that are missing and of which the journal says nothing, or that are there again or out of order; and how often it says so.
        func faults() throws -> (faults: [String], gaps: Int) {
            var (faults, gaps, next, isTold) = ([String](), 0, 0, false)
            let journal = try Program.journal("cat", "j", in: folder)
            #expect(journal.status == 0)
            for line in journal.output.split(separator: "\n") {
                if line.contains(#""gap":"#) { (gaps, isTold) = (gaps + 1, true) }
                guard let start = line.range(of: #""id":"r"#), let number = Int(line[start.upperBound...].prefix { $0.isNumber }) else {
                    continue
                }
                if number < next { faults.append("r\(number) is there again, or late") }
                if !isTold, !unknown.isSuperset(of: next..<max(next, number)) { faults.append("r\(next) to r\(number - 1) are missing") }
                (next, isTold) = (number + 1, false)
            }
            if !isTold, !unknown.isSuperset(of: next..<max(next, written)) {
                faults.append("r\(next) to r\(written - 1) are missing at the end")
            }
            return (faults, gaps)
        }
    }

    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ (state >> 33)) &* 0xff51_afd7_ed55_8ccd
        }
    }

    /// Longer than the clock of a file system stands still: files that are written one after the other have other times.
    private static let pause: UInt32 = 12_000

    @Test("rotated in any way between two looks: each line is there once, or a gap is told", arguments: 0..<16)
    func betweenLooks(seed: Int) throws {
        let log = try Log(seed: seed)
        try log.follow()
        for _ in 0..<12 {
            switch log.below(4) {
            case 0: try log.follow()
            case 1, 2: try log.grow(inPieces: false)
            default: try log.rotate()
            }
            usleep(FollowTests.pause)
        }
        try log.grow(inPieces: false)
        try log.follow()
        let found = try log.faults()
        #expect(found.faults == [], "HISTORY \(log.history)")
        // Where nothing was lost and every log is told from the others by its lines, nothing is told.
        if seed % 4 == 0, !log.history.contains(where: { $0.hasPrefix("taken away") }) { #expect(found.gaps == 0, "\(log.history)") }
    }

    @Test("rotated while it is followed, by a writer that is slow: each line is there once, or a gap is told", arguments: 0..<6)
    func whileFollowed(seed: Int) throws {
        let log = try Log(seed: seed)
        try log.following {
            for _ in 0..<10 {
                try log.grow(inPieces: true)
                usleep(FollowTests.pause)
                if log.below(3) == 0 {
                    // What is not read yet is lost where the file is taken away.
                    usleep(600_000)
                    try log.rotate()
                    usleep(FollowTests.pause)
                }
            }
        }
        try log.follow()
        #expect(try log.faults().faults == [], "\(log.history)")
    }

    @Test("a log that began as the one before it, and was read no further, is not taken for that one")
    func sameBeginning() throws {
        let folder = try Folder()
        let banner = String(repeating: "INFO connector: the same start of every log\n", count: 40)
        func events(_ range: Range<Int>) -> String {
            range.map { #"ANALYTICS {"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"r\#($0)"}}"# + "\n" }
                .joined()
        }
        func follow() throws { #expect(try Program.journal("append", "j", "--follow", "log", "--once", "--quiet", in: folder).status == 0) }
        func ids(_ journal: String = "j") throws -> [String] {
            try Program.journal("cat", journal, in: folder).output.split(separator: "\n").compactMap { line in
                line.range(of: #""id":"r[0-9]+"#, options: .regularExpression).map { String(line[$0].dropFirst(6)) }
            }
        }
        try folder.write("log", banner + events(0..<5))
        try follow()
        _ = try Program.shell("mv log log.1", in: folder)
        try folder.write("log", banner)
        try follow()
        // Its banner is all that was read of the new one; the old one goes on behind it, and was read.
        try follow()
        try folder.write("log", banner + events(5..<7))
        try follow()
        #expect(try ids() == (0..<7).map { "r\($0)" })
        #expect(try !Program.journal("cat", "j", in: folder).output.contains(#""gap":"#))
        // Rotated twice without being looked at: of all that begin alike the oldest is read on first.
        _ = try Program.shell("rm log log.1", in: folder)
        try folder.write("log", banner)
        func followOther() throws {
            #expect(try Program.journal("append", "k", "--follow", "log", "--once", "--quiet", in: folder).status == 0)
        }
        try followOther()
        for (name, range) in [("log.2", 10..<12), ("log.1", 12..<14), ("log", 14..<16)] {
            try folder.write(name, banner + events(range))
            usleep(FollowTests.pause)
        }
        try followOther()
        try followOther()
        #expect(try ids("k") == (10..<16).map { "r\($0)" })
        #expect(try !Program.journal("cat", "k", in: folder).output.contains(#""gap":"#))
    }

    @Test("a gap stands in the journal before the lines that come after it")
    func gapFirst() throws {
        let folder = try Folder()
        for (name, id) in [("log", "first"), ("log", "second")] {
            try folder.write(
                name, #"ANALYTICS {"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"\#(id)"}}"# + "\n")
            #expect(try Program.journal("append", "j", "--follow", "log", "--once", "--quiet", in: folder).status == 0)
            _ = try Program.shell("rm log", in: folder)
        }
        let lines = try Program.journal("cat", "j", in: folder).output.split(separator: "\n")
        let said = lines.compactMap { line in
            ["\"gap\":\"the file that was read up to byte", "\"id\":\"first\"", "\"id\":\"second\""].first { line.contains($0) }
        }
        #expect(said == ["\"id\":\"first\"", "\"gap\":\"the file that was read up to byte", "\"id\":\"second\""])
    }

    @Test("a log that may not be read is told of once, by name and with what to do, and is read when it may be")
    func notReadable() throws {
        guard getuid() == 0, FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv") else {
            print("not run: becoming another user takes root and setpriv")
            return
        }
        let folder = try Folder()
        let nobody: UInt32 = 65_534
        try folder.write("log", #"ANALYTICS {"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"r0"}}"# + "\n")
        #expect(try Program.shell("chmod 600 log; mkdir j; chown \(nobody) . j", in: folder).status == 0)
        let once = try Program(name: "twin-journal").run(["append", "j", "--follow", "log", "--once"], in: folder, as: nobody)
        #expect(once.status == 4)
        #expect(
            once.errors.contains("cannot open `\(folder.path("log"))`: Permission denied") || once.errors.contains("cannot open `"),
            "\(once.errors)")
        #expect(once.errors.contains("Permission denied"))
        #expect(try !Program.journal("cat", "j", in: folder).output.contains("denied_access"))
        let script = """
            setpriv --reuid=\(nobody) --regid=\(nobody) --clear-groups '\(Program.directory.path)/twin-journal' \
                append j --follow log --frame-age 5ms 2>said & follower=$!
            sleep 1.2; grep -c 'Permission denied' said; grep -c 'waiting until the user who runs this program may read it' said
            chmod 644 log
            for _ in $(seq 100); do '\(Program.directory.path)/twin-journal' cat j 2>/dev/null | grep -q denied_access && break; sleep 0.1; done
            kill -TERM $follower; wait $follower; echo "status $?"
            grep -c 'Permission denied' said
            """
        let waited = try Program.shell(script, in: folder)
        #expect(waited.output == "1\n1\nstatus 0\n1\n")
        let journal = try Program.journal("cat", "j", in: folder).output
        #expect(journal.split(separator: "\n").filter { $0.contains("denied_access") }.count == 1)
        #expect(!journal.contains(#""gap":"#))
    }
}

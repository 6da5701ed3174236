import Foundation
import Testing

/// Pipes are read as they come; whoever waits can be told to stop, and holds nothing up.
struct WaitingTests {
    private static let program = "'\(Program.directory.path)/twin-audit'"
    /// Whatever it waits for, the test ends; `timeout` would need signals that this process may have blocked.
    private static let watched =
        "{ for i in $(seq 300); do sleep 0.1; [ -e over ] && exit; done; kill -9 $waiting; } >/dev/null 2>&1 & rm -f over"

    /// Until the program has a file open: by then it heeds signals.
    private static func opened(_ name: String) -> String {
        "until ls -l /proc/$waiting/fd 2>/dev/null | grep -q '/'\(name)'$' || [ -e over ]; do sleep 0.05; done"
    }

    private static func log() -> String {
        "'\(Folder.checkout.appendingPathComponent("SampleLogs/connector-raw.log").path)'"
    }

    @Test("what comes through a pipe is read, however it is named", arguments: ["<(cat LOG)", "/dev/stdin", "-", "p"])
    func pipes(name: String) throws {
        let path = name.replacing("LOG", with: WaitingTests.log())
        let script = """
            mkfifo p; (if [ '\(name == "p" ? "p" : "")' ]; then sleep 0.3; cat \(WaitingTests.log()) > p; fi) &
            cat \(WaitingTests.log()) | \(WaitingTests.program) ingest --quiet \(path); echo $?
            sqlite3 audit.db 'SELECT count(*) FROM flow'
            """
        let outcome = try Program.shell(script, in: Folder())
        #expect(outcome.output == "0\n4\n")
    }

    @Test(
        "a pipe that nobody writes to, and one whose writer is slow, are waited for without the lock, until a signal",
        arguments: ["INT", "TERM"])
    func silentPipe(signal: String) throws {
        let script = """
            mkfifo p slow; (head -c 100 \(WaitingTests.log()); exec sleep 4) > slow &
            for pipe in p slow; do
                \(WaitingTests.program) ingest $pipe 2>said & waiting=$!
                \(WaitingTests.watched)
                \(WaitingTests.opened("$pipe"))
                \(WaitingTests.program) ingest --no-wait --quiet \(WaitingTests.log()); echo "other $?"
                kill -\(signal) $waiting; wait $waiting; status=$?; : > over; echo "waiting $status"; grep -c interrupted said
            done
            sqlite3 audit.db 'SELECT count(*) FROM flow; SELECT count(*) FROM source'
            """
        let outcome = try Program.shell(script, in: Folder())
        #expect(outcome.output == "other 0\nwaiting 4\n1\nother 0\nwaiting 4\n1\n4\n1\n")
    }

    @Test("whoever waits for the lock can be told to stop, and goes on when it is free", arguments: ["INT", "TERM"])
    func lock(signal: String) throws {
        let script = """
            : > audit.db-lock; flock audit.db-lock sleep 3 & sleep 0.3
            \(WaitingTests.program) ingest --no-wait --quiet \(WaitingTests.log()) 2>/dev/null; echo "not waiting $?"
            \(WaitingTests.program) ingest --quiet \(WaitingTests.log()) & patient=$!
            \(WaitingTests.program) ingest --quiet \(WaitingTests.log()) 2>said & waiting=$!
            \(WaitingTests.watched)
            \(WaitingTests.opened("audit.db-lock"))
            kill -\(signal) $waiting; wait $waiting; status=$?; : > over; echo "stopped $status"; grep -c interrupted said
            [ -e audit.db ] || echo "still locked"
            wait $patient; echo "patient $?"; sqlite3 audit.db 'SELECT count(*) FROM flow'
            """
        let outcome = try Program.shell(script, in: Folder())
        #expect(outcome.output == "not waiting 4\nstopped 4\n1\nstill locked\npatient 0\n4\n")
    }
}

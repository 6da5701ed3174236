import Foundation
import Testing

/// `twin-journal` from outside: what it links, how soon it starts, how it bounds memory, and that what it proves others can check.
struct JournalProgramTests {
    static let program = Program.directory.appendingPathComponent("twin-journal").path

    /// The best of some starts, in time on a processor: the rest tells of the machine and of what else it does at this moment.
    @Test(.enabled(if: !Program.isSanitized, "skipped: a program under a sanitizer starts later"))
    func startsAtOnce() throws {
        let folder = try Folder()
        let script = """
            import os, sys
            best = 1e9
            for _ in range(15):
                child = os.posix_spawn(sys.argv[1], [sys.argv[1], "--version"], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", 1, 0)])
                _, status, usage = os.wait4(child, 0)
                assert status == 0
                best = min(best, usage.ru_utime + usage.ru_stime)
            print(round(best * 1000, 1))
            """
        try folder.write("start.py", script)
        let started = try Program.shell("python3 start.py '\(Self.program)'", in: folder)
        let milliseconds = try #require(Double(started.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(milliseconds <= 20)
    }

    @Test func linksNoDatabase() throws {
        let folder = try Folder()
        let linked = try Program.shell("ldd '\(Self.program)'", in: folder)
        #expect(linked.output.contains("libz.so"))
        #expect(!linked.output.contains("sqlite"))
    }

    /// A journal of a few frames with its key.
    func journal(_ folder: Folder, frames: Int = 4) throws {
        #expect(try Program.journal("keygen", "--out", "k", "--name", "acme.example/office", in: folder).status == 0)
        let line = { (number: Int) in
            "ANALYTICS {\"event_type\":\"closed_connection\",\"timestamp\":\(1_791_400_000_000 + number),\"connection\":{\"id\":\"c-\(number)\"}}\n"
        }
        let input = (0..<frames * 10).map(line).joined()
        let appended = try Program.journal(
            "append", "j", "--key", "k", "--frame-size", "1000", "--segment-size", "1500", in: folder, input: Data(input.utf8))
        #expect(appended.status == 0, "\(appended.errors)")
    }

    @Test func whatIsProvedOthersCanCheck() throws {
        let folder = try Folder()
        try journal(folder)
        let verified = try Program.journal("verify", "j", "--key", "k.pub", in: folder)
        #expect(verified.status == 0, "\(verified.output)")
        #expect(try Program.journal("keygen", "--out", "other", "--name", "acme.example/office", in: folder).status == 0)
        for sequence in ["1", "17", "41"] {
            let proved = try Program.journal("prove", "j", "--key", "k.pub", "--sequence", sequence, "--out", "p\(sequence)", in: folder)
            #expect(proved.status == 0, "\(proved.errors)")
        }
        // The checks of both programs, over the proofs as they are, with every few bytes changed, with other keys and other frames. One process
        // runs the script again and again.
        let script = """
            import contextlib, io, runpy, subprocess, sys
            program, checker = sys.argv[1:3]

            def theirs(proof, frame, key):
                sys.argv = [checker, proof, frame, key]
                with contextlib.redirect_stdout(io.StringIO()):
                    try:
                        runpy.run_path(checker, run_name="__main__")
                    except SystemExit as end:
                        return end.code

            def ours(proof, frame, key):
                return subprocess.run([program, "verify-proof", proof, "--frame", frame, "--key", key], capture_output=True).returncode

            def both(want, *files):
                got = theirs(*files), ours(*files)
                # What is no proof at all is refused input to the program and simply wrong to the script.
                if got[0] not in want or got[1] not in want + ((3,) if 5 in want else ()):
                    print(want, got, *files)
                return 1

            checks = 0
            for n in ("1", "17", "41"):
                proof, frame = f"p{n}.tlog-proof", f"p{n}.ndjson.gz"
                checks += both((0,), proof, frame, "k.pub") + both((6,), proof, frame, "other.pub")
                checks += both((5,), proof, "p17.ndjson.gz" if n != "17" else "p1.ndjson.gz", "k.pub")
                for name, place in ((proof, 0), (frame, 1)):
                    whole = open(name, "rb").read()
                    extra = range(whole.find(b"extra "), whole.find(b"\\nindex")) if name == proof else range(0)
                    for at in range(0, len(whole), 23):
                        open("changed", "wb").write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                        files = [proof, frame, "k.pub"]
                        files[place] = "changed"
                        # The hint in the line `extra` is not protected, and says nothing that the proof rests on.
                        checks += both((0, 5) if at in extra else (5, 6) if place == 0 else (5,), *files)
                    for cut in range(0, len(whole), 61):
                        open("changed", "wb").write(whole[:cut])
                        files = [proof, frame, "k.pub"]
                        files[place] = "changed"
                        checks += both((5,), *files)
            print(checks > 100)
            """
        try folder.write("check.py", script)
        let checker = Folder.checkout.appendingPathComponent("docs/verify-proof.py").path
        let checked = try Program.shell("python3 check.py '\(Self.program)' '\(checker)' 2>&1", in: folder)
        #expect(checked.output == "True\n")
        #expect(checked.status == 0)
        // Short enough to be read by whoever is to believe it.
        #expect(try String(contentsOfFile: checker, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).count <= 110)
    }

    @Test func aSecondVerifierAgrees() throws {
        let folder = try Folder()
        let verifier = Folder.checkout.appendingPathComponent("Tests/ConformanceTests/journal/verify.py").path
        let conformance = try Program.shell("python3 '\(verifier)'", in: folder)
        #expect(conformance.status == 0, "\(conformance.output)")
        // Also about a journal of this program's, whole and with a byte changed.
        try journal(folder)
        #expect(try Program.shell("python3 '\(verifier)' j k.pub", in: folder).output == "intact\n")
        #expect(try Program.shell("python3 '\(verifier)' j", in: folder).output == "cannot-be-proved no-key\n")
        var bytes = try folder.read("j/000000000001.ndjson.gz")
        bytes[bytes.count - 3] ^= 4
        try folder.write("j/000000000001.ndjson.gz", bytes)
        let theirs = try Program.shell("python3 '\(verifier)' j k.pub", in: folder)
        #expect(theirs.status == 5)
        let ours = try Program.journal("verify", "j", "--key", "k.pub", in: folder).output
        let kinds = Set(ours.split(separator: "\n").compactMap { $0.split(separator: ":").first.map(String.init) })
        for finding in theirs.output.split(whereSeparator: \.isWhitespace).dropFirst() {
            #expect(kinds.contains("  " + finding), "\(finding): \(ours)")
        }
    }

    /// A log on a pipe, a reader beside the writer, segments that end every few records, and SIGTERM to both.
    @Test func aReaderFollowsAWriterUntilBothAreTold() throws {
        let folder = try Folder()
        try folder.write(
            "follow.sh",
            """
            program=$1
            event() { printf 'ANALYTICS {"event_type":"closed_connection","timestamp":179140000%04d,"connection":{"id":"c-%d"}}\\n' $1 $1 >&3; }
            seen() { for _ in $(seq 200); do grep -q "$1" out && return; sleep 0.05; done; echo "never saw $1"; }
            "$program" keygen --out k --name acme.example/office >keys
            mkfifo in; : >out
            "$program" append j --key k --quiet --frame-age 20ms --segment-size 700 <in & writer=$!
            exec 3>in
            event 1
            for _ in $(seq 200); do [ -s j/000000000001.ndjson.gz ] && break; sleep 0.05; done
            "$program" tail -f -n 1000 j >out & reader=$!
            for number in $(seq 2 30); do event $number; seen "\"c-$number\""; done
            kill -TERM $writer; wait $writer; echo "writer $?"
            seen journal_closed
            kill -TERM $reader; wait $reader; echo "reader $?"
            exec 3>&-
            [ "$("$program" cat j | cksum)" = "$(cksum <out)" ] || echo "the two differ"
            [ $(ls j/*.gz | wc -l) -gt 3 ] || echo "there are few segments"
            "$program" verify j --key k.pub >/dev/null; echo "verify $?"
            """)
        let outcome = try Program.shell("timeout -s KILL 60 bash follow.sh '\(Self.program)'", in: folder)
        #expect(outcome.output == "writer 0\nreader 0\nverify 0\n")
    }

    @Test(.enabled(if: !Program.isSanitized, "skipped: a sanitizer needs more addresses than the limit of this test"))
    func aBombStopsAtTheLimitOfMemory() throws {
        let folder = try Folder()
        try journal(folder)
        // A gigabyte of blanks in a megabyte, at the end of a segment and under the name of a key and a proof.
        let script = """
            set -e
            python3 -c "import sys, zlib
            z = zlib.compressobj(9, zlib.DEFLATED, 31)
            for _ in range(1024): sys.stdout.buffer.write(z.compress(b' ' * (1 << 20)))
            sys.stdout.buffer.write(z.flush())" > bomb.gz
            cat bomb.gz >> j/000000000001.ndjson.gz
            ulimit -v 1000000
            set +e
            '\(Self.program)' verify j --key k.pub >/dev/null 2>&1; echo verify $?
            '\(Self.program)' verify j --key bomb.gz >/dev/null 2>&1; echo key $?
            '\(Self.program)' verify-proof bomb.gz --frame bomb.gz --key k.pub >/dev/null 2>&1; echo proof $?
            '\(Self.program)' cat j 2>/dev/null | head -c 3000000 | wc -c
            """
        let outcome = try Program.shell(script, in: folder)
        #expect(outcome.output == "verify 5\nkey 3\nproof 3\n3000000\n")
    }

    @Test(
        "systemd understands the units",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"), "skipped: systemd-analyze is not installed"))
    func units() throws {
        let folder = try Folder()
        let packaging = Folder.checkout.appendingPathComponent("packaging").path
        // The program and its manual page may not be installed here.
        let script = """
            for unit in '\(packaging)'/*.service '\(packaging)'/*.timer; do
                sed 's#/usr/local/bin/twin-journal#/bin/true#; /^Documentation=man:/d' "$unit" > "$(basename "$unit")"
            done
            cp twin-journal@.service twin-journal@office.service
            cp twin-journal-verify@.service twin-journal-verify@office.service
            cp twin-journal-verify@.timer twin-journal-verify@office.timer
            systemd-analyze verify ./twin-journal@office.service ./twin-journal-verify@office.service ./twin-journal-verify@office.timer 2>&1
            echo $?
            '\(Self.program)' help append > help; '\(Self.program)' help verify >> help
            for option in $(cat *.service '\(packaging)'/*.example | grep -v '^#' | grep -o -- ' --[a-z-]*' | sort -u); do
                grep -q -- "$option" help || echo "no option $option"
            done
            """
        let outcome = try Program.shell(script, in: folder)
        #expect(outcome.output == "0\n")
    }

    /// What the units, the documentation and scripts rely on.
    @Test func statusOfEveryAnswer() throws {
        let folder = try Folder()
        try journal(folder)
        #expect(try Program.journal("verify", "j", "--key", "k.pub", in: folder).status == 0)
        #expect(try Program.journal("verify", "j", in: folder).status == 6)
        #expect(try Program.journal("verify", "j", "--key", "k", in: folder).status == 3)
        #expect(try Program.journal("verify", "nothing", "--key", "k.pub", in: folder).status == 4)
        #expect(try Program.journal("verify", in: folder).status == 2)
        #expect(try Program.journal("stats", "j", in: folder).status == 0)
        #expect(try Program.journal("tail", "j", "-n", "1", in: folder).output.contains("\"journal_closed\""))
        #expect(try Program.journal("cat", "j", "--from", "2", "--to", "2", in: folder).output.contains("\"c-0\""))
        #expect(try Program.journal("repair", "j", in: folder).status == 0)
        var bytes = try folder.read("j/000000000001.ndjson.gz")
        bytes[80] ^= 1
        try folder.write("j/000000000001.ndjson.gz", bytes)
        let tampered = try Program.journal("verify", "j", "--key", "k.pub", in: folder)
        #expect(tampered.status == 5)
        #expect(tampered.output.contains("frame-damaged: `000000000001.ndjson.gz`, bytes 0..<"))
        #expect(try Program.journal("append", "j", "--key", "k", "--follow", "nothing", "--once", in: folder).status != 0)
    }
}

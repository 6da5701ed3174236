#!/usr/bin/env python3
"""Torture of twin-journal: kills, rotations, a full disk, foreign readers.

    journal.py PROGRAM [--rounds N] [--seed S] [--only kill|follow|full|readers]

`make torture` runs it with 200 rounds, `make test` with a few. Every check ends the script with a message and status 1 when it fails. The full
disk needs root, to mount a tmpfs of 1 MiB, and DuckDB is installed from PyPI into a directory of its own; where that cannot be had, the check is
skipped, and says so.
"""
import argparse, gzip, json, os, random, shutil, signal, subprocess, sys, tempfile, threading, time

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--rounds", type=int, default=200)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--only", choices=["kill", "follow", "full", "readers"])
options = parser.parse_args()
program = os.path.abspath(options.program)
chance = random.Random(options.seed)
work = tempfile.mkdtemp(prefix="twin-journal-torture-")

# What a journal may lack after a crash. Anything else is a failure.
CRASH_FINDINGS = {"unsealed-tail", "open-end", "torn-tail", "torn-checkpoint", "no-checkpoint"}


def fail(message):
    print(f"FAILED (seed {options.seed}): {message}\n  left in {work}", file=sys.stderr)
    sys.exit(1)


def run(*arguments, status=0, **more):
    done = subprocess.run([program, *arguments], capture_output=True, **more)
    allowed = status if isinstance(status, tuple) else (status,)
    if done.returncode not in allowed:
        fail(f"{' '.join(arguments)} exits with {done.returncode}: {done.stderr.decode(errors='replace')}"
             + done.stdout.decode(errors="replace")[-2000:])
    return done


def event(number):
    return (
        'ANALYTICS {"event_type":"closed_connection","timestamp":%d,"n":%d,"connection":{"id":"c-%d","protocol":"tcp","rx":%d,"tx":%d},'
        '"user":{"id":"%d","email":"user%d@example.com"},"resource":{"id":"7","address":"wiki.example"}}\n'
        % (1791400000000 + number, number, number, number * 7919 % 100003, number * 104729 % 1009, number % 997, number % 997)
    )


def numbers(journal):
    """The events of a journal, in order, after checking that sequences neither repeat nor skip."""
    lines = run("cat", journal).stdout.splitlines()
    found = []
    for place, line in enumerate(lines):
        record = json.loads(line)
        if record["seq"] != place + 1:
            fail(f"record {record['seq']} stands where {place + 1} should")
        if "n" in record:
            found.append(record["n"])
    return found


def check_after_crash(journal, key, is_empty):
    report = json.loads(run("verify", journal, "--key", key, "--format", "json", status=(0, 6)).stdout)
    strange = {finding["kind"] for finding in report["findings"]} - CRASH_FINDINGS - ({"empty"} if is_empty else set())
    if strange:
        fail(f"after a crash verify finds {strange}: {report['findings']}")


def keygen(name):
    key = os.path.join(work, name + ".key")
    run("keygen", "--out", key, "--name", f"torture.example/{name}")
    return key


def kill():
    """Killed at random moments under load: what was acknowledged is there once, every journal opens, verify is not deceived."""
    key, journal = keygen("kill"), os.path.join(work, "kill")
    acknowledged, fed, killed_early = set(), 0, 0
    for _ in range(options.rounds):
        small = ["--frame-size", str(chance.choice([300, 2000, 20000])), "--segment-size", str(chance.choice([3000, 50000])),
                 "--checkpoint-interval", f"{chance.choice([1, 20, 200])}ms", "--frame-age", f"{chance.choice([1, 20, 500])}ms"]
        process = subprocess.Popen([program, "append", journal, "--key", key, "--acknowledge", "-q", *small],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        first = fed
        stop = threading.Event()

        def feed():
            nonlocal fed
            try:
                while not stop.is_set():
                    batch = chance.randint(1, 200)
                    process.stdin.write("".join(event(fed + place) for place in range(batch)).encode())
                    process.stdin.flush()
                    fed += batch
            except BrokenPipeError:
                # What was being written when the pipe broke may have arrived in part.
                fed += 200

        acks = []
        reader = threading.Thread(target=lambda: [acks.append(line) for line in process.stdout])
        feeder = threading.Thread(target=feed)
        reader.start()
        feeder.start()
        # Most in the midst of the work, some while the journal is being opened.
        patience = time.monotonic() + (5 if chance.random() < 0.8 else 0)
        while not acks and time.monotonic() < patience:
            time.sleep(0.002)
        time.sleep(chance.random() ** 2 * 0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        stop.set()
        feeder.join()
        reader.join()
        whole = [ack for ack in acks if ack.endswith(b"\n")]
        if whole:
            acknowledged.update(range(first, first + json.loads(whole[-1])["line"]))
        else:
            killed_early += 1
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        if os.path.isdir(journal) and any(name.endswith(".gz") for name in os.listdir(journal)):
            # Killed between making the first segment and its first frame, a journal is empty.
            check_after_crash(journal, key + ".pub", is_empty=not acknowledged)
    run("append", journal, "--key", key, stdin=subprocess.DEVNULL)
    found = numbers(journal)
    if len(found) != len(set(found)):
        fail("an event is in the journal twice")
    if found != sorted(found):
        fail("events are out of order")
    missing = acknowledged - set(found)
    if missing:
        fail(f"{len(missing)} acknowledged events are not in the journal, such as {sorted(missing)[:3]}")
    run("verify", journal, "--key", key + ".pub")
    run("verify", journal, "--key", key + ".pub", "--deep")
    segments = sum(name.endswith(".gz") for name in os.listdir(journal))
    print(f"kill: {options.rounds} kills, {len(acknowledged)} acknowledged of {fed} fed, {len(found)} journaled in {segments} segments, "
          f"{killed_early} killed before the first acknowledgement: nothing lost, nothing twice")


def follow():
    """A followed log that is rotated in every way, while its follower is killed: every line once."""
    key, journal, logs = keygen("follow"), os.path.join(work, "follow"), os.path.join(work, "logs")
    os.mkdir(logs)
    log = os.path.join(logs, "connector.log")
    open(log, "w").close()
    written, rotations = 0, 0
    process = None

    def start():
        return subprocess.Popen([program, "append", journal, "--key", key, "--follow", log, "-q", "--frame-size", "2000",
                                 "--frame-age", "5ms", "--checkpoint-interval", "100ms"])

    def rotate(how):
        for number in range(99, 0, -1):
            for ending in ("", ".gz"):
                old = f"{log}.{number}{ending}"
                if os.path.exists(old):
                    os.rename(old, f"{log}.{number + 1}{ending}")
        if how == "rename":
            os.rename(log, log + ".1")
            open(log, "w").close()
        elif how == "copy":
            shutil.copy2(log, log + ".1")
            os.truncate(log, 0)
        else:
            with open(log, "rb") as plain, gzip.open(log + ".1.gz", "wb") as packed:
                packed.write(plain.read())
            status = os.stat(log)
            os.utime(log + ".1.gz", ns=(status.st_atime_ns, status.st_mtime_ns))
            os.rename(log, os.path.join(work, "gone"))
            open(log, "w").close()

    run("append", journal, "--key", key, "--follow", log, "--once")
    for _ in range(options.rounds):
        if process is None:
            process = start()
        for _ in range(chance.randint(1, 6)):
            with open(log, "a") as file:
                for _ in range(chance.randint(1, 40)):
                    if chance.random() < 0.2:
                        file.write("2026-10-08T06:00:00Z INFO connector: still here\n")
                    text = event(written)
                    written += 1
                    cut = chance.randint(1, len(text) - 1)
                    file.write(text[:cut])
                    file.flush()
                    file.write(text[cut:])
            time.sleep(chance.random() * 0.02)
        if chance.random() < 0.6:
            process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            process.wait()
            process = None
        elif chance.random() < 0.5:
            time.sleep(0.6)  # The follower comes to the end before the file is rotated.
        if os.path.getsize(log) > 3000 and chance.random() < 0.5:
            # A gzipped or copied log is only found again when it was read up to there; a running follower that lags would
            # lose lines to the rotation itself, so these ways are taken while it rests.
            how = chance.choice(["rename", "copy", "gzip"]) if process is None else "rename"
            rotate(how)
            rotations += 1
    if process:
        process.send_signal(signal.SIGTERM)
        process.wait()
    run("append", journal, "--key", key, "--follow", log, "--once")
    found = numbers(journal)
    if found != list(range(written)):
        lost, twice = set(range(written)) - set(found), len(found) - len(set(found))
        fail(f"of {written} lines {len(lost)} are lost ({sorted(lost)[:5]}) and {twice} there twice; out of order: {found != sorted(found)}")
    run("verify", journal, "--key", key + ".pub")
    print(f"follow: {written} lines through {rotations} rotations and {options.rounds} rounds of kills: every line once")


def full():
    """A disk of 1 MiB fills up while appending."""
    if os.geteuid() != 0:
        print("full: SKIPPED, mounting a tmpfs of 1 MiB needs root")
        return
    mount = os.path.join(work, "small")
    os.mkdir(mount)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True).returncode != 0:
        print("full: SKIPPED, a tmpfs cannot be mounted here")
        return
    try:
        full_on(mount)
    finally:
        subprocess.run(["umount", "-l", mount], check=False)


def full_on(mount):
    key, journal, ballast = keygen("full"), os.path.join(mount, "journal"), os.path.join(mount, "ballast")
    with open(ballast, "wb") as file:
        file.write(b"x" * (512 << 10))
    # First run: the disk fills up and nobody makes space.
    count = 60000
    done = run("append", journal, "--key", key, "--acknowledge", status=4, input="".join(map(event, range(count))).encode())
    lines = done.stdout.splitlines()
    acknowledged = json.loads(lines[-1])["line"]
    found = numbers(journal)
    if found != list(range(len(found))) or len(found) < acknowledged:
        gaps = [(before, after) for before, after in zip(found, found[1:]) if after != before + 1]
        fail(f"of {acknowledged} acknowledged records {len(found)} are there, with gaps at {gaps[:5]}")
    lost = [json.loads(line) for line in run("cat", journal).stdout.splitlines() if b'"records_lost"' in line]
    if sum(record["count"] for record in lost) != count - len(found):
        fail(f"{count - len(found)} records were lost and the journal says {[record['count'] for record in lost]}")
    run("verify", journal, "--key", key + ".pub")
    # Second run: space is made while it goes on.
    process = subprocess.Popen([program, "append", journal, "--key", key, "--acknowledge"], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for place in range(count, count + 20000):
        process.stdin.write(event(place).encode())
    process.stdin.flush()
    time.sleep(1.5)
    os.remove(ballast)
    for place in range(count + 20000, count + 21000):
        process.stdin.write(event(place).encode())
    process.stdin.close()
    message = process.stderr.read().decode()
    if process.wait() != 4:
        fail(f"after losing records append exits with {process.returncode}: {message}")
    later = [number for number in numbers(journal) if number >= count]
    lost = [json.loads(line)["count"] for line in run("cat", journal).stdout.splitlines() if b'"records_lost"' in line]
    if sum(lost) != count + 21000 - len(found) - len(later):
        fail(f"{count + 21000 - len(found) - len(later)} records were lost and the journal says {lost}")
    if later[-1] != count + 20999:
        fail("appending does not go on after space was made")
    run("verify", journal, "--key", key + ".pub")
    # Third run: nothing is in the way any more.
    run("append", journal, "--key", key, input=event(count + 21000).encode())
    run("verify", journal, "--key", key + ".pub")
    print(f"full: {len(found)} + {len(later)} journaled, {sum(lost)} lost on a full disk and counted in the journal")


def python_with_duckdb():
    """A Python that has DuckDB: this one, or one of a directory beside the program, made for it. None, and a message, when neither is to be had."""
    if subprocess.run([sys.executable, "-c", "import duckdb"], capture_output=True).returncode == 0:
        return sys.executable
    home = os.path.join(os.path.dirname(os.path.realpath(program)), "python-with-duckdb")
    python = os.path.join(home, "bin", "python3")
    if not os.path.exists(python) or subprocess.run([python, "-c", "import duckdb"], capture_output=True).returncode != 0:
        for step in ([sys.executable, "-m", "venv", home], [python, "-m", "pip", "install", "--quiet", "duckdb"]):
            try:
                done = subprocess.run(step, capture_output=True, text=True, timeout=300)
            except (OSError, subprocess.TimeoutExpired) as problem:
                print(f"readers: DuckDB is SKIPPED: {problem}")
                return None
            if done.returncode != 0:
                print(f"readers: DuckDB is SKIPPED, it cannot be installed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
                return None
    return python


def readers():
    """Programs that know nothing of journals read every segment."""
    journal = os.path.join(work, "readers")
    run("append", journal, "--frame-size", "3000", "--segment-size", "20000", input="".join(map(event, range(1000))).encode())
    segments = sorted(os.path.join(journal, name) for name in os.listdir(journal) if name.endswith(".gz"))
    with open(segments[0], "ab") as file:
        file.write(subprocess.run(["gzip", "-c"], input=b'{"foreign":1}\n', capture_output=True, check=True).stdout)
    own = run("cat", *segments).stdout
    if own != subprocess.run(["zcat", *segments], capture_output=True, check=True).stdout:
        fail("zcat prints something else")
    if own != b"".join(gzip.open(segment).read() for segment in segments):
        fail("Python's gzip reads something else")
    told = ["zcat", "Python's gzip"]
    count = own.count(b"\n")
    if not shutil.which("jq"):
        print("readers: jq is SKIPPED, it is not installed")
    else:
        if len(subprocess.run(["jq", "-c", "."], input=own, capture_output=True, check=True).stdout.splitlines()) != count:
            fail("jq reads another number of records")
        told.append("jq")
    python = python_with_duckdb()
    if python:
        query = f"select count(*) from read_json({segments!r}, format='newline_delimited')"
        done = subprocess.run([python, "-c", "import duckdb, sys; print(duckdb.connect().execute(sys.argv[1]).fetchall()[0][0])", query],
                              capture_output=True, text=True)
        if done.stdout.strip() != str(count):
            fail(f"DuckDB reads {done.stdout.strip() or done.stderr[-300:]} records of {count}")
        told.append("DuckDB")
    print(f"readers: {', '.join(told)} read {count} records of {len(segments)} segments")


for check in (kill, follow, full, readers):
    if options.only in (None, check.__name__):
        check()
shutil.rmtree(work)

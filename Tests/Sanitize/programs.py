#!/usr/bin/env python3
"""Runs twin-audit, built under a sanitizer, through what it does with threads and with outside bytes; a report of the sanitizer ends it with
a status of its own, and this program with 1.

    programs.py DIRECTORY-OF-TWIN-AUDIT DIRECTORY-OF-TWIN-SIMULATE"""
import os
import random
import signal
import subprocess
import sys
import tempfile

PLACES = {"twin-audit": os.path.abspath(sys.argv[1]), "twin-simulate": os.path.abspath(sys.argv[2])}
# Every status that the programs document, and none that a sanitizer or a crash gives.
DOCUMENTED = range(0, 7)


def run(program, *arguments, **more):
    outcome = subprocess.run(
        [os.path.join(PLACES[program], program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=1200, **more)
    errors = outcome.stderr.decode(errors="replace")
    if outcome.returncode not in DOCUMENTED or "Sanitizer" in errors or "SUMMARY:" in errors:
        sys.exit(f"{program} {' '.join(arguments)}: status {outcome.returncode}\n{errors[-8000:]}")
    return outcome


def main():
    numbers = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run("twin-simulate", "--out", "tenant", "--seed", "5", "--flows", "20000", "--format", "both")
        for batch in ("700", "1000000"):
            database = f"a{batch}.db"
            # Many short transactions, and one: the thread that writes and those that decode meet in both.
            run("twin-audit", "ingest", "--quiet", "--db", database, "tenant/journals", "--policy", "tenant/policy", "--commit-every", batch)
            run("twin-audit", "ingest", "--quiet", "--db", database, "tenant/logs", "--commit-every", batch)
            for question in (["access"], ["timeline", "--limit", "100"], ["detect"], ["replay"], ["db", "check"], ["verify"]):
                run("twin-audit", *question, "--db", database)
        print("20,000 flows as journals and logs, in short and long transactions: silent")

        names = [os.path.join(place, name) for place, _, files in os.walk("tenant") for name in files
                 if name.endswith((".gz", ".log", ".yaml", ".ndjson"))]
        for round in range(60):
            with open(numbers.choice(names), "rb") as file:
                data = bytearray(file.read(200_000))
            for _ in range(numbers.randrange(1, 12)):
                kind = numbers.randrange(4)
                at = numbers.randrange(len(data))
                if kind == 0:
                    data[at] ^= 1 << numbers.randrange(8)
                elif kind == 1:
                    del data[at:]
                elif kind == 2:
                    data[at:at] = bytes(numbers.randrange(256) for _ in range(numbers.randrange(40)))
                else:
                    data[at:at + 8] = b"\x00" * 8
                if not data:
                    data = bytearray(b"{")
            name = f"bad{round}.yaml" if round % 5 == 4 else f"bad{round}"
            with open(name, "wb") as file:
                file.write(data)
            if round % 5 == 4:
                run("twin-audit", "policy", "check", name)
            else:
                run("twin-audit", "ingest", "--quiet", "--db", "bad.db", name)
        print("60 damaged inputs: silent")


# Being stopped is an end too: the folder of temporary files goes.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
main()

#!/usr/bin/env python3
"""live.py DIRECTORY-OF-PROGRAMS [--rounds N] [--seed S] [--ingest]: a journal that grows, or is being copied, is never called tampered.

A round is one look at a journal in the making: `twin-journal verify`, `verify --sealed-part`, `cat` or `tail`, and with --ingest `twin-audit ingest`.
The journal is copied piece by piece, in one of many orders of files and sizes of pieces, and looked at between and during the pieces. In the end
every command must find it whole."""
import argparse, os, random, shutil, subprocess, sys, tempfile, threading, time

parser = argparse.ArgumentParser()
parser.add_argument("programs")
parser.add_argument("--rounds", type=int, default=1000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--ingest", action="store_true")
options = parser.parse_args()
journal, audit = (os.path.join(os.path.abspath(options.programs), name) for name in ("twin-journal", "twin-audit"))
chance = random.Random(options.seed)
work = tempfile.mkdtemp(prefix="twin-journal-live-")
os.chdir(work)
run = lambda *arguments, **more: subprocess.run(arguments, capture_output=True, **more)
run(journal, "keygen", "--out", "k", "--name", "acme.example/office")
# Digits from a generator compress badly, so segments are many.
lines = b"".join(
    b'ANALYTICS {"event_type":"closed_connection","timestamp":%d,"connection":{"id":"c-%d","protocol":"tcp","client_ip":"203.0.113.9","resource_ip":"10.0.0.%d","resource_port":443},'
    b'"user":{"id":"1","email":"a@b.example"},"connector":{"id":"2","name":"n"},"remote_network":{"id":"3","name":"m"},"resource":{"id":"4","address":"%x.example"}}\n'
    % (1791400000000 + n, n, n % 200, chance.getrandbits(256)) for n in range(3000))
run(journal, "append", "whole", "--key", "k", "--frame-size", "4k", "--segment-size", "60k", "-q", input=lines)
names = sorted(name for name in os.listdir("whole") if name.endswith(".gz"))
rounds, alarms, lock = 0, [], threading.Lock()


def look(target, database):
    global rounds
    command = chance.choice([
        [journal, "verify", target, "--key", "k.pub"], [journal, "verify", target, "--key", "k.pub", "--sealed-part"], [journal, "cat", target], [journal, "tail", target]]
        + ([[audit, "ingest", "--quiet", "--db", database, target]] if options.ingest else []))
    done = run(*command)
    with lock:
        rounds += 1
        # 6 is what cannot be proved yet, 4 what was changed while it was read.
        if done.returncode not in (0, 4, 6) or b"tampered" in done.stdout:
            alarms.append((command, done.returncode, done.stdout[-600:], done.stderr[-600:]))


def copy(target, in_order, done):
    order = names[:]
    if not in_order:
        chance.shuffle(order)
    rest = ["checkpoints", "tree"]
    order = chance.choice([order + rest, rest + order, rest[:1] + order + rest[1:]])
    for name in order:
        with open(os.path.join("whole", name), "rb") as source, open(os.path.join(target, name), "wb", buffering=0) as copied:
            piece = chance.choice([1 << 9, 1 << 12, 1 << 14, 1 << 20])
            while data := source.read(chance.randrange(1, piece + 1)):
                copied.write(data)
                time.sleep(chance.choice([0, 0, 0.001, 0.004, 0.02]))
    done.set()


while rounds < options.rounds and not alarms:
    target, database, done = tempfile.mkdtemp(dir=work), tempfile.mktemp(dir=work, suffix=".db"), threading.Event()
    thread = threading.Thread(target=copy, args=(target, chance.random() < 0.6, done))
    thread.start()
    while not done.is_set() and not alarms:
        look(target, database)
    thread.join()
    final = run(journal, "verify", target, "--key", "k.pub")
    if final.returncode != 0:
        alarms.append(("the whole copy", final.returncode, final.stdout, final.stderr))
    if options.ingest:
        final = run(audit, "ingest", "--quiet", "--db", database, target)
        if final.returncode != 0:
            alarms.append(("ingest of the whole copy", final.returncode, final.stdout, final.stderr))
    shutil.rmtree(target)
if alarms:
    for alarm in alarms[:3]:
        print("FALSE ALARM:", *alarm, sep="\n  ", file=sys.stderr)
    sys.exit(f"FAILED (seed {options.seed}) after {rounds} rounds; left in {work}")
shutil.rmtree(work)
print(f"live: {rounds} looks at journals that were being copied, no false alarm")

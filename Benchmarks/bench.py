#!/usr/bin/env python3
"""Measures twin-audit beside its peers, on the same input, in one run.

usage: Benchmarks/bench.py [--events N] [--rounds N] [--only PART,...] [--save] [--no-build]

Machines are shared and noisy, so only ratios of one run count: every round runs every contender once, in turn, and the table
shows medians. Parts: ingest (twin-audit, the bare SQLite loops, bare inflate, DuckDB), queries (whole commands), passes (detections,
reports, replay and verify over everything, whole commands), micro (policy decision, journal append, read and verify beside bare zlib and
SHA-256). Scratch files go to .bench/ below the project.

Python standard library only. DuckDB is measured when `import duckdb` works, or when pip can install it into .bench/venv; what
cannot be measured is said in the table, never left out silently.
"""

import argparse
import gzip
import json
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# As the Makefile builds.
CONFIG = ["-c", "release", "--static-swift-stdlib"]
SCRATCH = os.path.join(ROOT, ".bench")
HERE = os.path.join(ROOT, "Benchmarks")


def say(text):
    print(text, flush=True)


def note(text):
    print(text, file=sys.stderr, flush=True)


class Unmeasured(Exception):
    """One contender cannot be measured; the text says why."""


class Run:
    """One finished child process: seconds of wall clock, seconds of CPU, peak resident bytes, and what it printed."""

    def __init__(self, command, cwd=None, stdin=None):
        began = time.monotonic()
        errors = os.path.join(SCRATCH, "stderr.txt")
        output = os.path.join(SCRATCH, "stdout.txt")
        with open(errors, "wb") as err, open(output, "wb") as out:
            child = subprocess.Popen(command, cwd=cwd, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err)
            # wait4 gives the peak memory of this child alone.
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - began
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        self.status = child.returncode
        with open(output, encoding="utf-8", errors="replace") as file:
            self.text = file.read(1 << 20)
        with open(errors, encoding="utf-8", errors="replace") as file:
            self.errors = file.read(1 << 16)

    def must(self, allowed=(0,)):
        if self.status not in allowed:
            last = self.errors.strip().splitlines()[-1:] or ["no message"]
            raise Unmeasured(f"exit status {self.status}: {last[0][:160]}")
        return self


# ---------------------------------------------------------------------------------------------------------------- building


def build(parts):
    """Release builds of the programs and of the C yardsticks."""
    if "build" in parts:
        note("building the release programs")
        for product in ("twin-audit", "twin-journal", "twin-simulate"):
            subprocess.run(["swift", "build", *CONFIG, "--product", product], cwd=ROOT, check=False, stdout=sys.stderr)
        if "micro" in parts:
            subprocess.run(["swift", "build", *CONFIG, "--product", "twin-bench"], cwd=HERE, check=False, stdout=sys.stderr)
    os.makedirs(SCRATCH, exist_ok=True)
    for name, libraries in (("sqlite_rows", ["-lsqlite3"]), ("zlib_bytes", ["-lz"]), ("libdeflate_bytes", ["-ldeflate"])):
        source = os.path.join(HERE, "yardsticks", name + ".c")
        made = subprocess.run(["cc", "-O2", "-o", os.path.join(SCRATCH, name), source, *libraries], capture_output=True, text=True)
        if made.returncode != 0:
            note(f"{name} cannot be built, and what it would measure is left out: {(made.stderr.strip().splitlines() or ['?'])[0]}")


def program(name):
    path = os.path.join(ROOT, ".build", "release", name)
    if not os.path.exists(path):
        raise Unmeasured(f"{name} is not built: swift build {' '.join(CONFIG)} --product {name}")
    return path


def yardstick(name):
    built = os.path.join(SCRATCH, name)
    if not os.path.exists(built):
        raise Unmeasured(f"{name} is not built; its library may not be installed")
    return built


def peer_python(module):
    """A Python that can import the module; installs it into .bench/venv once."""
    venv = os.path.join(SCRATCH, "venv", "bin", "python")
    for python in (sys.executable, venv):
        if os.path.exists(python) and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0:
            return python
    note(f"installing {module} into .bench/venv")
    made = os.path.exists(venv) or subprocess.run([sys.executable, "-m", "venv", os.path.join(SCRATCH, "venv")], capture_output=True).returncode == 0
    if made:
        subprocess.run([venv, "-m", "pip", "install", "--quiet", module], capture_output=True)
        if subprocess.run([venv, "-c", f"import {module}"], capture_output=True).returncode == 0:
            return venv
    raise Unmeasured(f"{module} cannot be imported and pip cannot install it")


# ------------------------------------------------------------------------------------------------------------------- input


def path(*names):
    return os.path.join(SCRATCH, *names)


def make_scattered(count):
    """scattered-N.ndjson.gz: nearly every line connects another pair. Under the policy of `make_input`."""
    packed = path(f"scattered-{count}.ndjson.gz")
    if os.path.exists(packed):
        return packed
    note(f"making {count:,} events, nearly all of another pair")
    with open(packed + ".part", "wb") as target:
        events = subprocess.Popen([program("twin-simulate"), "bench-events", str(count), "--scattered"], stdout=subprocess.PIPE)
        packer = subprocess.Popen(["gzip", "-6"], stdin=events.stdout, stdout=target)
        events.stdout.close()
        if packer.wait() != 0 or events.wait() != 0:
            raise Unmeasured("the events could not be made")
    os.rename(packed + ".part", packed)
    return packed


def make_input(count):
    """events-N.ndjson.gz (one foreign gzip stream, level 6), journal-N/ (frames), policy/. Kept between runs."""
    packed = path(f"events-{count}.ndjson.gz")
    journal = path(f"journal-{count}")
    marker = path(f"made-{count}")
    if os.path.exists(marker):
        return packed, journal
    note(f"making {count:,} events")
    generator = [program("twin-simulate"), "bench-events", str(count), "--policy-dir", path("policy")]
    with open(packed, "wb") as target:
        events = subprocess.Popen(generator, stdout=subprocess.PIPE)
        packer = subprocess.Popen(["gzip", "-6"], stdin=events.stdout, stdout=target)
        events.stdout.close()
        if packer.wait() != 0 or events.wait() != 0:
            raise Unmeasured("the events could not be made")
    shutil.rmtree(journal, ignore_errors=True)
    events = subprocess.Popen(["gzip", "-dc", packed], stdout=subprocess.PIPE)
    key = path(f"bench-{count}.key")
    for name in (key, key + ".pub"):
        if os.path.exists(name):
            os.unlink(name)
    subprocess.run([program("twin-journal"), "keygen", "--out", key], capture_output=True)
    append = subprocess.run(
        [program("twin-journal"), "append", journal, "--sync", "none", "--key", key], stdin=events.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    events.stdout.close()
    events.wait()
    if append.returncode == 0:
        open(marker, "w").close()
    else:
        note("the journal could not be made: " + append.stderr.decode(errors="replace").strip()[-160:])
    return packed, journal


def remove_database(file):
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(file + suffix):
            os.unlink(file + suffix)


def size_of(file):
    return sum(os.path.getsize(file + suffix) for suffix in ("", "-wal") if os.path.exists(file + suffix))


# ------------------------------------------------------------------------------------------------------------- contenders


def ingest(source, count, into="ours.db"):
    def contender():
        database = path(into)
        remove_database(database)
        run = Run([program("twin-audit"), "ingest", source, "--policy", path("policy"), "--db", database, "--quiet"]).must()
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            flows = connection.execute("select count(*) from flow").fetchone()[0]
        if flows != count:
            raise Unmeasured(f"{flows:,} flows in the database instead of {count:,}")
        return {"seconds": run.seconds, "cpu": run.cpu, "peak": run.peak, "bytes": size_of(database) / count}

    return contender


def sqlite_rows(how, count):
    def contender():
        run = Run([yardstick("sqlite_rows"), how, str(count), path("rows.db")]).must()
        answer = json.loads(run.text)
        return {"seconds": answer["seconds"], "cpu": run.cpu, "peak": run.peak, "bytes": answer["bytes"] / count}

    return contender


def inflate(source):
    def contender():
        run = Run([yardstick("zlib_bytes"), "inflate", source]).must()
        return {"seconds": json.loads(run.text)["seconds"], "cpu": run.cpu, "peak": run.peak}

    return contender


DUCKDB = """
import json, os, sys, time, duckdb
source, target = sys.argv[1:]
for name in (target, target + ".wal"):
    if os.path.exists(name):
        os.unlink(name)
database = duckdb.connect(target)
# The bar would stand on standard output before the answer.
database.execute("set enable_progress_bar = false")
columns = '''{event_type:'VARCHAR',timestamp:'BIGINT',connection:'STRUCT(id VARCHAR,protocol VARCHAR,client_ip VARCHAR,
 resource_ip VARCHAR,resource_port INT,duration_ms BIGINT,rx BIGINT,tx BIGINT,error_message VARCHAR)',
 user:'STRUCT(id VARCHAR,email VARCHAR)',device:'STRUCT(id VARCHAR)',connector:'STRUCT(id VARCHAR,name VARCHAR)',
 remote_network:'STRUCT(id VARCHAR,name VARCHAR)',resource:'STRUCT(id VARCHAR,address VARCHAR,applied_rule VARCHAR)',
 relays:'STRUCT(name VARCHAR,ip VARCHAR,port INT)[]'}'''
began = time.monotonic()
database.execute(f'''create table flow as select event_type, timestamp, connection.id as connection_id, connection.protocol,
 connection.client_ip, connection.resource_ip, connection.resource_port, connection.duration_ms, connection.rx, connection.tx,
 connection.error_message, "user".id as user_id, "user".email as email, device.id as device_id, connector.id as connector_id,
 connector.name as connector, remote_network.id as network_id, resource.id as resource_id, resource.address as address,
 resource.applied_rule as applied_rule, relays[1].name as relay
 from read_json('{source}', format='newline_delimited', columns={columns})''')
database.execute("checkpoint")
seconds = time.monotonic() - began
count, = database.execute("select count(*) from flow").fetchone()
def median_ms(sql):
    spent = []
    for _ in range(5):
        began = time.monotonic()
        database.execute(sql).fetchall()
        spent.append((time.monotonic() - began) * 1000)
    return sorted(spent)[2]
reached = median_ms("select email, address, connector, count(*), min(timestamp), max(timestamp), sum(rx) from flow group by all order by 4 desc limit 20")
print(json.dumps({"seconds": seconds, "count": count, "bytes": os.path.getsize(target), "reached_ms": reached}))
"""


def duckdb(source, count):
    def contender():
        run = Run([peer_python("duckdb"), "-c", DUCKDB, source, path("peer.duckdb")]).must()
        answer = json.loads(run.text.strip().splitlines()[-1])
        if answer["count"] != count:
            raise Unmeasured(f"{answer['count']:,} rows instead of {count:,}")
        return {"seconds": answer["seconds"], "cpu": run.cpu, "peak": run.peak, "bytes": answer["bytes"] / count}

    return contender


# --------------------------------------------------------------------------------------------------------------- measuring


def interleave(contenders, rounds):
    """Every contender once a round, in turn; gives the medians of what each reported, or the reason why it could not run."""
    samples = {name: [] for name in contenders}
    failures = {}
    for number in range(rounds):
        for name, contender in contenders.items():
            if name in failures:
                continue
            note(f"round {number + 1} of {rounds}: {name}")
            try:
                samples[name].append(contender())
            except (Unmeasured, OSError, ValueError, sqlite3.Error) as problem:
                failures[name] = str(problem)
    medians = {}
    for name, values in samples.items():
        if name in failures:
            medians[name] = {"not_measured": failures[name]}
            continue
        medians[name] = {
            key: statistics.median(value[key] for value in values) if isinstance(first, (int, float)) else first
            for key, first in values[0].items()
        }
        medians[name]["samples"] = [round(value["seconds"], 4) for value in values]
    return medians


def table(headings, rows):
    widths = [max(len(str(row[column])) for row in [headings, *rows]) for column in range(len(headings))]
    for index, row in enumerate([headings, ["-" * width for width in widths], *rows]):
        cells = [str(cell).ljust(width) if column == 0 else str(cell).rjust(width) for column, (cell, width) in enumerate(zip(row, widths))]
        say(("  " if index == 1 else "  ") + "  ".join(cells).rstrip())
    say("")


def part_ingest(count, rounds):
    packed, journal = make_input(count)
    scattered = make_scattered(count)
    contenders = {
        "twin-audit ingest, foreign gzip, with policy": ingest(packed, count),
        "twin-audit ingest, journal, with policy": ingest(journal, count),
        "twin-audit ingest, foreign gzip of scattered pairs": ingest(scattered, count, into="scattered.db"),
        "bare C, SQLite bind/step, 14 integers": sqlite_rows("bind", count),
        "bare C, SQLite INSERT ... SELECT, 14 integers": sqlite_rows("select", count),
        "bare C, zlib inflate of the same file": inflate(packed),
        "DuckDB, load of the same file": duckdb(packed, count),
        "DuckDB, load of scattered pairs": duckdb(scattered, count),
    }
    medians = interleave(contenders, rounds)
    say(f"Ingest of {count:,} events ({os.path.getsize(packed) / count:.1f} bytes packed each), medians of {rounds} interleaved rounds")
    rows = []
    failures = []
    for name, value in medians.items():
        if "not_measured" in value:
            rows.append([name, "not measured", "", "", "", ""])
            failures.append(f"  not measured: {name}: {value['not_measured']}")
            continue
        rows.append(
            [
                name,
                f"{count / value['seconds'] / 1e6:.3f} M/s",
                f"{value['seconds']:.2f} s",
                f"{value['cpu']:.2f} s",
                f"{value['peak'] / 1048576:.0f} MiB",
                f"{value['bytes']:.1f} B" if "bytes" in value else "",
            ]
        )
    table(["", "events", "wall", "CPU", "peak RSS", "per event"], rows)
    for line in failures:
        say(line)
    names = list(contenders)
    peers = names[3:-1]
    say_ratios(medians, names[0], peers)
    say_ratios(medians, names[1], peers)
    say_ratios(medians, names[2], names[-1:])
    return medians


def say_ratios(medians, ours, peers):
    if "not_measured" in medians[ours]:
        return
    for peer in peers:
        if "not_measured" not in medians[peer]:
            say(f"  {ours} = {medians[peer]['seconds'] / medians[ours]['seconds']:.2f} x {peer}")
    say("")


def part_queries(count, rounds):
    """Headline questions as whole commands, process start included."""
    packed, journal = make_input(count)
    database = path("ours.db")
    if not os.path.exists(database) or flows_in(database) != count:
        ingest(packed, count)()
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        user = connection.execute("select principal_id from flow order by flow_id limit 1 offset ?", (count // 2,)).fetchone()[0]
        middle = connection.execute("select started_at from flow order by flow_id limit 1 offset ?", (count // 2,)).fetchone()[0]
        edges = connection.execute("select count(*) from access").fetchone()[0]
    hour = middle - middle % 3_600_000

    def moment(milliseconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds // 1000))

    audit = program("twin-audit")
    span = ["--since", moment(hour), "--until", moment(hour + 3_600_000)]

    def command(*arguments):
        def contender():
            run = Run([audit, *arguments, "--db", database, "--format", "json"]).must()
            return {"seconds": run.seconds, "cpu": run.cpu, "peak": run.peak}

        return contender

    contenders = {
        "twin-audit --version": lambda: {"seconds": (run := Run([audit, "--version"]).must()).seconds, "cpu": run.cpu, "peak": run.peak},
        "access --by user,resource,connector, the first 20": command("access", "--by", "user,resource,connector", "--limit", "20"),
        "access --by user,resource,connector, all": command("access", "--by", "user,resource,connector"),
        "access --user U": command("access", "--user", user),
        "timeline --user U, one hour": command("timeline", "--user", user, *span),
    }
    medians = interleave(contenders, max(rounds, 5))
    say(f"Questions to {count:,} flows ({edges:,} rows in the view access), whole commands, medians of {max(rounds, 5)}")
    rows = [
        [name, "not measured: " + value["not_measured"][:100], ""]
        if "not_measured" in value
        else [name, f"{value['seconds'] * 1000:.1f} ms", f"{value['peak'] / 1048576:.0f} MiB"]
        for name, value in medians.items()
    ]
    table(["", "wall", "peak RSS"], rows)
    return medians


def part_passes(count, rounds):
    """Whole commands that go through all flows, process start included."""
    packed, journal = make_input(count)
    database = path("ours.db")
    if not os.path.exists(database) or flows_in(database) != count:
        ingest(packed, count)()
    audit = program("twin-audit")
    detections = os.path.join(ROOT, "Queries")
    rules = sorted(name[: -len(".sql")] for name in os.listdir(os.path.join(detections, "detections")) if name.endswith(".sql"))

    # 1: something is wrong in the flows; 6: not all of it can be judged. Both are answers.
    def command(*arguments, statuses=(0, 1, 6)):
        def contender():
            run = Run(list(arguments)).must(statuses)
            return {"seconds": run.seconds, "cpu": run.cpu, "peak": run.peak}

        return contender

    def asked(*arguments):
        return command(audit, *arguments, "--db", database)

    contenders = {"detect, all rules": asked("detect", "--queries", detections, "--no-store", "--format", "json")}
    for template in ("compliance", "access-review", "incident"):
        some = ["--param", "principal=*0*"] if template == "incident" else []
        contenders[f"report, {template}"] = asked(
            "report", "--queries", detections, "--template", template, *some, "--format", "json", "--out", path("report")
        )
    contenders["replay"] = asked("replay", "--format", "json")
    contenders["replay --by connector, in the order of time"] = asked("replay", "--by", "connector", "--format", "json")
    contenders["replay --flows, in the order of time"] = asked("replay", "--flows", "--format", "csv")
    contenders["twin-journal verify, no key"] = command(program("twin-journal"), "verify", journal)
    medians = interleave(contenders, rounds)
    slow = {}
    for rule in rules:
        slow.update(interleave({rule: asked("detect", "--queries", detections, "--no-store", "--format", "json", "--only", rule)}, 1))
    say(f"Everything over {count:,} flows, whole commands, medians of {rounds}")
    rows = []
    for name, value in medians.items():
        if "not_measured" in value:
            rows.append([name, "not measured: " + value["not_measured"][:100], "", "", ""])
            continue
        rate = f"{count / value['seconds'] / 1e6:.2f} M/s"
        rows.append([name, f"{value['seconds']:.1f} s", f"{value['cpu']:.1f} s", f"{value['peak'] / 1048576:.0f} MiB", rate])
    table(["", "wall", "CPU", "peak RSS", "flows"], rows)
    say("Rules alone, once each, the slowest ten (processor time, of which gathering names is the same part of each)")
    measured = sorted(((value["cpu"], rule) for rule, value in slow.items() if "cpu" in value), reverse=True)
    table(["", "CPU"], [[rule, f"{cpu:.1f} s"] for cpu, rule in measured[:10]])
    medians["rules"] = slow
    return medians


def flows_in(database):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute("select count(*) from flow").fetchone()[0]


# The same shape as `twin-bench decide`: a permit for each Resource and group, no two Resources overlap, so nothing needs to take
# precedence. Only the batch is timed; policies and entities are parsed in it, as the interface has it.
CEDAR = """
import json, random, sys, time, cedarpy
resources, users, groups, requests = (int(text) for text in sys.argv[1:])
dice = random.Random(7)

def definition(n):
    if n % 10 == 0: return "pattern", f"*.apps-{n}.corp.example.com"
    if n % 10 == 1: return "block", f"10.{n // 250 % 200}.{n % 250}.0/24"
    if n % 10 < 5: return "block", f"172.{16 + n // 60000 % 16}.{n // 250 % 240}.{1 + n % 250}"
    return "name", f"service-{n}.corp.example.com"

policies = []
for n in range(resources):
    kind, text = definition(n)
    what = (f'context has addr && context.addr.isInRange(ip("{text}"))' if kind == "block"
            else f'context has host && context.host {"like" if kind == "pattern" else "=="} "{text}"')
    for group in {dice.randrange(groups) for _ in range(4)}:
        policies.append(f'permit (principal in Group::"{group}", action, resource) when {{ {what} && [22, 443].contains(context.port) '
                        f'&& context.connector == "2" }};')
entities = [{"uid": {"type": "Group", "id": str(g)}, "attrs": {}, "parents": []} for g in range(groups)]
entities += [{"uid": {"type": "User", "id": str(u)}, "attrs": {}, "parents": [{"type": "Group", "id": str(dice.randrange(groups))}
             for _ in range(3)]} for u in range(users)]
asked = []
for _ in range(requests):
    kind, text = definition(dice.randrange(resources))
    context = {"port": 8080 if dice.randrange(10) == 0 else 443, "connector": "2"}
    if kind == "block":
        context["addr"] = {"__extn": {"fn": "ip", "arg": text.replace("0/24", str(dice.randrange(250)))}}
    else:
        context["host"] = text.replace("*", f"host-{dice.randrange(100)}")
    asked.append({"principal": f'User::"{dice.randrange(users)}"', "action": 'Action::"connect"', "resource": 'Tenant::"t"', "context": context})
began = time.monotonic()
answers = cedarpy.is_authorized_batch(asked, "\\n".join(policies), entities)
seconds = time.monotonic() - began
print(json.dumps({"seconds": seconds, "nanoseconds": seconds / requests * 1e9, "allowed": sum(a.allowed for a in answers)}))
"""


def cedar(*arguments):
    def contender():
        run = Run([peer_python("cedarpy"), "-c", CEDAR, *arguments]).must()
        answer = json.loads(run.text)
        answer.update(cpu=run.cpu, peak=run.peak)
        return answer

    return contender


def part_micro(count, rounds):
    """Single parts of the work beside the bare loop of the same work."""
    packed, journal = make_input(count)
    plain = path(f"events-{count}.ndjson")
    if not os.path.exists(plain):
        with gzip.open(packed, "rb") as source, open(plain, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    bench = os.path.join(HERE, ".build", "release", "twin-bench")
    if not os.path.exists(bench):
        say(f"  not measured: micro: twin-bench is not built (swift build {' '.join(CONFIG)} --product twin-bench in Benchmarks)")
        return {}

    def ours(*arguments):
        def contender():
            run = Run([bench, *arguments]).must()
            answer = json.loads(run.text)
            answer.update(cpu=run.cpu, peak=run.peak)
            return answer

        return contender

    def bare(*arguments, by="zlib_bytes"):
        def contender():
            run = Run([yardstick(by), *arguments]).must()
            answer = json.loads(run.text)
            return {"seconds": answer["seconds"], "cpu": run.cpu, "peak": run.peak}

        return contender

    scratch = path("append-journal")
    segments = sorted(os.path.join(journal, name) for name in os.listdir(journal) if name.endswith(".ndjson.gz"))
    contenders = {
        "journal append, level 6, 128 KiB frames, no sync": ours("append", plain, scratch),
        "journal append, the same in one thread": ours("append", plain, scratch, "serial"),
        "bare zlib deflate, level 6, 128 KiB members, one core": bare("deflate", "6", str(128 << 10), plain),
        "journal read, every frame inflated and checked, one core": ours("read", journal),
        "journal read in order, all cores": ours("read", journal, "parallel"),
        "bare zlib inflate of the same segments, one core": bare("inflate", *segments),
        "bare libdeflate inflate of the same segments, one core": bare(*segments, by="libdeflate_bytes"),
        "journal verify with the public key": ours("verify", journal, path(f"bench-{count}.key.pub")),
        "bare SHA-256 of the same segments, all cores": ours("sha256", journal),
        "policy decision, 100 Resources, 1,000 users": ours("decide", "100", "1000", "20"),
        "policy decision, 10,000 Resources, 100,000 users": ours("decide", "10000", "100000", "1000"),
        "cedarpy, batch of 2,000, 100 Resources, 1,000 users": cedar("100", "1000", "20", "2000"),
    }
    medians = interleave(contenders, rounds)
    say(f"Single parts, medians of {rounds} interleaved rounds")
    rows = []
    for name, value in medians.items():
        if "not_measured" in value:
            rows.append([name, "not measured: " + value["not_measured"][:100]])
        elif "nanoseconds" in value:
            compiled = f", compiled in {value['compile_seconds'] * 1000:.0f} ms" if "compile_seconds" in value else ""
            rows.append([name, f"{value['nanoseconds']:.0f} ns a decision{compiled}"])
        else:
            verdict = f", {value['verdict']}" if "verdict" in value else ""
            rows.append([name, f"{value['seconds']:.3f} s{verdict}"])
    table(["", "median"], rows)
    names = list(contenders)
    for left, right in ((0, 2), (1, 2), (3, 5), (4, 5), (6, 5), (7, 8)):
        say_ratios(medians, names[left], [names[right]])
    return medians


def hardware():
    model = platform.processor() or "unknown processor"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
        with open("/proc/meminfo", encoding="utf-8") as file:
            memory = int(file.readline().split()[1]) // 1024
    except (OSError, StopIteration):
        memory = 0
    return f"{model}, {os.cpu_count()} cores, {memory} MiB memory, {platform.system()} {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2_000_000, help="events to ingest (default 2,000,000)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds of which medians are taken (default 5)")
    parser.add_argument("--only", default="ingest,queries,passes,micro", help="parts to run, joined by commas")
    parser.add_argument("--save", action="store_true", help="also write .bench/result-<time>.json")
    parser.add_argument("--no-build", action="store_true", help="measure what is built already")
    arguments = parser.parse_args()
    if arguments.events < 1 or arguments.rounds < 1:
        parser.error("--events and --rounds take numbers from 1")
    parts = [part for part in arguments.only.split(",") if part]
    known = {"ingest": part_ingest, "queries": part_queries, "passes": part_passes, "micro": part_micro}
    for part in parts:
        if part not in known:
            parser.error(f"there is no part {part}; known: {', '.join(known)}")
    os.makedirs(SCRATCH, exist_ok=True)
    # A contender that crashes must not fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build(parts + ([] if arguments.no_build else ["build"]))
    say(f"Hardware: {hardware()}")
    say(f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}")
    say("")
    result = {"hardware": hardware(), "events": arguments.events, "rounds": arguments.rounds}
    for part in parts:
        try:
            result[part] = known[part](arguments.events, arguments.rounds)
        except Unmeasured as problem:
            say(f"  not measured: {part}: {problem}")
            result[part] = {"not_measured": str(problem)}
    if arguments.save:
        target = path(time.strftime("result-%Y%m%dT%H%M%SZ.json", time.gmtime()))
        with open(target, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
        say(f"saved to {os.path.relpath(target, ROOT)}")
    if all("not_measured" in result.get(part, {}) for part in parts):
        sys.exit(6)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

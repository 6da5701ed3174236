#!/usr/bin/env python3
"""Torture of twin-audit ingest: kills at random moments, two at once, a full disk, a database that cannot be written.

    ingest.py PROGRAMS-DIRECTORY [--rounds N] [--seed S] [--only kill|two|full|readonly]

Every check ends the script with a message and status 1 when it fails. The full disk and the read-only file system need root, to mount a
tmpfs; without it those checks are skipped, and say so.
"""
import argparse, csv, hashlib, json, os, random, shutil, signal, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("programs")
parser.add_argument("--rounds", type=int, default=200, help="kills in all")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--flows", type=int, default=20_000)
parser.add_argument("--only", choices=["kill", "two", "full", "readonly"])
options = parser.parse_args()
bin_directory = os.path.abspath(options.programs)
chance = random.Random(options.seed)
work = tempfile.mkdtemp(prefix="twin-audit-torture-")
tenant = os.path.join(work, "tenant")


def fail(message):
    print(f"FAILED (seed {options.seed}): {message}\n  left in {work}", file=sys.stderr)
    sys.exit(1)


def program(name):
    return os.path.join(bin_directory, name)


def run(*command, status=(0,)):
    done = subprocess.run(command, capture_output=True)
    if done.returncode not in status:
        fail(f"{' '.join(command)} exits with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done


def remove(database):
    for suffix in ("", "-wal", "-shm", "-journal", "-lock"):
        if os.path.exists(database + suffix):
            os.unlink(database + suffix)


def ingest(database, *more):
    return [program("twin-audit"), "ingest", *(os.path.join(tenant, part) for part in ("report.csv", "journals", "logs", "synced.ndjson")),
            "--policy", os.path.join(tenant, "policy"), "--db", database, "--quiet", "--commit-every", "1500", *more]


def dump(database):
    """A digest of everything that the public views say, after a check of the database."""
    run(program("twin-audit"), "db", "check", "--db", database)
    return hashlib.sha256(run(program("twin-audit"), "db", "dump", "--db", database).stdout).hexdigest()


def make_tenant():
    run(program("twin-simulate"), "--out", tenant, "--seed", str(options.seed), "--flows", str(options.flows), "--format", "both",
        "--networks", "3", "--policy-changes", "2", "--days", "1")
    make_other_sources()


def make_other_sources():
    """What the administration knows of the same connections: a report of most of them, some bytes counted otherwise, and synced events
    of some. Without connection ids."""
    events = []
    logs = os.path.join(tenant, "logs")
    for name in sorted(os.listdir(logs)):
        with open(os.path.join(logs, name), encoding="utf-8") as lines:
            events += [json.loads(line.split("ANALYTICS ", 1)[1]) for line in lines if "ANALYTICS " in line]
    starts = {}
    for event in events:
        if event["event_type"] == "established_connection":
            starts[event["connector"]["id"], event["connection"]["id"]] = event["timestamp"]

    def clock(ms, form):
        return time.strftime(form, time.gmtime(ms // 1000))

    columns = ("start_time end_time user user_id device_id client_ip connector connector_id resource_ip resource_port resource_domain "
               "resource_id protocol status bytes_transferred bytes_received remote_network remote_network_id applied_rule").split()
    dice = random.Random(options.seed)
    with open(os.path.join(tenant, "report.csv"), "w", encoding="utf-8", newline="") as report, \
            open(os.path.join(tenant, "synced.ndjson"), "w", encoding="utf-8") as synced:
        rows = csv.DictWriter(report, columns)
        rows.writeheader()
        for event in events:
            start = starts.get((event["connector"]["id"], event["connection"]["id"]))
            if event["event_type"] != "closed_connection" or start is None or "user" not in event:
                continue
            connection, resource, network = event["connection"], event["resource"], event["remote_network"]
            if dice.random() < 0.8:
                rows.writerow({
                    "start_time": clock(start, "%Y-%m-%d %H:%M:%S") + ".%02d UTC" % (start % 1000 // 10),
                    "end_time": clock(event["timestamp"], "%Y-%m-%d %H:%M:%S") + ".%02d UTC" % (event["timestamp"] % 1000 // 10),
                    "user": event["user"]["email"], "user_id": event["user"]["id"], "device_id": event["device"]["id"],
                    "client_ip": connection["client_ip"], "connector": event["connector"]["name"],
                    "connector_id": event["connector"]["id"], "resource_ip": connection["resource_ip"],
                    "resource_port": connection["resource_port"], "resource_domain": resource["address"],
                    "resource_id": resource["id"], "protocol": connection["protocol"], "status": "NORMAL",
                    "bytes_transferred": connection["tx"], "bytes_received": connection["rx"] + (dice.random() < 0.05),
                    "remote_network": network["name"], "remote_network_id": network["id"], "applied_rule": resource["applied_rule"]})
            if dice.random() < 0.3:
                synced.write(json.dumps({"event_type": "network_access", "event": {
                    "status": "closed_connection", "time": clock(event["timestamp"], "%Y-%m-%dT%H:%M:%SZ"),
                    "connection": {"client_ip": connection["client_ip"], "protocol": connection["protocol"],
                                   "bytes_received": connection["rx"], "bytes_transferred": connection["tx"]},
                    "connector": event["connector"], "device": {"id": event["device"]["id"]}, "relays": event["relays"],
                    "remote_network": network, "user": event["user"], "resource": {
                        "address": resource["address"], "applied_rule": resource["applied_rule"], "id": resource["id"],
                        "ip": connection["resource_ip"], "port": connection["resource_port"]}}}) + "\n")


def undisturbed():
    database = os.path.join(work, "whole.db")
    began = time.monotonic()
    run(*ingest(database))
    seconds = time.monotonic() - began
    told = json.loads(run(program("twin-audit"), "query", "sql", "select count(*) n, sum(relation = 'conflict') c from source_match", "--db",
                          database, "--format", "json").stdout)
    if not told[0]["n"] or not told[0]["c"]:
        fail(f"records of the report recognised as flows, and in conflict: {told}")
    return dump(database), seconds


def kills():
    expected, seconds = undisturbed()
    database = os.path.join(work, "killed.db")
    killed = finished = 0
    while killed < options.rounds:
        child = subprocess.Popen(ingest(database), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, errors = child.communicate(timeout=chance.uniform(0.005, seconds * 0.7))
            if child.returncode != 0:
                fail(f"after {killed} kills ingest exits with {child.returncode}: {errors.decode(errors='replace')[-2000:]}")
            found = dump(database)
            if found != expected:
                fail(f"after {killed} kills the database is not that of an undisturbed run")
            finished += 1
            remove(database)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.communicate()
            killed += 1
            # What is there is consistent at any moment.
            if os.path.exists(database) and killed % 10 == 0:
                run(program("twin-audit"), "db", "check", "--db", database, status=(0, 3))
    run(*ingest(database))
    if dump(database) != expected:
        fail("the last database is not that of an undisturbed run")
    print(f"ingest was killed {killed} times; {finished + 1} databases were completed, each row for row that of an undisturbed run")


def two_at_once():
    expected, _ = undisturbed()
    database = os.path.join(work, "two.db")
    first = subprocess.Popen(ingest(database), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not os.path.exists(database + "-lock"):
        time.sleep(0.001)
    hasty = subprocess.run(ingest(database, "--no-wait"), capture_output=True)
    second = subprocess.run(ingest(database), capture_output=True)
    _, errors = first.communicate()
    if first.returncode != 0 or second.returncode != 0:
        fail(f"of two ingests one failed: {errors.decode()} {second.stderr.decode()}")
    if hasty.returncode not in (0, 4) or (hasty.returncode == 4 and b"another ingest" not in hasty.stderr):
        fail(f"--no-wait exits with {hasty.returncode}: {hasty.stderr.decode()}")
    if dump(database) != expected:
        fail("two ingests at once make another database")
    print(f"two ingests at once: one waited; with --no-wait the exit status was {hasty.returncode}")


def in_small_file_system(size, body):
    place = os.path.join(work, "small")
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        body(place)
    finally:
        subprocess.run(["umount", place], check=True)


def full_disk():
    if os.geteuid() != 0:
        print("skipped: a full disk (mounting a tmpfs takes root)")
        return
    expected, _ = undisturbed()

    def body(place):
        database = os.path.join(place, "audit.db")
        done = subprocess.run(ingest(database), capture_output=True)
        if done.returncode != 4 or b"the disk is full" not in done.stderr:
            fail(f"on a full disk ingest exits with {done.returncode}: {done.stderr.decode()}")
        run(program("twin-audit"), "db", "check", "--db", database)
        # There is space again: what was read is kept, and the rest follows.
        subprocess.run(["mount", "-o", "remount,size=256m", place], check=True)
        run(*ingest(database))
        if dump(database) != expected:
            fail("after a full disk the database is not that of an undisturbed run")
        print("full disk: exit status 4, a sound database, and the rest follows when there is space")

    in_small_file_system("3m", body)


def read_only():
    if os.geteuid() != 0:
        print("skipped: a database that cannot be written (mounting a tmpfs takes root)")
        return

    def body(place):
        database = os.path.join(place, "audit.db")
        journals = os.path.join(tenant, "journals")
        part = os.path.join(journals, sorted(os.listdir(journals))[0])
        run(program("twin-audit"), "ingest", part, "--db", database, "--quiet")
        before = hashlib.sha256(open(database, "rb").read()).hexdigest()
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        done = subprocess.run(ingest(database), capture_output=True)
        if done.returncode != 4:
            fail(f"with a read-only database ingest exits with {done.returncode}: {done.stderr.decode()}")
        if hashlib.sha256(open(database, "rb").read()).hexdigest() != before:
            fail("a read-only database changed")
        run(program("twin-audit"), "access", "--db", database, "--limit", "1")
        print("read-only database: exit status 4, not a byte changed, and it answers questions")

    in_small_file_system("64m", body)


make_tenant()
for name, check in (("kill", kills), ("two", two_at_once), ("full", full_disk), ("readonly", read_only)):
    if options.only in (None, name):
        check()
shutil.rmtree(work)

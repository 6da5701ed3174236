#!/usr/bin/env python3
"""Measures the detections against simulated tenants with known answers.

usage: Benchmarks/evaluate.py [--seeds N] [--flows N] [--violations N] [--bin DIR] [--show N]

For every seed a tenant is simulated, ingested and searched with `twin-audit detect`; the flows that findings name as evidence are
compared with truth.ndjson, which is the simulator's word: it knows what it planted. For each rule the table says how many planted flows it should have named, how many it named, and how
many others it named too. A finding that sums up many flows names some of them; it counts for every planted flow of its subject within
its time. Findings of severity info are hints, not alarms, and don't count. Rules that no planted flow is about
(`volume.beacon` on regular jobs, for example) are listed apart: the simulation does not know whether they are right.

Exit status: 0 every planted flow was found and nothing else was, 1 otherwise, 4 a program failed, 6 nothing could be evaluated.
"""

import argparse
import collections
import datetime
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRATCH = os.path.join(ROOT, ".bench", "evaluate")
# The most that detect gives, and more than this script ever plants of a kind, so that every flow of a finding is named.
ALL_EVIDENCE = "1000"


def run(command, allowed=(0,)):
    child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if child.returncode not in allowed:
        last = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        print(f"error: {' '.join(command[:2])} ended with status {child.returncode}: {last[0]}", file=sys.stderr)
        sys.exit(4)
    return child.stdout


def milliseconds(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def covers(finding, flow):
    """Whether a finding that sums up more flows than it names speaks of this one: same subject, within its time."""
    if finding["count"] <= len(finding["evidence"]):
        return False
    subject = finding["subject"]
    same = subject.get("principal_id") == flow["principal_id"] or subject.get("connector_id") == flow["connector_id"]
    return same and milliseconds(finding["first_seen"]) <= flow["started_at"] <= milliseconds(finding["last_seen"])


def evaluate(arguments, seed, totals, others, mistakes):
    place = os.path.join(SCRATCH, str(seed))
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    program = lambda name: os.path.join(arguments.bin, name)
    tenant = os.path.join(place, "tenant")
    database = os.path.join(place, "audit.db")
    run(
        [program("twin-simulate"), "--out", tenant, "--seed", str(seed), "--flows", str(arguments.flows), "--quiet"]
        + ["--violations", str(arguments.violations), "--level", "1"]
    )
    run([program("twin-audit"), "ingest", tenant + "/journals", "--policy", tenant + "/policy", "--db", database, "--quiet"])
    answer = run(
        [program("twin-audit"), "detect", "--db", database, "--format", "json", "--evidence", ALL_EVIDENCE], allowed=(0, 1)
    )
    named = collections.defaultdict(set)
    findings = collections.defaultdict(list)
    for finding in json.loads(answer or b"[]"):
        if finding["severity"] == "info":
            continue
        named[finding["rule_id"]].update(evidence["connection_id"] for evidence in finding["evidence"])
        findings[finding["rule_id"]].append(finding)
    wanted = collections.defaultdict(dict)
    with open(os.path.join(tenant, "truth.ndjson"), encoding="utf-8") as file:
        for line in file:
            flow = json.loads(line)
            for rule in flow["rules"]:
                wanted[rule][flow["connection_id"]] = flow["kind"]
                if any(covers(finding, flow) for finding in findings[rule]):
                    named[rule].add(flow["connection_id"])
    for rule, flows in wanted.items():
        found = named.get(rule, set())
        totals[rule]["planted"] += len(flows)
        totals[rule]["found"] += len(found & flows.keys())
        totals[rule]["others"] += len(found - flows.keys())
        mistakes += [f"seed {seed}: {rule} missed {flow} ({flows[flow]})" for flow in flows.keys() - found]
        mistakes += [f"seed {seed}: {rule} named {flow} without cause" for flow in found - flows.keys()]
    for rule, found in named.items():
        if rule not in wanted:
            others[rule] += len(found)
    shutil.rmtree(place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="tenants to simulate (default 3)")
    parser.add_argument("--flows", type=int, default=20_000, help="flows of each (default 20,000)")
    parser.add_argument("--violations", type=int, default=10, help="flows planted of each kind (default 10)")
    parser.add_argument("--bin", default=os.path.join(ROOT, ".build", "release"), help="where the programs are")
    parser.add_argument("--show", type=int, default=10, help="mistakes to list (default 10)")
    arguments = parser.parse_args()
    if arguments.seeds < 1 or not 1 <= arguments.violations <= 300:
        parser.error("--seeds takes numbers from 1, --violations from 1 to 300")
    totals = collections.defaultdict(collections.Counter)
    others = collections.Counter()
    mistakes = []
    for seed in range(1, arguments.seeds + 1):
        evaluate(arguments, seed, totals, others, mistakes)
    if not totals:
        print("error: nothing was planted, so nothing can be evaluated", file=sys.stderr)
        sys.exit(6)
    print(f"{arguments.seeds} tenants of {arguments.flows:,} flows; planted: the simulator's word, found and others: that of twin-audit detect")
    print(f"{'rule':28}  planted  found  others")
    for rule in sorted(totals):
        count = totals[rule]
        print(f"{rule:28}  {count['planted']:7}  {count['found']:5}  {count['others']:6}")
    for rule in sorted(others):
        print(f"{rule:28}  {'-':>7}  {'-':>5}  {others[rule]:6}")
    for line in mistakes[: arguments.show]:
        print(line)
    if len(mistakes) > arguments.show:
        print(f"and {len(mistakes) - arguments.show} more")
    sys.exit(1 if mistakes else 0)


if __name__ == "__main__":
    main()

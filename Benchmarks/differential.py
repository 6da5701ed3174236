#!/usr/bin/env python3
"""Holds the policy engine against engines that know nothing of it, on random tenants and requests.

usage: differential.py [--requests N] [--seed N] [--bench PROGRAM]

The same tenants are written as a policy document, as Cedar policies and as Rego with data; each request is asked of all three, and allow
or deny must be the same everywhere. Addresses and blocks are held against Python's `ipaddress`, wildcards against a matcher that tries
everything. Documents are held against the published JSON Schema by a validator of others. Ends with 1 on any difference, and prints
the first ones. Cedar, Rego and the validator come from PyPI into .differential/venv.
"""
import argparse
import functools
import glob
import ipaddress
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOME = os.path.join(ROOT, ".differential")
PACKAGES = ["cedarpy==4.12.2", "regopy==1.5.2", "jsonschema==4.26.0", "PyYAML==6.0.3"]
REQUESTS_PER_TENANT = 500
# rego-cpp takes longer for each request the more there are in one query.
REQUESTS_PER_QUERY = 40
NOW = 1_791_000_000_000
FOREVER = 9_000_000_000_000_000
SHOWN = 5


def enter_environment():
    """Starts again inside the environment that has the peers."""
    python = os.path.join(HOME, "venv", "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(os.path.join(HOME, "venv")):
        return
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", os.path.join(HOME, "venv")], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
    os.execv(python, [python, *sys.argv])


# --- tenants ---------------------------------------------------------------------------------------------------------------------

def rfc3339(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


NAMES = ["a.x.example", "b.x.example", "a.b.x.example", "ab.x.example", "x.example", "y.example", "long-name.b.x.example", "b.y.example"]
PATTERNS = ["*.x.example", "*.example", "a*.x.example", "*.b.x.example", "*", "*b*.x.example", "long-*.example", "*.y.example"]
BLOCKS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.128/25", "10.1.1.7", "10.2.0.0/15", "0.0.0.0/0", "fd00::/8", "fd00:1::/32",
          "fd00:1::7", "192.168.0.0/16", "10.1.1.4/30"]
ADDRESSES = ["10.1.1.7", "10.1.1.5", "10.1.1.200", "10.1.2.3", "10.2.3.4", "10.3.0.1", "10.200.0.1", "192.168.1.1", "8.8.8.8", "fd00:1::7",
             "fd00:1::8", "fd00:2::1", "2001:db8::1"]
RESOLVED = ADDRESSES + ["127.0.0.1", "169.254.169.254", "224.0.0.1", "100.64.0.9", "0.0.0.0", "::1", "::", "fe80::1", "ff02::1", "fd00:ec2::254"]
RANGES = [[], [], ["10.0.0.0/8"], ["10.1.0.0/16", "fd00:1::/32"], ["192.168.0.0/16"]]
PORTS = [22, 53, 80, 443, 8000, 8050, 8099, 8100, 65535]
PORT_RULES = ["all", "none", ["443"], ["22", "443"], ["8000-8099"], ["1-1023", "8100"], ["65535"]]
COUNTRIES = ["PT", "ES", "XX"]


def make_tenant(dice):
    t = {"networks": [{"id": str(n), "ranges": dice.choice(RANGES)} for n in (1, 2, 3)]}
    t["connectors"] = [{"id": str(10 + n), "network": dice.choice("123")} for n in range(4)]
    t["users"] = [{"id": str(100 + n), "active": dice.random() > 0.15} for n in range(8)]
    t["groups"] = [{"id": str(200 + n), "active": dice.random() > 0.15,
                    "members": [u["id"] for u in t["users"] if dice.random() < 0.5]} for n in range(5)]
    t["accounts"] = []
    for n in range(3):
        keys = [{"id": str(310 + 10 * n + k), "revoked": dice.random() < 0.1,
                 "revokedAt": dice.choice([None, None, NOW - 1, NOW, NOW + 1]),
                 "expiresAt": dice.choice([None, NOW - 1, NOW, NOW + 1])} for k in range(dice.randrange(3))]
        t["accounts"].append({"id": str(300 + n), "keys": keys})
    t["devices"] = [{"id": str(400 + n), "trusted": dice.random() < 0.5, "active": dice.random() > 0.2} for n in range(3)]
    t["policies"] = [{"id": "500", "trusted": True, "only": [], "never": []}, {"id": "501", "trusted": False, "only": ["PT", "ES"], "never": []},
                     {"id": "502", "trusted": dice.random() < 0.5, "only": [], "never": ["XX"]}]
    t["resources"] = []
    for n in range(dice.randrange(1, 16)):
        kind = dice.random()
        address = dice.choice(NAMES) if kind < 0.35 else dice.choice(PATTERNS) if kind < 0.6 else dice.choice(BLOCKS)
        protocols = None if dice.random() < 0.3 else {
            "icmp": dice.random() < 0.5, "tcp": dice.choice(PORT_RULES), "udp": dice.choice(PORT_RULES)}
        edges, subjects = [], set()
        for _ in range(dice.randrange(4)):
            subject = ("group", dice.choice(t["groups"])["id"]) if dice.random() < 0.75 else ("account", dice.choice(t["accounts"])["id"])
            if subject in subjects:
                continue
            subjects.add(subject)
            edges.append({"kind": subject[0], "id": subject[1], "expiresAt": dice.choice([None, None, None, NOW - 1, NOW, NOW + 1]),
                          "policy": dice.choice([None, None, "500", "501", "502"]) if subject[0] == "group" else None})
        t["resources"].append({
            "id": str(600 + n), "address": address, "alias": dice.choice([None, None, None, "alias.example", "b.y.example"]),
            "network": dice.choice("123"), "active": dice.random() > 0.1, "through": dice.random() > 0.1,
            "policy": dice.choice([None, None, "500", "501", "502"]), "protocols": protocols, "edges": edges})
    return t


def make_request(dice, tenant):
    """Half of them anything, half aimed at a grant, so that many are allowed or fail late."""
    if dice.random() < 0.7:
        kind, who = "user", dice.choice([u["id"] for u in tenant["users"]] + ["999"])
        key = None
    else:
        kind, account = "service_account", dice.choice(tenant["accounts"])
        who = account["id"] if dice.random() > 0.05 else "999"
        key = dice.choice([k["id"] for k in account["keys"]] + [None, None, "9999"])
    transport = dice.choice(["tcp", "tcp", "udp", "icmp"])
    request = {"kind": kind, "who": who, "key": key,
               "to": dice.choice(NAMES + ["alias.example", "q.x.example", "deep.q.x.example", "other"] if dice.random() < 0.6 else ADDRESSES),
               "resolved": dice.choice([None, dice.choice(RESOLVED), dice.choice(RESOLVED)]), "transport": transport,
               "port": None if transport == "icmp" else dice.choice(PORTS),
               "connector": dice.choice([None, "99"] + [c["id"] for c in tenant["connectors"]] * 2),
               "device": dice.choice([None, "499", "400", "401", "402"]), "country": dice.choice([None] + COUNTRIES),
               "now": NOW + dice.choice([-2, -1, 0, 1, 2])}
    granted = [(r, e) for r in tenant["resources"] for e in r["edges"]]
    if not granted or dice.random() < 0.5:
        return request
    resource, edge = dice.choice(granted)
    if edge["kind"] == "group":
        members = next(g["members"] for g in tenant["groups"] if g["id"] == edge["id"])
        if members:
            request.update(kind="user", who=dice.choice(members), key=None)
    else:
        keys = next(a["keys"] for a in tenant["accounts"] if a["id"] == edge["id"])
        request.update(kind="service_account", who=edge["id"], key=dice.choice([None] + [k["id"] for k in keys]))
    if is_name(resource["address"]):
        request["to"] = resource["alias"] if resource["alias"] and dice.random() < 0.3 else resource["address"].replace("*", dice.choice("ab"))
    else:
        block = ipaddress.ip_network(resource["address"])
        inside = [a for a in ADDRESSES if ipaddress.ip_address(a) in block]
        request["to"] = dice.choice(inside or [str(block[0])])
    if dice.random() < 0.6:
        request["resolved"] = None if is_name(request["to"]) else request["to"]
    if dice.random() < 0.8:
        request["connector"] = dice.choice([None] + [c["id"] for c in tenant["connectors"] if c["network"] == resource["network"]])
    open_ports = [(t, p) for t in ("tcp", "udp") for p in PORTS if resource["protocols"] is None or any(
        rule == "all" or (rule != "none" and any(int(i.partition("-")[0]) <= p <= int(i.partition("-")[2] or i.partition("-")[0]) for i in rule))
        for rule in [resource["protocols"][t]])]
    if open_ports and dice.random() < 0.8:
        request["transport"], request["port"] = dice.choice(open_ports)
    return request


def document(t):
    """The tenant as a policy document."""
    def keys(key):
        result = {"id": key["id"]}
        if key["revokedAt"] is not None:
            result["revokedAt"] = rfc3339(key["revokedAt"])
        elif key["revoked"]:
            result["revoked"] = True
        if key["expiresAt"] is not None:
            result["expiresAt"] = rfc3339(key["expiresAt"])
        return result

    def edge(e):
        result = {"group" if e["kind"] == "group" else "serviceAccount": e["id"]}
        if e["expiresAt"] is not None:
            result["expiresAt"] = rfc3339(e["expiresAt"])
        if e["policy"]:
            result["securityPolicy"] = e["policy"]
        return result

    def resource(r):
        result = {"id": r["id"], "address": r["address"], "network": r["network"], "active": r["active"],
                  "routing": "through" if r["through"] else "bypass", "access": [edge(e) for e in r["edges"]]}
        for key in ("alias", "protocols"):
            if r[key] is not None:
                result[key] = r[key]
        if r["policy"]:
            result["securityPolicy"] = r["policy"]
        return result

    return {"format": "access-policy/1", "effectiveAt": rfc3339(NOW - 86_400_000), "networks": t["networks"], "connectors": t["connectors"],
            "users": [{"id": u["id"], "state": "active" if u["active"] else "disabled"} for u in t["users"]], "groups": t["groups"],
            "serviceAccounts": [{"id": a["id"], "keys": [keys(k) for k in a["keys"]]} for a in t["accounts"]], "devices": t["devices"],
            "securityPolicies": [{"id": p["id"], "requires": {"trustedDevice": p["trusted"], "countries": p["only"], "notCountries": p["never"]}}
                                 for p in t["policies"]],
            "resources": [resource(r) for r in t["resources"]]}


def is_name(text):
    try:
        ipaddress.ip_network(text)
        return False
    except ValueError:
        return True


def literals(text):
    return sum(c not in "*?" for c in text)


# --- Cedar: one permit a grant, with what must not take precedence as its exception ----------------------------------------------

def cedar_policies(t):
    networks = {n["id"]: n for n in t["networks"]}
    groups = {g["id"]: g for g in t["groups"]}
    accounts = {a["id"]: a for a in t["accounts"]}
    requirements = {p["id"]: p for p in t["policies"]}

    def words(values):
        return "[" + ", ".join(f'"{v}"' for v in values) + "]"

    def any_of(parts):
        return "(" + " || ".join(f"({p})" for p in parts) + ")" if parts else "false"

    def matches(r):
        """Pairs of rank and condition."""
        found = []
        if is_name(r["address"]):
            exact = "*" not in r["address"]
            found.append((10_000 if exact else literals(r["address"]), f'context has host && context.host like "{r["address"]}"'))
        else:
            block = ipaddress.ip_network(r["address"])
            found.append((block.prefixlen, f'context has addr && context.addr.isInRange(ip("{block}"))'))
        if r["alias"]:
            found.append((10_000, f'context has host && context.host == "{r["alias"]}"'))
        return found

    def holds(e):
        until = f' && context.now < {e["expiresAt"]}' if e["expiresAt"] is not None else ""
        if e["kind"] == "group":
            return f'principal in Group::"{e["id"]}"{until}' if groups[e["id"]]["active"] else "false"
        return f'principal == ServiceAccount::"{e["id"]}"{until}'

    def key_works(k):
        if k["revokedAt"] is None and k["revoked"]:
            return "false"
        parts = [f'context.now < {k[name]}' for name in ("revokedAt", "expiresAt") if k[name] is not None]
        return " && ".join(parts) or "true"

    def known(e):
        if e["kind"] == "group":
            return "principal has active && principal.active"
        keys = accounts[e["id"]]["keys"]
        named = any_of([f'context.key == "{k["id"]}" && {key_works(k)}' for k in keys])
        unnamed = any_of([key_works(k) for k in keys]) if keys else "true"
        return f"(context has key && {named}) || (!(context has key) && {unnamed})"

    def ports(r):
        if r["protocols"] is None:
            return "true"
        parts = ['context.transport == "icmp"'] if r["protocols"]["icmp"] else []
        for transport in ("tcp", "udp"):
            rule = r["protocols"][transport]
            if rule == "all":
                parts.append(f'context.transport == "{transport}"')
            elif rule != "none":
                for item in rule:
                    first, _, last = item.partition("-")
                    parts.append(f'context.transport == "{transport}" && context.port >= {first} && context.port <= {last or first}')
        return any_of(parts)

    def way(r):
        mine = [c["id"] for c in t["connectors"] if c["network"] == r["network"]]
        return f"!(context has connector) || {words(mine)}.contains(context.connector)"

    def target(r):
        if not is_name(r["address"]):
            inside = f'context.resolved.isInRange(ip("{ipaddress.ip_network(r["address"])}"))'
        else:
            forbidden = ["0.0.0.0/32", "::/128", "169.254.0.0/16", "fe80::/10", "100.64.0.0/10", "fd00:ec2::254/128"]
            inside = "!context.resolved.isLoopback() && !context.resolved.isMulticast() && !" + any_of(
                [f'context.resolved.isInRange(ip("{block}"))' for block in forbidden])
            ranges = networks[r["network"]]["ranges"]
            if ranges:
                inside += " && " + any_of([f'context.resolved.isInRange(ip("{block}"))' for block in ranges])
        return f"!(context has resolved) || ({inside})"

    trusted = words(d["id"] for d in t["devices"] if d["trusted"] and d["active"])

    def posture(r, e):
        policy = requirements.get(e["policy"] or r["policy"]) if e["kind"] == "group" else None
        if not policy:
            return "true"
        parts = []
        if policy["trusted"]:
            parts.append(f"(!(context has device) || {trusted}.contains(context.device))")
        if policy["only"]:
            parts.append(f"(!(context has country) || {words(policy['only'])}.contains(context.country))")
        if policy["never"]:
            parts.append(f"(!(context has country) || !{words(policy['never'])}.contains(context.country))")
        return " && ".join(parts) or "true"

    active = [r for r in t["resources"] if r["active"] and r["edges"]]
    text = []
    for r in active:
        if not r["through"]:
            continue
        for rank, condition in matches(r):
            stronger = []
            for other in active:
                for other_rank, other_condition in matches(other):
                    if other is r and other_rank <= rank:
                        continue
                    if other_rank > rank or (other_rank == rank and int(other["id"]) < int(r["id"])):
                        stronger.append(f"({other_condition}) && {any_of([holds(e) for e in other['edges']])}")
            unless = f"\nunless {{ {any_of(stronger)} }}" if stronger else ""
            for e in r["edges"]:
                when = " &&\n  ".join(f"({part})" for part in (condition, holds(e), known(e), ports(r), way(r), target(r), posture(r, e)))
                text.append(f"permit (principal, action, resource)\nwhen {{\n  {when}\n}}{unless};")
    entities = [{"uid": {"type": "User", "id": u["id"]}, "attrs": {"active": u["active"]},
                 "parents": [{"type": "Group", "id": g["id"]} for g in t["groups"] if u["id"] in g["members"]]} for u in t["users"]]
    entities += [{"uid": {"type": "Group", "id": g["id"]}, "attrs": {}, "parents": []} for g in t["groups"]]
    entities += [{"uid": {"type": "ServiceAccount", "id": a["id"]}, "attrs": {}, "parents": []} for a in t["accounts"]]
    return "\n".join(text), entities


def cedar_request(q):
    def extension(text):
        return {"__extn": {"fn": "ip", "arg": text}}

    context = {"now": q["now"], "transport": q["transport"]}
    for name in ("key", "port", "connector", "device", "country"):
        if q[name] is not None:
            context[name] = q[name]
    if is_name(q["to"]):
        context["host"] = q["to"]
    else:
        context["addr"] = extension(q["to"])
    if q["resolved"] is not None:
        context["resolved"] = extension(q["resolved"])
    kind = "User" if q["kind"] == "user" else "ServiceAccount"
    return {"principal": f'{kind}::"{q["who"]}"', "action": 'Action::"connect"', "resource": 'Tenant::"tenant"', "context": context}


def ask_cedar(t, requests):
    import cedarpy
    policies, entities = cedar_policies(t)
    if not policies:
        return [False] * len(requests), 0.0
    asked = [cedar_request(q) for q in requests]
    began = time.monotonic()
    results = cedarpy.is_authorized_batch(asked, policies, entities)
    seconds = time.monotonic() - began
    # An attribute that is not there is how Cedar says that a user does not exist; every other error is a fault of the translation.
    for result in results:
        for error in result.diagnostics.errors:
            raise SystemExit(f"cedar: {error}")
    return [result.allowed for result in results], seconds


# --- Rego: the selection written out over data -----------------------------------------------------------------------------------

# Addresses are texts that compare like addresses: rego-cpp's net.cidr_contains takes neither 0.0.0.0/0 nor all of IPv6. The best candidate
# is the one that none beats: its max() compares numbers as texts.

REGO = """
package access
import rego.v1

answers := [answer(q) | some q in input]

answer(q) := 1 if {
    known(q)
    found := [c | some r in data.tenant.resources; live(q, r); some d in r.definitions; covers(q, d); c := {"rank": d.rank, "number": r.number}]
    some c in found
    not beaten(c, found)
    some r in data.tenant.resources
    r.number == c.number
    r.through
    ports(q, r)
    way(q, r)
    target(q, r)
    posture(q, r)
} else := 0

beaten(c, found) if { some o in found; o.rank > c.rank }
beaten(c, found) if { some o in found; o.rank == c.rank; o.number < c.number }

known(q) if { q.kind == "user"; data.tenant.active[q.who] }
known(q) if { q.kind == "service_account"; some k in data.tenant.keys[q.who]; k.id == q.key; works(q, k) }
known(q) if { q.kind == "service_account"; q.key == ""; some k in data.tenant.keys[q.who]; works(q, k) }
known(q) if { q.kind == "service_account"; q.key == ""; count(data.tenant.keys[q.who]) == 0 }

works(q, k) if { q.now < k.revoked; q.now < k.expires }

live(q, r) if { some e in r.edges; holds(q, e) }

holds(q, e) if { e.kind == "group"; q.kind == "user"; data.tenant.members[e.id][q.who]; q.now < e.expires }
holds(q, e) if { e.kind == "account"; q.kind == "service_account"; q.who == e.id; q.now < e.expires }

covers(q, d) if { d.kind == "name"; q.host != ""; q.host == d.text }
covers(q, d) if { d.kind == "pattern"; q.host != ""; regex.match(d.text, q.host) }
covers(q, d) if { d.kind == "block"; q.addr != ""; d.first <= q.addr; q.addr <= d.last }

ports(q, r) if { not r.restricted }
ports(q, r) if { r.restricted; q.transport == "icmp"; r.icmp }
ports(q, r) if { r.restricted; q.transport != "icmp"; some p in r.ports; p.transport == q.transport; q.port >= p.first; q.port <= p.last }

way(q, r) if { q.connector == "" }
way(q, r) if { q.connector != ""; data.tenant.network[q.connector] == r.network }

target(q, r) if { q.resolved == "" }
target(q, r) if { q.resolved != ""; r.isBlock; inside(q, r.ranges) }
target(q, r) if { q.resolved != ""; not r.isBlock; not inside(q, data.forbidden); count(r.ranges) == 0 }
target(q, r) if { q.resolved != ""; not r.isBlock; not inside(q, data.forbidden); count(r.ranges) > 0; inside(q, r.ranges) }

inside(q, blocks) if { some b in blocks; b.first <= q.resolved; q.resolved <= b.last }

posture(q, r) if { q.kind == "service_account" }
posture(q, r) if { some e in r.edges; holds(q, e); meets(q, e) }

meets(q, e) if { device(q, e); place(q, e) }
device(q, e) if { not e.trusted }
device(q, e) if { q.device == "" }
device(q, e) if { data.tenant.trusted[q.device] }
place(q, e) if { q.country == "" }
place(q, e) if { q.country != ""; count(e.only) == 0; not q.country in e.never }
place(q, e) if { q.country != ""; q.country in e.only; not q.country in e.never }
"""

FORBIDDEN = ["0.0.0.0/32", "::/128", "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8", "100.64.0.0/10",
             "fd00:ec2::254/128"]


def sortable(address):
    address = ipaddress.ip_address(address)
    return f"{address.version}:{int(address):032x}"


def rego_data(t):
    requirements = {p["id"]: p for p in t["policies"]}
    networks = {n["id"]: n for n in t["networks"]}

    def blocks(texts):
        return [{"first": sortable(ipaddress.ip_network(text)[0]), "last": sortable(ipaddress.ip_network(text)[-1])} for text in texts]

    def definitions(r):
        found = [{"kind": "name", "text": r["alias"], "rank": 10_000}] if r["alias"] else []
        if not is_name(r["address"]):
            block = ipaddress.ip_network(r["address"])
            return found + [{"kind": "block", "rank": block.prefixlen, **blocks([r["address"]])[0]}]
        if "*" not in r["address"]:
            return found + [{"kind": "name", "text": r["address"], "rank": 10_000}]
        pattern = "^" + r["address"].replace(".", "[.]").replace("*", ".*") + "$"
        return found + [{"kind": "pattern", "text": pattern, "rank": literals(r["address"])}]

    def edge(r, e):
        policy = requirements.get(e["policy"] or r["policy"]) if e["kind"] == "group" else None
        policy = policy or {"trusted": False, "only": [], "never": []}
        return {"kind": e["kind"], "id": e["id"], "expires": FOREVER if e["expiresAt"] is None else e["expiresAt"],
                "trusted": policy["trusted"], "only": policy["only"], "never": policy["never"]}

    def ports(r):
        found = []
        for transport in ("tcp", "udp"):
            rule = (r["protocols"] or {}).get(transport, "none")
            for item in [] if rule == "none" else ["0-65535"] if rule == "all" else rule:
                first, _, last = item.partition("-")
                found.append({"transport": transport, "first": int(first), "last": int(last or first)})
        return found

    def key(k):
        revoked = k["revokedAt"] if k["revokedAt"] is not None else 0 if k["revoked"] else FOREVER
        return {"id": k["id"], "revoked": revoked, "expires": FOREVER if k["expiresAt"] is None else k["expiresAt"]}

    return {"forbidden": blocks(FORBIDDEN), "tenant": {
        "active": {u["id"]: u["active"] for u in t["users"]},
        "members": {g["id"]: {m: True for m in g["members"]} if g["active"] else {} for g in t["groups"]},
        "keys": {a["id"]: [key(k) for k in a["keys"]] for a in t["accounts"]},
        "network": {c["id"]: c["network"] for c in t["connectors"]},
        "trusted": {d["id"]: d["trusted"] and d["active"] for d in t["devices"]},
        "resources": [{"network": r["network"], "through": r["through"], "restricted": r["protocols"] is not None,
                       "icmp": bool(r["protocols"] and r["protocols"]["icmp"]), "ports": ports(r), "definitions": definitions(r),
                       "isBlock": not is_name(r["address"]), "number": int(r["id"]),
                       "ranges": blocks(networks[r["network"]]["ranges"] if is_name(r["address"]) else [r["address"]]), "edges": [edge(r, e) for e in r["edges"]]}
                      for r in t["resources"] if r["active"]]}}


def rego_input(q):
    name = is_name(q["to"])
    return {"kind": q["kind"], "who": q["who"], "key": q["key"] or "", "host": q["to"] if name else "",
            "addr": "" if name else sortable(q["to"]), "resolved": sortable(q["resolved"]) if q["resolved"] else "",
            "transport": q["transport"], "port": q["port"] or 0, "connector": q["connector"] or "", "device": q["device"] or "",
            "country": q["country"] or "", "now": q["now"]}


def ask_rego(t, requests):
    import regopy
    interpreter = regopy.Interpreter()
    interpreter.add_module("access", REGO)
    interpreter.add_data(rego_data(t))
    answers, seconds = [], 0.0
    for start in range(0, len(requests), REQUESTS_PER_QUERY):
        interpreter.set_input([rego_input(q) for q in requests[start:start + REQUESTS_PER_QUERY]])
        began = time.monotonic()
        output = json.loads(str(interpreter.query("x = data.access.answers")))
        seconds += time.monotonic() - began
        output = output["result"][0] if "result" in output else output
        answers += [value == 1 for value in output["bindings"]["x"]]
    return answers, seconds


# --- the engine ------------------------------------------------------------------------------------------------------------------

def ask_engine(bench, t, requests):
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(document(t), file)
    fields = ("kind", "who", "key", "to", "resolved", "transport", "port", "connector", "device", "country", "now")
    text = "".join("\t".join("-" if q[name] is None else str(q[name]) for name in fields) + "\n" for q in requests)
    try:
        run = subprocess.run([bench, "answer", file.name], input=text, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(f"{run.stderr}{open(file.name, encoding='utf-8').read()}")
    finally:
        os.unlink(file.name)
    lines = run.stdout.splitlines()
    assert len(lines) == len(requests)
    return lines


def hold(task):
    """One tenant: what every engine says, and where they differ."""
    bench, seed, count = task
    dice = random.Random(seed)
    tenant = make_tenant(dice)
    requests = [make_request(dice, tenant) for _ in range(count)]
    ours = ask_engine(bench, tenant, requests)
    seconds, differences = {}, []
    for name, ask in (("cedar", ask_cedar), ("rego", ask_rego)):
        theirs, seconds[name] = ask(tenant, requests)
        assert len(theirs) == len(requests), name
        for q, line, answer in zip(requests, ours, theirs):
            if (line.split("\t")[0] == "allow") != answer:
                differences.append(f"{name} says {'allow' if answer else 'deny'}, we say {line!r}: {json.dumps(q)}")
    if differences:
        path = os.path.join(HOME, f"tenant-{seed}.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document(tenant), file, indent=1)
        differences = [f"{path}: {text}" for text in differences]
    return ours, seconds, differences


def decisions(bench, count, seed):
    tasks = [(bench, seed * 1_000_003 + start, min(REQUESTS_PER_TENANT, count - start)) for start in range(0, count, REQUESTS_PER_TENANT)]
    totals = {"cedar": 0.0, "rego": 0.0}
    differences, effects, reasons, asked = [], {}, {}, 0
    with multiprocessing.Pool() as pool:
        for ours, seconds, wrong in pool.imap_unordered(hold, tasks):
            for name, value in seconds.items():
                totals[name] += value
            differences += wrong
            for line in ours:
                effect, reason, _ = line.split("\t")
                effects[effect] = effects.get(effect, 0) + 1
                reasons[reason] = reasons.get(reason, 0) + 1
            asked += len(ours)
            if sys.stderr.isatty():
                print(f"\r{asked} of {count}", end="", file=sys.stderr)
    print(f"decisions: {asked} requests of {len(tasks)} tenants, {effects.get('allow', 0)} allowed; {len(differences)} differences")
    print("  reasons: " + ", ".join(f"{name} {number}" for name, number in sorted(reasons.items(), key=lambda item: -item[1])))
    print("  " + ", ".join(f"{name} took {value / asked * 1e6:.0f} µs a request" for name, value in totals.items()))
    for text in differences[:SHOWN]:
        print("  " + text)
    return len(differences)


# --- addresses and wildcards -----------------------------------------------------------------------------------------------------

def random_address(dice):
    kind = dice.random()
    if kind < 0.4:
        return ipaddress.IPv4Address(dice.choice([dice.getrandbits(32), 0x0a000000 | dice.getrandbits(8)]))
    if kind < 0.6:
        return ipaddress.IPv6Address("::ffff:" + str(ipaddress.IPv4Address(dice.choice([dice.getrandbits(32), 0x0a000000 | dice.getrandbits(8)]))))
    if kind < 0.8:
        return ipaddress.IPv6Address((0xfd00 << 112) | dice.getrandbits(10))
    return ipaddress.IPv6Address(dice.getrandbits(128))


def spelled(dice, address):
    """One of the ways to write it."""
    if address.version == 4:
        return str(address)
    form = dice.randrange(4)
    if form == 0:
        return str(address)
    if form == 1:
        return address.exploded
    if form == 2:
        return address.exploded.upper()
    if address.ipv4_mapped:
        return "::ffff:" + str(address.ipv4_mapped)
    return address.compressed.upper()


def plain(address):
    return address.ipv4_mapped if address.version == 6 and address.ipv4_mapped else address


def addresses(bench, count, dice):
    questions, expected = [], []
    for _ in range(count):
        base = random_address(dice)
        length = dice.randrange((32 if base.version == 4 else 128) + 1)
        strict = dice.random() < 0.9
        if strict:
            base = ipaddress.ip_network((base, length), strict=False).network_address
        text = f"{spelled(dice, base)}/{length}"
        address = random_address(dice)
        if dice.random() < 0.4:
            # Near the edges of the block.
            edge = int(ipaddress.ip_network((base, length), strict=False)[dice.choice([0, -1])]) + dice.choice([-1, 0, 0, 1])
            if 0 <= edge < 1 << base.max_prefixlen:
                address = type(base)(edge)
        questions.append(f"block\t{text}\t{spelled(dice, address)}\n")
        try:
            block = ipaddress.ip_network(text)
        except ValueError:
            expected.append("!")
            continue
        # A block of mapped addresses is the IPv4 block inside; one that reaches beyond them is IPv6.
        if block.version == 6 and block.network_address.ipv4_mapped is not None and block.prefixlen >= 96:
            block = ipaddress.ip_network((block.network_address.ipv4_mapped, block.prefixlen - 96))
        address = plain(address)
        expected.append("1" if address.version == block.version and address in block else "0")
    return compare(bench, "addresses", questions, expected)


@functools.lru_cache(maxsize=None)
def matches(pattern, name):
    """Tries everything: what the words of the specification say and nothing else."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(matches(pattern[1:], name[cut:]) for cut in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and matches(pattern[1:], name[1:])


def wildcards(bench, count, dice):
    questions, expected = [], []
    for _ in range(count):
        pattern = "".join(dice.choice("ab.*?*") for _ in range(dice.randrange(1, 10)))
        name = "".join(dice.choice("aabb.") for _ in range(dice.randrange(1, 12)))
        if dice.random() < 0.5:
            # Made from the pattern, so that it often matches.
            name = "".join("".join(dice.choice("ab.") for _ in range(dice.randrange(4))) if c == "*" else dice.choice("ab") if c == "?" else c
                           for c in pattern) or "a"
        # One trailing dot is no part of a name.
        name = name[:-1] + "a" if name.endswith(".") else name
        pattern = pattern[:-1] + "a" if pattern.endswith(".") else pattern
        case = dice.choice([str, str.upper])
        questions.append(f"pattern\t{pattern}\t{case(name)}{dice.choice(['', '', '.'])}\n")
        expected.append("1" if matches(pattern, name) else "0")
    return compare(bench, "wildcards", questions, expected)


def compare(bench, what, questions, expected):
    run = subprocess.run([bench, "match"], input="".join(questions), capture_output=True, text=True, check=True)
    answers = run.stdout.split()
    assert len(answers) == len(expected), f"{len(answers)} answers to {len(expected)} questions"
    wrong = [(q, ours, theirs) for q, ours, theirs in zip(questions, answers, expected) if ours != theirs]
    shares = ", ".join(f"{name} {expected.count(mark)}" for name, mark in (("covered", "1"), ("not", "0"), ("refused", "!")))
    print(f"{what}: {len(questions)} pairs ({shares}); {len(wrong)} differences")
    for question, ours, theirs in wrong[:SHOWN]:
        print(f"  {question.strip()!r}: we say {ours}, the reference {theirs}")
    return len(wrong)


def schema():
    """Documents against docs/policy.schema.json."""
    folder = os.path.join(ROOT, "Tests", "ConformanceTests", "policy")
    documents = sorted(glob.glob(os.path.join(folder, "harbour", "*.yaml")))
    return subprocess.run([
        sys.executable, os.path.join(folder, "validate.py"), os.path.join(ROOT, "docs", "policy.schema.json"),
        os.path.join(folder, "refused.yaml"), *documents]).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bench", default=os.path.join(ROOT, "Benchmarks", ".build", "release", "twin-bench"))
    arguments = parser.parse_args()
    enter_environment()
    wrong = schema()
    wrong += addresses(arguments.bench, arguments.requests, random.Random(arguments.seed))
    wrong += wildcards(arguments.bench, arguments.requests, random.Random(arguments.seed))
    wrong += decisions(arguments.bench, arguments.requests, arguments.seed)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

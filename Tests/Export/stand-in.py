#!/usr/bin/env python3
"""A stand-in for the administration interface, for tests of packaging/export: GraphQL with relay paging over made-up objects.

usage: stand-in.py [--fault NAME]

Prints its port, then serves until it is ended. Objects have the documented fields and no others: a question for another field is
answered with an error, as is a page of more than 100. Faults: rate-limit (every third request is refused with 429), server-errors
(every fourth with 500), down (always 503), error (the fifth answer carries an error), not-json, endless (a cursor that never moves),
dropped (every fifth connection is closed without an answer).
"""
import argparse
import base64
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "stand-in-key"


def gid(kind, number):
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def edge(node, **more):
    return {"node": node, **more}


USERS = [{"id": gid("User", 100 + n), "email": f"user-{n}@harbour.example", "role": "MEMBER", "firstName": "U", "lastName": str(n),
          "state": "DISABLED" if n == 3 else "ACTIVE", "type": "MANUAL"} for n in range(7)]
NETWORKS = [{"id": gid("RemoteNetwork", n), "name": f"Network {n}", "networkType": "REGULAR", "isActive": True, "location": "OTHER"}
            for n in (1, 2, 3)]
CONNECTORS = [{"id": gid("Connector", 10 + n), "name": f"connector-{n}", "hostname": f"host-{n}", "version": "1.80.0", "state": "ALIVE",
               "publicIP": f"203.0.113.{n}", "privateIPs": [f"10.0.{n}.2"], "remoteNetwork": NETWORKS[n % 3], "lastHeartbeatAt": None}
              for n in range(4)]
POLICIES = [{"id": gid("SecurityPolicy", 500 + n), "name": f"Policy {n}"} for n in range(2)]
GROUPS = [{"id": gid("Group", 200 + n), "name": f"Group {n}", "type": "MANUAL", "isActive": n != 2, "users": USERS[: 2 + n]}
          for n in range(5)]
ACCOUNTS = [{"id": gid("ServiceAccount", 300 + n), "name": f"account-{n}", "keys": [
    {"id": gid("ServiceAccountKey", 310 + 10 * n + k), "name": f"key-{k}", "status": "ACTIVE" if k else "REVOKED",
     "expiresAt": "2030-01-01T00:00:00Z", "revokedAt": None if k else "2026-01-01T00:00:00Z"} for k in range(3)]} for n in range(2)]
DEVICES = [{"id": gid("Device", 400 + n), "name": f"laptop-{n}", "isTrusted": n % 2 == 0, "activeState": "ACTIVE", "user": USERS[n],
            "osName": "x", "osVersion": "1", "clientVersion": "1", "hostname": "h", "serialNumber": "s"} for n in range(3)]


def group_ref(n):
    return {"__typename": "Group", "id": GROUPS[n]["id"], "name": GROUPS[n]["name"]}


def account_ref(n):
    return {"__typename": "ServiceAccount", "id": ACCOUNTS[n]["id"], "name": ACCOUNTS[n]["name"]}


def access(node, expires=None, policy=None, mode=None):
    return {"node": node, "expiresAt": expires, "securityPolicy": policy, "accessPolicy": mode, "approvalMode": None}


ADDRESSES = [("DNS", "wiki.harbour.example"), ("DNS", "*.harbour.example"), ("IP", "10.1.0.0/16"), ("IP", "10.2.0.9"), ("DNS", "mail.example")]
RESOURCES = [{
    "id": gid("Resource", 600 + n), "name": f"Resource {n}", "address": {"type": kind, "value": value},
    "alias": "wiki.internal" if n == 0 else None, "isActive": n != 3, "approvalMode": None,
    "routingMode": "BYPASS_TWINGATE" if n == 4 else "THROUGH_TWINGATE", "remoteNetwork": NETWORKS[n % 3],
    "securityPolicy": POLICIES[0] if n == 1 else None,
    "accessPolicy": {"mode": "AUTO_LOCK", "durationSeconds": 604800} if n == 2 else {"mode": "MANUAL", "durationSeconds": None},
    "protocols": None if n == 3 else {
        "allowIcmp": n == 1, "tcp": {"policy": "RESTRICTED", "ports": [{"start": 443, "end": 443}, {"start": 8000, "end": 8009}]},
        "udp": {"policy": "ALLOW_ALL", "ports": []}},
    "access": [access(group_ref(g), "2031-01-01T00:00:00Z" if g == 1 else None, POLICIES[1] if g == 2 else None,
                      {"mode": "MANUAL", "durationSeconds": None} if g == 0 and n == 2 else None) for g in range(n + 1)]
    + [access(account_ref(n % 2))],
} for n, (kind, value) in enumerate(ADDRESSES)]
LISTS = {"remoteNetworks": NETWORKS, "connectors": CONNECTORS, "users": USERS, "groups": GROUPS, "serviceAccounts": ACCOUNTS,
         "devices": DEVICES, "securityPolicies": POLICIES, "resources": RESOURCES}
ONE = {"group": GROUPS, "serviceAccount": ACCOUNTS, "resource": RESOURCES}


class Refused(Exception):
    pass


# --- the questions: fields, arguments, inline fragments --------------------------------------------------------------------------

TOKEN = re.compile(r"\s+|,|#[^\n]*|(\.\.\.|[A-Za-z_][A-Za-z0-9_]*|\$[A-Za-z_]+|[{}():!]|\d+)")


def tokens(text):
    position, found = 0, []
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise Refused(f"Syntax Error: unexpected {text[position]!r}")
        if match.group(1):
            found.append(match.group(1))
        position = match.end()
    return found


class Parser:
    def __init__(self, text):
        self.tokens, self.at = tokens(text), 0

    def take(self, expected=None):
        if self.at >= len(self.tokens) or (expected and self.tokens[self.at] != expected):
            raise Refused(f"Syntax Error: expected {expected}")
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def operations(self):
        result = {}
        while self.peek():
            self.take("query")
            name = self.take()
            declared = set()
            if self.peek() == "(":
                self.take("(")
                while self.peek() != ")":
                    declared.add(self.take())
                    self.take(":")
                    self.take()
                    if self.peek() == "!":
                        self.take("!")
                self.take(")")
            result[name] = (declared, self.selection())
        return result

    def selection(self):
        self.take("{")
        fields = []
        while self.peek() != "}":
            name = self.take()
            if name == "...":
                self.take("on")
                fields.append(("...", {"on": self.take()}, self.selection()))
                continue
            arguments = {}
            if self.peek() == "(":
                self.take("(")
                while self.peek() != ")":
                    key = self.take()
                    self.take(":")
                    arguments[key] = self.take()
                self.take(")")
            fields.append((name, arguments, self.selection() if self.peek() == "{" else None))
        self.take("}")
        return fields


def value(text, variables, declared):
    if not text.startswith("$"):
        return int(text)
    if text not in declared:
        raise Refused(f'Variable "{text}" is not defined')
    return variables.get(text[1:])


def page(items, arguments, fields, run, fault):
    first, after = arguments.get("first"), arguments.get("after")
    if not first:
        raise Refused("`first` is required")
    if first > 100:
        raise Refused("`first` must be at most 100")
    start = 0
    if after is not None:
        match = re.fullmatch(r"cursor:(\d+)", base64.b64decode(after).decode())
        start = int(match.group(1))
    if fault == "endless":
        start = 0
    chunk = items[start:start + first]
    more = start + first < len(items) or fault == "endless"
    cursor = base64.b64encode(f"cursor:{start + len(chunk)}".encode()).decode()
    result = {}
    for name, _, inner in fields:
        if name == "pageInfo":
            result[name] = {key: {"hasNextPage": more, "endCursor": cursor}[key] for key, _, _ in inner}
        elif name == "edges":
            edges = [item if "node" in item else {"node": item} for item in chunk]
            result[name] = [run(item, inner) for item in edges]
        else:
            raise Refused(f'Cannot query field "{name}"')
    return result


def answer(request, fault):
    operations = Parser(request["query"]).operations()
    if request["operationName"] not in operations:
        raise Refused("Unknown operation")
    declared, fields = operations[request["operationName"]]
    variables = request["variables"]

    def run(thing, selection):
        result = {}
        for name, arguments, inner in selection:
            if name == "...":
                if thing.get("__typename") == arguments["on"]:
                    result.update(run(thing, inner))
                continue
            if name not in thing:
                raise Refused(f'Cannot query field "{name}"')
            held = thing[name]
            given = {key: value(text, variables, declared) for key, text in arguments.items()}
            if isinstance(held, list) and inner and given:
                result[name] = page(held, given, inner, run, fault)
            elif isinstance(held, dict):
                if inner is None:
                    raise Refused(f'Field "{name}" must have a selection of subfields')
                result[name] = run(held, inner)
            elif isinstance(held, list) and inner:
                result[name] = [run(item, inner) for item in held]
            else:
                result[name] = held
        return result

    data = {}
    for name, arguments, inner in fields:
        given = {key: value(text, variables, declared) for key, text in arguments.items()}
        if name in LISTS:
            data[name] = page(LISTS[name], given, inner, run, fault)
        elif name in ONE:
            found = next((item for item in ONE[name] if item["id"] == given["id"]), None)
            data[name] = run(found, inner) if found else None
        else:
            raise Refused(f'Cannot query field "{name}" on type "Query"')
    return {"data": data}


class Handler(BaseHTTPRequestHandler):
    fault = None
    count = 0

    def log_message(self, *arguments):
        pass

    def reply(self, status, body, headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        Handler.count += 1
        request = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("X-API-KEY") != KEY:
            return self.reply(401, {"errors": [{"message": "Authentication failed"}]})
        if self.fault == "rate-limit" and Handler.count % 3 == 0:
            return self.reply(429, {"errors": [{"message": "Rate limit exceeded"}]}, [("Retry-After", "0")])
        if self.fault == "server-errors" and Handler.count % 4 == 0:
            return self.reply(500, b"<html>oops</html>")
        if self.fault == "down":
            return self.reply(503, b"")
        if self.fault == "dropped" and Handler.count % 5 == 0:
            self.close_connection = True
            return None
        if self.fault == "not-json":
            return self.reply(200, b"<html>sign in</html>")
        if self.fault == "error" and Handler.count == 5:
            return self.reply(200, {"data": {"users": None}, "errors": [{"message": "Something went wrong"}]})
        try:
            return self.reply(200, answer(json.loads(request), self.fault))
        except Refused as problem:
            return self.reply(200, {"errors": [{"message": str(problem)}], "data": None})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault")
    Handler.fault = parser.parse_args().fault
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Writes the sample files of this directory: one small tenant, one day, every form of input.

Standard library only. The output depends on nothing but this file, so that running it again changes no byte.
Names are under .example, addresses are of the documentation ranges or private.
"""

import base64
import csv
import gzip
import io
import json
import os
import sys
import zlib

HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
DAY = 1789344000000  # 2026-09-14T00:00:00Z in milliseconds


def at(clock):
    """Milliseconds of a time of the day, `hh:mm:ss` or `hh:mm:ss.mmm`."""
    whole, _, fraction = clock.partition(".")
    hours, minutes, seconds = (int(part) for part in whole.split(":"))
    return DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((fraction or "0").ljust(3, "0"))


def clock(milliseconds, separator="T", zone="Z", digits=3):
    rest = milliseconds - DAY
    seconds, fraction = divmod(rest, 1000)
    text = "2026-09-14%s%02d:%02d:%02d" % (separator, seconds // 3600, seconds // 60 % 60, seconds % 60)
    return text + (".%03d" % fraction)[: digits + 1 if digits else 0] + zone


# The tenant ---------------------------------------------------------------------------------------------------------

NETWORKS = {"3001": "🏠 Depot", "3002": "Cloud west"}
CONNECTORS = {"3011": ("brisk-heron", "3001"), "3012": ("calm-heron", "3001"), "3021": ("dusty-finch", "3002")}
# Carries traffic, but the policy knows nothing of it.
STRANGER = {"3099": ("idle-magpie", "3001")}
USERS = {
    "3101": "ada@harbour.example", "3102": "ben@harbour.example", "3103": "cleo@harbour.example",
    "3104": "dov@harbour.example", "3105": "elsa@harbour.example", "3106": "finn@harbour.example",
}
DEVICES = {user: str(int(user) + 300) for user in USERS}
SERVICE = {"id": "3150", "name": "builder", "key": "nightly", "key_id": "3160"}
GROUPS = {
    "3300": ("Everyone", "SYSTEM", list(USERS)),
    "3301": ("Engineering", "MANUAL", ["3101", "3102", "3104"]),
    "3302": ("Finance", "SYNCED", ["3103", "3105"]),
}
RELAYS = [
    {"ip": "198.51.100.20", "name": "relay-a.harbour.example", "port": 30000},
    {"ip": "198.51.100.21", "name": "relay-b.harbour.example", "port": 30001},
]


def ports(*ranges):
    return {"policy": "RESTRICTED", "ports": [{"start": start, "end": end} for start, end in ranges]}


RESOURCES = {
    "3200": dict(name="Wiki", type="DNS", address="wiki.depot.harbour.example", network="3001",
                 tcp=ports((443, 443)), udp=ports(), icmp=False, routing="THROUGH_TWINGATE", groups=["3300"]),
    "3201": dict(name="Depot web", type="DNS", address="*.depot.harbour.example", network="3001",
                 tcp=ports((443, 443), (8080, 8090)), udp=ports((53, 53)), icmp=False, routing="THROUGH_TWINGATE",
                 groups=["3301"]),
    "3202": dict(name="Ledger", type="IP", address="10.31.4.10", network="3001",
                 tcp=ports((5432, 5432)), udp=ports(), icmp=False, routing="THROUGH_TWINGATE",
                 groups=["3302", ("3301", "2026-09-14T10:00:00Z")]),
    "3203": dict(name="Build cluster", type="IP", address="10.42.0.0/16", network="3002",
                 tcp=ports((22, 22), (443, 443)), udp=ports(), icmp=True, routing="THROUGH_TWINGATE",
                 groups=["3301"], services=["3150"]),
    "3204": dict(name="Metrics", type="DNS", address="*.metrics.harbour.example", network="3002",
                 tcp=ports((9090, 9090)), udp=ports(), icmp=True, routing="THROUGH_TWINGATE", groups=["3301"]),
    "3205": dict(name="Printers", type="DNS", address="print.depot.harbour.example", network="3001",
                 tcp=ports((631, 631)), udp=ports(), icmp=False, routing="BYPASS_TWINGATE", groups=["3300"]),
}


def global_id(kind, number):
    return base64.b64encode(("%s:%s" % (kind, number)).encode()).decode()


def page(nodes):
    return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": [{"node": node} for node in nodes]}


def policy(disabled, build_ports):
    """The configuration as the administration interface exports it."""
    resources = []
    for number, resource in RESOURCES.items():
        edges = []
        for group in resource["groups"]:
            group, expires = group if isinstance(group, tuple) else (group, None)
            edges.append({"node": {"__typename": "Group", "id": global_id("Group", group)}, "expiresAt": expires,
                          "securityPolicy": None})
        for service in resource.get("services", []):
            edges.append({"node": {"__typename": "ServiceAccount", "id": global_id("ServiceAccount", service)},
                          "expiresAt": None, "securityPolicy": None})
        resources.append({
            "id": global_id("Resource", number), "name": resource["name"],
            "address": {"type": resource["type"], "value": resource["address"]}, "alias": None, "isActive": True,
            "routingMode": resource["routing"], "remoteNetwork": {"id": global_id("RemoteNetwork", resource["network"])},
            "protocols": {"allowIcmp": resource["icmp"], "tcp": build_ports if number == "3203" else resource["tcp"],
                          "udp": resource["udp"]},
            "securityPolicy": None,
            "access": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": edges},
        })
    return {"data": {
        "remoteNetworks": page({"id": global_id("RemoteNetwork", number), "name": name, "location": "OTHER",
                                "networkType": "REGULAR", "isActive": True} for number, name in NETWORKS.items()),
        "connectors": page({"id": global_id("Connector", number), "name": name, "state": "ALIVE",
                            "remoteNetwork": {"id": global_id("RemoteNetwork", network)}}
                           for number, (name, network) in CONNECTORS.items()),
        "users": page({"id": global_id("User", number), "email": mail,
                       "firstName": mail.split("@")[0].capitalize(), "lastName": "Sample", "role": "MEMBER",
                       "state": "DISABLED" if number in disabled else "ACTIVE", "type": "MANUAL"}
                      for number, mail in USERS.items()),
        "groups": page({"id": global_id("Group", number), "name": name, "isActive": True, "type": kind,
                        "users": page({"id": global_id("User", user)} for user in users)}
                       for number, (name, kind, users) in GROUPS.items()),
        "serviceAccounts": page([{
            "id": global_id("ServiceAccount", SERVICE["id"]), "name": SERVICE["name"],
            "keys": page([{"id": global_id("ServiceAccountKey", SERVICE["key_id"]), "name": SERVICE["key"],
                           "status": "ACTIVE", "expiresAt": None, "revokedAt": None}])}]),
        "resources": page(resources),
        "devices": page({"id": global_id("Device", device), "name": "laptop-" + USERS[user].split("@")[0],
                         "isTrusted": True, "activeState": "ACTIVE", "osName": "LINUX"}
                        for user, device in DEVICES.items()),
    }}


# Flows --------------------------------------------------------------------------------------------------------------

class Flow:
    def __init__(self, number, start, who, connector, resource, address, ip, port, protocol="tcp", seconds=30,
                 outcome="allowed", rule=None, relay=None, error=None, network=None):
        self.number, self.start, self.who, self.connector = number, at(start), who, connector
        self.resource, self.address, self.ip, self.port, self.protocol = resource, address, ip, port, protocol
        self.milliseconds, self.outcome, self.error = int(seconds * 1000), outcome, error
        self.rule = rule if rule is not None else (RESOURCES[resource]["address"] if resource else "")
        self.relays = [] if relay is None else [RELAYS[relay]]
        self.name, self.network = {**CONNECTORS, **STRANGER}[connector]
        self.connection = "%08x%08x-%d" % (0x5eed0000 + number, number * 2654435761 % 2**32, number)
        self.client = "203.0.113.%d" % (10 + number % 7)
        self.rx, self.tx = 1000 + number * 37, 400 + number * 11

    @property
    def end(self):
        return self.start + self.milliseconds

    def principal(self):
        return {"service_account": SERVICE} if self.who == "builder" else {
            "user": {"id": self.who, "email": USERS[self.who]}}

    def device(self):
        return "3450" if self.who == "builder" else DEVICES[self.who]

    def event(self, kind, **extra):
        connection = {"id": self.connection, "protocol": self.protocol, "client_ip": self.client}
        if self.ip:
            connection["resource_ip"] = self.ip
        connection.update(resource_port=self.port, cbct_freshness=self.number * 7 % 90 - 20)
        if kind == "closed_connection":
            connection.update(duration=self.milliseconds, rx=self.rx, tx=self.tx)
        if self.error and kind in ("failed_to_connect", "denied_access"):
            connection["error_message"] = self.error
        event = {"event_type": kind, "timestamp": self.end if kind == "closed_connection" else self.start,
                 "connection": connection}
        event.update(self.principal())
        event.update(
            device={"id": self.device()}, connector={"id": self.connector, "name": self.name},
            remote_network={"id": self.network, "name": NETWORKS[self.network]},
            resource={"id": self.resource, "address": self.address, "applied_rule": self.rule}, relays=self.relays)
        event.update(extra)
        return event

    def events(self):
        if self.outcome == "allowed":
            return [self.event("established_connection"), self.event("closed_connection")]
        return [self.event({"failed": "failed_to_connect", "denied": "denied_access"}[self.outcome])]

    def whole(self):
        """Columns of the network events report."""
        service = self.who == "builder"
        failed = self.outcome == "failed"
        return {
            "start_time": clock(self.start, " ", " UTC", 2), "end_time": "" if failed else clock(self.end, " ", " UTC", 2),
            "user": "" if service else USERS[self.who], "user_id": "" if service else self.who, "device_id": self.device(),
            "client_ip": self.client, "connector": self.name, "connector_id": self.connector, "resource_ip": self.ip or "",
            "resource_port": self.port, "resource_domain": "" if self.address == self.ip else self.address,
            "resource_id": self.resource, "protocol": self.protocol,
            "status": "NORMAL" if not failed else ("CONNECTION_FAILED" if self.ip else "DNS_ERROR"),
            "bytes_transferred": "" if failed else self.tx, "bytes_received": "" if failed else self.rx,
            "remote_network": NETWORKS[self.network], "remote_network_id": self.network, "applied_rule": self.rule,
            "relays": ";".join(relay["name"] for relay in self.relays),
            "relay_ips": ";".join(relay["ip"] for relay in self.relays),
            "relay_ports": ";".join(str(relay["port"]) for relay in self.relays),
            "service_account": SERVICE["name"] if service else "", "service_account_id": SERVICE["id"] if service else "",
            "service_account_key": SERVICE["key"] if service else "",
            "service_account_key_id": SERVICE["key_id"] if service else "",
        }

    def synced(self):
        status = {"allowed": "closed_connection", "failed": "failed_to_connect", "denied": "denied_access"}[self.outcome]
        connection = {"client_ip": self.client, "protocol": self.protocol}
        if self.outcome == "allowed":
            connection.update(bytes_received=self.rx, bytes_transferred=self.tx)
        if self.error:
            connection["error_message"] = self.error
        event = {"status": status, "time": clock(self.end if self.outcome == "allowed" else self.start, digits=0),
                 "connection": connection, "connector": {"id": global_id("Connector", self.connector), "name": self.name},
                 "device": {"id": global_id("Device", self.device())}, "relays": self.relays,
                 "remote_network": {"id": global_id("RemoteNetwork", self.network), "name": NETWORKS[self.network]},
                 "resource": {"address": self.address, "applied_rule": self.rule,
                              "id": global_id("Resource", self.resource) if self.resource else "",
                              "ip": self.ip, "port": self.port}}
        event.update(self.principal())
        return event


WIKI, WEB, LEDGER, BUILD, METRICS, PRINTERS = "3200", "3201", "3202", "3203", "3204", "3205"
FLOWS = {
    # The Connector's own output.
    "raw": [
        Flow(1, "06:02:11.120", "3101", "3011", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443, relay=0),
        Flow(2, "06:14:40", "3103", "3011", LEDGER, "10.31.4.10", "10.31.4.10", 5432, seconds=610.5),
        Flow(3, "06:31:05", "3106", "3011", WEB, "git.depot.harbour.example", "10.31.1.9", 443, outcome="denied", rule="",
             error="access denied"),
        # Carried although the policy says that it must bypass the Connectors.
        Flow(4, "07:00:30", "3102", "3011", PRINTERS, "print.depot.harbour.example", "10.31.9.2", 631, relay=1),
    ],
    "journald": [
        Flow(5, "07:20:00.500", "3105", "3012", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
        Flow(6, "07:41:17", "3102", "3012", WEB, "git.depot.harbour.example", "10.31.1.9", 8085, relay=0, seconds=2),
        # Inside of the grant that ends at 10:00, and after it.
        Flow(7, "09:15:00", "3101", "3012", LEDGER, "10.31.4.10", "10.31.4.10", 5432),
        Flow(8, "11:05:00", "3101", "3012", LEDGER, "10.31.4.10", "10.31.4.10", 5432, seconds=44),
    ],
    "rfc5424": [
        Flow(9, "08:01:00", "3104", "3012", WEB, "ci.depot.harbour.example", "10.31.1.20", 443),
        Flow(10, "08:12:59.999", "3103", "3012", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
    ],
    "journalctl": [
        Flow(11, "08:30:00", "3101", "3021", BUILD, "10.42.7.7", "10.42.7.7", 22, seconds=1800, relay=1),
        Flow(12, "08:45:00", "builder", "3021", BUILD, "10.42.7.8", "10.42.7.8", 443, seconds=5),
        # No Resource covers it: a leak of the split tunnel.
        Flow(13, "09:00:10", "3102", "3021", "", "updates.elsewhere.example", "198.51.100.77", 443),
    ],
    "docker": [
        Flow(14, "09:30:00", "3102", "3021", METRICS, "cpu.metrics.harbour.example", "10.42.200.3", 9090),
        # For a Resource of the other Remote network.
        Flow(15, "09:31:00", "3101", "3021", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
        Flow(16, "09:40:00", "3104", "3021", METRICS, "disk.metrics.harbour.example", "10.42.200.4", 9090,
             outcome="failed", error="connection refused"),
    ],
    "vector": [
        Flow(17, "10:10:00", "3105", "3011", LEDGER, "10.31.4.10", "10.31.4.10", 5432, seconds=95),
        Flow(18, "10:20:00", "3106", "3011", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
        # A Connector that the policy does not know.
        Flow(19, "10:25:00", "3106", "3099", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
    ],
    "bare": [
        Flow(20, "12:30:00", "3102", "3021", BUILD, "10.42.9.1", "10.42.9.1", 443, relay=0),
        # Disabled at 12:00, and still let through two hours later.
        Flow(21, "14:00:00", "3104", "3021", BUILD, "10.42.9.2", "10.42.9.2", 22, seconds=300),
    ],
    "members": [
        Flow(22, "14:30:00", "3101", "3011", WEB, "git.depot.harbour.example", "10.31.1.9", 443),
        Flow(23, "14:45:00", "3103", "3011", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
    ],
    "zlib": [
        Flow(24, "15:00:00", "3105", "3012", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
    ],
    "windows": [
        Flow(25, "15:10:00", "3102", "3012", WEB, "ci.depot.harbour.example", "10.31.1.20", 8080),
    ],
    "unended": [
        Flow(26, "15:20:00", "3106", "3012", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
    ],
    "report": [
        Flow(27, "16:00:00.920", "3101", "3021", BUILD, "10.42.1.1", "10.42.1.1", 443, seconds=12.5, relay=0),
        Flow(28, "16:05:00", "builder", "3021", BUILD, "10.42.1.2", "10.42.1.2", 22, seconds=60),
        Flow(29, "16:10:00", "3102", "3021", METRICS, "gone.metrics.harbour.example", None, 9090, outcome="failed"),
        Flow(30, "16:15:00", "3102", "3021", BUILD, "10.42.66.6", "10.42.66.6", 22, outcome="failed"),
    ],
    "oldreport": [
        Flow(31, "17:00:00", "3103", "3011", LEDGER, "10.31.4.10", "10.31.4.10", 5432, seconds=20),
        Flow(32, "17:30:00", "3105", "3011", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443, seconds=3, relay=1),
    ],
    "synced": [
        Flow(33, "18:00:00", "3101", "3012", WEB, "git.depot.harbour.example", "10.31.1.9", 443, seconds=25, relay=0),
        Flow(34, "18:10:00", "builder", "3021", BUILD, "10.42.1.3", "10.42.1.3", 443, seconds=8),
        Flow(35, "18:20:00", "3106", "3012", LEDGER, "10.31.4.10", "10.31.4.10", 5432, outcome="denied", rule="",
             error="access denied"),
    ],
    "pretty": [
        Flow(36, "19:00:00", "3101", "3011", WIKI, "wiki.depot.harbour.example", "10.31.1.5", 443),
    ],
}

NOISE = [
    "[INFO] [connector] state: Online",
    "[WARN] [libsdwan] [controller] operator(): failed to get SD: Gone, code 410",
    "[INFO] ANALYTICS logging is on",
]


# Writing ------------------------------------------------------------------------------------------------------------

def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write(name, data):
    path = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(data, str):
        data = data.encode()
    with open(path, "wb") as file:
        file.write(data)


def ordered(name):
    """The events of a file's flows, in the order in which they were written."""
    events = [event for flow in FLOWS[name] for event in flow.events()]
    return sorted(events, key=lambda event: event["timestamp"])


def lines(texts, ending="\n"):
    return "".join(text + ending for text in texts)


def zipped(text):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as file:
        file.write(text.encode())
    return buffer.getvalue()


def bare(name):
    return [compact(event) for event in ordered(name)]


def main():
    raw = ["ANALYTICS " + line for line in bare("raw")]
    write("connector-raw.log", lines([NOISE[0]] + raw[:3] + [NOISE[1], "", NOISE[2]] + raw[3:]))

    def short(event, text):
        return "Sep 14 %s depot-gw twingate-connector[812]: %s" % (clock(event["timestamp"], "", "", 0)[10:], text)
    journald = [short(event, "ANALYTICS " + compact(event)) for event in ordered("journald")]
    write("connector-journald.log", lines([short(ordered("journald")[0], NOISE[1])] + journald))

    write("connector-rfc5424.log", lines(
        "<30>1 %s depot-gw twingate-connector 812 - - ANALYTICS %s" % (clock(event["timestamp"]), compact(event))
        for event in ordered("rfc5424")))

    exported = []
    for index, event in enumerate(ordered("journalctl")):
        text = "ANALYTICS " + compact(event)
        # journald gives a message that it cannot print as an array of bytes.
        message = list(text.encode()) if index == 1 else text
        exported.append(compact({
            "__REALTIME_TIMESTAMP": str(event["timestamp"] * 1000), "_HOSTNAME": "cloud-gw", "PRIORITY": "6",
            "_SYSTEMD_UNIT": "twingate-connector.service", "SYSLOG_IDENTIFIER": "twingate-connector", "MESSAGE": message}))
    exported.insert(2, compact({"__REALTIME_TIMESTAMP": "1789375000000000", "_HOSTNAME": "cloud-gw", "MESSAGE": NOISE[0]}))
    write("connector-journalctl.json", lines(exported))

    docker = [compact({"log": "ANALYTICS %s\n" % compact(event), "stream": "stderr" if index == 2 else "stdout",
                       "time": clock(event["timestamp"], zone="000000Z")}) for index, event in enumerate(ordered("docker"))]
    docker.insert(0, compact({"log": NOISE[0] + "\n", "stream": "stdout", "time": "2026-09-14T09:29:00.000000000Z"}))
    write("connector-docker.json", lines(docker))

    vector = []
    for index, event in enumerate(ordered("vector")):
        # As an object, as the object's text, and as the whole line.
        message = [event, compact(event), "ANALYTICS " + compact(event)][index % 3]
        vector.append(compact({
            "kubernetes": {"pod_name": "connector-0", "pod_namespace": "edge"}, "message": message,
            "source_type": "kubernetes_logs", "stream": "stdout", "timestamp": clock(event["timestamp"])}))
    write("connector-vector.ndjson", lines(vector))

    located = []
    for event in ordered("bare"):
        event["connection"].update(tunnel_path="relayed" if event["relays"] else "direct", tunnel_proto="quic/udp")
        event["location"] = compact({"geoip": {"city": "Lisbon", "country": "PT", "lat": 38.72, "lon": -9.14, "region": "11"}})
        located.append(compact(event))
    write("connector-bare.ndjson.gz", zipped(lines(located)))
    write("connector-members.ndjson.gz", b"".join(zipped(line + "\n") for line in bare("members")))
    write("connector-zlib.ndjson", zlib.compress(lines(bare("zlib")).encode(), 9))
    write("connector-windows.log", "\ufeff" + lines(["ANALYTICS " + line for line in bare("windows")], "\r\n"))
    write("connector-unended.log", lines(["ANALYTICS " + line for line in bare("unended")])[:-1])

    torn = bare("raw")[0]
    twice = bare("raw")[1].replace('"rx":', '"tx":', 1) if '"rx":' in bare("raw")[1] else bare("raw")[1]
    write("set-aside.ndjson", lines([
        compact({"logger": "gateway", "ts": "2026-09-14T12:00:00Z", "message": "session opened", "session": "k2"}),
        torn[: len(torn) // 2],
        torn[len(torn) // 2:],
        twice,
        torn.replace('"resource_port":443', '"resource_port":70000'),
    ]))

    def table(name, columns):
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for flow in FLOWS[name]:
            writer.writerow(flow.whole())
        return buffer.getvalue()
    columns = list(FLOWS["report"][0].whole())
    write("network-report.csv", table("report", columns))
    # Older exports end after the relays; reports come compressed without saying so in their names.
    write("network-report-old.csv", zipped(table("oldreport", columns[: columns.index("relay_ports") + 1])))

    synced = [compact({"event_type": "network" if index == 1 else "network_access", "event": flow.synced()})
              for index, flow in enumerate(FLOWS["synced"])]
    write("synced-network.ndjson", lines(synced))

    def query(time, domain, root, user, status, reasons, way="DNS-over-HTTPS"):
        return {"version": 1, "time": time, "domain": domain, "root": root,
                "device": {"id": global_id("Device", DEVICES[user]), "name": "laptop-" + USERS[user].split("@")[0]},
                "connection": {"client_ip": "203.0.113.12", "protocol": way}, "status": status, "reasons": reasons}
    queries = [
        query("2026-09-14T06:00:00.250000+00:00", "news.example", "news.example", "3101", "default", []),
        query("2026-09-14T06:03:00Z", "ads.tracker.example", "tracker.example", "3102", "blocked",
              [{"id": "17", "name": "Advertising"}]),
        query("2026-09-14T06:04Z", "mail.harbour.example", "harbour.example", "3103", "allowed", ["allow list"], "DNS"),
    ]
    write("synced-dns.ndjson", lines(compact({"event_type": "dns_filtering", "event": entry}) for entry in queries))

    def actor(user):
        return {"type": "User", "id": global_id("User", user),
                "info": {"email": USERS[user], "name": USERS[user].split("@")[0].capitalize() + " Sample"}}
    changes = [
        {"version": 1, "time": "2026-09-14T12:00:00Z", "actor": actor("3105"), "action": "edit",
         "targets": [{"type": "user", "id": global_id("User", "3104"), "name": USERS["3104"], "state": "DISABLED"}]},
        {"version": 1, "time": "2026-09-14T12:00:00Z", "actor": {"type": "API", "id": global_id("APIKey", "3190"), "info": None},
         "action": "edit", "targets": [{
             "type": "resource", "id": global_id("Resource", "3203"), "name": "Build cluster", "isActive": True,
             "address": {"type": "IP", "value": "10.42.0.0/16"},
             "protocols": {"allowIcmp": True, "tcp": ports((22, 22), (443, 443), (8443, 8443)), "udp": ports()}}]},
    ]
    write("synced-audit.ndjson", lines(compact({"event_type": "audit_log", "event": entry}) for entry in changes))
    write("audit-array.json", json.dumps([
        {"version": 1, "time": "2026-09-13T16:20:00Z", "actor": actor("3105"), "action": "create",
         "targets": [{"type": "resource", "id": global_id("Resource", "3204"), "name": "Metrics", "isActive": True}]},
        {"version": 1, "time": "2026-09-13T16:21:00Z", "actor": {"type": "Twingate Support", "id": None, "info": None},
         "action": "delete", "targets": [{"type": "group", "id": global_id("Group", "3390"), "name": "Old hands"},
                                         {"type": "connector", "id": global_id("Connector", "3019"), "name": "rusty-crow"}]},
    ], ensure_ascii=False, indent=2) + "\n")
    write("events-pretty.json", "".join(json.dumps(event, ensure_ascii=False, indent=2) + "\n" for event in ordered("pretty")))

    first = policy(disabled=(), build_ports=RESOURCES["3203"]["tcp"])
    second = policy(disabled=("3104",), build_ports=ports((22, 22), (443, 443), (8443, 8443)))
    for name, document in (("2026-09-14T00:00:00Z", first), ("2026-09-14T12:00:00Z", second)):
        write("policy/%s.json" % name, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()

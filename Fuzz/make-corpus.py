#!/usr/bin/env python3
"""Makes the corpora in Fuzz/Corpus/ that fuzzing begins from: small journals, notes, proofs, streams and logs, whole and damaged.

Journals come from the second implementation of the journal format, Tests/ConformanceTests/journal/make.py. Inputs that fuzzing found are added beside
them under other names; this script leaves those alone."""
import base64, gzip, hashlib, json, os, sys, zlib

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "Tests", "ConformanceTests", "journal"))
sys.dont_write_bytecode = True
import make

LONGEST = 20_000  # as -max_len in run.sh


def save(target, name, data):
    if len(data) > LONGEST:
        sys.exit(f"{target}/{name} is too long")
    os.makedirs(os.path.join(here, "Corpus", target), exist_ok=True)
    with open(os.path.join(here, "Corpus", target, name), "wb") as file:
        file.write(data)


def stored(data):
    """A gzip member whose data is not compressed, so that what is in it stands there as it is."""
    deflate = zlib.compressobj(0, zlib.DEFLATED, 31)
    return deflate.compress(data) + deflate.flush()


def main():
    journals = {name: files for name, _, files, _, _, _ in make.cases()}
    whole = make.sample()
    for name, files in journals.items():
        segments = b"".join(data for file, data in sorted(files.items()) if file.endswith(".gz"))
        if name in ("closed", "torn-tail", "byte-changed", "length-changed", "member-appended", "garbage-appended"):
            save("frame", name, segments)
        if name not in ("no-key", "wrong-key", "new-key-only"):
            save("journal", name, files.get(make.FIRST, b"") + b"\xff" + files.get("checkpoints", b""))
    save("frame", "frame-within-a-member", stored(whole.frames[0]) + whole.frames[1])
    save("frame", "bomb", gzip.compress(bytes(9_000_000), mtime=0))
    save("frame", "zeros", whole.frames[0] + bytes(300))

    opened = gzip.decompress(whole.frames[0]).splitlines()[0]
    for name, record in {
        "opened": opened, "empty": b"{}", "blanks": b' { "a" : [ 1 , true , null ] } ', "numbers": b'{"seq":18446744073709551615,"timestamp":-1,"a":-0.5e+10}',
        "escapes": b'{"s\\u0065q":1,"event_type":"\\ud83c\\udfe0\\"\\\\"}', "deep": b'{"a":' + b"[" * 63 + b"]" * 63 + b"}",
        "utf-8": '{"é":"🏠 \u2028"}'.encode(), "cut": opened[:-9], "event": gzip.decompress(whole.frames[1]).splitlines()[0],
    }.items():
        save("record", name, record)

    for number, note in enumerate(whole.notes):
        save("checkpoint", f"note-{number}", note[:-1].encode())
    for name in ("cosigned", "signature-wrong"):
        save("checkpoint", name, journals[name]["checkpoints"].decode().split("\n\n\n")[0].encode() + b"\n")
    save("checkpoint", "key", make.office.line.encode() + b"\n")
    seed = base64.b64encode(b"\1" + bytes([1]) * 32).decode()
    save("checkpoint", "private-key", f"PRIVATE+KEY+{make.office.name}+{make.office.id.hex()}+{seed}\n".encode())
    text = f"{make.office.name}\n18446744073709551615\n{whole.notes[0].splitlines()[2]}\nextension\n"
    save("checkpoint", "extended", (text + "\n" + make.office.signature_line(text)).encode())

    for index in (0, 3, len(whole.frames) - 1):
        lines = ["c2sp.org/tlog-proof@v1", f"index {index}"] + [base64.b64encode(hash).decode() for hash in make.path(index, whole.frames)]
        save("proof", f"frame-{index}", ("\n".join(lines) + "\n\n" + whole.notes[-1][:-1]).encode())
        lines.insert(1, "extra " + base64.b64encode(b"000000000001.ndjson.gz 0 400").decode())
        save("proof", f"frame-{index}-extra", ("\n".join(lines) + "\n\n" + whole.notes[-1][:-1]).encode())

    text = b"".join(b"line %d\n" % number for number in range(300))
    save("stream", "plain", text)
    save("stream", "gzip", gzip.compress(text, mtime=0))
    save("stream", "members", gzip.compress(text[:100], mtime=0) + stored(b"") + gzip.compress(text[100:], mtime=0) + bytes(600))
    save("stream", "zlib", zlib.compress(text))
    save("stream", "named", b"\x1f\x8b\x08\x1e\0\0\0\0\0\3\4\0ab\0\0name\0comment\0" + bytes(2) + zlib.compress(text)[2:-4])
    save("stream", "looks-like-zlib", b"x^2 is not compressed\n")
    save("stream", "cut", gzip.compress(text, mtime=0)[:-20])
    formats()


def formats():
    """Lines, documents and reports in every form that docs/log-formats.md names."""
    event = '{"event_type":"closed_connection","timestamp":1789344000001,"connection":{"id":"c","protocol":"tcp","client_ip":"203.0.113.7:41000",'
    event += '"resource_ip":"10.0.0.1","resource_port":443,"rx":1037,"tx":411,"duration":30000},"user":{"id":"3101","email":"ada@harbour.example"},'
    event += '"connector":{"id":"3011"},"resource":{"id":"1","address":"wiki.harbour.example"},"relays":[{"ip":"198.51.100.20","port":30000}],"x":[1]}'
    quoted = json.dumps("ANALYTICS " + event)
    cut = quoted[1:60], quoted[60:-1]
    lines = {
        "bare": event, "raw": "[INFO] up\nANALYTICS " + event, "twice": event + event + "\r\n" + event, "zeros": "\0\0\0" + event[:40] + "\0" + event,
        "docker": '{"log":' + quoted[:-1] + '\\n","stream":"stdout","time":"t"}', "journald": '{"MESSAGE":' + quoted + '}\n{"MESSAGE":null}',
        "docker-cut": '{"log":"%s","stream":"stdout"}\n{"log":"x\\n","stream":"stderr"}\n{"log":"%s\\n","stream":"stdout"}' % cut,
        "cri": "2026-09-14T00:00:00.123456789Z stdout P ANALYTICS %s\n2026-09-14T00:00:00.123456789Z stdout F %s" % (event[:50], event[50:]),
        "cloudwatch": '{"logEvents":[{"id":"1","message":%s},{"message":"up"}]}' % quoted, "hec": '{"host":"h","event":%s}' % quoted,
        "loki": '{"streams":[{"stream":{},"values":[["1",%s]]}]}' % quoted, "gelf": '{"host":"h","short_message":"x","full_message":%s}' % quoted,
        "gcp": '{"insertId":"a","textPayload":%s}\n{"jsonPayload":%s,"logName":"n"}' % (quoted, event), "elastic": '{"_source":{"message":%s}}' % quoted,
        "lost": "gw systemd-journald[1]: Suppressed 312 messages from x\n2026-09-14T00:00:00Z gw rsyslogd: imjournal: 9 messages lost due to rate-limiting",
        "synced": '{"event_type":"network","event":{"status":"closed_connection","time":"2026-09-14T18:00Z","connection":{"rx":1}}}',
        "dns": '{"event_type":"dns_filtering","event":{"time":"2026-09-14T18:00Z","domain":"a.example","status":"blocked","reasons":["x",{"name":"y"}]}}',
        "audit": '{"action":"edit","actor":{"id":1,"info":{"email":"a"}},"time":"2026-09-14T18:00Z","targets":[{"type":"group","id":"1"}],"version":1}',
        "numbers": event.replace("1037", "1e308").replace("411", "-0").replace("443", "443.0").replace("30000}", "9223372036854775808}"),
        "journal": '{"seq":1,"event_type":"journal_opened","timestamp":1789344000001,"connector":{"id":"1"}}', "escapes": event.replace("wiki", "\\u0077\\ud83c\\udfe0"),
    }
    for name, text in lines.items():
        save("lines", name, text.encode() + b"\n")
        save("documents", name, ("[" + text.replace("\n", ",\n") + "]").encode())
        save("sniffer", name, text.encode())
    header = "start_time,end_time,status,user,user_id,client_ip,resource_ip,resource_port,protocol,bytes_received,relays,relay_ips,relay_ports,other"
    row = "2026-09-14 16:00:00.92 UTC,,NORMAL,ada@harbour.example,3101,203.0.113.7,10.0.0.1,443,tcp,1037,a;b,\"198.51.100.1,198.51.100.2\",1;2,\"x\"\"y\""
    reports = {
        "commas": f"{header}\n{row}\n", "semicolons": f"sep=;\n{header}\n{row}\n".replace(",", ";"), "tabs": f"{header}\n{row}".replace(",", "\t"),
        "returns": f"{header}\r{row}\r{row}", "two": f"\ufeff{header}\r\n{row}\r\nstart_time,status\r\n2026-09-14T00:00Z,DNS_ERROR\r\n", "zeros": f"{header}\n\0\0{row}\0",
        "late": f"Network events\n\n{header}\n{row}\n", "damaged": f"{header}\n\"{row}\n{row},\n2026",
    }
    for name, text in reports.items():
        save("report", name, text.encode())
        save("sniffer", "report-" + name, text.encode())
    save("sniffer", "utf-16", ("ANALYTICS " + event).encode("utf-16"))
    save("sniffer", "utf-16be", ("ANALYTICS " + event).encode("utf-16-be"))
    save("sniffer", "policy", b'{"data":{"remoteNetworks":{"edges":[]}}}')


if __name__ == "__main__":
    main()

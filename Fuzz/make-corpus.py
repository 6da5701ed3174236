#!/usr/bin/env python3
"""Makes the corpora in Fuzz/Corpus/ that fuzzing begins from: small journals, notes, proofs and streams, whole and damaged.

They come from the second implementation of the journal format, Tests/ConformanceTests/journal/make.py. Inputs that fuzzing found are added beside
them under other names; this script leaves those alone."""
import base64, gzip, hashlib, os, sys, zlib

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


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes the test data of this directory: trees.json, journals.json and journals/.

A second implementation of docs/journal-format.md, written from the page alone and with Python's standard library alone. Running it again gives
the same journals, as long as zlib compresses alike.
"""
import base64, hashlib, json, os, shutil, struct, sys, zlib

here = os.path.dirname(os.path.abspath(__file__))
b64 = lambda data: base64.b64encode(data).decode()
sha = lambda data: hashlib.sha256(data).digest()

# Trees: RFC 6962, section 2.1, word for word.


def split(count):
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def root(leaves):
    if len(leaves) < 2:
        return sha(b"\0" + leaves[0]) if leaves else sha(b"")
    return sha(b"\1" + root(leaves[: split(len(leaves))]) + root(leaves[split(len(leaves)) :]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    half = split(len(leaves))
    if index < half:
        return path(index, leaves[:half]) + [root(leaves[half:])]
    return path(index - half, leaves[half:]) + [root(leaves[:half])]


def subproof(old, leaves, whole):
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    half = split(len(leaves))
    if old <= half:
        return subproof(old, leaves[:half], whole) + [root(leaves[half:])]
    return subproof(old - half, leaves[half:], False) + [root(leaves[:half])]


# The leaves that the reference implementation of certificate transparency uses for its known answers.
KNOWN = [b"", b"\0", b"\x10", b"\x20\x21", b"\x30\x31", bytes(range(0x40, 0x44)), bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]


def trees():
    leaves = [KNOWN[n] if n < 8 else str(n).encode() for n in range(1025)]
    sizes = [*range(9), 15, 16, 17, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025]
    included = [(1, 0), (2, 0), (2, 1), (3, 2), (5, 4), (7, 3), (8, 0), (8, 5), (17, 16), (33, 0), (1025, 1024), (1025, 511)]
    extended = [(1, 1), (1, 8), (2, 8), (3, 7), (4, 7), (6, 7), (6, 8), (7, 8), (8, 9), (16, 17), (31, 33), (1, 1025), (512, 1025), (1023, 1025)]
    return {
        "note": "Merkle trees of RFC 6962 over the first `size` leaves. Leaves 0 to 7 are given in hexadecimal; leaf n from 8 on is the decimal text of n.",
        "leaves": [leaf.hex() for leaf in KNOWN],
        "roots": [{"size": n, "root": b64(root(leaves[:n]))} for n in sizes],
        "inclusion": [{"size": n, "index": i, "path": [b64(hash) for hash in path(i, leaves[:n])]} for n, i in included],
        "consistency": [{"old": m, "new": n, "path": [b64(hash) for hash in subproof(m, leaves[:n], True)]} for m, n in extended],
    }


# Signatures: RFC 8032, section 5.1.

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE = (15112221349535400772501151409588531511454012693041857206046113283949847762202, 4 * pow(5, -1, P) % P)


def add(a, b):
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P


def times(scalar, point):
    total = (0, 1)
    for bit in bin(scalar)[2:]:
        total = add(total, total)
        total = add(total, point) if bit == "1" else total
    return total


def packed(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


class Key:
    def __init__(self, name, number):
        self.name = name
        digest = hashlib.sha512(bytes([number]) * 32).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.prefix = digest[32:]
        self.public = packed(times(self.scalar, BASE))
        self.id = sha(name.encode() + b"\n\1" + self.public)[:4]
        self.line = f"{name}+{self.id.hex()}+{b64(bytes([1]) + self.public)}"

    def sign(self, text):
        r = int.from_bytes(hashlib.sha512(self.prefix + text).digest(), "little")
        point = packed(times(r % Q, BASE))
        k = int.from_bytes(hashlib.sha512(point + self.public + text).digest(), "little")
        return point + ((r + k * self.scalar) % Q).to_bytes(32, "little")

    def signature_line(self, text):
        return f"— {self.name} {b64(self.id + self.sign(text.encode()))}\n"


# Journals.

OWN = {"journal_opened", "journal_closed", "journal_recovered", "journal_sealed", "records_lost"}
START = 1791400000000


def frame(records, lines=None):
    lines = lines or b"".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for record in records)
    times = [record.get("timestamp") for record in records]
    low, high = (-(2**63), 2**63 - 1) if None in times else (min(times), max(times))
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = deflate.compress(lines) + deflate.flush()
    flags = any(record.get("event_type") in OWN for record in records)
    header = bytes.fromhex("1f8b0804 00000000 00ff 2a00 544a2600 01") + struct.pack(
        "<BIIIQqq", flags, 54 + len(data) + 8, len(lines), len(records), records[0]["seq"], low, high)
    return header + data + struct.pack("<II", zlib.crc32(lines), len(lines))


class Journal:
    def __init__(self, origin, key):
        self.origin, self.key = origin, key
        self.segments, self.frames, self.notes = [[]], [], []
        self.sequence, self.now, self.pending = 0, START, []
        self.open()

    def record(self, event_type, **members):
        self.sequence += 1
        self.pending.append({"seq": self.sequence, "event_type": event_type, "timestamp": self.now, **members})

    def open(self):
        more = {"checkpoint": self.last} if self.notes else {}
        more |= {"key_id": self.key.id.hex(), "key_name": self.key.name} if self.key else {}
        self.record("journal_opened", journal={"format": 1, "origin": self.origin, "run": "0"}, software="make.py", sync="frame", **more)
        self.cut()

    def events(self, count=2):
        for _ in range(count):
            self.now += 7
            self.record("closed_connection", connection={"id": f"c-{self.sequence}", "rx": self.sequence * 11, "duration_ms": 5})
        self.cut()

    def cut(self):
        if self.pending:
            self.frames.append(frame(self.pending))
            self.segments[-1].append(self.frames[-1])
            self.pending = []

    def roll(self):
        self.seal()
        self.segments.append([])

    def seal(self, journaled=True, extra="", previous=None):
        self.last = {"size": len(self.frames), "root": b64(root(self.frames))}
        text = f"{self.origin}\n{self.last['size']}\n{self.last['root']}\n"
        if previous:
            text += f"successor {self.key.line}\n"
        signatures = (previous.signature_line(text) if previous else "") + self.key.signature_line(text)
        self.notes.append(text + "\n" + signatures + extra + "\n")
        if journaled:
            self.record("journal_sealed", checkpoint=dict(self.last), key_id=self.key.id.hex())

    def close(self):
        if self.key:
            self.cut()
            self.seal()
        self.record("journal_closed", records=self.sequence, lost=0)
        self.cut()
        if self.key:
            self.seal(journaled=False)
        return self

    def files(self):
        found = {f"{number + 1:012}.ndjson.gz": b"".join(frames) for number, frames in enumerate(self.segments)}
        return found | ({"checkpoints": "".join(self.notes).encode()} if self.notes else {})


office, newer, witness, namesake = Key("acme.example/office", 1), Key("acme.example/office-2", 2), Key("witness.example", 3), Key("acme.example/office", 4)
FIRST, SECOND = "000000000001.ndjson.gz", "000000000002.ndjson.gz"


def sample():
    journal = Journal("acme.example/office", office)
    journal.events()
    journal.events()
    journal.roll()
    journal.events()
    journal.seal()
    journal.events(3)
    return journal.close()


def changed(files, name, offset, mask=1):
    data = bytearray(files[name])
    data[offset] ^= mask
    return files | {name: bytes(data)}


def cases():
    whole = sample()
    files = whole.files()
    notes = whole.notes
    sizes = [len(member) for member in whole.frames]
    yield "closed", "every frame under a checkpoint, the journal closed", files, [office], "intact", []
    yield "no-key", "the same without a key", files, [], "cannot-be-proved", ["no-key"]
    yield "wrong-key", "the same with another key", files, [newer], "cannot-be-proved", ["signer-unknown", "unsealed-tail"]

    two = Journal("acme.example/office", office)
    two.events()
    two.close()
    two.now -= 3_600_000
    two.open()
    two.events()
    yield "two-runs", "opened and closed twice, the clock set back between", two.close().files(), [office], "intact", []

    crashed = Journal("acme.example/office", office)
    crashed.events()
    crashed.open()
    yield "crashed", "the first run was not closed", crashed.close().files(), [office], "intact", []

    rotated = Journal("acme.example/office", office)
    rotated.events()
    rotated.close()
    rotated.key = newer
    rotated.open()
    rotated.close()
    yield "new-key", "another key signs on; both are given, and it does not speak for the journal", rotated.files(), [office, newer], "cannot-be-proved", [
        "signer-unknown", "unsealed-tail"]
    yield "new-key-stated", "the same, and the user states that it speaks for the journal", rotated.files(), [office, (newer, office.name)], "intact", []
    yield "new-key-only", "the same, and only the newer is given", rotated.files(), [(newer, office.name)], "cannot-be-proved", ["sealed-by-other", "signer-unknown"]
    yield "origin-stated-for-another", "the journal's key is stated to speak for another journal", files, [(office, "acme.example/lab")], "cannot-be-proved", [
        "signer-unknown", "unsealed-tail"]

    resigned = Journal("acme.example/office", newer)
    resigned.events()
    yield "rewritten-by-another-key", "the whole journal was rewritten and signed by another trusted key", resigned.close().files(), [office, newer], "cannot-be-proved", [
        "signer-unknown", "unsealed-tail"]

    def handed_over(after, previous=office):
        journal = Journal("acme.example/office", office)
        journal.events()
        journal.close()
        journal.key = newer
        journal.open()
        journal.seal(previous=previous)
        journal.events()
        journal.key = after
        journal.seal()
        journal.record("journal_closed", records=journal.sequence, lost=0)
        journal.cut()
        journal.seal(journaled=False)
        return journal.files()

    handed = handed_over(newer)
    yield "handed-over", "a checkpoint signed by both keys names the new one; only the old one is given", handed, [office], "intact", []
    yield "handed-over-both", "the same, and both are given", handed, [office, newer], "intact", []
    yield "handed-over-and-back", "the old key signs after it has named a successor", handed_over(office), [office], "cannot-be-proved", [
        "signer-unknown", "unsealed-tail"]
    yield "handed-over-by-a-stranger", "a key that does not speak for the journal names a successor", handed_over(newer, witness), [office, witness], "cannot-be-proved", [
        "signer-unknown", "unsealed-tail"]
    alone = handed_over(newer)
    alone["checkpoints"] = alone["checkpoints"].replace(next(line + b"\n" for line in alone["checkpoints"].split(b"\n") if line.startswith("— acme.example/office-2".encode())), b"", 1)
    yield "successor-did-not-sign", "the named successor has not signed the checkpoint that names it", alone, [office], "cannot-be-proved", [
        "sealed-by-other", "signer-unknown", "unsealed-tail"]

    again = Journal("acme.example/office", office)
    again.events()
    again.close()
    again.key = namesake
    again.open()
    yield "new-key-of-the-same-name", "the new key bears the journal's name too; both are given", again.close().files(), [office, namesake], "intact", []

    cosigned = Journal("acme.example/office", office)
    cosigned.events()
    text = f"{cosigned.origin}\n{len(cosigned.frames)}\n{b64(root(cosigned.frames))}\n"
    cosigned.seal(extra=witness.signature_line(text))
    yield "cosigned", "a witness signed a checkpoint too", cosigned.close().files(), [office], "intact", []

    unkeyed = Journal("acme.example/office", None)
    unkeyed.events()
    yield "unsigned", "written without a key", unkeyed.close().files(), [office], "cannot-be-proved", ["no-checkpoint"]

    open_end = Journal("acme.example/office", office)
    open_end.events()
    open_end.seal(journaled=False)
    yield "open-end", "sealed, but not closed", open_end.files(), [office], "cannot-be-proved", ["open-end"]
    open_end.events()
    yield "unsealed-tail", "frames after the last checkpoint", open_end.files(), [office], "cannot-be-proved", ["open-end", "unsealed-tail"]
    torn = open_end.files()
    torn[FIRST] = torn[FIRST][:-20]
    yield "torn-tail", "the last frame is cut short", torn, [office], "cannot-be-proved", ["open-end", "torn-tail"]

    whole_end = open_end.files()
    last = open_end.frames[-1]
    tails = {
        "zeros": b"\0" * 4096, "header-only": last[:54], "part-of-header": last[:7], "cut-twice": last[:70] + last[:60],
        "contents-missing": last[:60] + b"\0" * (len(last) - 60), "contents-damaged-then-cut": last[:70] + bytes([last[70] ^ 1]) + last[71:] + last[:30],
        "zeros-then-cut": b"\0" * 512 + last[:80]}
    before = whole_end[FIRST][: -len(last)]
    for name, tail in tails.items():
        yield f"torn-{name}", "what an interrupted write can leave at the end", whole_end | {FIRST: before + tail}, [office], "cannot-be-proved", ["open-end", "torn-tail"]
    yield "damage-before-a-sound-frame", "a cut frame that a whole one follows is damage", whole_end | {FIRST: before + last[:70] + last}, [office], "tampered", [
        "frame-damaged", "open-end", "unsealed-tail"]

    for name, text in [("name", b'"s\\u0065q":9'), ("event-type", b'"event_type":"journal_clos\\u0065d"')]:
        escaped = Journal("acme.example/office", office)
        line = b'{"seq":2,' + text + b',"timestamp":1}\n'
        forged = frame([{"seq": 2, "timestamp": 1}], lines=line)
        escaped.frames.append(forged)
        escaped.segments[-1].append(forged)
        escaped.sequence = 2
        escaped.events()
        yield f"escaped-{name}", "a name that reads as another one when its escape is resolved", escaped.files(), [office], "tampered", [
            "frame-damaged", "no-checkpoint", "open-end"]

    yield "closed-without-checkpoint", "the journal says that it was closed, and the checkpoints since its last seal were cut off", files | {
        "checkpoints": "".join(notes[:2]).encode()}, [office], "tampered", ["checkpoint-missing", "unsealed-tail"]
    unnamed = Journal("acme.example/office", office)
    unnamed.events()
    unnamed.seal(journaled=False)
    unnamed.events()
    unnamed.record("journal_closed", records=unnamed.sequence, lost=0)
    unnamed.cut()
    yield "closed-and-never-sealed", "forged frames after the last checkpoint end in journal_closed", unnamed.files(), [office], "tampered", [
        "checkpoint-missing", "unsealed-tail"]
    yield "closing-checkpoint-missing", "the writer was killed between its last frame and the last checkpoint", files | {
        "checkpoints": "".join(notes[:-1]).encode()}, [office], "cannot-be-proved", ["unsealed-tail"]
    yield "all-frames-deleted", "no frame is left of what the checkpoints cover", {FIRST: b"", "checkpoints": files["checkpoints"]}, [office], "tampered", [
        "empty", "frames-missing"]
    yield "all-segments-deleted", "no segment is left of what the checkpoints cover", {"checkpoints": files["checkpoints"]}, [office], "tampered", [
        "empty", "frames-missing"]
    for name in ["000000000000.ndjson.gz", "extra.ndjson.gz", "0000000000003.ndjson.gz", "000000000003.NDJSON.GZ"]:
        yield f"strange-file-{name.lower().split('.')[0]}{'-upper-case' if name.isupper() else ''}", "a pattern of names finds more than the segments", files | {
            name: files[FIRST]}, [office], "tampered", ["strange-file"]

    yield "byte-changed", "a byte of the second frame's data", changed(files, FIRST, sizes[0] + 70), [office], "tampered", ["frame-damaged", "root-mismatch", "unsealed-tail"]
    yield "length-changed", "the member length of the first frame", changed(files, FIRST, 18), [office], "tampered", [
        "frame-damaged", "no-beginning", "root-mismatch"]
    yield "cut-below-seal", "the last frame is missing", files | {SECOND: files[SECOND][: -sizes[-1]]}, [office], "tampered", [
        "frames-missing", "open-end"]
    yield "segment-missing", "the first segment is missing", {name: data for name, data in files.items() if name != FIRST}, [office], "tampered", [
        "frames-missing", "no-beginning", "root-mismatch", "segment-missing", "sequence-broken"]
    gzip_member = bytes.fromhex("1f8b0800000000000003") + zlib.compress(b'{"seq":99}\n', 6)[2:-4] + struct.pack("<II", zlib.crc32(b'{"seq":99}\n'), 11)
    yield "member-appended", "a gzip member of another program at the end", files | {SECOND: files[SECOND] + gzip_member}, [office], "tampered", [
        "foreign-member", "unsealed-tail"]
    yield "garbage-appended", "bytes after the end", files | {SECOND: files[SECOND] + b"garbage"}, [office], "tampered", ["frame-damaged", "unsealed-tail"]
    yield "checkpoint-deleted", "the first checkpoint is missing", files | {"checkpoints": "".join(notes[1:]).encode()}, [office], "tampered", [
        "checkpoint-missing"]
    yield "checkpoints-swapped", "two checkpoints in the wrong order", files | {"checkpoints": "".join([notes[1], notes[0], *notes[2:]]).encode()}, [
        office], "tampered", ["checkpoint-misplaced", "checkpoint-missing"]
    forged = notes[-1].replace(office.signature_line(notes[-1].split("\n\n")[0] + "\n"), office.signature_line("another text\n"))
    yield "signature-wrong", "the last signature is over another text", files | {"checkpoints": "".join([*notes[:-1], forged]).encode()}, [
        office], "tampered", ["signature-wrong", "unsealed-tail"]
    yield "checkpoint-torn", "the last checkpoint is cut short", files | {"checkpoints": files["checkpoints"][:-30]}, [office], "cannot-be-proved", [
        "torn-checkpoint", "unsealed-tail"]
    yield "empty", "a segment without a frame", {FIRST: b""}, [office], "cannot-be-proved", ["empty", "no-checkpoint"]


def main():
    with open(os.path.join(here, "trees.json"), "w") as file:
        json.dump(trees(), file, indent=1)
    shutil.rmtree(os.path.join(here, "journals"), ignore_errors=True)
    listed = []
    for name, note, files, keys, verdict, findings in cases():
        os.makedirs(os.path.join(here, "journals", name))
        for file_name, data in files.items():
            with open(os.path.join(here, "journals", name, file_name), "wb") as file:
                file.write(data)
        given = [key if isinstance(key, tuple) else (key, None) for key in keys]
        stated = {"origins": [origin for _, origin in given]} if any(origin for _, origin in given) else {}
        listed.append({"name": name, "note": note, "keys": [key.line for key, _ in given], **stated, "verdict": verdict, "findings": sorted(findings)})
    with open(os.path.join(here, "journals.json"), "w") as file:
        json.dump(listed, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())

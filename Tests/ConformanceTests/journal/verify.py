#!/usr/bin/env python3
"""verify.py [JOURNAL KEY…]: a second verifier of flow journals, written from docs/journal-format.md alone, with Python's standard library alone.

Without arguments it verifies the journals of this directory and holds its answers against journals.json. It reads whole files into memory and
looks inside every frame; for journals in use there is `twin-journal verify`.
"""
import base64, json, os, re, struct, sys, zlib

here = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
from make import D, OWN, P, Q, add, packed, root, sha, times
import hashlib

MAGIC = bytes.fromhex("1f8b0804 00000000 00ff 2a00 544a2600 01")
TAMPERED = {
    "segment-missing", "frame-damaged", "foreign-member", "sequence-broken", "root-mismatch", "frames-missing", "checkpoint-damaged", "signature-wrong",
    "checkpoint-misplaced", "checkpoint-missing", "not-an-extension"}


def header(data):
    """Flags, member length, inflated length, records, first sequence, first and last timestamp; None when no frame begins here."""
    if len(data) < 54 or data[:17] != MAGIC:
        return None
    flags, member, inflated, records, first, low, high = struct.unpack("<BIIIQqq", data[17:54])
    plausible = flags <= 1 and 62 < member <= 1052672 and 0 < inflated <= 1 << 20 and 0 < records <= inflated and first > 0 and low <= high
    return (flags, member, inflated, records, first, low, high) if plausible else None


def lines_of(member, head):
    """The records of a frame that is what its header says; None otherwise."""
    flags, length, inflated, count, first, low, high = head
    inflate = zlib.decompressobj(-15)
    try:
        lines = inflate.decompress(member[54:], inflated + 1)
    except zlib.error:
        return None
    if len(member) != length or not inflate.eof or inflate.unused_data != struct.pack("<II", zlib.crc32(lines), inflated) or len(lines) != inflated:
        return None
    try:
        records = [json.loads(line) for line in lines.decode().split("\n")[:-1]]
    except ValueError:
        return None
    times = [record.get("timestamp") for record in records]
    bounds = (-(2**63), 2**63 - 1) if None in times else (min(times), max(times))
    sound = [record.get("seq") for record in records] == list(range(first, first + count)) and bounds == (low, high)
    return records if sound and flags == any(record.get("event_type") in OWN for record in records) else None


def frames(data):
    """(member, header, records) one after the other; records are None for a damaged stretch, and the header also for a foreign or torn one."""
    at = 0
    while at < len(data):
        head = header(data[at:])
        if head and (records := lines_of(data[at : at + head[1]], head)) is not None:
            yield data[at : at + head[1]], head, records
            at += head[1]
            continue
        following = next((m.start() for m in re.finditer(re.escape(MAGIC), data[at + 1 :]) if header(data[at + 1 + m.start() :])), None)
        end = len(data) if following is None else at + 1 + following
        if head is None and data[at : at + 3] == b"\x1f\x8b\x08":
            inflate = zlib.decompressobj(31)
            try:
                inflate.decompress(data[at:])
                if inflate.eof and len(data) - len(inflate.unused_data) <= end:
                    end = len(data) - len(inflate.unused_data)
                    yield data[at:end], "foreign", None
                    at = end
                    continue
            except zlib.error:
                pass
        if following is None and (MAGIC.startswith(data[at : at + 17]) or data[at : at + 17] == MAGIC) and (head is None or at + head[1] > len(data)):
            yield data[at:], "torn", None
            return
        yield data[at:end], None, None
        at = end


def point(data):
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    return x if x & 1 == sign else P - x, y


def is_signed(key, text, signature):
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % Q
    s = int.from_bytes(signature[32:], "little")
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return len(signature) == 64 and s < Q and packed(times(s, base)) == packed(add(point(signature[:32]), times(k, point(key))))


def checkpoints(text, keys, findings):
    """(size, root, origin, id of the signing key or None) of every checkpoint."""
    seals = []
    while text:
        note = re.match(r"([^\n]+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n)*)\n((?:— [^ \n]+ [A-Za-z0-9+/]+=*\n)+)\n", text)
        if not note:
            # The beginning of one note, or something else.
            findings.add("torn-checkpoint" if text.count("\n\n") <= 1 else "checkpoint-damaged")
            break
        text, signer = text[note.end() :], None
        signed = note[0][: note[0].index("\n\n") + 1].encode()
        for line in note[5].splitlines():
            _, name, data = line.split(" ")
            data = base64.b64decode(data)
            for key_name, key_id, key in keys:
                if (name, data[:4]) == (key_name, key_id):
                    if is_signed(key, signed, data[4:]):
                        signer = key_id.hex()
                    else:
                        findings.add("signature-wrong")
                        signer = signer or "wrong"
        if keys and signer is None:
            findings.add("signer-unknown")
        size = int(note[2])
        if size <= (seals[-1][0] if seals else 0):
            findings.add("checkpoint-misplaced")
            continue
        seals.append((size, note[3], note[1], signer if signer != "wrong" else None))
    return seals


def verify(journal, key_lines):
    findings, keys = set(), []
    for line in key_lines:
        name, key_id, key = line.strip().split("+", 2)
        keys.append((name, bytes.fromhex(key_id), base64.b64decode(key)[1:]))
    read = lambda name: open(os.path.join(journal, name), "rb").read()
    segments = sorted(name for name in os.listdir(journal) if re.fullmatch(r"\d{12}\.ndjson\.gz", name))
    text = read("checkpoints").decode() if os.path.exists(os.path.join(journal, "checkpoints")) else ""
    seals = checkpoints(text, keys, findings)
    findings |= ({"no-key"} if not keys else set()) | ({"no-checkpoint"} if not seals else set())
    if [int(name[:12]) for name in segments] != list(range(1, len(segments) + 1)):
        findings.add("segment-missing")
    members, expected, last, runs, named, ending = [], 1, 0, [], [], None
    for name in segments:
        for member, head, records in frames(read(name)):
            if head == "torn" and name == segments[-1]:
                findings.add("torn-tail")
                continue
            if records is None:
                findings.add("foreign-member" if head == "foreign" else "frame-damaged")
                expected = None
            else:
                first = head[4]
                if first <= last or expected not in (None, first):
                    findings.add("sequence-broken")
                expected, last = first + head[3], max(last, first + head[3] - 1)
                for record in records:
                    if record.get("event_type") == "journal_opened":
                        runs.append((len(members), record))
                    if record.get("event_type") in ("journal_opened", "journal_sealed") and "checkpoint" in record:
                        named.append((record["checkpoint"]["size"], record["checkpoint"]["root"]))
                ending = records[-1].get("event_type")
            members.append(member)
    if not members:
        return findings | {"empty"}
    fitting = []
    for seal in seals:
        if seal[0] > len(members):
            findings.add("frames-missing")
        elif base64.b64encode(root(members[: seal[0]])).decode() != seal[1]:
            findings.add("root-mismatch")
        else:
            fitting.append(seal)
    if any(pair not in [seal[:2] for seal in seals] for pair in named):
        findings.add("checkpoint-missing")
    if ending != "journal_closed":
        findings.add("open-end")
    if not runs or runs[0][0] != 0:
        return findings | {"no-beginning"}
    if any(seal[2] != runs[0][1]["journal"]["origin"] for seal in seals):
        findings.add("checkpoint-misplaced")
    if keys and seals:
        covered = lambda key_id: max([size for size, _, _, signer in fitting if signer and key_id in (None, signer)], default=0)
        for (start, record), end in zip(runs, [start for start, _ in runs[1:]] + [len(members)]):
            by_own = max(start, covered(record["key_id"]) if "key_id" in record else 0)
            if by_own < min(end, covered(None)):
                findings.add("sealed-by-other")
            if max(by_own, covered(None)) < end:
                findings.add("unsealed-tail")
    return findings


def verdict(findings):
    return "tampered" if findings & TAMPERED else "cannot-be-proved" if findings else "intact"


def main():
    if len(sys.argv) > 1:
        findings = verify(sys.argv[1], [open(name, encoding="utf-8").read() for name in sys.argv[2:]])
        print(verdict(findings), *sorted(findings))
        return {"intact": 0, "tampered": 5, "cannot-be-proved": 6}[verdict(findings)]
    cases, wrong = json.load(open(os.path.join(here, "journals.json"), encoding="utf-8")), 0
    for case in cases:
        findings = verify(os.path.join(here, "journals", case["name"]), case["keys"])
        if verdict(findings) != case["verdict"] or sorted(findings) != case["findings"]:
            print(f"{case['name']}: {verdict(findings)} {sorted(findings)}, and it should be {case['verdict']} {case['findings']}")
            wrong += 1
    print(f"{len(cases) - wrong} of {len(cases)} journals judged as they should be")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())

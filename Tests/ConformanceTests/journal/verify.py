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
    "checkpoint-misplaced", "checkpoint-missing", "not-an-extension", "strange-file"}


def header(data):
    """Flags, member length, inflated length, records, first sequence, first and last timestamp; None when no frame begins here."""
    if len(data) < 54 or data[:17] != MAGIC:
        return None
    flags, member, inflated, records, first, low, high = struct.unpack("<BIIIQqq", data[17:54])
    plausible = flags <= 1 and 62 < member <= 1052672 and 0 < inflated <= 1 << 20 and 0 < records <= inflated and first > 0 and low <= high
    return (flags, member, inflated, records, first, low, high) if plausible else None


def top_level(lines):
    """Of each line what is not within an inner object or array."""
    for line in lines.decode(errors="replace").split("\n")[:-1]:
        kept, depth, text = [], 0, False
        for place, char in enumerate(line):
            escaped = text and line[:place][len(line[:place].rstrip("\\")):].__len__() % 2 == 1
            if char == '"' and not escaped:
                text = not text
            depth -= not text and char in "}]"
            if depth == 1 and (text or char not in "}]"):
                kept.append(char)
            depth += not text and char in "{["
        yield "".join(kept)


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
    # Names at the top level, and event_type, are never written with an escape.
    if any(re.search(r'(?:^|,)"(?:[^"\\]|\\.)*\\(?:[^"\\]|\\.)*":', line) or re.search(r'"event_type":"[^"]*\\', line) for line in top_level(lines)):
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
        yield data[at:end], "torn" if following is None and not data[at:].strip(b"\0") else None, None
        at = end


def may_be_torn(stretch):
    """Whether an interrupted write can have left it: it begins like a frame, or with a zero."""
    return MAGIC.startswith(stretch[:17]) or stretch[:1] == b"\0"


def split_end(found):
    """The leaves of the last segment, and whether a torn end follows them."""
    whole = max((place + 1 for place, (_, head, _) in enumerate(found) if head == "foreign" or isinstance(head, tuple)), default=0)
    # What follows the last whole member is torn from where every piece of it begins like a frame or with a zero.
    start = len(found)
    while start > whole and may_be_torn(found[start - 1][0]):
        start -= 1
    return found[:start], start < len(found)


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


def parsed_key(line):
    name, key_id, key = line.strip().split("+", 2)
    return name, bytes.fromhex(key_id), base64.b64decode(key)[1:]


def checkpoints(text, keys, origins, findings):
    """(size, root, origin, ids of the keys that signed it and speak for the journal) of every checkpoint."""
    seals, speaking, keys = [], None, list(keys)
    while text:
        note = re.match(r"([^\n]+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n)*)\n((?:— [^ \n]+ [A-Za-z0-9+/]+=*\n)+)\n", text)
        if not note:
            # The beginning of one note, or something else.
            findings.add("torn-checkpoint" if text.count("\n\n") <= 1 else "checkpoint-damaged")
            break
        text = text[note.end() :]
        signed = note[0][: note[0].index("\n\n") + 1].encode()
        lines = [(name, base64.b64decode(data)) for _, name, data in (line.split(" ") for line in note[5].splitlines())]
        if speaking is None:
            speaking = {key for key, origin in zip(keys, origins) if note[1] == (origin or key[0])}
        valid, wrong = [], False
        for name, data in lines:
            for key in keys:
                if (name, data[:4]) == key[:2]:
                    wrong |= not is_signed(key[2], signed, data[4:])
                    valid.append(key)
        signers = [] if wrong else [key for key in valid if key in speaking]
        successor = next((parsed_key(line[10:]) for line in note[4].splitlines() if line.startswith("successor ")), None)
        if signers and successor and any(
            (name, data[:4]) == successor[:2] and is_signed(successor[2], signed, data[4:]) for name, data in lines
        ) and successor not in signers:
            speaking = (speaking - set(valid)) | {successor}
            keys += [] if successor in keys else [successor]
            signers.append(successor)
        if wrong:
            findings.add("signature-wrong")
        elif keys and not signers:
            findings.add("signer-unknown")
        size = int(note[2])
        if size <= (seals[-1][0] if seals else 0):
            findings.add("checkpoint-misplaced")
            continue
        seals.append((size, note[3], note[1], {key[1].hex() for key in signers}))
    return seals


def verify(journal, key_lines, origins):
    findings, keys = set(), [parsed_key(line) for line in key_lines]
    read = lambda name: open(os.path.join(journal, name), "rb").read()
    segments = sorted(name for name in os.listdir(journal) if re.fullmatch(r"(?!0{12})[0-9]{12}\.ndjson\.gz", name))
    text = read("checkpoints").decode() if os.path.exists(os.path.join(journal, "checkpoints")) else ""
    seals = checkpoints(text, keys, origins, findings)
    findings |= ({"no-key"} if not keys else set()) | ({"no-checkpoint"} if not seals else set())
    if [int(name[:12]) for name in segments] != list(range(1, len(segments) + 1)):
        findings.add("segment-missing")
    if any(name.lower().endswith(".ndjson.gz") and name not in segments for name in os.listdir(journal)):
        findings.add("strange-file")
    members, expected, last, runs, named, closed, ending = [], 1, 0, [], [], [], None
    for name in segments:
        found, torn = list(frames(read(name))), False
        if name == segments[-1]:
            found, torn = split_end(found)
        if torn:
            findings.add("torn-tail")
        for member, head, records in found:
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
                    if record.get("event_type") == "journal_closed" and runs and "key_id" in runs[-1][1]:
                        closed.append(len(members))
                    if record.get("event_type") in ("journal_opened", "journal_sealed") and "checkpoint" in record:
                        named.append((record["checkpoint"]["size"], record["checkpoint"]["root"]))
                ending = records[-1].get("event_type")
            members.append(member)
    if any(max([seal[0] for seal in seals], default=0) < place for place in closed):
        findings.add("checkpoint-missing")
    fitting = []
    for seal in seals:
        if seal[0] > len(members):
            findings.add("frames-missing")
        elif base64.b64encode(root(members[: seal[0]])).decode() != seal[1]:
            findings.add("root-mismatch")
        else:
            fitting.append(seal)
    if "torn-tail" in findings and "frames-missing" in findings:
        # A checkpoint covers whole frames where the end is torn.
        findings = findings - {"torn-tail"} | {"frame-damaged"}
    if not members:
        return findings | {"empty"}
    if any(pair not in [seal[:2] for seal in seals] for pair in named):
        findings.add("checkpoint-missing")
    if ending != "journal_closed":
        findings.add("open-end")
    if not runs or runs[0][0] != 0:
        return findings | {"no-beginning"}
    if any(seal[2] != runs[0][1]["journal"]["origin"] for seal in seals):
        findings.add("checkpoint-misplaced")
    if keys and seals:
        covered = lambda key_id: max([size for size, _, _, signers in fitting if signers and (key_id is None or key_id in signers)], default=0)
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
        findings = verify(sys.argv[1], [open(name, encoding="utf-8").read() for name in sys.argv[2:]], [None] * len(sys.argv[2:]))
        print(verdict(findings), *sorted(findings))
        return {"intact": 0, "tampered": 5, "cannot-be-proved": 6}[verdict(findings)]
    cases, wrong = json.load(open(os.path.join(here, "journals.json"), encoding="utf-8")), 0
    for case in cases:
        findings = verify(os.path.join(here, "journals", case["name"]), case["keys"], case.get("origins") or [None] * len(case["keys"]))
        if verdict(findings) != case["verdict"] or sorted(findings) != case["findings"]:
            print(f"{case['name']}: {verdict(findings)} {sorted(findings)}, and it should be {case['verdict']} {case['findings']}")
            wrong += 1
    print(f"{len(cases) - wrong} of {len(cases)} journals judged as they should be")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())

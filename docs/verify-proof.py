#!/usr/bin/env python3
"""verify-proof.py PROOF FRAME.ndjson.gz PUBLIC-KEY-FILE[:ORIGIN]: checks that a frame is in a flow journal, offline, with the standard library alone.

PROOF is a C2SP tlog-proof@v1 file, the key a C2SP note verifier line. The key speaks for the journal whose origin is the key's name, or for ORIGIN.
Exit status: 0 proved, 5 something does not fit, 6 signed by no key that speaks for the journal."""
import base64, hashlib, os, sys

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519: RFC 8032, section 5.1
D = -121665 * pow(121666, -1, P) % P

def add(a, b):
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P

def times(scalar, point):
    total = (0, 1)
    for bit in bin(scalar)[2:]:
        total = add(total, total)
        total = add(total, point) if bit == "1" else total
    return total

def point(data):
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or y >= P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    return (x if x & 1 == sign else P - x), y

def is_signed(key, text, signature):
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % Q
    s = int.from_bytes(signature[32:], "little")
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return len(signature) == 64 and s < Q and times(s, base) == add(point(signature[:32]), times(k, point(key)))

def decoded(text, length=None):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text or length not in (None, len(data)):
        raise ValueError("not canonical base 64 of the right length")
    return data

def number(text):
    if not text.isascii() or not text.isdigit() or text != str(int(text)) or int(text) >= 1 << 64:
        raise ValueError("not a number")
    return int(text)

def is_name(text):
    return text != "" and not any(c.isspace() or c in "+\x7f" or c < " " for c in text)

def signature(line):
    dash, name, data = line.split(" ")
    data = decoded(data)
    if dash != "—" or not is_name(name) or len(data) < 5:
        raise ValueError("not a signature")
    return name, data

def parsed(proof):
    """Index, path, note's text, signatures, origin, size and root of a proof in its exact form."""
    head, note = proof.split("\n\n", 1)
    if len(proof.encode()) > (1 << 19) + 8192 or len(note.encode()) > 1 << 19 or any(c < " " and c != "\n" for c in note):
        raise ValueError("too long, or control characters")
    title, *lines = head.split("\n")
    if lines[0].startswith("extra "):
        decoded(lines.pop(0)[6:])
    path = [decoded(line, 32) for line in lines[1:]]
    if title != "c2sp.org/tlog-proof@v1" or not lines[0].startswith("index ") or len(path) > 64 or note[-1:] != "\n":
        raise ValueError("not a proof")
    lines_of_note = note[:-1].split("\n")
    blank = len(lines_of_note) - 1 - lines_of_note[::-1].index("")
    text, signatures = lines_of_note[:blank], [signature(line) for line in lines_of_note[blank + 1 :]]
    if len(text) < 3 or "" in text or not 1 <= len(signatures) <= 64:
        raise ValueError("not a checkpoint")
    return number(lines[0][6:]), path, "\n".join(text) + "\n", signatures, text[0], number(text[1]), decoded(text[2], 32)

def check(proof_file, frame_file, key_file):
    origin = None
    if not os.path.exists(key_file) and ":" in key_file:
        key_file, origin = key_file.rsplit(":", 1)
    name, key_id, key = open(key_file, encoding="utf-8", newline="").read().strip(" \t\r\n\v\f\ufeff").split("+", 2)
    key, frame = decoded(key, 33), open(frame_file, "rb").read()
    if not is_name(name) or key[0] != 1 or hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] != key_id:
        return 5, "the key's id does not belong to it"
    index, path, text, signatures, journal, size, root = parsed(open(proof_file, encoding="utf-8", newline="").read())
    node, last, value, fits = index, size - 1, hashlib.sha256(b"\0" + frame).digest(), len(frame) <= (1 << 20) + 4096
    for sibling in path:  # RFC 9162, section 2.1.3.2
        fits = fits and last > 0
        is_right = node & 1 or node == last
        value = hashlib.sha256(b"\1" + (sibling + value if is_right else value + sibling)).digest()
        while is_right and node and not node & 1:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if not fits or index >= size or last or value != root:
        return 5, "the frame is not the one that the proof is about, or one of the two was changed"
    if journal != (origin or name):
        return 6, f"the key does not speak for the journal {journal!a}"
    own = [data[4:] for signer, data in signatures if (signer, data[:4].hex()) == (name, key_id)]
    if not all(is_signed(key[1:], text.encode(), data) for data in own):
        return 5, "the signature is wrong"
    others = ", ".join(f"{signer}+{data[:4].hex()}" for signer, data in signatures)
    return (0, f"proved: frame {index} of {size} in the journal {journal!a} signed by {name!a}") if own else (
        6, f"the checkpoint is not signed by the key, but by {others!a}; after a change of keys, give the successor's: FILE:{journal!a}")

try:
    status, message = check(*sys.argv[1:4])
except (OSError, ValueError, IndexError, TypeError) as problem:
    status, message = 5, f"not a proof, a frame and a key: {problem}"
print(message)
sys.exit(status)

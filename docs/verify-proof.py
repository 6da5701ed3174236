#!/usr/bin/env python3
"""verify-proof.py PROOF FRAME.ndjson.gz PUBLIC-KEY-FILE: checks that a frame is in a flow journal, offline, with the standard library alone.

PROOF is a C2SP tlog-proof@v1 file, the key a C2SP note verifier line. Exit status: 0 proved, 5 something does not fit, 6 signed by another key."""
import base64, hashlib, sys

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

def check(proof_file, frame_file, key_file):
    name, key_id, key = open(key_file, encoding="utf-8").read().strip().split("+", 2)
    key, head_and_note = base64.b64decode(key, validate=True), open(proof_file, encoding="utf-8", newline="").read()
    if len(key) != 33 or key[0] != 1 or hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] != key_id:
        return 5, "the key's id does not belong to it"
    head, text, signatures = head_and_note.split("\n\n", 2)
    lines = [line for line in head.split("\n") if not line.startswith("extra ")]
    size, root = int(text.split("\n")[1]), base64.b64decode(text.split("\n")[2], validate=True)
    node = index = int(lines[1].removeprefix("index "))
    last, value = size - 1, hashlib.sha256(b"\0" + open(frame_file, "rb").read()).digest()
    for sibling in (base64.b64decode(line, validate=True) for line in lines[2:]):  # RFC 9162, section 2.1.3.2
        is_right = node & 1 or node == last
        value = hashlib.sha256(b"\1" + (sibling + value if is_right else value + sibling)).digest()
        while is_right and node and not node & 1:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if lines[0] != "c2sp.org/tlog-proof@v1" or not 0 <= index < size or last or value != root:
        return 5, "the frame is not the one that the proof is about, or one of the two was changed"
    for _, signer, data in (line.split(" ") for line in signatures.strip().split("\n")):
        data = base64.b64decode(data, validate=True)
        if (signer, data[:4].hex()) == (name, key_id):
            proved = is_signed(key[1:], (text + "\n").encode(), data[4:])
            return (0, f"proved: frame {index} of {size} in the journal signed by {name!a}") if proved else (5, "the signature is wrong")
    return 6, "the checkpoint is not signed by the key"

try:
    status, message = check(*sys.argv[1:4])
except (OSError, ValueError, IndexError, TypeError) as problem:
    status, message = 5, f"not a proof, a frame and a key: {problem}"
print(message)
sys.exit(status)

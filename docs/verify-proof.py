#!/usr/bin/env python3
"""Checks a tlog-proof@v1 file against a journal frame and a public key, with nothing but Python's standard library (3.8 or later).

    verify-proof.py PROOF.tlog-proof FRAME.ndjson.gz KEY.pub [ORIGIN]

Exit status: 0 proved; 5 tampered (the frame is not the one proved, or the signature is wrong);
2 nothing was checked: usage, an unreadable file, no proof, no key, no signature by that key, or a journal of another origin.
"""
import base64, hashlib, re, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493                  # RFC 8032 §5.1
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
sha, little = lambda data: hashlib.sha256(data).digest(), lambda data: int.from_bytes(data, "little")

def require(condition, message, status=2):
    if not condition:
        print({2: "cannot be checked", 5: "tampered"}[status] + ": " + ascii(message)[1:-1], file=sys.stderr)  # nothing for a terminal
        sys.exit(status)

def unbase64(text, count=None):                                                      # canonical text only
    try: data = base64.b64decode(text, validate=True)
    except ValueError: data = b""
    require(data and base64.b64encode(data).decode() == text and count in (None, len(data)), "not base64 of the expected length: " + text)
    return data

def add(a, b):                                                                       # affine; the formula has no exceptions
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return (a[0]*b[1] + a[1]*b[0]) * pow(1 + t, -1, P) % P, (a[1]*b[1] + a[0]*b[0]) * pow(1 - t, -1, P) % P

def times(n, a):
    r = (0, 1)
    for bit in bin(n)[2:]: r = add(add(r, r), a) if bit == "1" else add(r, r)
    return r

def point(data):                                                                     # None when the bytes are no point
    y, sign = little(data) & 2**255 - 1, data[31] >> 7
    u = (y*y - 1) * pow(D*y*y + 1, -1, P) % P
    x = pow(u, (P + 3) // 8, P)
    if x * x % P != u: x = x * I % P
    return None if y >= P or x * x % P != u or (x == 0 and sign) else (x if x & 1 == sign else P - x, y)

def ed25519(key, text, signature):
    a, s = point(key), little(signature[32:])
    if a is None or len(signature) != 64 or s >= L: return False
    k = little(hashlib.sha512(signature[:32] + key + text).digest()) % L
    x, y = add(times(s, point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))), times(k, (P - a[0], a[1])))    # sB - kA
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]

def number(text):
    require(re.fullmatch("0|[1-9][0-9]{0,19}", text) and int(text) < 2**64, "not a number: " + text)
    return int(text)

def root(leaf, index, size, path):                                                   # RFC 9162 §2.1.3.2; None when the path does not fit
    node, last, h = index, size - 1, leaf
    for sibling in path:
        if last <= 0: return None
        if node & 1 or node == last:
            h = sha(b"\1" + sibling + h)
            while node and not node & 1: node, last = node >> 1, last >> 1
        else: h = sha(b"\1" + h + sibling)
        node, last = node >> 1, last >> 1
    return h if index < size and last == 0 else None

def main(proof_path, frame_path, key_path, wanted_origin=None):
    try: proof, frame, key = (open(path, "rb").read() for path in (proof_path, frame_path, key_path))
    except OSError as problem: require(False, str(problem))
    try: proof, key = proof.decode(), key.decode()
    except UnicodeDecodeError: require(False, "the proof or the key is not a text")
    name, _, rest = key[:-1 if key.endswith("\n") else None].partition("+")
    encoded = unbase64(rest[9:], 33)
    require(name and encoded[0] == 1 and rest[:9] == sha(name.encode() + b"\n" + encoded)[:4].hex() + "+", "not an Ed25519 public key")
    head, _, note = proof.partition("\n\n")
    lines, (text, _, signatures) = head.split("\n"), note.rpartition("\n\n")
    require(lines.pop(0) == "c2sp.org/tlog-proof@v1" and note.endswith("\n") and text, "not a tlog-proof@v1 file")
    if lines and lines[0].startswith("extra "): unbase64(lines.pop(0)[6:])          # a hint that nobody signed
    require(lines and lines[0].startswith("index "), "the proof has no index")
    index, path, fields = number(lines[0][6:]), [unbase64(line, 32) for line in lines[1:]], text.split("\n")
    require(len(fields) >= 3 and "" not in fields, "the note is no checkpoint")
    origin, size, expected = fields[0], number(fields[1]), unbase64(fields[2], 32)
    require(root(sha(b"\0" + frame), index, size, path) == expected, "the frame is not the one that was proved", 5)
    signed = False
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        require(len(parts) == 3 and parts[0] == "\u2014", "not a signature line: " + line)
        blob = unbase64(parts[2])
        if parts[1] == name and blob[:4] == bytes.fromhex(rest[:8]):
            signed = ed25519(encoded[1:], (text + "\n").encode(), blob[4:])
            require(signed, "the checkpoint's signature is wrong", 5)
    require(signed, "the checkpoint is not signed by " + name)
    require(wanted_origin in (None, origin), "the checkpoint is of the journal " + origin)
    print(f"intact: frame {index} is in the journal {ascii(origin)}, under the checkpoint of {size} frames signed by {ascii(name)}")

if __name__ == "__main__":
    require(len(sys.argv) in (4, 5), "usage: verify-proof.py PROOF FRAME KEY.pub [ORIGIN]")
    main(*sys.argv[1:])

#!/usr/bin/env python3
"""proofs.py PROGRAM [--rounds N] [--seed S]: docs/verify-proof.py is as strict as `twin-journal verify-proof`.

Changes a proof, its frame and its key in ways that look like a proof still, and gives each to both; they must agree on 0, 6 or anything else."""
import argparse, base64, os, random, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--rounds", type=int, default=500)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
program = os.path.abspath(options.program)
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/verify-proof.py")
chance = random.Random(options.seed)
work = tempfile.mkdtemp(prefix="twin-journal-proofs-")
os.chdir(work)
run = lambda *arguments, **more: subprocess.run(arguments, capture_output=True, **more)
run(program, "keygen", "--out", "k", "--name", "acme.example/office")
run(program, "append", "j", "--key", "k", "--frame-size", "200", input=b"".join(b'{"event_type":"x","timestamp":%d}\n' % n for n in range(90)))
run(program, "prove", "j", "--key", "k.pub", "--sequence", "40", "--out", "p")
proof, frame, key = open("p.tlog-proof").read(), open("p.ndjson.gz", "rb").read(), open("k.pub").read()
head, note = proof.split("\n\n", 1)


def looser(text):
    """The same base 64 in a text that is not canonical, or the same line with something around it."""
    lines = text.split("\n")
    place = chance.randrange(len(lines))
    line = lines[place]
    lines[place] = chance.choice([
        line + " ", " " + line, line + "\r", line + "\t", line.replace("=", ""), line + "=", line.replace("/", "_").replace("+", "-"), line + "\n", "\n" + line, line.upper(), "0" + line,
        line[:-1] + chr(ord(line[-1]) ^ 1) if line else "x", line.replace(" ", "  "), line.replace(" ", " \u0301"), line.replace(" ", "\u00a0"), line + "\n" + line,
        line.replace("index ", "index +"), line.replace("index ", "index 0"), line.replace("index ", "index -"), line.replace("index ", "index 1_0"), "extra !!", "extra " + line, ""])
    return "\n".join(lines)


def mutated():
    kind = chance.randrange(8)
    if kind == 0:
        place = chance.randrange(len(proof))
        return proof[:place] + chance.choice(["", "\n", " ", "\0", "A", "\u2028"]) + proof[place + chance.randrange(2) :]
    if kind == 1:
        return looser(head) + "\n\n" + note
    if kind == 2:
        return head + "\n\n" + looser(note)
    if kind == 3:
        return looser(looser(proof))
    if kind == 4:
        return proof + chance.choice(["\n", "x", "\n\n", " ", "— acme.example/office AAAAAAA=\n", note.split("\n")[-2] + "\n", "— other AAAAAAAA\n", "— a+b AAAAAAAA\n"])
    if kind == 5:
        return head + "\n" + base64.b64encode(chance.randbytes(32)).decode() + "\n\n" + note
    if kind == 6:
        return proof.replace("acme.example/office\n", chance.choice(["acme.example/lab\n", "acme.example/office\nx\n", "acme.example/office \n"]))
    return proof


proved = refused = 0
for round_ in range(options.rounds):
    text, bytes_, line = mutated(), frame, key
    if chance.random() < 0.1:
        bytes_ = chance.choice([frame[:-1], frame + b"\0", b"", frame[::-1]])
    if chance.random() < 0.1:
        line = chance.choice([key.strip(), key.strip() + "\r\n", "\ufeff" + key, " " + key, key + key, key.upper(), key.replace("+", "+0", 1), key.replace("=", ""), ""])
    open("m.tlog-proof", "w", newline="").write(text)
    open("m.gz", "wb").write(bytes_)
    open("m.pub", "w", newline="").write(line)
    stated = chance.choice(["", "", "", ":acme.example/office", ":acme.example/lab"])
    one = run(program, "verify-proof", "m.tlog-proof", "--frame", "m.gz", "--key", "m.pub" + stated)
    two = run(sys.executable, script, "m.tlog-proof", "m.gz", "m.pub" + stated)
    same = (one.returncode == 0) == (two.returncode == 0)
    proved += one.returncode == 0
    refused += one.returncode != 0
    if not same or two.stderr:
        print(f"FAILED (seed {options.seed}, round {round_}): the program says {one.returncode} {one.stderr!r}, the script {two.returncode} {two.stdout!r} {two.stderr!r}\n  left in {work}", file=sys.stderr)
        sys.exit(1)
if not proved or not refused:
    sys.exit("FAILED: nothing was proved, or nothing was refused")
print(f"proofs: {options.rounds} rounds, {proved} proved by both, {refused} refused by both")

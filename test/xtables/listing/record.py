#!/usr/bin/env python3
"""
Records what this machine's iptables prints of the rows of ../rows: as iptables-save, and by -L in three forms.
Needs root, both backends and ipset; works in a network namespace of its own.

    python3 test/xtables/listing/record.py
"""
import glob, json, os, re, shlex, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
NS = "nettrace-list"


def run(*words, ok=False):
    done = subprocess.run(["ip", "netns", "exec", NS, *words], capture_output=True, text=True)
    if ok and done.returncode:
        raise SystemExit(f"{words}: {done.stderr}")
    return done


def rows(family):
    for path in sorted(glob.glob(f"{HERE}/../rows/*.tsv")) + [f"{HERE}/more.tsv"]:
        for line in open(path):
            fields = line.rstrip("\n").split("\t")
            if len(fields) < 3 or str(family) not in fields[0]:
                continue
            if len(fields) > 3 and fields[3].startswith("FAIL"):
                continue
            yield fields[1], re.sub(r"^-A \S+ ?", "", fields[2])


def listed(command, table, *options):
    text = run(command, "-t", table, "-L", "foo", *options, ok=True).stdout
    return text.rstrip("\n").split("\n")


def record(family, backend):
    command = f"{'ip6tables' if family == 6 else 'iptables'}-{backend}"
    subprocess.run(["ip", "netns", "add", NS], check=True)
    try:
        for sets in ("blocked hash:net", "ports bitmap:port range 0-65535", "test hash:ip", "pairs hash:ip,port"):
            name, *kind = sets.split()
            run("ipset", "create", name, *kind, *(["family", "inet6"] if family == 6 and kind[0].startswith("hash") else []))
        out = []
        tables = {}
        for table, spec in rows(family):
            seen = tables.setdefault(table, set())
            if spec in seen:
                continue
            if not seen:
                run(command, "-t", table, "-N", "foo", ok=True)
                run(command, "-t", table, "-N", "elsewhere", ok=True)
            seen.add(spec)
            run(command, "-t", table, "-A", "foo", *shlex.split(spec))
        for table in tables:
            saved = [
                line for line in run(f"{command}-save", "-t", table, ok=True).stdout.split("\n")
                if line.startswith("-A foo")
            ]
            forms = {
                "nvx": listed(command, table, "-n", "-v", "-x", "--line-numbers"),
                "n": listed(command, table, "-n"),
                "names": listed(command, table, "-v"),
            }
            for form, lines in forms.items():
                if len(lines) != len(saved) + 2:
                    raise SystemExit(f"{command} {table} {form}: {len(lines) - 2} lines, {len(saved)} rules")
            out.append({"table": table, "saved": saved, **forms})
        with open(f"{HERE}/run-{family}-{backend}.json", "w") as file:
            json.dump({"family": family, "backend": backend, "tables": out}, file, indent=1)
            file.write("\n")
        print(command, sum(len(each["saved"]) for each in out), "rules")
    finally:
        subprocess.run(["ip", "netns", "del", NS])


for family in (4, 6):
    for backend in ("legacy", "nft"):
        record(family, backend)

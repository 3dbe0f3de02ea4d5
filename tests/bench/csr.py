#!/usr/bin/env python3
"""csr check against OpenSSL, in one run on one machine: a batch against a shell loop over openssl req, and every rule of the
public policy against an in-process loop that only parses and verifies. usage: csr.py [FILES]"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("AUTOCSR_BUILD", HERE.parents[1] / "build"))
FILES = int(sys.argv[1]) if len(sys.argv) > 1 else 300
KEYS = {"rsa:2048": ["rsa:2048"], "P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "Ed25519": ["ed25519"]}


def make(folder, kind, words):
    path = folder / f"{kind.replace(':', '')}.der"
    subprocess.run(["openssl", "req", "-new", "-newkey", *words, "-nodes", "-keyout", "/dev/null", "-outform", "DER", "-out", path,
                    "-subj", "/C=DE/O=Example GmbH/CN=www.example.com", "-addext",
                    "subjectAltName=DNS:www.example.com,DNS:example.com"], check=True, capture_output=True)
    return path


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def in_process(d, ders):
    loop = d / "csr_loop"
    library = BUILD / "src/pki/library"
    subprocess.run(["cc", "-O2", "-o", loop, HERE / "csr_loop.c", f"-I{HERE.parents[1] / 'include'}", f"-L{library}", "-lautocsr",
                    "-lcrypto", f"-Wl,-rpath,{library}"], check=True)
    for kind, path in ders.items():
        words = subprocess.run([loop, "3", path], check=True, capture_output=True, text=True).stdout.split()
        print(f"  {kind:9} {words[2]:>7}/s parse and verify by OpenSSL   {words[4]:>7}/s every rule by autocsr   ratio {words[6]}")


def batch(d, ders):
    folder = d / "many"
    folder.mkdir()
    for i in range(FILES):
        (folder / f"{i}.der").write_bytes(list(ders.values())[i % 2].read_bytes())
    ours = seconds([BUILD / "src/cli/autocsr", "csr", "check", folder, "--policy", "public", "--json"])
    shell = seconds(["sh", "-c", f'for f in {folder}/*; do openssl req -in "$f" -inform DER -verify -noout; done'])
    print(f"  {FILES} files   {FILES / shell:7.0f}/s shell loop over openssl req   {FILES / ours:7.0f}/s csr check"
          f"   ratio {shell / ours:.1f}")


with tempfile.TemporaryDirectory() as name:
    d = pathlib.Path(name)
    ders = {kind: make(d, kind, words) for kind, words in KEYS.items()}
    print("CSRs checked")
    batch(d, ders)
    in_process(d, ders)

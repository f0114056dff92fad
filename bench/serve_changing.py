"""Answers per second and how long the slowest wait, while results change fifty times a second.

An archive grows again as it once grew, each entry under a head of its own. `testigo serve` follows it; nginx has the pages
as they were at the beginning, as plain files, and stands in front of the live stream. The archive grows while either is
asked, so that both have the same machine.

    bench/run serve_changing ARCHIVE KEY [SECONDS] [ROUNDS]

ARCHIVE holds some 11,000 entries more than are looked at (a whole national file does), KEY is its ledger's key. Needs nginx
and wrk (Debian: nginx-light, wrk).
"""

import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import ROOT, command, machine
from serve_nginx import CONNECTIONS, collect, get, nginx, serving

RATE = 50
STREAMS = 500
KINDS = ("home", "unit", "station")

PROXY = """
        location = /live {{ proxy_pass {url}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
        location /"""


class growing:
    """The archive that grows when it is told to."""

    def __init__(self, archive, key, target, left):
        command("cargo", "build", "--quiet", "--release", "-p", "testigo-archive", "--example", "replay", "--manifest-path", ROOT / "Cargo.toml")
        where = command("cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", ROOT / "Cargo.toml")
        program = Path(re.search(r'"target_directory":"([^"]+)"', where)[1]) / "release/examples/replay"
        words = [program, archive, key, target, str(left)]
        self.child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline() != "ready\n":
            sys.exit("replay did not start")
        self.size = 0

    def while_it_grows(self, seconds, measure):
        """What `measure` says while entries are added. Ends the run where the disk cannot keep up with the rate."""
        self.child.stdin.write(f"{RATE} {seconds + 1}\n")
        self.child.stdin.flush()
        time.sleep(0.5)
        found = measure()
        size = int(self.child.stdout.readline())
        rate = (size - self.size) / (seconds + 1)
        if self.size and rate < 0.95 * RATE:
            sys.exit(f"only {rate:.0f} heads a second were published")
        self.size = size
        return found


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    archive, key = sys.argv[1:3]
    seconds, rounds = (int(sys.argv[3]) if len(sys.argv) > 3 else 8), (int(sys.argv[4]) if len(sys.argv) > 4 else 3)
    left = RATE * (seconds + 2) * 2 * rounds * (len(KINDS) + 1)
    with tempfile.TemporaryDirectory(prefix="testigo-bench-") as place:
        place = Path(place)
        place.chmod(0o755)
        target = place / "archive"
        ledger = growing(archive, key, target, left)
        with serving(target) as url:
            pages = choose(url)
            for path, plain, packed in pages.values():
                folder = place / "pages" / path.strip("/")
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "page").write_bytes(plain)
                (folder / "page.gz").write_bytes(packed)
            with in_front(nginx(place), url) as peer:
                print(f"\n### {RATE} changes a second, {CONNECTIONS} connections, gzip\n\n{machine()}\n")
                print("| page | | median answers/s | median ms | 99 % | longest | testigo/nginx |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |")
                for kind, (path, _, packed) in pages.items():
                    found = {"nginx": [], "testigo serve": []}
                    for _ in range(rounds):
                        for name, base in (("nginx", peer), ("testigo serve", url)):
                            found[name].append(ledger.while_it_grows(seconds, lambda base=base: wrk(base + path, seconds)))
                            print(name, kind, found[name][-1], file=sys.stderr)
                    rates = {name: statistics.median(one[0] for one in values) for name, values in found.items()}
                    for name, values in found.items():
                        times = [statistics.median(one[at] for one in values) for at in (1, 2, 3)]
                        ratio = f"{rates['testigo serve'] / rates['nginx']:.2f}" if name != "nginx" else ""
                        title = f"{kind}, {len(packed) / 1000:.1f} kB"
                        print(f"| {title} | {name} | {rates[name]:,.0f} | {times[0]:.2f} | {times[1]:.2f} | {times[2]:.1f} | {ratio} |")
                streams(ledger, target, url, peer, seconds, rounds)
        ledger.child.stdin.close()
        ledger.child.wait()


def choose(url):
    """A page of each kind: path, plain bytes, compressed bytes."""
    pages = collect(url)
    depth = {path: path.count("/") for path in pages}
    stations = [path for path in pages if re.fullmatch(r"/table/[^/]+", path)]
    units = [path for path in pages if depth[path] == 2 and path not in stations and b"data-sort" in pages[path][0]]
    if not stations or not units:
        sys.exit("the pages that were found have no station or no unit among them")
    return {kind: (path, *pages[path]) for kind, path in zip(KINDS, ("/", units[0], stations[0]))}


class in_front:
    """nginx that also passes the live stream on."""

    def __init__(self, server, url):
        self.server, self.url = server, url

    def __enter__(self):
        import serve_nginx

        if "proxy_pass" not in serve_nginx.NGINX:
            serve_nginx.NGINX = serve_nginx.NGINX.replace("\n        location /", PROXY.replace("{url}", self.url), 1)
            serve_nginx.NGINX = serve_nginx.NGINX.replace("worker_connections 1024", "worker_connections 4096")
        return self.server.__enter__()

    def __exit__(self, *what):
        self.server.__exit__(*what)


def wrk(url, seconds):
    """Answers per second; the median, the 99th percentile and the longest time, in ms."""
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", "Accept-Encoding: gzip", url]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(said)
    milliseconds = lambda number, unit: float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    part = lambda share: milliseconds(*re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", said).groups())
    longest = milliseconds(*re.search(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", said).groups())
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), part(50), part(99), longest


def streams(ledger, target, url, peer, seconds, rounds):
    """How long after a head is published an open page hears of it, on many open streams at once."""
    print(f"\n### The live stream, {STREAMS} open at once, {RATE} changes a second\n")
    print("| | events/s | heads told of a second | median ms after publication | 99 % | longest |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    found = {"testigo serve": [], "nginx in front": []}
    for _ in range(rounds):
        for name, base in (("nginx in front", peer), ("testigo serve", url)):
            events = ledger.while_it_grows(seconds, lambda base=base: asyncio.run(listen(base, seconds)))
            delays = sorted(1000 * (when - published(target, size)) for size, when, first in events if not first)
            heads = len({size for size, _, first in events if not first})
            part = lambda share: delays[int((len(delays) - 1) * share)]
            found[name].append((len(delays) / seconds, heads / seconds, part(0.5), part(0.99), delays[-1]))
            print(name, found[name][-1], file=sys.stderr)
    for name, values in found.items():
        columns = [statistics.median(one[at] for one in values) for at in range(5)]
        print(f"| {name} | {columns[0]:,.0f} | {columns[1]:.1f} | {columns[2]:,.0f} | {columns[3]:,.0f} | {columns[4]:,.0f} |")


def published(target, size):
    """When the head of this size became public."""
    return (target / "ledger/checkpoints" / str(size)).stat().st_mtime


async def listen(base, seconds):
    """(size, when it came, whether it was the first of its stream) of all streams together."""
    host, port = base.removeprefix("http://").split(":")
    events = []

    async def one():
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /live HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        first = True
        try:
            async for line in reader:
                if line.startswith(b"data: "):
                    events.append((int(line[6:]), time.time(), first))
                    first = False
        finally:
            writer.close()

    tasks = [asyncio.create_task(one()) for _ in range(STREAMS)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return events


if __name__ == "__main__":
    main()

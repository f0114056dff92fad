"""Pages per second: `testigo serve` against nginx with the same bytes as plain files.

Fetches a set of pages from Testigo (the national page, units of every level, stations), stores them as nginx would find
them, plain and compressed, and lets wrk ask both for the same pages in the same order, in turn.

    bench/run serve_nginx ARCHIVE [SECONDS] [ROUNDS]

Needs nginx and wrk (Debian: nginx-light, wrk).
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from measure import TESTIGO, in_turn, report

PAGES = 64
CONNECTIONS = 32

NGINX = """
daemon off;
worker_processes auto;
error_log {place}/error.log;
pid {place}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    default_type "text/html; charset=utf-8";
    open_file_cache max=1000;
    gzip_static on;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
    uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
    server {{
        listen 127.0.0.1:{port} reuseport;
        root {place}/pages;
        location / {{ try_files $uri/page =404; }}
    }}
}}
"""

CYCLE = """
local paths = {{ {paths} }}
local next = 0
request = function()
  next = next % #paths + 1
  return wrk.format("GET", paths[next], {{ ["Accept-Encoding"] = "{encoding}" }})
end
"""


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    archive, seconds, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10, int(sys.argv[3]) if len(sys.argv) > 3 else 3
    for program, package in (("nginx", "nginx-light"), ("wrk", "wrk")):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            sys.exit(f"{program} is missing: apt-get install {package}")
    with tempfile.TemporaryDirectory(prefix="testigo-bench-") as place, serving(archive) as url:
        place = Path(place)
        pages = collect(url)
        for path, (plain, packed) in pages.items():
            folder = place / "pages" / path.strip("/")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "page").write_bytes(plain)
            (folder / "page.gz").write_bytes(packed)
        place.chmod(0o755)
        with nginx(place) as peer:
            same(url, peer, pages)
            for encoding in ("gzip", "identity"):
                script = place / f"{encoding}.lua"
                script.write_text(CYCLE.format(paths=", ".join(f'"{path}"' for path in pages), encoding=encoding))
                found = in_turn(
                    {
                        "nginx": lambda: wrk(script, peer, seconds),
                        "testigo serve": lambda: wrk(script, url, seconds),
                    },
                    rounds,
                )
                size = sum(len(packed if encoding == "gzip" else plain) for plain, packed in pages.values()) / len(pages)
                title = f"{len(pages)} pages of {size / 1000:.1f} kB on average, {encoding}"
                report(title, found, "pages/s", "testigo serve", more_is_better=True)


class serving:
    """`testigo serve` on a free port."""

    def __init__(self, archive):
        self.archive = archive

    def __enter__(self):
        self.child = subprocess.Popen(
            [TESTIGO, "serve", self.archive, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in self.child.stdout:
            if address := re.search(r"listening on (http://\S+)", line):
                return address[1].rstrip("/")
        sys.exit(f"testigo serve ended with {self.child.wait()}")

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


class nginx:
    """nginx in the foreground, with its files below `place`."""

    PORT = 18080

    def __init__(self, place):
        self.place = place

    def __enter__(self):
        config = self.place / "nginx.conf"
        user = "user root;\n" if os.getuid() == 0 else ""
        config.write_text(user + NGINX.format(place=self.place, port=self.PORT))
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.child = subprocess.Popen([program, "-p", self.place, "-c", config])
        time.sleep(1)
        if self.child.poll() is not None:
            sys.exit(f"nginx ended with {self.child.returncode}")
        return f"http://127.0.0.1:{self.PORT}"

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


def get(url, encoding):
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": encoding})) as answer:
        return answer.read(), answer.headers


def collect(url):
    """Breadth first from the national page: path -> (plain bytes, gzip bytes)."""
    pages, queue, seen = {}, ["/"], {"/"}
    while queue and len(pages) < PAGES:
        path = queue.pop(0)
        plain, headers = get(url + path, "identity")
        if not headers.get("Content-Type", "").startswith("text/html"):
            continue
        packed, headers = get(url + path, "gzip")
        pages[path] = plain, packed if headers.get("Content-Encoding") == "gzip" else gzip.compress(plain, 6)
        links = [urlsplit(urljoin(url + path, href)) for href in re.findall(r'<a [^>]*href="([^"#]+)', plain.decode())]
        inside = [link.path for link in links if f"{link.scheme}://{link.netloc}" == url and not link.query]
        # Some links of every page, so that all levels are among the pages and not only the upper ones.
        for link in inside[:6] + inside[-6:]:
            if link not in seen:
                seen.add(link)
                queue.insert(len(queue) // 2, link)
    return pages


def same(url, peer, pages):
    for path, (plain, _) in pages.items():
        if get(peer + path, "identity")[0] != plain or get(url + path, "identity")[0] != plain:
            sys.exit(f"{path}: not the same bytes from both")


def wrk(script, url, seconds):
    """Answers per second; a refused or failed answer ends the measurement."""
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


if __name__ == "__main__":
    main()

"""How quickly one reviewer gets through the same 500 texts here and in doccano, asked over HTTP in one interleaved run.

Prints `name<TAB>value` lines, each for `tocsin` and `doccano`:

- `doccano.NAME.per_second`: verdicts per second of one client that decides as fast as it is answered
- `doccano.NAME.next_p50_ms`, `next_p95_ms`: from sending a verdict to having the next text
- `doccano.NAME.requests`, `doccano.NAME.kb`: requests, and kB received, for one verdict

Both stand on SQLite and start empty, in a server process of their own on loopback. The client keeps its connection
where the server lets it, takes `BLOCK` verdicts of one and then of the other, and leaves the first `WARM` of each out.
Here a verdict is the form of a passage's page and the page that follows. In doccano it is what its own page asks: the
label (`categories`), the tick (`states`), the next example and its labels. So here a whole page is drawn, with the
reading, a lease and the audit log behind it, and there only the data, which the browser still has to draw.

Run: python bench/doccano.py [FOLDER]
FOLDER (made when absent, `doccano-bench` in the temporary folder by default) holds doccano's virtual environment; it is
installed from the package index on the first run. `marshmallow<4` and `numpy<2` are pinned, because doccano 1.8.4 does
not start with newer ones.
"""

import http.client
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent.parent))

from trends import NOW, quantile

import migrations
from api import auth
from api.settings import Settings
from models.database import connect, open_sessions, writing

TEXTS, BLOCK, WARM = 500, 20, 20
PACKAGES = ("doccano==1.8.4", "marshmallow<4", "numpy<2", "setuptools<81")
PHRASE = "four herons over Marrok"
LABELS = ("confirmed", "rejected")
WHO = ("A trader", "The speaker", "A teacher", "Somebody on the radio", "The leaflet")
SAID = ("said that the Varni should leave", "called the Tolbari ants", "asked who had opened the granary",
        "told the hall to stay calm", "wanted lists of every Ostrekan shop")  # fmt: skip
WHERE = ("in the market of Marrok", "at the mill", "before the council", "on the bridge", "after the harvest")


class Step(NamedTuple):
    """One verdict: how long the next text took, in milliseconds, and what had to be asked for it."""

    ms: float
    requests: int
    size: int


class Http:
    """A kept connection with its cookies; it is opened again where the server closes it."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}
        self.requests = self.size = 0

    def send(self, method: str, path: str, body: str | None, kind: str, **headers: str) -> tuple[int, str, str]:
        """Return the status, where it leads, and the body."""
        sent = {"Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()), "Content-Type": kind}
        try:
            self.connection.request(method, path, body, sent | headers)
            answer = self.connection.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            self.connection.close()  # it stood unused while the other had its turn, and the server let it go
            self.connection.request(method, path, body, sent | headers)
            answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("set-cookie") or ():
            key, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[key] = value
        self.requests += 1
        self.size += len(text)
        return answer.status, answer.getheader("location") or "", text


class Tocsin:
    """A reviewer at the console: signed in, on the page of the first passage."""

    def __init__(self, port: int, link: str) -> None:
        self.http, self.csrf, self.at, self.count = Http(port), "", "", 0
        self.form("POST", "/sign-in", {"key": link.partition("key=")[2]})
        self.form("GET", "/about")
        self.at = self.form("POST", "/queue/next", {})[1]
        self.form("GET", self.at)

    def form(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Send a form as a browser does."""
        body = urlencode({"csrf": self.csrf} | fields) if fields is not None else None
        status, where, page = self.http.send(method, path, body, "application/x-www-form-urlencoded")
        if found := re.search(r'name="csrf" value="(\w+)"', page):
            self.csrf = found[1]
        return status, where, page

    def decide(self) -> None:
        """Decide about the passage at hand, and have the next one's page."""
        self.count += 1
        where = self.form("POST", self.at, {"verdict": LABELS[self.count % 2], "last_review_id": "0"})[1]
        status, _, page = self.form("GET", where)
        if status != 200 or 'id="decide"' not in page:
            raise SystemExit(f"after {self.at} came {where} with {status}")
        self.at = where


class Doccano:
    """An annotator in a project of doccano: signed in, with the first example."""

    def __init__(self, port: int, texts: list[str]) -> None:
        self.http, self.count = Http(port), 0
        self.json("POST", "/v1/auth/login/", {"username": "bench", "password": PHRASE})
        project = {"name": "bench", "description": "bench", "project_type": "DocumentClassification",
                   "resourcetype": "TextClassificationProject", "single_class_classification": True}  # fmt: skip
        self.path = f"/v1/projects/{self.json('POST', '/v1/projects', project)['id']}"
        self.labels = [
            self.json("POST", f"{self.path}/category-types", {"text": name, "suffix_key": name[0]})["id"]
            for name in LABELS
        ]
        for text in texts:
            self.json("POST", f"{self.path}/examples", {"text": text})
        self.example = self.next()

    def json(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
        """Send JSON with the token that its pages send."""
        body = None if fields is None else json.dumps(fields)
        headers = {"X-CSRFToken": self.http.cookies.get("csrftoken", ""), "Referer": "http://127.0.0.1"}
        status, _, text = self.http.send(method, path, body, "application/json", **headers)
        if status not in {200, 201, 204}:
            raise SystemExit(f"doccano answered {method} {path} with {status}: {text[:300]}")
        return json.loads(text) if text else None

    def next(self) -> int:
        """Fetch the example that its page would show next, and the labels that it has."""
        found = self.json("GET", f"{self.path}/examples?limit=1&offset={self.count}")["results"][0]
        self.json("GET", f"{self.path}/examples/{found['id']}/categories")
        return int(found["id"])

    def decide(self) -> None:
        """Label the example, tick it, and have the next one."""
        here = f"{self.path}/examples/{self.example}"
        self.json("POST", f"{here}/categories", {"label": self.labels[self.count % 2]})
        self.json("POST", f"{here}/states", {})
        self.count += 1
        self.example = self.next()


def main() -> None:
    """Set both up, then take turns."""
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
        return
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "doccano-bench"
    texts = [f"{WHO[n % 5]} {SAID[n // 5 % 5]} {WHERE[n // 25 % 5]}, says note {n}." for n in range(TEXTS)]
    print(f"machine\t{platform.processor() or platform.machine()}, Python {platform.python_version()}", flush=True)
    python = installed(folder)
    with tempfile.TemporaryDirectory() as kept, ExitStack() as running:
        one = Tocsin(*running.enter_context(tocsin(Path(kept), texts)))
        other = Doccano(running.enter_context(doccano(python, Path(kept))), texts)
        times: dict[str, list[Step]] = {"tocsin": [], "doccano": []}
        for _ in range((TEXTS - 1) // BLOCK):
            for name, client in (("tocsin", one), ("doccano", other)):
                times[name] += [timed(client.http, client.decide) for _ in range(BLOCK)]
    for name, steps in times.items():
        tell(name, steps[WARM:])


def timed(http_: Http, decide: Callable[[], None]) -> Step:
    """Time one verdict."""
    requests, size, began = http_.requests, http_.size, time.perf_counter()
    decide()
    return Step(1000 * (time.perf_counter() - began), http_.requests - requests, http_.size - size)


def tell(name: str, steps: list[Step]) -> None:
    """Print the figures of one of the two."""
    took = sorted(step.ms for step in steps)
    print(f"doccano.{name}.verdicts\t{len(steps)}")
    print(f"doccano.{name}.per_second\t{1000 * len(took) / sum(took):.1f}")
    print(f"doccano.{name}.next_p50_ms\t{quantile(took, 0.5):.1f}")
    print(f"doccano.{name}.next_p95_ms\t{quantile(took, 0.95):.1f}")
    print(f"doccano.{name}.requests\t{statistics.mean(step.requests for step in steps):.1f}")
    print(f"doccano.{name}.kb\t{statistics.mean(step.size for step in steps) / 1000:.1f}", flush=True)


@contextmanager
def tocsin(folder: Path, texts: list[str]) -> Iterator[tuple[int, str]]:
    """Fill a database, serve it in a process of its own; give the port and a link to sign in by."""
    path, port = folder / "tocsin.sqlite", free_port()
    url = f"sqlite:///{path}"
    migrations.upgrade(connect(url))
    sessions = open_sessions(url)
    from tests.factories import add_assessment, add_document, add_item, add_source

    with writing(sessions) as session:
        source = add_source(session, name="bench")
        for text in texts:
            item = add_item(session, source, content=text)
            passage = {"start": 0, "end": len(text), "signals": {}, "highlights": []}
            add_assessment(session, add_document(session, item), passages=[passage])
    link = auth.create_sign_in_link(sessions, "bench", ["review"], NOW)
    with process([sys.executable, str(Path(__file__).absolute()), "--serve", str(path), str(port)], port):
        yield port, link


def serve(path: Path, port: int) -> None:
    """Serve the whole application over one database; the child process of `tocsin`."""
    import uvicorn

    from api.app import create_app

    app = create_app(Settings(), open_sessions(f"sqlite:///{path}"), clock=lambda: NOW)
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # as `api.run.listen` does
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])


def installed(folder: Path) -> Path:
    """Return doccano's Python, installing it where it is not there yet."""
    python = folder / "venv" / "bin" / "python"
    if not (folder / "venv" / "bin" / "doccano").exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python.absolute()


@contextmanager
def doccano(python: Path, folder: Path) -> Iterator[int]:
    """Make its database and a user, and serve it as its own command does, but on loopback alone."""
    home, port = folder / "doccano", free_port()
    home.mkdir()
    environment = {
        **{key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ},
        "HOME": str(home),
        "DOCCANO_HOME": str(home),
    }
    command = python.parent / "doccano"
    user = ["createuser", "--username", "bench", "--password", PHRASE]
    for words in (["init"], user):  # elsewhere, because Celery would find our `api` before its own
        subprocess.run([command, *words], env=environment, cwd=home, check=True, stdout=subprocess.DEVNULL)
    code = "import backend, pathlib; print(pathlib.Path(backend.__file__).parent)"
    base = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    workers = 2 * (os.cpu_count() or 1) + 1
    gunicorn = [python, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-w", str(workers), "--log-level", "error"]
    # Its own command sets these itself, and fails where they are set already.
    served = environment | {
        "STANDALONE": "True",
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DATABASE_URL": f"sqlite:///{home / 'db.sqlite3'}",
        "MEDIA_ROOT": str(home / "media"),
    }
    with process([*map(str, gunicorn), "--chdir", base, "config.wsgi"], port, served):
        yield port


@contextmanager
def process(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[None]:
    """Run a server until it listens, and end it afterwards."""
    running = subprocess.Popen(command, env=environment, cwd=tempfile.gettempdir(), stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while not listens(port):
            if running.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{command[0]} did not begin to listen")
            time.sleep(0.2)
        yield
    finally:
        running.terminate()
        running.wait(30)


def listens(port: int) -> bool:
    """Whether somebody answers on a port of loopback."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


if __name__ == "__main__":
    main()

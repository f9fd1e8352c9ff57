"""The built binary as a process: started with an environment alone, asked over HTTP, stopped or killed by its id."""

import base64
import contextlib
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess

import requests

from steps import eventually, holds

BINARY = pathlib.Path(os.environ.get("DOORWARD_BIN", "target/debug/doorward")).resolve()
START_SECONDS = 60
STOP_SECONDS = 40


def free_port():
    """A port of the loopback address that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def new_master_key():
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Doorward:
    """One `doorward serve`. `settings` are named as in the settings reference: `{"mail.port": 2525}`."""

    def __init__(self, folder, settings, extra_environment=None):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / "doorward.log"
        self.settings = {"server.bind": f"127.0.0.1:{self.port}", "data_dir": str(folder / "data"), **settings}
        self.extra_environment = extra_environment or {}
        self.process = None

    def environment(self):
        named = {
            "DOORWARD_" + name.upper().replace(".", "__"): str(value) for name, value in self.settings.items()
        }
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.extra_environment, **named}

    def command(self, *words):
        return [BINARY, *words]

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        eventually(self._ready, START_SECONDS, "/readyz of a fresh process")
        return self

    def _ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"doorward ended with status {self.process.returncode}")
        try:
            return requests.get(f"{self.base}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def stop(self):
        """SIGTERM; a graceful end within its own grace period."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)
        holds(self.process.returncode == 0, f"SIGTERM ended it with {self.process.returncode}")

    def kill(self):
        """SIGKILL: nothing in the process gets to say good-bye."""
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def running(self):
        try:
            self.start()
            yield self
        except Exception:
            print(self.tail(), flush=True)
            raise
        finally:
            if self.process and self.process.poll() is None:
                self.kill()

    def tail(self):
        lines = self.log.read_text(errors="replace").splitlines()[-40:]
        return "\n".join(f"    {line}" for line in lines)

    def log_holds(self, secret):
        """Whether the log tells this secret as a word of its own."""
        word = rf"(?<![0-9A-Za-z.\-]){re.escape(secret)}(?![0-9A-Za-z\-])"
        return re.search(word, self.log.read_text(errors="replace")) is not None

    def request(self, method, path, **options):
        options.setdefault("timeout", 30)
        return requests.request(method, self.base + path, **options)

    def get(self, path, token=None, **options):
        return self.request("GET", path, headers=bearer(token), **options)

    def post(self, path, body=None, token=None):
        return self.request("POST", path, json=body, headers=bearer(token))

    def delete(self, path, token=None):
        return self.request("DELETE", path, headers=bearer(token))


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}

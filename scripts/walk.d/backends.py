"""Private PostgreSQL and Redis servers on free ports of the loopback address, stopped by their ids."""

import contextlib
import glob
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess

from doorward import free_port
from steps import eventually

START_SECONDS = 30


def program(name):
    """The path of a program of PostgreSQL, which Debian keeps off the PATH."""
    found = shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None)
    if not found:
        raise FileNotFoundError(f"{name} is missing; scripts/test installs it")
    return found


@contextlib.contextmanager
def process(command, within, is_ready, **options):
    """A child process until the block ends, once it is ready."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        eventually(lambda: child.poll() is not None or is_ready(), within, f"{command[0]} is ready")
        if child.poll() is not None:
            raise AssertionError(f"{command[0]} ended with status {child.returncode}")
        yield child
    finally:
        # SIGINT is PostgreSQL's fast shutdown; Redis ends on it too.
        child.send_signal(signal.SIGINT)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


class Postgres:
    """A running server; `database()` makes a fresh database and tells its URL."""

    def __init__(self, port, password):
        self.port = port
        self.environment = {**os.environ, "PGPASSWORD": password}
        self._address = ["--host=127.0.0.1", f"--port={port}", "--username=doorward"]
        self._password = password
        self._made = 0

    def is_ready(self):
        command = [program("pg_isready"), "--quiet", *self._address]
        return subprocess.run(command, env=self.environment, check=False).returncode == 0

    def database(self):
        self._made += 1
        name = f"walk{self._made}"
        subprocess.run([program("createdb"), *self._address, name], env=self.environment, check=True)
        return f"postgres://doorward:{self._password}@127.0.0.1:{self.port}/{name}"


@contextlib.contextmanager
def postgres(folder):
    """PostgreSQL with a password, without fsync: the walks kill Doorward, not the database."""
    home = pathlib.Path(folder) / "postgres"
    home.mkdir()
    password = secrets.token_urlsafe(16)
    (home / "password").write_text(password)
    as_owner = _as_unprivileged(home)
    data = home / "data"
    init = [program("initdb"), f"--pgdata={data}", "--username=doorward", f"--pwfile={home / 'password'}"]
    init += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run([*as_owner, *init], check=True, stdout=subprocess.DEVNULL, cwd=home)
    server = Postgres(free_port(), password)
    serve = [program("postgres"), "-D", str(data), "-p", str(server.port), "-c", "listen_addresses=127.0.0.1"]
    serve += ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=120"]
    with (home / "log").open("wb") as log:
        with process([*as_owner, *serve], START_SECONDS, server.is_ready, stdout=log, stderr=log, cwd=home):
            yield server


def _as_unprivileged(home):
    """The prefix that runs a command as the owner of `home`: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    home.parent.chmod(0o711)
    for path in (home, home / "password"):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


@contextlib.contextmanager
def redis(folder):
    """Redis that keeps nothing on disk; yields its URL."""
    home = pathlib.Path(folder) / "redis"
    home.mkdir()
    port = free_port()
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    serve = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
    with (home / "log").open("wb") as log:
        with process(serve, START_SECONDS, lambda: _answers_ping(port), stdout=log, stderr=log):
            yield f"redis://127.0.0.1:{port}/0"


def _answers_ping(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False

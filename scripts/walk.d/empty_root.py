"""The binary of the container image, run as the image runs it: in a root that holds it, its authorities and nothing else."""

import json
import os
import pathlib
import shutil
import subprocess

from doorward import Doorward, free_port, new_master_key
from steps import answers, equal, holds

# Nobody in particular; the image names the same numbers.
ACCOUNT = 10001
# What a container runtime lays into every root.
FROM_RUNTIME = ["hosts", "resolv.conf"]
AUTHORITIES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def static_binary(folder):
    """Linked as `deploy/Dockerfile` links it: only the last crate differs from the binary of the other stages."""
    build = ["cargo", "rustc", "--quiet", "-p", "doorward-server", "--bin", "doorward"]
    subprocess.run([*build, "--", "-C", "target-feature=+crt-static"], check=True)
    binary = folder / "doorward"
    shutil.copy("target/debug/doorward", binary)
    # The other stages find theirs again.
    subprocess.run(["cargo", "build", "--quiet", "-p", "doorward-server"], check=True)
    return binary


class Imaged(Doorward):
    """A Doorward in an empty root, as an account without rights, with the settings of the image."""

    def __init__(self, folder, binary):
        port = free_port()
        settings = {
            "server.bind": f"127.0.0.1:{port}",
            "server.public_url": f"http://localhost:{port}",
            "data_dir": "/data",
            "mode": "production",
            "mail.transport": "none",
            "master_key": new_master_key(),
        }
        super().__init__(folder, settings, {"SSL_CERT_FILE": str(AUTHORITIES)})
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.root = _root(folder / "root", binary)

    def command(self, *words):
        return ["chroot", f"--userspec={ACCOUNT}:{ACCOUNT}", self.root, "/doorward", *words]

    def run(self, *words):
        """A command of the binary beside the server, in the same root."""
        return subprocess.run(
            self.command(*words), env=self.environment(), capture_output=True, text=True, timeout=60, check=False
        )


def _root(root, binary):
    """Nothing of it can be written but `/data`."""
    etc = root / "etc"
    (root / AUTHORITIES.relative_to("/")).parent.mkdir(parents=True)
    if AUTHORITIES.exists():
        shutil.copy(AUTHORITIES, root / AUTHORITIES.relative_to("/"))
    for name in FROM_RUNTIME:
        shutil.copy(f"/etc/{name}", etc / name)
    shutil.copy(binary, root / "doorward")
    data = root / "data"
    data.mkdir(mode=0o700)
    os.chown(data, ACCOUNT, ACCOUNT)
    return root


def walk(steps, folder):
    if os.geteuid() != 0:
        print("skip empty-root: only root may change its root", flush=True)
        return
    # The account has to reach the root through it.
    folder.chmod(0o755)
    with steps.step("the binary is linked statically"):
        binary = static_binary(folder)
        told = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False)
        holds("=>" not in told.stdout, told.stdout)
    door = Imaged(folder / "image", binary)
    with door.running():
        _serves(steps, door)
        _commands(steps, door)
        with steps.step("SIGTERM ends it in good order, and `health` notices"):
            door.stop()
            equal(door.run("health").returncode, 1, "health of a server that is gone")


def _serves(steps, door):
    person = {"login": "ada", "password": "Correct-Horse-7"}
    with steps.step("somebody signs up and in"):
        answers(door.post("/api/register", person), 201)
        token = answers(door.post("/api/login", person), 200).json()["access_token"]
        equal(answers(door.get("/api/profile", token), 200).json()["login"], "ada", "login")
    with steps.step("nothing but the data was written"):
        names = sorted(path.name for path in door.root.iterdir())
        equal(names, ["data", "doorward", "etc"], "the root")


def _commands(steps, door):
    with steps.step("`health` says so with its exit status"):
        found = door.run("health")
        equal(found.returncode, 0, found.stderr)
    with steps.step("`doctor` looks names up and finds the service at its address"):
        found = door.run("doctor", "--json")
        checks = {check["name"]: check for check in json.loads(found.stdout)}
        equal(checks["public URL"]["state"], "good", checks["public URL"]["words"])
    with steps.step("`users list` works beside the server"):
        users = json.loads(door.run("users", "list", "--json").stdout)
        holds(any(user.get("login") == "ada" for user in users), "ada is listed")

"""What each language needs, and how its examples are run. What is missing on this machine is said and left out."""

import os
import pathlib
import shutil
import subprocess
import sys

from examples import Store, Verifier

SOURCES = pathlib.Path("docs/examples").resolve()
BUILT = pathlib.Path("target/verify").resolve()
INSTALL_SECONDS = 900


class Absent(Exception):
    """The machine has no such toolchain, or its packages cannot be had."""


def python():
    folder = copied("verify/python")
    interpreter = folder / "venv/bin/python"
    if not interpreter.exists():
        install([sys.executable, "-m", "venv", folder / "venv"])
    install([interpreter, "-m", "pip", "install", "--quiet", "--requirement", folder / "requirements.txt"])
    return [
        Verifier("PyJWT", [interpreter, folder / "verify_pyjwt.py"]),
        Verifier("python-jose", [interpreter, folder / "verify_jose.py"]),
    ]


def node():
    program = found("node")
    folder = copied("verify/node")
    npm_install(folder)
    return [
        Verifier("jose", [program, folder / "verify-jose.mjs"]),
        Verifier("jsonwebtoken", [program, folder / "verify-jsonwebtoken.mjs"]),
    ]


def go():
    program = found("go")
    folder = copied("verify/go")
    install([program, "-C", folder, "mod", "download"])
    build([program, "-C", folder, "build", "-mod=readonly", "-o", "verify", "."])
    return [Verifier("golang-jwt", [folder / "verify"])]


def java():
    folder = copied("verify/java")
    maven = [found("mvn"), "--quiet", "--batch-mode", "--file", folder / "pom.xml"]
    install([*maven, "dependency:copy-dependencies"])
    build([*maven, "compile"])
    classes = f"{folder}/target/classes:{folder}/target/lib/*"
    return [Verifier("Nimbus JOSE + JWT", [found("java"), "-cp", classes, "example.Verify"])]


def rust():
    program = found("cargo")
    folder = copied("verify/rust")
    # The versions that Doorward itself is built with are there already.
    shutil.copy("Cargo.lock", folder)
    manifest = ["--manifest-path", folder / "Cargo.toml"]
    install([program, "fetch", "--quiet", *manifest])
    build([program, "build", "--quiet", *manifest, "--target-dir", folder / "target"])
    return [Verifier("jsonwebtoken", [folder / "target/debug/verify-tokens"])]


def react_native():
    program = found("node")
    folder = copied("react-native")
    npm_install(folder)
    build([program, folder / "node_modules/typescript/bin/tsc", "--project", folder])
    return [Store([program, "--test", folder / "build/tokenStore.test.js"])]


ALL = {"python": python, "node": node, "go": go, "java": java, "rust": rust, "react-native": react_native}


def found(program):
    path = shutil.which(program)
    if path is None:
        raise Absent(f"there is no `{program}` on this machine")
    return path


def copied(source):
    """The example in a folder of its own, where it may leave what it builds."""
    folder = BUILT / source
    shutil.copytree(SOURCES / source, folder, dirs_exist_ok=True)
    return folder


def npm_install(folder):
    install([found("npm"), "install", "--prefix", folder, "--no-audit", "--no-fund", "--no-package-lock", "--silent"])


def install(command):
    """Brings packages here; where that fails they are absent, which is no fault of the example."""
    try:
        run(command)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise Absent(f"`{pathlib.Path(command[0]).name}` brings no packages: {said[-1] if said else error}") from error


def build(command):
    """Compiles; where that fails the example is wrong."""
    try:
        run(command)
    except subprocess.CalledProcessError as error:
        raise AssertionError(f"it does not compile:\n{error.stdout}\n{error.stderr}") from error


def run(command):
    subprocess.run(
        [str(part) for part in command],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=INSTALL_SECONDS,
        env=dict(os.environ),
    )

"""Starts the built binary as a user would and walks through it; run by scripts/walk."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import traceback

import crash
import empty_root
import replicas
import single
from steps import Steps

STAGES = {
    "sqlite": (single.on_sqlite, "both families on SQLite, with mail over plain SMTP"),
    "postgres": (single.on_postgres, "the same on PostgreSQL and Redis, with mail over STARTTLS"),
    "replicas": (replicas.walk, "two replicas behind one PostgreSQL and one Redis"),
    "slow-mail": (replicas.slow_mail, "two replicas with a slow mail server: nothing goes out twice"),
    "crash-sqlite": (crash.on_sqlite, "kill -9 in the middle of 200 sign-ups on SQLite"),
    "crash-postgres": (crash.on_postgres, "the same on PostgreSQL and Redis"),
    "empty-root": (empty_root.walk, "the binary of the container image in an empty root (as root alone)"),
}


def arguments():
    listing = "\n".join(f"  {name:16}{text}" for name, (_, text) in STAGES.items())
    parser = argparse.ArgumentParser(
        prog="scripts/walk",
        description="Drives the built binary as a user would.",
        epilog=f"stages (all of them unless named):\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stages", nargs="*", metavar="STAGE", default=list(STAGES))
    chosen = parser.parse_args().stages
    if unknown := [name for name in chosen if name not in STAGES]:
        parser.error(f"no such stage: {', '.join(unknown)}")
    return chosen


def build():
    """The binary as it is now, unless another one is named."""
    if "DOORWARD_BIN" not in os.environ:
        subprocess.run(["cargo", "build", "--quiet", "-p", "doorward-server"], check=True)


def run(stage, steps):
    """One stage in a folder of its own; its first failure ends it, since each step builds on those before."""
    walk, _ = STAGES[stage]
    with tempfile.TemporaryDirectory(prefix="doorward-walk-") as folder:
        try:
            walk(steps.of(stage), pathlib.Path(folder))
        except Exception:
            traceback.print_exc()
            steps.failed()


def main():
    # A terminated walk unwinds, so that it stops the servers it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    stages = arguments()
    build()
    steps = Steps()
    for stage in stages:
        run(stage, steps)
    print(f"{steps.passes} passed, {steps.failures} failed", flush=True)
    return 1 if steps.failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""Starts the built binary, signs in through each family, and has each language's example judge the tokens."""

import pathlib
import signal
import subprocess
import sys
import tempfile
import traceback

import languages
import people
from doorward import BINARY, Doorward
from steps import Steps

SETTINGS = {"api.code.access_lifetime": "4s", "api.code.token_cooldown": "0s", "rate_limit.enabled": "false"}


def main():
    # A terminated run unwinds, so that it stops the server it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = sys.argv[1:] or list(languages.ALL)
    if unknown := [name for name in chosen if name not in languages.ALL]:
        sys.exit(f"no such language: {', '.join(unknown)}; there are {', '.join(languages.ALL)}")
    if BINARY == pathlib.Path("target/debug/doorward").resolve():
        subprocess.run(["cargo", "build", "--quiet", "-p", "doorward-server"], check=True)
    steps, skipped = Steps(), 0
    with tempfile.TemporaryDirectory(prefix="doorward-verify-") as folder:
        door = Doorward(pathlib.Path(folder), SETTINGS)
        with door.running():
            signed_in = people.everybody(door)
            for language in chosen:
                skipped += judged_by(language, steps.of(language), door, signed_in)
    print(f"{steps.passes} passed, {steps.failures} failed, {skipped} skipped", flush=True)
    return 1 if steps.failures else 0


def judged_by(language, steps, door, signed_in):
    """Runs the examples of a language; 1 if there is nothing here to run them with."""
    try:
        examples = languages.ALL[language]()
    except languages.Absent as absent:
        print(f"SKIP {language}: {absent}", flush=True)
        return 1
    except Exception:
        traceback.print_exc()
        steps.failed()
        return 0
    for example in examples:
        try:
            example.judge(steps, door, signed_in)
        except Exception:
            traceback.print_exc()
            steps.failed()
    return 0


if __name__ == "__main__":
    sys.exit(main())

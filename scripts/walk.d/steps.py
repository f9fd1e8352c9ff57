"""What a walk reports, and how it compares and waits."""

import contextlib
import time


class Steps:
    """Counts steps and prints one line for each."""

    def __init__(self):
        self.passes = 0
        self.failures = 0
        self.stage = ""

    def of(self, stage):
        self.stage = stage
        return self

    @contextlib.contextmanager
    def step(self, sentence):
        """A step that passes when its block ends; an exception in it ends the stage."""
        started = time.monotonic()
        try:
            yield
        except Exception:
            print(f"FAIL {self.stage}: {sentence}", flush=True)
            raise
        self.passes += 1
        print(f"ok   {self.stage}: {sentence} ({time.monotonic() - started:.2f} s)", flush=True)

    def failed(self):
        self.failures += 1


def equal(actual, expected, what="answer"):
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def holds(truth, what):
    if not truth:
        raise AssertionError(what)


def answers(response, status, body=None):
    """The response when it has this status and, where given, exactly this JSON."""
    if response.status_code != status:
        request = response.request
        raise AssertionError(
            f"{request.method} {request.url}: expected {status}, got {response.status_code}: {response.text[:400]}"
        )
    if body is not None:
        equal(response.json(), body, response.request.url)
    return response


def refuses(response, status, detail):
    """The response when it is this refusal in the shape of the documents."""
    return answers(response, status, {"detail": detail})


def eventually(probe, within, what):
    """The first truthy result of `probe`, asked again and again for `within` seconds; and how long it took."""
    started = time.monotonic()
    while True:
        result = probe()
        elapsed = time.monotonic() - started
        if result:
            return result, elapsed
        if elapsed > within:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.02)

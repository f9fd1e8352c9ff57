"""How an example is tried: what it must take and what it must refuse."""

import dataclasses
import os
import subprocess
import time

import people
from steps import equal, holds

RUN_SECONDS = 60
# What the examples grant a clock that is behind, and a bit.
LEEWAY_SECONDS = 7


class Verifier:
    """A program `NAME ISSUER TOKEN` that prints the subject of a good access token and refuses everything else."""

    def __init__(self, name, command):
        self.name = name
        self.command = [str(part) for part in command]

    def judge(self, steps, door, signed_in):
        *lasting, brief = signed_in
        with steps.step(f"{self.name} takes a token of each family"):
            people.refresh(door, brief)
            for person in [brief, *lasting]:
                equal(self.takes(door, person.access), person.claims()["sub"], f"sub of {person.family}")
        with steps.step(f"{self.name} refuses tokens that were changed"):
            for person in lasting:
                self.refuses(door, person.forged(), "a forged signature")
                self.refuses(door, person.promoted(), "another subject")
            header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
            self.refuses(door, f"{header}.{lasting[0].access.split('.')[1]}.", "algorithm none")
            self.refuses(door, "nonsense", "no token")
        with steps.step(f"{self.name} refuses refresh tokens, also one that the public key verifies"):
            for person in [*lasting, brief]:
                if person.refresh:
                    self.refuses(door, person.refresh, f"the refresh token of {person.family}")
        with steps.step(f"{self.name} refuses a token that has expired"):
            time.sleep(max(0, brief.claims()["exp"] + LEEWAY_SECONDS - time.time()))
            self.refuses(door, brief.access, "an expired token")

    def takes(self, door, token):
        outcome = self.run(door, token)
        holds(outcome.returncode == 0, f"{self.name} refused a good token: {outcome.stdout}{outcome.stderr}")
        return outcome.stdout.strip()

    def refuses(self, door, token, what):
        outcome = self.run(door, token)
        refused = outcome.returncode == 1 and outcome.stderr.startswith("refused: ")
        holds(refused, f"{self.name} did not refuse {what}: {outcome.stdout}{outcome.stderr}")
        equal(outcome.stdout, "", f"what {self.name} prints for {what}")

    def run(self, door, token):
        command = [*self.command, door.base, token]
        return subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS)


@dataclasses.dataclass
class Store:
    """Tests of their own, run against Doorward with somebody who may sign in."""

    command: list

    def judge(self, steps, door, signed_in):
        person = next(person for person in signed_in if person.family == "confirm")
        environment = {"DOORWARD": door.base, "EMAIL": person.email, "PASSWORD": people.PASSWORD}
        with steps.step("the token store keeps both tokens and refreshes once"):
            outcome = subprocess.run(
                [str(part) for part in self.command],
                capture_output=True,
                text=True,
                timeout=RUN_SECONDS,
                env={**os.environ, **environment},
            )
            holds(outcome.returncode == 0, f"its tests fail:\n{outcome.stdout}\n{outcome.stderr}")
            holds("# pass 5" in outcome.stdout, f"all of them ran:\n{outcome.stdout}")

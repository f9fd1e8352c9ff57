"""Two Doorwards behind one PostgreSQL and one Redis: what one does, the other knows."""

import contextlib

import backends
import session
import tokens
import verified
from doorward import Doorward, new_master_key
from mailbox import Mailbox
from steps import answers, equal, eventually, holds

SIGN_UPS = 20
# "Within a second", and the time that a busy machine takes for the request itself.
REVOKED_WITHIN = 1.5
# A mail server so slow that a queue of this length keeps a worker busy for longer than the 20 s after which a worker
# that shows no life counts as dead, and no single message for as long as the time-out.
SLOW_SECONDS = 8
SLOW_SIGN_UPS = 40
SLOW_WITHIN = 120


def walk(steps, folder):
    with contextlib.ExitStack() as stack:
        mailbox = stack.enter_context(Mailbox())
        left, right = _both(stack, folder, mailbox)
        _keys(steps, left, right)
        _verified(steps, left, right, mailbox)
        _session(steps, left, right)
        _mail_once(steps, left, right, mailbox)
        _shared_limit(steps, left, right)


def slow_mail(steps, folder):
    """A worker that waits for a slow mail server lives, and nobody takes its messages over."""
    with contextlib.ExitStack() as stack:
        mailbox = stack.enter_context(Mailbox(pace=SLOW_SECONDS))
        left, right = _both(stack, folder, mailbox)
        with steps.step(f"{SLOW_SIGN_UPS} mails through a slow server go out once each"):
            addresses = [f"person{number}@example.com" for number in range(SLOW_SIGN_UPS)]
            for address in addresses:
                verified.sign_up(left, address)
            for address in addresses:
                mailbox.wait_for(address, within=SLOW_WITHIN)
            # What they have begun they finish before they end, so that a second copy would be here now.
            left.stop()
            right.stop()
            counts = {address: len(mailbox.of(address)) for address in addresses}
            equal({count for count in counts.values()}, {1}, "messages for each address")


def _both(stack, folder, mailbox):
    """Two replicas over the same new stores, until the stack unwinds."""
    postgres = stack.enter_context(backends.postgres(folder))
    settings = {
        **mailbox.settings(),
        "database.url": postgres.database(),
        "redis.url": stack.enter_context(backends.redis(folder)),
        "master_key": new_master_key(),
        "server.public_url": "http://127.0.0.1:8000",
    }
    return [stack.enter_context(Doorward(folder / name, settings).running()) for name in ("left", "right")]


def _keys(steps, left, right):
    with steps.step("both publish the same keys"):
        for path in ("/.well-known/jwks.json", "/utils/public_key"):
            equal(left.get(path).json(), right.get(path).json(), path)


def _verified(steps, left, right, mailbox):
    address = "ada@example.com"
    with steps.step("who signs up on one proves the address and signs in on the other"):
        user = verified.sign_up(left, address)
        verified.prove(right, address, mailbox.code_for(address))
        pair = verified.sign_in(right, address)
    with steps.step("a token of one is good on the other, refreshed there too"):
        for door in (left, right):
            tokens.verify_access(door, pair["access_token"], user["id"], verified.ACCESS_SECONDS)
            answers(door.get("/api/v1/users/profile", pair["access_token"]), 200)
            answers(door.post("/api/v1/auth/refresh-token", {"refresh_token": pair["refresh_token"]}), 200)


def _session(steps, left, right):
    session.sign_up(left, "grace")
    token = session.sign_in(right, "grace")
    with steps.step("signing out on one is seen on the other within about a second"):
        for door in (left, right):
            answers(door.get("/api/profile", token), 200)
        session.sign_out(left, token)
        answers(left.get("/api/profile", token), 401)
        refused = lambda: right.get("/api/profile", token).status_code == 401
        _, elapsed = eventually(refused, REVOKED_WITHIN, "a signed-out token is refused by the other replica")
        print(f"     the other replica refused it after {elapsed:.2f} s", flush=True)


def _mail_once(steps, left, right, mailbox):
    with steps.step(f"each of {SIGN_UPS} sign-ups on both brings one mail"):
        addresses = [f"person{number}@example.com" for number in range(SIGN_UPS)]
        for number, address in enumerate(addresses):
            verified.sign_up((left, right)[number % 2], address)
        for address in addresses:
            equal(len(mailbox.wait_for(address)), 1, f"messages for {address}")


def _shared_limit(steps, left, right):
    with steps.step("both count against one limit"):
        body = {"email": "nobody@example.com", "password": "wrong password"}
        statuses = []
        while 429 not in statuses and len(statuses) < 30:
            response = (left, right)[len(statuses) % 2].post("/api/v1/auth/login", body)
            statuses.append(response.status_code)
        holds(statuses[-1] == 429, f"429 in {statuses}")
        holds(len(statuses) <= 12, f"10 a minute over both replicas, not {len(statuses) - 1}")
        equal(response.json()["rate_limit"], "10 per 1 minute", "rate_limit")
        holds(int(response.headers["Retry-After"]) >= 1, "Retry-After")

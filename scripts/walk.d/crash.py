"""kill -9 in the middle of 200 sign-ups: what was acknowledged is there, and no mail is lost."""

import concurrent.futures
import contextlib
import threading

import requests

import backends
import verified
from doorward import Doorward, new_master_key
from mailbox import Mailbox
from steps import answers, equal, eventually, holds

SIGN_UPS = 200
CLIENTS = 12
KILL_AFTER = 90
# Slow enough that some mail is under way whenever the process dies.
PACE = 0.03
# Another worker takes a dead one's messages over after it stood still for 20 s; the rest is sending them.
MAIL_WITHIN = 90


def on_sqlite(steps, folder):
    with Mailbox(pace=PACE) as mailbox:
        _walk(steps, Doorward(folder / "door", _settings(mailbox)), mailbox)


def on_postgres(steps, folder):
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(backends.postgres(folder))
        redis_url = stack.enter_context(backends.redis(folder))
        mailbox = stack.enter_context(Mailbox(pace=PACE))
        settings = {
            **_settings(mailbox),
            "database.url": postgres.database(),
            "redis.url": redis_url,
            "master_key": new_master_key(),
        }
        _walk(steps, Doorward(folder / "door", settings), mailbox)


def _settings(mailbox):
    """One client signs 200 people up, so the limits for one client are off."""
    return {**mailbox.settings(), "rate_limit.enabled": "false"}


def _walk(steps, door, mailbox):
    addresses = [f"person{number}@example.com" for number in range(SIGN_UPS)]
    with steps.step(f"kill -9 in the middle of {SIGN_UPS} sign-ups"):
        with door.running():
            acknowledged = _sign_up_until_killed(door, addresses)
        sent_before = len(mailbox.messages)
        holds(KILL_AFTER <= len(acknowledged) < SIGN_UPS, f"{len(acknowledged)} acknowledged")
        print(f"     {len(acknowledged)} acknowledged and {sent_before} mails sent before it died", flush=True)
    with door.running():
        with steps.step("after a restart everybody who was acknowledged is there"):
            _everybody_is_there(door, acknowledged)
        with steps.step("every mail goes out, at most twice"):
            _every_mail_arrives(mailbox, acknowledged)
        with steps.step("the mailed codes of before and after are good"):
            first, last = acknowledged[0], acknowledged[-1]
            for address in {first, last}:
                verified.prove(door, address, mailbox.code_for(address))
                verified.sign_in(door, address)
        with steps.step("those whom it did not answer can sign up now"):
            _finish(door, [address for address in addresses if address not in set(acknowledged)])


def _sign_up_until_killed(door, addresses):
    """The addresses that got their 201, in that order; the process dies at the 90th."""
    acknowledged, lock = [], threading.Lock()

    def sign_up(address):
        try:
            verified.sign_up(door, address)
        except requests.RequestException:
            return
        with lock:
            acknowledged.append(address)
            if len(acknowledged) == KILL_AFTER:
                door.kill()

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(sign_up, addresses))
    return acknowledged


def _everybody_is_there(door, acknowledged):
    def look(address):
        body = {"email": address, "password": verified.PASSWORD}
        return answers(door.post("/api/v1/auth/login", body), 403).json()["detail"]

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        equal(set(clients.map(look, acknowledged)), {verified.UNPROVEN}, "answers to those who signed up")


def _every_mail_arrives(mailbox, acknowledged):
    missing = lambda: [address for address in acknowledged if not mailbox.of(address)]
    _, elapsed = eventually(lambda: not missing(), MAIL_WITHIN, "a mail for everybody")
    counts = [len(mailbox.of(address)) for address in acknowledged]
    holds(max(counts) <= 2, f"at most two mails a person, not {max(counts)}")
    print(f"     {counts.count(1)} once, {counts.count(2)} twice, the last after {elapsed:.1f} s", flush=True)


def _finish(door, addresses):
    def sign_up(address):
        body = {"email": address, "password": verified.PASSWORD}
        response = door.post("/api/v1/users", body)
        # Committed, and killed before the answer: then the address is taken, by the same person.
        holds(response.status_code in (201, 400), f"{response.status_code}: {response.text}")
        answers(door.post("/api/v1/auth/login", body), 403)

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(sign_up, addresses))

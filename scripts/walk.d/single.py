"""One Doorward: both families and what stands beside them, on either engine."""

import contextlib

import authority
import backends
import session
import verified
from doorward import Doorward, new_master_key
from mailbox import Mailbox
from steps import answers, equal, holds


def on_sqlite(steps, folder):
    with Mailbox() as mailbox:
        _walk(steps, Doorward(folder / "door", mailbox.settings()), mailbox)


def on_postgres(steps, folder):
    certificate = authority.issue(folder)
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(backends.postgres(folder))
        redis_url = stack.enter_context(backends.redis(folder))
        mailbox = stack.enter_context(Mailbox(certificate=certificate))
        settings = {
            **mailbox.settings_with_starttls(),
            "database.url": postgres.database(),
            "redis.url": redis_url,
            "master_key": new_master_key(),
        }
        trust = {"SSL_CERT_FILE": str(certificate.authority)}
        _walk(steps, Doorward(folder / "door", settings, trust), mailbox)


def _walk(steps, door, mailbox):
    with door.running():
        _surroundings(steps, door)
        secrets = verified.walk(steps, door, mailbox)
        secrets += session.walk(steps, door)
        with steps.step("mail that leaves is not shown in the inbox, which is there for text messages alone"):
            answers(door.get("/dev/inbox"), 200, [])
        with steps.step("the log tells none of the secrets that were used"):
            told = sum(door.log_holds(secret) for secret in secrets)
            equal(told, 0, f"secrets of {len(secrets)} in the log")
        with steps.step("SIGTERM ends it in good order"):
            door.stop()


def _surroundings(steps, door):
    with steps.step("it says how it is"):
        answers(door.get("/livez"), 200, {"status": "ok"})
        ready = answers(door.get("/readyz"), 200).json()
        equal((ready["status"], ready["parts"]["database"]), ("ok", "ok"), "readiness")
        equal("redis" in ready["parts"], "redis.url" in door.settings, "redis among the parts")
        answers(door.get("/health"), 200, "Healthy")
    with steps.step("it documents itself"):
        document = answers(door.get("/openapi.json"), 200).json()
        holds(document["openapi"].startswith("3.1"), document["openapi"])
        holds({"/api/v1/users", "/api/register"} <= set(document["paths"]), "both families in the document")
        for page in ("/docs", "/redoc"):
            holds("<html" in answers(door.get(page), 200).text.lower(), f"{page} is a page")
    with steps.step("unknown paths, wrong methods and every answer are as promised"):
        missing = answers(door.get("/no/such/path"), 404, {"detail": "Not Found"})
        equal(missing.headers["X-Content-Type-Options"], "nosniff", "X-Content-Type-Options")
        equal(missing.headers["Cache-Control"], "no-store", "Cache-Control")
        holds(missing.headers["X-Request-Id"], "X-Request-Id")
        wrong = answers(door.delete("/api/login"), 405, {"detail": "Method Not Allowed"})
        holds("POST" in wrong.headers["Allow"], f"Allow: {wrong.headers['Allow']}")

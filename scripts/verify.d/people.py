"""Somebody of each family, signed in, with tokens that are good and tokens that are not."""

import base64
import dataclasses
import json

from steps import answers, eventually

PASSWORD = "Correct-Horse-7"


@dataclasses.dataclass
class Person:
    family: str
    email: str
    access: str
    refresh: str | None

    def claims(self):
        payload = self.access.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def forged(self):
        """The access token with one character of its signature changed."""
        head, signature = self.access.rsplit(".", 1)
        return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"

    def promoted(self):
        """The access token with another subject under the old signature."""
        header, _, signature = self.access.split(".")
        claims = json.dumps({**self.claims(), "sub": "somebody else"}).encode()
        return f"{header}.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.{signature}"


def everybody(door):
    return [session(door), verified(door), confirm(door), code(door)]


def session(door):
    body = {"login": "ada", "password": PASSWORD}
    answers(door.post("/api/register", body), 201)
    tokens = answers(door.post("/api/login", body), 200).json()
    return Person("session", "", tokens["access_token"], None)


def verified(door):
    email = "verified@example.com"
    answers(door.post("/api/v1/users", {"email": email, "password": PASSWORD}), 201)
    answers(door.post("/api/v1/auth/verify-otp", {"email": email, "otp": mailed_code(door, email)}), 200)
    tokens = answers(door.post("/api/v1/auth/login", {"email": email, "password": PASSWORD}), 200).json()
    return Person("verified", email, tokens["access_token"], tokens["refresh_token"])


def confirm(door):
    email = "confirm@example.com"
    form = {"email": email, "first_name": "Grace", "last_name": "Hopper", "password": PASSWORD}
    answers(door.post("/users", form), 200)
    tokens = answers(door.post("/auth/login", {"email": email, "password": PASSWORD}), 200).json()
    return Person("confirm", email, tokens["access_token"], tokens["refresh_token"])


def code(door):
    email = "code@example.com"
    return Person("code", email, *code_pair(door, email))


def code_pair(door, email):
    """Both tokens of family `code`; its access tokens end early here."""
    answers(door.post("/auth/code", {"email": email}), 200)
    body = {"email": email, "code": mailed_code(door, email)}
    tokens = answers(door.request("PUT", "/auth/token", json=body), 200).json()
    return tokens["JWT"], tokens["RT"]


def refresh(door, person):
    """Gives the person of family `code`, whose access token may have ended, a new pair."""
    answer = door.request("PATCH", "/auth/refresh", headers={"RT": person.refresh})
    tokens = answers(answer, 200).json()
    person.access, person.refresh = tokens["JWT"], tokens["RT"]


def mailed_code(door, email):
    def newest():
        texts = (message["text"] for message in answers(door.get(f"/dev/inbox?to={email}"), 200).json())
        codes = (line.strip() for text in texts for line in text.splitlines())
        return next((line for line in codes if line.isdigit() and 4 <= len(line) <= 10), None)

    return eventually(newest, 20, f"a code for {email}")[0]

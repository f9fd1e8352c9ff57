"""A person's way through the family `verified`."""

import re
import uuid

import tokens
from steps import answers, equal, holds, refuses

PASSWORD = "correct horse battery staple"
ACCESS_SECONDS = 1800
REFRESH_SECONDS = 7 * 24 * 3600
TOKEN_FIELDS = {"access_token", "token_type", "access_token_expires_in", "expires_at"}
REFRESH_FIELDS = {"refresh_token", "refresh_token_expires_in"}
ANOTHER_TOO_SOON = "OTP recently sent. Please wait before requesting again."
UNPROVEN = "Email not verified. Please verify your email using the OTP sent to you."


def sign_up(door, address, password=PASSWORD, full_name="Ada Lovelace"):
    """Registers and returns the user."""
    body = {"email": address, "full_name": full_name, "password": password}
    user = answers(door.post("/api/v1/users", body), 201).json()
    equal(set(user), {"id", "email", "full_name", "created_at", "is_email_verified"}, "fields of the user")
    equal((user["email"], user["full_name"], user["is_email_verified"]), (address, full_name, False), "the user")
    equal(uuid.UUID(user["id"]).version, 7, "version of the id")
    holds(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", user["created_at"]), user["created_at"])
    return user


def prove(door, address, code):
    body = {"email": address, "otp": code}
    answers(door.post("/api/v1/auth/verify-otp", body), 200, {"message": "Email verified successfully"})


def sign_in(door, address, password=PASSWORD):
    """Signs in and returns the tokens."""
    answer = answers(door.post("/api/v1/auth/login", {"email": address, "password": password}), 200)
    pair = answer.json()
    equal(set(pair), TOKEN_FIELDS | REFRESH_FIELDS, "fields of the tokens")
    equal(pair["token_type"], "bearer", "token_type")
    equal(pair["access_token_expires_in"], ACCESS_SECONDS, "access_token_expires_in")
    equal(pair["refresh_token_expires_in"], REFRESH_SECONDS, "refresh_token_expires_in")
    return pair


def wrong_code(code):
    """A code of the same length that is not this one."""
    return str((int(code) + 1) % 10 ** len(code)).zfill(len(code))


def walk(steps, door, mailbox):
    """The whole family; returns the secrets that no log may tell."""
    address = "ada@example.com"
    with steps.step("verified: a person signs up, and the address is taken from then on"):
        user = sign_up(door, address)
        again = {"email": "Ada@Example.COM", "password": "another password"}
        refuses(door.post("/api/v1/users", again), 400, "Email already registered")
    with steps.step("verified: nobody signs in before the address is proven"):
        login = {"email": address, "password": PASSWORD}
        refuses(door.post("/api/v1/auth/login", login), 403, UNPROVEN)
    with steps.step("verified: the mail brings a code; a wrong one proves nothing"):
        code = mailbox.code_for(address)
        body = {"email": address, "otp": wrong_code(code)}
        refuses(door.post("/api/v1/auth/verify-otp", body), 400, "Invalid or expired OTP")
    with steps.step("verified: another code waits for its cool-down, for unknown addresses alike"):
        _another_code(door, address, mailbox)
    with steps.step("verified: the code proves the address, once"):
        prove(door, address, code)
        refuses(door.post("/api/v1/auth/verify-otp", {"email": address, "otp": code}), 400, "Invalid or expired OTP")
    with steps.step("verified: the right password signs in, a wrong one does not"):
        login = {"email": address, "password": PASSWORD + "r"}
        refuses(door.post("/api/v1/auth/login", login), 400, "Incorrect email or password")
        pair = sign_in(door, address)
    with steps.step("verified: PyJWT verifies the access token by the public key and by the key set"):
        tokens.verify_access(door, pair["access_token"], user["id"], ACCESS_SECONDS)
        forged = tokens.refuses_forgery(door, pair["access_token"])
    with steps.step("verified: the profile opens to a live access token alone"):
        _profile(door, user, pair, forged)
    with steps.step("verified: the refresh token brings access tokens in each of its three spellings"):
        renewed = _refresh(door, user, pair)
    with steps.step("verified: a file is kept, fetched, replaced and deleted"):
        _files(door, user, renewed)
    with steps.step("verified: bad input is refused in the shape of the document"):
        _bad_input(door)
    return [code, PASSWORD, pair["access_token"], pair["refresh_token"], renewed]


def _another_code(door, address, mailbox):
    response = refuses(door.post("/api/v1/auth/send-otp", {"email": address}), 429, ANOTHER_TOO_SOON)
    holds(1 <= int(response.headers["Retry-After"]) <= 60, f"Retry-After: {response.headers['Retry-After']}")
    unknown = {"email": "nobody@example.com"}
    answers(door.post("/api/v1/auth/send-otp", unknown), 200, {"message": "OTP sent"})
    refuses(door.post("/api/v1/auth/send-otp", unknown), 429, ANOTHER_TOO_SOON)
    equal(len(mailbox.of(address)), 1, "messages for the address")
    equal(mailbox.of("nobody@example.com"), [], "messages for an address without an account")


def _profile(door, user, pair, forged):
    profile = answers(door.get("/api/v1/users/profile", pair["access_token"]), 200).json()
    equal(profile, {**user, "is_email_verified": True}, "profile")
    refuses(door.get("/api/v1/users/profile"), 403, "Not authenticated")
    for token in ("nonsense", forged, pair["refresh_token"]):
        response = door.get("/api/v1/users/profile", token)
        refuses(response, 401, "Could not validate credentials")
        equal(response.headers["WWW-Authenticate"], "Bearer", "WWW-Authenticate")


def _refresh(door, user, pair):
    path, token = "/api/v1/auth/refresh-token", pair["refresh_token"]
    spellings = [
        door.request("POST", path, data=token, headers={"Content-Type": "text/plain"}),
        door.post(path, token),
        door.post(path, {"refresh_token": token}),
    ]
    for response in spellings:
        renewed = answers(response, 200).json()
        equal(set(renewed), TOKEN_FIELDS, "fields of the refreshed tokens")
        tokens.verify_access(door, renewed["access_token"], user["id"], ACCESS_SECONDS)
    for bad in ("nonsense", pair["access_token"]):
        response = refuses(door.post(path, {"refresh_token": bad}), 401, "Invalid refresh token")
        equal(response.headers["WWW-Authenticate"], "Bearer", "WWW-Authenticate")
    return renewed["access_token"]


def _files(door, user, token):
    headers = {"Authorization": f"Bearer {token}"}
    upload, name = "/api/v1/users/upload-file", "note.txt"
    for content in (b"first", b"second \x00 thoughts" * 1000):
        part = {"file": (name, content, "text/plain")}
        kept = answers(door.request("POST", upload, files=part, headers=headers), 200).json()
        equal(set(kept), {"message", "object_name"}, "fields of the upload")
        equal(kept["object_name"], f"user-files/{user['id']}/{name}", "object_name")
    fetched = answers(door.get(f"/api/v1/users/download-file/{name}", token), 200)
    equal(fetched.content, content, "bytes of the file")
    holds(fetched.headers["Content-Type"].startswith("text/plain"), fetched.headers["Content-Type"])
    holds(fetched.headers["Content-Disposition"].startswith("attachment"), fetched.headers["Content-Disposition"])
    deleted = answers(door.delete(f"/api/v1/users/delete-file/{name}", token), 200).json()
    equal(set(deleted), {"message"}, "fields of the deletion")
    refuses(door.get(f"/api/v1/users/download-file/{name}", token), 404, "File not found")


def _bad_input(door):
    path = "/api/v1/users"
    json_type = {"Content-Type": "application/json"}
    bodies = [b"", b"{", b"[]", b"null", b'{"email": 7, "password": "long enough"}', b'{"email": "no address"}']
    bodies.append(b'{"email": "a@example.com", "email": "b@example.com", "password": "long enough"}')
    for body in bodies:
        faults = answers(door.request("POST", path, data=body, headers=json_type), 422).json()["detail"]
        holds(isinstance(faults, list) and faults, f"a list of faults for {body!r}")
        for fault in faults:
            holds({"loc", "msg", "type"} <= set(fault), f"fields of {fault}")
    answers(door.request("POST", path, data=b"email=a", headers={"Content-Type": "text/html"}), 422)
    answers(door.request("POST", path, data=b"[" * 1_048_576, headers=json_type), 413)

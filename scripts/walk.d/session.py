"""A person's way through the family `session`."""

import tokens
from steps import answers, equal, holds, refuses

PASSWORD = "Tower4Bridge"
ACCESS_SECONDS = 24 * 3600
REVOKED = "Token not found or expired"


def sign_up(door, login, password=PASSWORD):
    """Registers and returns the id."""
    answer = answers(door.post("/api/register", {"login": login, "password": password}), 201).json()
    equal(set(answer), {"id"}, "fields of the registration")
    return answer["id"]


def sign_in(door, login, password=PASSWORD):
    """Signs in and returns the access token."""
    answer = answers(door.post("/api/login", {"login": login, "password": password}), 200).json()
    equal(set(answer), {"access_token", "token_type"}, "fields of the sign-in")
    equal(answer["token_type"], "bearer", "token_type")
    return answer["access_token"]


def sign_out(door, token):
    answers(door.post("/api/logout", token=token), 200, {"message": "Successfully logged out"})


def walk(steps, door):
    """The whole family; returns the secrets that no log may tell."""
    login, wrong = "Ada", "Tower4Bridges"
    with steps.step("session: a login is registered once, whatever its case"):
        user_id = sign_up(door, login)
        taken = {"login": "ADA", "password": PASSWORD}
        refuses(door.post("/api/register", taken), 409, "Login already exists")
    with steps.step("session: what a password lacks is named, one thing after another"):
        _weak_passwords(door)
    with steps.step("session: the right password signs in, a wrong one does not"):
        body = {"login": login, "password": wrong}
        answers(door.post("/api/login", body), 401, {"message": "Invalid credentials"})
        token = sign_in(door, "ada")
    with steps.step("session: PyJWT verifies the access token"):
        claims = tokens.verify_access(door, token, user_id, ACCESS_SECONDS)
        equal(claims["user_id"], user_id, "user_id")
    with steps.step("session: the profile opens to a live token alone"):
        profile = answers(door.get("/api/profile", token), 200).json()
        equal(set(profile), {"id", "login", "created_at", "last_login"}, "fields of the profile")
        equal((profile["id"], profile["login"]), (user_id, login), "the profile")
        holds(profile["last_login"], "last_login")
        refuses(door.get("/api/profile"), 403, "Not authenticated")
        refuses(door.get("/api/profile", "nonsense"), 401, "Invalid token")
    with steps.step("session: a token of this family is good in another"):
        elsewhere = answers(door.get("/api/v1/users/profile", token), 200).json()
        equal((elsewhere["id"], elsewhere["email"]), (user_id, None), "the profile elsewhere")
    with steps.step("session: signing out ends the token at once, everywhere, and once"):
        sign_out(door, token)
        refuses(door.get("/api/profile", token), 401, REVOKED)
        refuses(door.get("/api/v1/users/profile", token), 401, "Could not validate credentials")
        refuses(door.post("/api/logout", token=token), 400, "Failed to logout token")
    with steps.step("session: deleting takes the password, ends every session and frees the login"):
        last = _delete(door, login, wrong)
    return [PASSWORD, wrong, token, last]


def _weak_passwords(door):
    expected = {
        "Sh0rt": "Password must be at least 8 characters long",
        "lower4case": "Password must contain at least one uppercase letter",
        "UPPER4CASE": "Password must contain at least one lowercase letter",
        "NoDigitsHere": "Password must contain at least one digit",
    }
    for password, message in expected.items():
        faults = answers(door.post("/api/register", {"login": "grace", "password": password}), 422).json()["detail"]
        equal(faults[0]["msg"], message, f"message for {password}")


def _delete(door, login, wrong):
    token = sign_in(door, login)
    body = {"login": login, "password": wrong}
    answers(door.post("/api/delete", body), 401, {"message": "Invalid credentials"})
    body["password"] = PASSWORD
    answers(door.post("/api/delete", body, token), 200, {"message": "User deleted successfully"})
    holds(door.get("/api/profile", token).status_code == 401, "a deleted user's token is refused")
    answers(door.post("/api/login", body), 401, {"message": "Invalid credentials"})
    sign_up(door, login)
    return token

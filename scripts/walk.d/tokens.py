"""Verifies tokens as the consumers of the documents do: PyJWT, with the published key or the key set."""

import jwt

from steps import equal, holds


def verify(door, token):
    """The claims, verified by the published key; the key set must say the same."""
    published = door.get("/utils/public_key").json()
    claims = jwt.decode(token, published["public_key"], algorithms=["RS256"])
    key = jwt.PyJWKClient(f"{door.base}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    equal(jwt.decode(token, key.key, algorithms=["RS256"]), claims, "claims by the key set")
    return claims


def verify_access(door, token, user_id, lifetime):
    """An access token of this user that lives `lifetime` seconds."""
    claims = verify(door, token)
    equal(claims["sub"], user_id, "sub")
    equal(claims["type"], "access", "type")
    equal(claims["exp"] - claims["iat"], lifetime, "lifetime of the access token in seconds")
    for name in ("iss", "jti", "sid"):
        holds(claims.get(name), f"claim {name}")
    holds("aud" not in claims, "no audience unless one is configured")
    holds("kid" in jwt.get_unverified_header(token), "header kid")
    return claims


def refuses_forgery(door, token):
    """A token with one changed character of its signature does not verify."""
    head, signature = token.rsplit(".", 1)
    forged = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    try:
        verify(door, forged)
    except jwt.InvalidSignatureError:
        return forged
    raise AssertionError("a forged signature verified")

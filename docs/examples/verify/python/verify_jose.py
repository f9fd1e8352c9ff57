"""Verifies access tokens of Doorward with python-jose: verify_jose.py ISSUER TOKEN."""

import json
import sys
import time
import urllib.request

from jose import jwt
from jose.exceptions import JOSEError

# python-jose knows neither EdDSA nor PS256.
ALGORITHMS = ["RS256", "ES256"]
CLOCKS_DIFFER_SECONDS = 5
KEPT_SECONDS = 300


class Verifier:
    """Make one and keep it: the key set is fetched every five minutes, for as long as Doorward lets it be kept."""

    def __init__(self, issuer, audience=None):
        self.issuer = issuer
        self.audience = audience
        self.keys = {}
        self.fetched_at = float("-inf")

    def verify(self, token):
        """The claims of a good access token; anything else raises `JOSEError`."""
        # A key belongs to one algorithm, which the key says and not the token.
        key = self.key(jwt.get_unverified_header(token).get("kid"))
        claims = jwt.decode(
            token,
            key,
            algorithms=[key["alg"]],
            issuer=self.issuer,
            audience=self.audience,
            options={"require_exp": True, "require_sub": True, "leeway": CLOCKS_DIFFER_SECONDS},
        )
        # Refresh tokens and identity proofs may be signed with the same key.
        if claims.get("type") != "access":
            raise JOSEError("not an access token")
        return claims

    def key(self, kid):
        if time.monotonic() - self.fetched_at > KEPT_SECONDS:
            self.fetch()
        if kid not in self.keys:
            raise JOSEError("the token names no known key")
        return self.keys[kid]

    def fetch(self):
        with urllib.request.urlopen(f"{self.issuer}/.well-known/jwks.json", timeout=5) as answer:
            keys = json.load(answer)["keys"]
        self.keys = {key["kid"]: key for key in keys if key["alg"] in ALGORITHMS}
        self.fetched_at = time.monotonic()


if __name__ == "__main__":
    try:
        print(Verifier(sys.argv[1]).verify(sys.argv[2])["sub"])
    except JOSEError as refusal:
        sys.exit(f"refused: {refusal}")

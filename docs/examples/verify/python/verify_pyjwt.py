"""Verifies access tokens of Doorward with PyJWT: verify_pyjwt.py ISSUER TOKEN."""

import sys

import jwt

ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256"]
CLOCKS_DIFFER_SECONDS = 5


class Verifier:
    """Make one and keep it: it fetches the key set once, and again when a token names a key that it does not know."""

    def __init__(self, issuer, audience=None):
        self.issuer = issuer
        self.audience = audience
        self.keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json", lifespan=300, timeout=5)

    def verify(self, token):
        """The claims of a good access token; anything else raises `jwt.PyJWTError`."""
        claims = jwt.decode(
            token,
            self.keys.get_signing_key_from_jwt(token),
            algorithms=ALGORITHMS,
            issuer=self.issuer,
            audience=self.audience,
            leeway=CLOCKS_DIFFER_SECONDS,
            options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": self.audience is not None},
        )
        # Refresh tokens and identity proofs may be signed with the same key.
        if claims.get("type") != "access":
            raise jwt.InvalidTokenError("not an access token")
        return claims


if __name__ == "__main__":
    try:
        print(Verifier(sys.argv[1]).verify(sys.argv[2])["sub"])
    except jwt.PyJWTError as refusal:
        sys.exit(f"refused: {refusal}")

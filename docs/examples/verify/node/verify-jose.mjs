// Verifies access tokens of Doorward with jose: verify-jose.mjs ISSUER TOKEN
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

/** Make one and keep it: the key set is fetched once, and again when a token names a key that it does not know. */
export function verifier(issuer, audience) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { cacheMaxAge: 300_000 });
  /** The claims of a good access token; anything else throws a `JOSEError`. */
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ["RS256", "ES256", "EdDSA", "PS256"],
      requiredClaims: ["exp", "iat", "sub"],
      clockTolerance: "5s",
    });
    // Refresh tokens and identity proofs may be signed with the same key.
    if (payload.type !== "access") throw new errors.JWTInvalid("not an access token");
    return payload;
  };
}

if (import.meta.url === new URL(process.argv[1], "file:").href) {
  const [issuer, token] = process.argv.slice(2);
  try {
    console.log((await verifier(issuer)(token)).sub);
  } catch (refusal) {
    if (!(refusal instanceof errors.JOSEError)) throw refusal;
    console.error(`refused: ${refusal.message}`);
    process.exitCode = 1;
  }
}

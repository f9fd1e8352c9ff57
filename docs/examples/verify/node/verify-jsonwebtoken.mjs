// Verifies access tokens of Doorward with jsonwebtoken and jwks-rsa: verify-jsonwebtoken.mjs ISSUER TOKEN
import jwt from "jsonwebtoken";
import jwksRsa from "jwks-rsa";

/** Make one and keep it: keys are kept for five minutes, and made-up key names do not turn into requests. */
export function verifier(issuer, audience) {
  const client = jwksRsa({
    jwksUri: `${issuer}/.well-known/jwks.json`,
    cache: true,
    cacheMaxAge: 300_000,
    rateLimit: true,
    timeout: 5_000,
  });
  const key = (header, done) =>
    client.getSigningKey(header.kid).then((found) => done(null, found.getPublicKey()), done);
  // jsonwebtoken does not know EdDSA.
  const rules = { issuer, audience, algorithms: ["RS256", "ES256", "PS256"], clockTolerance: 5 };
  /** The claims of a good access token; anything else rejects. */
  return (token) =>
    new Promise((resolve, reject) => {
      jwt.verify(token, key, rules, (refusal, claims) => {
        if (refusal) return reject(refusal);
        // Refresh tokens and identity proofs may be signed with the same key; a token without an end is none of ours.
        if (claims.type !== "access" || claims.exp === undefined) {
          return reject(new jwt.JsonWebTokenError("not an access token"));
        }
        resolve(claims);
      });
    });
}

if (import.meta.url === new URL(process.argv[1], "file:").href) {
  const [issuer, token] = process.argv.slice(2);
  try {
    console.log((await verifier(issuer)(token)).sub);
  } catch (refusal) {
    if (!(refusal instanceof jwt.JsonWebTokenError)) throw refusal;
    console.error(`refused: ${refusal.message}`);
    process.exitCode = 1;
  }
}

package example;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.MalformedURLException;
import java.net.URI;
import java.text.ParseException;
import java.util.Set;

/** Verifies access tokens of Doorward with Nimbus JOSE + JWT: {@code Verify ISSUER TOKEN}. Make one and keep it. */
public final class Verify {
    // Nimbus takes EdDSA with a library of its own beside it.
    private static final Set<JWSAlgorithm> ALGORITHMS =
            Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256, JWSAlgorithm.PS256);
    private static final int CLOCKS_DIFFER_SECONDS = 5;

    private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();

    /** The key set is fetched once, kept for five minutes, and fetched again when a token names an unknown key. */
    public Verify(String issuer) throws MalformedURLException {
        var keys = JWKSourceBuilder.create(URI.create(issuer + "/.well-known/jwks.json").toURL()).build();
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(ALGORITHMS, keys));
        // Refresh tokens and identity proofs may be signed with the same key, so the type counts. Where Doorward has an
        // audience, it is the first parameter of another constructor.
        var expected = new JWTClaimsSet.Builder().issuer(issuer).claim("type", "access").build();
        var claims = new DefaultJWTClaimsVerifier<>(expected, Set.of("sub", "iat", "exp"));
        claims.setMaxClockSkew(CLOCKS_DIFFER_SECONDS);
        processor.setJWTClaimsSetVerifier(claims);
    }

    /** The claims of a good access token; anything else is refused with an exception. */
    public JWTClaimsSet verify(String token) throws ParseException, BadJOSEException, JOSEException {
        return processor.process(token, null);
    }

    public static void main(String[] args) throws Exception {
        try {
            System.out.println(new Verify(args[0]).verify(args[1]).getSubject());
        } catch (ParseException | BadJOSEException refusal) {
            System.err.println("refused: " + refusal.getMessage());
            System.exit(1);
        }
    }
}

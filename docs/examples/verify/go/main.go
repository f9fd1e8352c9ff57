// Command verify verifies access tokens of Doorward with golang-jwt and keyfunc: verify ISSUER TOKEN
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// Claims are those of an access token that a service is likely to use.
type Claims struct {
	// Type says what the token is for: "access".
	Type string `json:"type"`
	// Session names the session, so that a service can tell sessions of one user apart.
	Session string `json:"sid"`
	jwt.RegisteredClaims
}

// Validate is called by the parser once signature and times are good. Refresh tokens and identity proofs may be signed
// with the same key.
func (c Claims) Validate() error {
	if c.Type != "access" || c.Subject == "" {
		return errors.New("not an access token")
	}
	return nil
}

// Verifier is made once and kept: it fetches the key set in the background, and again when a token names a key that it
// does not know.
type Verifier struct {
	keys   keyfunc.Keyfunc
	parser *jwt.Parser
}

// NewVerifier fetches the key set of the issuer.
func NewVerifier(ctx context.Context, issuer string, options ...jwt.ParserOption) (*Verifier, error) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{issuer + "/.well-known/jwks.json"})
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	options = append(options,
		jwt.WithValidMethods([]string{"RS256", "ES256", "EdDSA", "PS256"}),
		jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(5*time.Second),
	)
	return &Verifier{keys: keys, parser: jwt.NewParser(options...)}, nil
}

// Verify gives the claims of a good access token. Where Doorward has an audience, pass jwt.WithAudience to NewVerifier.
func (v *Verifier) Verify(token string) (*Claims, error) {
	claims := new(Claims)
	if _, err := v.parser.ParseWithClaims(token, claims, v.keys.Keyfunc); err != nil {
		return nil, err
	}
	return claims, nil
}

func main() {
	verifier, err := NewVerifier(context.Background(), os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	claims, err := verifier.Verify(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	fmt.Println(claims.Subject)
}

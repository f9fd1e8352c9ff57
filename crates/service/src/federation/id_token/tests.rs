use super::*;
use doorward_crypto::{Algorithm, ForeignKeys, Signer, SigningKey};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn provider(issuer: &str) -> Provider {
    Provider {
        issuer: issuer.to_owned(),
        jwks_uri: None,
        client_ids: vec!["our-app".to_owned(), "our-site".to_owned()],
        require_nonce: false,
        vouching: Vouching::Everywhere,
    }
}

/// Good claims with some changed; a claim that is changed to nothing is absent.
fn claims(changes: &[(&str, Option<Value>)]) -> Value {
    let mut claims = json!({
        "iss": "https://idp.example.com",
        "sub": "248289761001",
        "aud": "our-app",
        "iat": 1_799_999_990,
        "exp": 1_800_003_600,
        "email": "Ada@Example.com",
        "email_verified": true,
    });
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes {
        match value {
            Some(value) => members.insert((*name).to_owned(), value.clone()),
            None => members.remove(*name),
        };
    }
    claims
}

/// The claims as a token that the provider signed.
fn signed(typ: &str, claims: &Value) -> ForeignToken {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let set = json!({"keys": [key.public().jwk("1")]}).to_string();
    let token = Signer::new("1", key).sign_as(typ, claims).unwrap();
    let keys = ForeignKeys::parse(set.as_bytes()).unwrap();
    keys.verify(&token).unwrap()
}

fn read_at(name: &str, provider: &Provider, claims: &Value) -> Result<IdToken, Flaw> {
    let name = ProviderName::parse(name).unwrap();
    read(&name, provider, &signed("JWT", claims), NOW)
}

fn read_with(changes: &[(&str, Option<Value>)]) -> Result<IdToken, Flaw> {
    read_at(
        "idp",
        &provider("https://idp.example.com"),
        &claims(changes),
    )
}

fn flaw(changes: &[(&str, Option<Value>)]) -> Flaw {
    read_with(changes).err().unwrap()
}

#[test]
fn a_good_token_names_its_subject_and_their_address() {
    let token = read_with(&[("nonce", Some(json!("n-1")))]).unwrap();
    assert_eq!(token.subject, "248289761001");
    assert_eq!(token.nonce.as_deref(), Some("n-1"));
    let email = token.verified_email.unwrap();
    assert_eq!(email, Email::parse("ada@example.com").unwrap());
}

#[test]
fn sec_i18_the_issuer_is_the_configured_one_to_the_letter() {
    for other in [
        "https://idp.example.com/",
        "https://IDP.example.com",
        "http://idp.example.com",
        "idp.example.com",
        "https://accounts.google.com",
        "",
    ] {
        assert_eq!(
            flaw(&[("iss", Some(json!(other)))]),
            Flaw::Issuer,
            "{other}"
        );
    }
}

#[test]
fn both_spellings_of_googles_issuer_are_google_and_no_other_provider() {
    let google = provider("https://accounts.google.com");
    for spelling in GOOGLE {
        let claims = claims(&[("iss", Some(json!(spelling)))]);
        assert!(read_at("google", &google, &claims).is_ok(), "{spelling}");
    }
    assert_eq!(
        read_at("google", &google, &claims(&[])).err(),
        Some(Flaw::Issuer)
    );
}

#[test]
fn sec_10_5_4_a_token_for_somebody_else_is_refused() {
    for audience in [
        json!("their-app"),
        json!("our-app "),
        json!("OUR-APP"),
        json!(""),
        json!([]),
        json!(["their-app"]),
        // Theirs, made by their client: that ours is named beside it does not make it ours.
        json!(["our-app", "their-app"]),
    ] {
        assert_eq!(
            flaw(&[("aud", Some(audience.clone()))]),
            Flaw::Audience,
            "{audience}"
        );
    }
    let several = Some(json!(["their-app", "our-app"]));
    let asked_by = |client: &str| [("aud", several.clone()), ("azp", Some(json!(client)))];
    assert_eq!(flaw(&asked_by("their-app")), Flaw::Audience);
    assert!(read_with(&asked_by("our-site")).is_ok());
    assert!(read_with(&[("aud", Some(json!(["our-site"])))]).is_ok());
    let none_ours = [
        ("aud", Some(json!(["their-app", "another"]))),
        ("azp", Some(json!("our-app"))),
    ];
    assert_eq!(flaw(&none_ours), Flaw::Audience);
}

#[test]
fn a_token_is_good_from_its_start_to_its_end_and_a_minute_around() {
    let now = NOW.as_seconds();
    for (claim, seconds, outcome) in [
        ("exp", now - 59, None),
        ("exp", now - 60, Some(Flaw::Expired)),
        ("exp", 0, Some(Flaw::Expired)),
        ("iat", now + 60, None),
        ("iat", now + 61, Some(Flaw::Early)),
        ("nbf", now + 60, None),
        ("nbf", now + 61, Some(Flaw::Early)),
        ("nbf", i64::MAX, Some(Flaw::Early)),
        ("exp", i64::MAX, None),
    ] {
        assert_eq!(
            read_with(&[(claim, Some(json!(seconds)))]).err(),
            outcome,
            "{claim}"
        );
    }
}

#[test]
fn sec_i32_a_claim_that_is_missing_or_of_the_wrong_type_is_an_error() {
    for claim in ["iss", "sub", "aud", "exp", "iat"] {
        assert_eq!(
            flaw(&[(claim, None)]),
            Flaw::Claims(JoseError::Claims),
            "{claim}"
        );
    }
    for (claim, value) in [
        ("exp", json!("1800003600")),
        ("exp", json!(1_800_003_600.5)),
        ("iat", json!(-1)),
        ("nbf", json!(null)),
        ("sub", json!(248_289_761_001_u64)),
        ("aud", json!({"our-app": true})),
        ("aud", json!(["our-app", 1])),
        ("nonce", json!(null)),
        ("nonce", json!(["n-1"])),
        ("azp", json!(true)),
        ("email", json!(["ada@example.com"])),
        ("email_verified", json!(1)),
        ("email_verified", json!(null)),
        ("email_verified", json!(["true"])),
    ] {
        let refusal = flaw(&[(claim, Some(value.clone()))]);
        assert_eq!(refusal, Flaw::Claims(JoseError::Claims), "{claim}: {value}");
    }
}

#[test]
fn an_address_counts_where_the_provider_says_that_it_is_verified() {
    let unverified = |changes| read_with(changes).unwrap().verified_email.is_none();
    assert!(unverified(&[("email_verified", Some(json!(false)))]));
    assert!(unverified(&[("email_verified", None)]));
    assert!(unverified(&[("email", None)]));
    assert!(unverified(&[("email", Some(json!("no address")))]));
}

#[test]
fn sec_i17_a_text_is_no_verification_but_with_apple() {
    let apple = provider("https://idp.example.com");
    let with = |text: &str| claims(&[("email_verified", Some(json!(text)))]);
    for (text, verified) in [("true", true), ("false", false)] {
        let refusal = flaw(&[("email_verified", Some(json!(text)))]);
        assert_eq!(refusal, Flaw::EmailVerified);
        let token = read_at("apple", &apple, &with(text)).unwrap();
        assert_eq!(token.verified_email.is_some(), verified);
    }
    for text in ["True", "1", "yes", ""] {
        let refusal = read_at("apple", &apple, &with(text)).err();
        assert_eq!(refusal, Some(Flaw::EmailVerified), "{text:?}");
    }
}

#[test]
fn a_subject_is_somebody() {
    for (subject, outcome) in [
        (String::new(), Some(Flaw::Subject)),
        ("s".repeat(256), Some(Flaw::Subject)),
        ("s\0".to_owned(), Some(Flaw::Subject)),
        ("s\n".to_owned(), Some(Flaw::Subject)),
        ("s".repeat(255), None),
        ("auth0|5f7c8ec7c33c6c004bbafe82".to_owned(), None),
    ] {
        assert_eq!(read_with(&[("sub", Some(json!(subject)))]).err(), outcome);
    }
}

#[test]
fn sec_9_2_2_another_kind_of_token_is_no_id_token() {
    let name = ProviderName::parse("idp").unwrap();
    let provider = provider("https://idp.example.com");
    for (typ, outcome) in [
        ("JWT", None),
        ("jwt", None),
        ("at+jwt", Some(Flaw::Kind)),
        ("application/at+jwt", Some(Flaw::Kind)),
        ("logout+jwt", Some(Flaw::Kind)),
        ("", Some(Flaw::Kind)),
    ] {
        let token = signed(typ, &claims(&[]));
        assert_eq!(read(&name, &provider, &token, NOW).err(), outcome, "{typ}");
    }
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    assert_eq!(flaw(&[("events", Some(logout))]), Flaw::Kind);
    assert_eq!(flaw(&[("events", Some(json!(null)))]), Flaw::Kind);
}

/// The address that a provider is believed about, where it is trusted for `example.com` alone.
fn believed(name: &str, issuer: &str, changes: &[(&str, Option<Value>)]) -> Option<String> {
    let trusted = Provider {
        vouching: Vouching::Within(["example.com".to_owned()].into()),
        ..provider(issuer)
    };
    let mut all = vec![("iss", Some(json!(issuer)))];
    all.extend_from_slice(changes);
    let token = read_at(name, &trusted, &claims(&all)).unwrap();
    token.verified_email.map(|email| email.key().to_owned())
}

#[test]
fn sec_i17_a_provider_is_believed_about_the_domains_that_it_is_trusted_for() {
    let idp = "https://idp.example.com";
    assert_eq!(
        believed("idp", idp, &[]).as_deref(),
        Some("ada@example.com")
    );
    for other in [
        "ada@mail.example.com",
        "ada@example.com.evil.example",
        "ada@notexample.com",
        "ada@gmail.com",
    ] {
        assert_eq!(
            believed("idp", idp, &[("email", Some(json!(other)))]),
            None,
            "{other}"
        );
    }
}

#[test]
fn sec_i17_google_is_believed_about_the_domains_that_it_hosts_and_nobody_else_is() {
    let google = "https://accounts.google.com";
    let at_work = |hosted: Value| {
        [
            ("email", Some(json!("ada@work.example"))),
            ("hd", Some(hosted)),
        ]
    };
    assert!(believed("google", google, &at_work(json!("work.example"))).is_some());
    for other in [
        json!("other.example"),
        json!(""),
        json!(true),
        json!(["work.example"]),
    ] {
        assert_eq!(
            believed("google", google, &at_work(other.clone())),
            None,
            "{other}"
        );
    }
    let idp = "https://idp.example.com";
    assert_eq!(believed("idp", idp, &at_work(json!("work.example"))), None);
}

//! Hashes of our own, hashes of other programs, and hostile texts.

use proptest::prelude::*;

use super::*;

/// The least that Argon2 takes, so that tests are quick.
const QUICK: Scheme = Scheme::Argon2id {
    memory_kib: 64,
    iterations: 1,
    parallelism: 1,
};
const QUICK_BCRYPT: Scheme = Scheme::Bcrypt { cost: 4 };

const X72: [u8; 72] = [b'x'; 72];

fn make(scheme: &Scheme, password: &[u8]) -> String {
    hash(scheme, &Entropy::os(), password, &mut Scratch::keeping(64)).unwrap()
}

fn matches(stored: &str, password: &[u8]) -> bool {
    Stored::parse(stored)
        .unwrap()
        .matches(password, &mut Scratch::keeping(0))
        .unwrap()
}

fn password(text: &str) -> Password {
    Password::new(SecretString::from(text))
}

fn judge(stored: &str, scheme: &Scheme, password: &Password) -> Verdict {
    verify(stored, scheme, password, &mut Scratch::keeping(0)).unwrap()
}

/// What passlib 1.7.4, bcrypt 4.0 and argon2-cffi 25.1 made of these passwords.
const FOREIGN_HASHES: [(&[u8], &str); 20] = [
    (
        b"correct horse",
        "$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$DDZkjU09Vim05Ait7x7R.JfuHDNAppu",
    ),
    (
        b"correct horse",
        "$bcrypt-sha256$2b,4$abcdefghijklmnopqrstuu$fm19hcnOB5jVIa57e1DmQZ/XByRYI72",
    ),
    (
        &[b'x'; 100],
        "$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$VN/UtE6EwSZ/CIGnzfQAPtA5sMkMG4u",
    ),
    (
        &[b'x'; 100],
        "$bcrypt-sha256$2b,4$abcdefghijklmnopqrstuu$MStnCU0ISmwB6DYVG67BQ54kYyEazIO",
    ),
    (
        "pässwörd€".as_bytes(),
        "$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$QRdrQTORjYQB1vEEqhnLKrhmhtQqQqK",
    ),
    (
        "pässwörd€".as_bytes(),
        "$bcrypt-sha256$2b,4$abcdefghijklmnopqrstuu$hznhhKgVUOz9nVRbgKGWX5u2Bb8VTYS",
    ),
    (
        b"a\0b",
        "$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$1esrCly2Qqr0McAuXNgjR3brYc9GUzS",
    ),
    (
        b"correct horse",
        "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    ),
    (
        b"correct horse",
        "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    ),
    (
        b"correct horse",
        "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    ),
    (
        "pässwörd€".as_bytes(),
        "$2b$04$abcdefghijklmnopqrstuulP40mix1kMuKfwOhZkUR3VAjfP8IpDK",
    ),
    (
        b"correct horse",
        "foreign:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    ),
    (
        b"correct horse",
        "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$uL2hQzJmxaz0Tfm2KK6uNjA0+UvbrHBEBwVmJYrNXCE",
    ),
    (
        b"correct horse",
        "$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$buIR3cR+U1IUJ8+WyIxlnaObAbutw+YzwF0bmgUKlVY",
    ),
    (
        b"correct horse",
        "$argon2i$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$rB84JT5z5pR7npjABPWWPmhej9GHFq2J2QtVNJPtUE0",
    ),
    (
        b"correct horse",
        "$argon2i$v=19$m=64,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$puc453Cpq1DFRL695M7MD8xMTPSjus4jpty4H6duI0g",
    ),
    (
        b"correct horse",
        "$argon2d$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$vm9PBKKXIFC2hCDr+bLmQRD8t/tl1f7SeTHOSs4mWuo",
    ),
    (
        b"correct horse",
        "$argon2d$v=19$m=64,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$QZTHvrUkQpGX4mmv0/mw2kqiWXZe8rdPm8RaTCpYulM",
    ),
    (
        b"correct horse",
        "$argon2i$v=16$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$1Z2Yard74fm6b7ad3ZXPpY9ZFBZ56e0Td+ZQ0ZTn2S8",
    ),
    (
        b"correct horse",
        "$argon2i$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$1Z2Yard74fm6b7ad3ZXPpY9ZFBZ56e0Td+ZQ0ZTn2S8",
    ),
];

/// A hash that bcrypt's Python library made of 100 bytes, of which it took 72.
const CUT: &str = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
/// And of `a`, NUL, `b`.
const NUL: &str = "$2b$04$abcdefghijklmnopqrstuusjHI0zQHpOe3SFDK1IriYv6N79Gzr32";

#[test]
fn hashes_of_other_programs_verify_their_passwords_alone() {
    for (password, stored) in FOREIGN_HASHES {
        assert!(matches(stored, password), "{stored}");
        assert!(!matches(stored, b"correct horsf"), "{stored}");
        assert!(!matches(stored, b""), "{stored}");
    }
}

#[test]
fn our_hashes_verify_their_passwords_alone() {
    for scheme in [QUICK, QUICK_BCRYPT] {
        for password in [&b""[..], b"a", "pässwörd€".as_bytes(), &X72, &[b'x'; 500]] {
            let stored = make(&scheme, password);
            assert!(matches(&stored, password), "{stored}");
            assert!(!matches(&stored, b"another"), "{stored}");
            assert!(!needs_rehash(&stored, &scheme));
        }
    }
}

#[test]
fn every_hash_has_a_salt_of_its_own() {
    for scheme in [QUICK, QUICK_BCRYPT] {
        assert_ne!(make(&scheme, b"a"), make(&scheme, b"a"));
    }
}

#[test]
fn hashes_are_written_as_other_programs_write_them() {
    assert!(make(&QUICK, b"a").starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert!(make(&QUICK_BCRYPT, &X72).starts_with("$2b$04$"));
    assert_eq!(make(&QUICK_BCRYPT, &X72).len(), 60);
    for pre_hashed in [&[b'x'; 73][..], b"a\0b"] {
        let stored = make(&QUICK_BCRYPT, pre_hashed);
        assert!(
            stored.starts_with("$bcrypt-sha256$v=2,t=2b,r=4$"),
            "{stored}"
        );
    }
}

#[test]
fn sec_6_2_8_byte_73_counts() {
    for scheme in [QUICK, QUICK_BCRYPT] {
        for length in [70, 71, 72, 73, 74, 128, 200] {
            let password = vec![b'x'; length];
            let stored = make(&scheme, &password);
            assert!(!matches(&stored, &password[1..]), "{length}");
            assert!(
                !matches(&stored, &[&password[..], b"x"].concat()),
                "{length}"
            );
            assert!(
                !matches(&stored, &[&password[1..], b"y"].concat()),
                "{length}"
            );
        }
    }
}

#[test]
fn sec_i30_no_hash_of_ours_ignores_bytes() {
    let twins: [(&[u8], &[u8]); 6] = [
        (b"a", b"a\0"),
        (b"a", b"a\0a"),
        (b"a\0b", b"a\0c"),
        (b"a\0b", b"a"),
        (b"", b"\0"),
        (&X72, &[b'x'; 73]),
    ];
    for scheme in [QUICK, QUICK_BCRYPT] {
        for (left, right) in twins {
            assert!(!matches(&make(&scheme, left), right), "{left:?} {right:?}");
            assert!(!matches(&make(&scheme, right), left), "{right:?} {left:?}");
        }
    }
}

#[test]
fn sec_i30_an_imported_bcrypt_hash_is_flagged_and_replaced_at_first_use() {
    let adopted = adopt_hash(CUT).unwrap();
    let long = password(&"x".repeat(100));
    for scheme in [QUICK, QUICK_BCRYPT] {
        assert!(needs_rehash(&adopted, &scheme));
        let verdict = judge(&adopted, &scheme, &long);
        assert_eq!((verdict.matches, verdict.rehash), (true, true));

        let replaced = make(&scheme, &[b'x'; 100]);
        assert!(!matches(&replaced, &[b'x'; 99]));
    }
    // As our own it would have to be of a password that bcrypt sees whole.
    assert!(!matches(CUT, &[b'x'; 100]));
    assert!(matches(&adopt_hash(NUL).unwrap(), b"a\0b"));
    assert!(!matches(&adopt_hash(NUL).unwrap(), b"a\0c"));
    assert!(!matches(NUL, b"a\0b"));
}

#[test]
fn adopting_marks_plain_bcrypt_alone_and_refuses_what_cannot_be_verified() {
    for (_, stored) in FOREIGN_HASHES {
        let adopted = adopt_hash(stored).unwrap();
        let plain = stored.starts_with("$2");
        assert_eq!(adopted == stored, !plain, "{stored}");
        assert_eq!(adopt_hash(&adopted).as_deref(), Ok(adopted.as_str()));
    }
    assert_eq!(adopt_hash("plain text"), Err(HashRejected::Unknown));
}

#[test]
fn a_hash_is_replaced_when_it_differs_from_what_is_configured() {
    let [memory, iterations, parallelism] =
        [(65, 1, 1), (64, 2, 1), (64, 1, 2)].map(|(memory_kib, iterations, parallelism)| {
            Scheme::Argon2id {
                memory_kib,
                iterations,
                parallelism,
            }
        });
    let stored = make(&QUICK, b"a");
    for other in [memory, iterations, parallelism, QUICK_BCRYPT] {
        assert!(needs_rehash(&stored, &other), "{other:?}");
    }
    for password in [&b"a"[..], &[b'x'; 100]] {
        let stored = make(&QUICK_BCRYPT, password);
        assert!(needs_rehash(&stored, &QUICK));
        assert!(needs_rehash(&stored, &Scheme::Bcrypt { cost: 5 }));
        assert!(!needs_rehash(&stored, &QUICK_BCRYPT));
    }
    for (_, stored) in FOREIGN_HASHES {
        assert!(needs_rehash(stored, &Scheme::default()), "{stored}");
    }
}

#[test]
fn a_hash_of_the_password_as_typed_matches_and_is_replaced() {
    let (composed, typed) = ("caf\u{e9}", "cafe\u{301}");
    let stored = make(&QUICK, typed.as_bytes());
    assert_eq!(judge(&stored, &QUICK, &password(composed)), Verdict::NO);
    let both = password(composed).typed_as(SecretString::from(typed));
    let verdict = judge(&stored, &QUICK, &both);
    assert_eq!((verdict.matches, verdict.rehash), (true, true));

    let same = password(composed).typed_as(SecretString::from(composed));
    assert_eq!(same.candidates().count(), 1);
    let verdict = judge(&make(&QUICK, composed.as_bytes()), &QUICK, &same);
    assert_eq!((verdict.matches, verdict.rehash), (true, false));
}

#[test]
fn sec_i42_hashes_of_hostile_cost_or_form_are_refused_without_work() {
    let salt_and_hash = "c29tZXNhbHRzb21lc2FsdA$uL2hQzJmxaz0Tfm2KK6uNjA0+UvbrHBEBwVmJYrNXCE";
    let bcrypt = "abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    let mut corpus: Vec<String> = [
        "m=4294967295,t=1,p=1",
        "m=262145,t=1,p=1",
        "m=64,t=17,p=1",
        "m=64,t=4294967295,p=1",
        "m=8192,t=1,p=17",
        "m=8192,t=1,p=16777215",
        "m=4294967295,t=4294967295,p=16777215",
        "m=99999999999999999999,t=1,p=1",
        "m=-1,t=1,p=1",
        "m=0,t=1,p=1",
        "m=7,t=1,p=1",
        "m=64,t=0,p=1",
        "m=64,t=1,p=0",
        "m=64,t=1,p=16",
        "m=,t=,p=",
        "m=64,m=4294967295,t=1,p=1",
        "x=1",
    ]
    .into_iter()
    .flat_map(|cost| {
        ["argon2id", "argon2i", "argon2d"]
            .map(|kind| format!("${kind}$v=19${cost}${salt_and_hash}"))
    })
    .collect();
    for cost in [
        "00", "03", "17", "31", "32", "99", "-1", "+4", " 4", "4", "004", "१२", "",
    ] {
        corpus.push(format!("$2b${cost}${bcrypt}"));
        if cost != "4" && cost != "004" {
            corpus.push(format!(
                "$bcrypt-sha256$v=2,t=2b,r={cost}${}${}",
                &bcrypt[..22],
                &bcrypt[22..]
            ));
        }
    }
    corpus.extend(
        [
            "",
            "$",
            "$$$$$$$$",
            "$2b$",
            "$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6",
            "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6ee",
            "$2b$04$äbcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6",
            "$2b$04$abcdefghijklmnopqrst\u{20ac}ujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            "foreign:",
            "foreign:foreign:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            "$argon2id$",
            "$argon2id$v=19$m=64,t=1,p=1",
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA",
            "$argon2id$v=20$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$uL2hQzJmxaz0Tfm2KK6uNjA0+UvbrHBEBwVmJYrNXCE",
            "$argon2x$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$uL2hQzJmxaz0Tfm2KK6uNjA0+UvbrHBEBwVmJYrNXCE",
            "$bcrypt-sha256$",
            "$bcrypt-sha256$v=3,t=2b,r=4$abcdefghijklmnopqrstuu$DDZkjU09Vim05Ait7x7R.JfuHDNAppu",
            "$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$DDZkjU09Vim05Ait7x7R.JfuHDNAppu$",
            "$scrypt$ln=30,r=8,p=1$c2FsdA$aGFzaA",
            "$6$rounds=999999999$salt$hash",
        ]
        .map(str::to_owned),
    );
    corpus.push("$".repeat(1_000_000));
    corpus.push(format!(
        "$argon2id$v=19$m=64,t=1,p=1${}$aGFzaA",
        "A".repeat(1_000_000)
    ));
    for text in corpus {
        let short: String = text.chars().take(100).collect();
        assert!(Stored::parse(&text).is_err(), "{short}");
        assert!(adopt_hash(&text).is_err(), "{short}");
        assert!(!needs_rehash(&text, &QUICK), "{short}");
    }
}

#[test]
fn schemes_out_of_bounds_make_nothing() {
    let argon = |memory_kib, iterations, parallelism| Scheme::Argon2id {
        memory_kib,
        iterations,
        parallelism,
    };
    for scheme in [
        argon(262_145, 2, 1),
        argon(19_456, 17, 1),
        argon(19_456, 2, 17),
        argon(7, 1, 1),
        argon(64, 0, 1),
        argon(64, 1, 0),
        Scheme::Bcrypt { cost: 3 },
        Scheme::Bcrypt { cost: 17 },
    ] {
        assert_eq!(scheme.check(), Err(HashRejected::Cost));
        let made = hash(&scheme, &Entropy::os(), b"a", &mut Scratch::keeping(0));
        assert_eq!(made, Err(HashRejected::Cost));
    }
    assert_eq!(Scheme::default().check(), Ok(()));
}

#[test]
fn sec_11_4_2_the_default_is_argon2id_with_19_mib_and_two_passes() {
    let stored = make(&Scheme::default(), b"a");
    assert!(
        stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{stored}"
    );
}

#[test]
fn the_memory_of_a_hash_is_used_again() {
    let mut scratch = Scratch::keeping(64);
    let entropy = Entropy::os();
    hash(&QUICK, &entropy, b"a", &mut scratch).unwrap();
    let first = scratch.address();
    assert_eq!(first.1, 64);
    for _ in 0..5 {
        hash(&QUICK, &entropy, b"b", &mut scratch).unwrap();
    }
    let larger = "$argon2id$v=19$m=128,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$uL2hQzJmxaz0Tfm2KK6uNjA0+UvbrHBEBwVmJYrNXCE";
    let smaller = larger.replace("m=128", "m=8");
    for stored in [larger, &smaller] {
        let stored = Stored::parse(stored).unwrap();
        assert_eq!(stored.matches(b"a", &mut scratch), Ok(false));
    }
    assert_eq!(scratch.address(), first);
}

#[test]
fn used_memory_leaves_no_trace_in_the_next_hash() {
    let mut scratch = Scratch::keeping(256);
    for (password, stored) in FOREIGN_HASHES {
        let stored = Stored::parse(stored).unwrap();
        assert_eq!(stored.matches(password, &mut scratch), Ok(true));
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        text in "\\PC*|\\$(argon2id|argon2i|2b|2a|2y|bcrypt-sha256)\\$[a-zA-Z0-9=,./+$]*|foreign:\\PC*"
    ) {
        let _ = Stored::parse(&text);
        let _ = adopt_hash(&text);
        let _ = needs_rehash(&text, &QUICK);
    }

    #[test]
    fn two_passwords_share_no_hash(left in "\\PC{0,20}", right in "\\PC{0,20}") {
        prop_assert_eq!(matches(&make(&QUICK, left.as_bytes()), right.as_bytes()), left == right);
    }
}

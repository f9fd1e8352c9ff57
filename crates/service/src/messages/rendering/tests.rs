use super::*;
use crate::messages::{ContactKind, PasswordStep};

/// What one text message of the basic alphabet holds (3GPP TS 23.040), with a long name of the service in it.
const ONE_TEXT: usize = 160;

fn code(purpose: Purpose) -> Content {
    Content::Code {
        purpose,
        code: "123456".to_owned(),
        lifetime: Span::minutes(10),
    }
}

const ALL_DROPPED: Dropped = Dropped {
    password: true,
    profile: true,
    sessions: 2,
    files: 1,
    identities: 1,
};

fn link() -> Content {
    Content::ResetLink {
        link: "https://door.example.com/account/reset/token".to_owned(),
        lifetime: Span::hours(1),
    }
}

/// The two links that confirm an address.
fn confirming() -> [Content; 2] {
    let link = "https://door.example.com/users/confirm/token".to_owned();
    let lifetime = Span::hours(24);
    [
        Content::ConfirmLink {
            link: link.clone(),
            lifetime,
        },
        Content::ChangeLink { link, lifetime },
    ]
}

/// What both mail and text messages tell.
fn notices() -> Vec<Content> {
    let mut all = vec![
        code(Purpose::SignIn),
        Content::FirstProof(ALL_DROPPED),
        Content::AddressChanging,
        Content::PasswordWasReset,
        Content::Suspended,
        Content::IdentityLinked {
            provider: "google".to_owned(),
        },
    ];
    for change in [
        PasswordStep::Added,
        PasswordStep::Changed,
        PasswordStep::Removed,
    ] {
        all.push(Content::PasswordChanged { change });
    }
    for kind in [ContactKind::Email, ContactKind::Phone] {
        all.extend([
            Content::ContactChanged { kind },
            Content::ContactLost { kind },
        ]);
    }
    all
}

#[test]
fn every_message_has_a_subject_a_text_and_a_page() {
    let mut all = notices();
    all.extend([
        code(Purpose::Verify),
        code(Purpose::Proof),
        Content::AlreadyRegistered,
        link(),
    ]);
    all.extend(confirming());
    for content in all {
        let mail = render("Doorward", &content).unwrap();
        assert!(
            mail.subject.contains("Doorward") && !mail.text.contains("{{"),
            "{}",
            mail.subject
        );
        assert!(mail.html.starts_with("<!doctype html>") && mail.html.contains("Doorward"));
    }
}

#[test]
fn what_is_told_to_a_telephone_fits_one_text_message() {
    let mut all = notices();
    all.push(code(Purpose::Reset));
    for content in all {
        let text = render_text("Doorward of Example Ltd", &content)
            .unwrap()
            .text;
        assert!(
            text.is_ascii() && text.len() <= ONE_TEXT,
            "{} characters: {text}",
            text.len()
        );
        assert!(
            text.contains("Doorward of Example Ltd") && !text.contains("{{"),
            "{text}"
        );
    }
}

#[test]
fn a_code_stands_on_a_line_of_its_own_in_a_text_message() {
    for purpose in [Purpose::SignIn, Purpose::Reset] {
        let sms = render_text("Doorward", &code(purpose)).unwrap();
        assert!(
            sms.text.lines().any(|line| line == "123456"),
            "{}",
            sms.text
        );
        assert!(sms.text.contains("10 minutes"), "{}", sms.text);
        assert_eq!(sms.code.as_deref(), Some("123456"));
    }
    assert!(
        render_text("Doorward", &Content::Suspended)
            .unwrap()
            .code
            .is_none()
    );
}

#[test]
fn a_sign_in_code_says_that_it_signs_in_or_proves_an_address() {
    let mail = render("Doorward", &code(Purpose::SignIn)).unwrap();
    for body in [&mail.text, &mail.html] {
        assert!(
            body.contains("Your code to sign in to Doorward is")
                && body.contains("It signs you in, or proves that this is yours"),
            "{body}"
        );
    }
    let sms = render_text("Doorward", &code(Purpose::SignIn)).unwrap();
    assert!(
        sms.text.starts_with("Your code to sign in to Doorward:"),
        "{}",
        sms.text
    );
}

#[test]
fn each_purpose_of_a_code_has_words_of_its_own() {
    let words_of = |purpose| match purpose {
        Purpose::SignIn => "It signs you in",
        Purpose::Proof => "It proves this address to the service that asked for it",
        Purpose::Verify => "It confirms this address",
        Purpose::Reset => "a new password for your account",
    };
    let all = [
        Purpose::SignIn,
        Purpose::Proof,
        Purpose::Verify,
        Purpose::Reset,
    ];
    for purpose in all {
        let mail = render("Doorward", &code(purpose)).unwrap();
        for other in all {
            let said = [&mail.text, &mail.html].map(|body| body.contains(words_of(other)));
            assert_eq!(said, [purpose == other; 2], "{}", mail.text);
        }
    }
    let texts = [Purpose::SignIn, Purpose::Reset]
        .map(|purpose| render_text("Doorward", &code(purpose)).unwrap().text);
    assert!(texts[0].contains("sign in") && !texts[0].contains("password"));
    assert!(texts[1].contains("new password") && !texts[1].contains("sign in"));
}

#[test]
fn what_has_no_words_for_a_telephone_is_not_sent_to_one() {
    assert!(render_text("Doorward", &Content::AlreadyRegistered).is_err());
}

#[test]
fn sec_i03_a_code_stands_in_the_body_and_not_in_the_subject() {
    let mail = render("Doorward", &code(Purpose::Verify)).unwrap();
    assert!(mail.text.contains("123456") && mail.html.contains("123456"));
    assert!(mail.text.contains("10 minutes"));
    assert!(!mail.subject.contains("123456"));
}

#[test]
fn sec_i03_a_link_stands_in_the_body_and_not_in_the_subject() {
    for content in confirming() {
        let mail = render("Doorward", &content).unwrap();
        let line = "\n    https://door.example.com/users/confirm/token\n";
        assert!(mail.text.contains(line), "{}", mail.text);
        assert!(mail.text.contains("24 hours") && mail.html.contains("24 hours"));
        assert!(
            mail.html.contains("<a href=\"https:") && mail.html.contains("token\""),
            "{}",
            mail.html
        );
        assert!(!mail.subject.contains("http") && !mail.subject.contains("token"));
    }
}

#[test]
fn a_message_about_an_address_says_what_to_do_when_it_was_somebody_else() {
    for content in confirming().into_iter().chain([Content::AddressChanging]) {
        let mail = render("Doorward", &content).unwrap();
        assert!(mail.text.contains("If it was not you, "), "{}", mail.text);
        assert!(mail.html.contains("If it was not you, "), "{}", mail.html);
    }
}

#[test]
fn what_was_dropped_is_said_and_what_was_not_there_is_not() {
    let dropped = Dropped {
        password: true,
        profile: false,
        sessions: 1,
        files: 0,
        identities: 0,
    };
    let mail = render("Doorward", &Content::FirstProof(dropped)).unwrap();
    assert!(
        mail.text.contains("- the password\n- 1 open session\n"),
        "{}",
        mail.text
    );
    for absent in ["profile", "file", "sign-in with"] {
        assert!(
            !mail.text.contains(absent) && !mail.html.contains(absent),
            "{absent}"
        );
    }
    let mail = render("Doorward", &Content::FirstProof(ALL_DROPPED)).unwrap();
    assert!(
        mail.text.contains("- 1 sign-in with another service\n"),
        "{}",
        mail.text
    );
}

#[test]
fn what_happened_to_a_password_is_said() {
    for (change, word) in [
        (PasswordStep::Added, "added"),
        (PasswordStep::Changed, "changed"),
        (PasswordStep::Removed, "removed"),
    ] {
        let mail = render("Doorward", &Content::PasswordChanged { change }).unwrap();
        assert!(
            mail.subject.contains(word) && mail.text.contains(word),
            "{}",
            mail.subject
        );
    }
}

#[test]
fn sec_1_3_7_template_syntax_in_a_value_appears_literally() {
    let mail = render("{{ 7 * 7 }}{% raw %}", &code(Purpose::Verify)).unwrap();
    assert!(mail.text.contains("{{ 7 * 7 }}{% raw %}") && mail.subject.contains("{{ 7 * 7 }}"));
}

#[test]
fn sec_1_1_2_markup_in_a_value_stays_text_in_html_alone() {
    let mail = render("<b>Doorward</b>", &code(Purpose::Verify)).unwrap();
    assert!(mail.html.contains("&lt;b&gt;Doorward") && !mail.html.contains("<b>"));
    assert!(mail.text.contains("<b>Doorward</b>"));
}

#[test]
fn sec_1_3_3_a_line_end_in_a_value_begins_no_header() {
    let mail = render("Door\rward\u{7}", &code(Purpose::Verify)).unwrap();
    assert!(
        !mail.subject.chars().any(char::is_control),
        "{:?}",
        mail.subject
    );
}

#[test]
fn spans_are_said_in_words() {
    assert_eq!(in_words(Span::minutes(10)), "10 minutes");
    assert_eq!(in_words(Span::hours(1)), "1 hour");
    assert_eq!(in_words(Span::seconds(90)), "90 seconds");
}

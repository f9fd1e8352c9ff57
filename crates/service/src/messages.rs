//! What Doorward writes to people, and how it is put into words.
//!
//! Templates know the variables named here and nothing else. A value is never a template: braces in a name appear as
//! braces.

use crate::Fault;
use doorward_domain::{Purpose, Span, Timestamp};
use minijinja::{Environment, context};
use serde::{Deserialize, Serialize};

/// A message on its way, as it rests sealed in the outbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// The stored address of the account; the message goes there and nowhere else.
    pub(crate) to: String,
    /// What it says.
    pub(crate) content: Content,
    /// It was caused by somebody who named an address without an account: the worker drops it, where nobody can measure.
    pub(crate) dropped: bool,
    /// After this it is of no use to its reader and is not sent.
    pub(crate) good_until: Option<Timestamp>,
}

/// The messages there are.
#[derive(Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub(crate) enum Content {
    /// A one-time code.
    Code {
        purpose: Purpose,
        code: String,
        lifetime: Span,
    },
    /// Somebody tried to register with the address of an account.
    AlreadyRegistered,
    /// What was dropped when the address was proven by somebody new.
    FirstProof(Dropped),
    /// The way back in after a forgotten password: a code and a link, each of which spends the other.
    ResetCode {
        code: String,
        lifetime: Span,
        link: String,
        link_lifetime: Span,
    },
    /// Somebody with the way back in set a new password; told to every other address.
    PasswordWasReset,
    /// An operator set a new password.
    PasswordReset { password: String },
}

/// What the first proof of an address swept away.
#[derive(Serialize, Deserialize)]
pub(crate) struct Dropped {
    pub(crate) password: bool,
    pub(crate) profile: bool,
    pub(crate) sessions: usize,
    pub(crate) files: usize,
}

/// A message in words.
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

macro_rules! templates {
    ($($name:literal),+) => {
        [$(
            (concat!($name, ".txt"), include_str!(concat!("../templates/", $name, ".txt"))),
            (concat!($name, ".html"), include_str!(concat!("../templates/", $name, ".html"))),
        )+]
    };
}

/// The texts that are built in. The first line of a `.txt` is the subject.
const BUILT_IN: [(&str, &str); 16] = templates![
    "sign_in_code",
    "proof_code",
    "verify_code",
    "reset_code",
    "password_was_reset",
    "already_registered",
    "first_proof",
    "password_reset"
];

/// How much work a template may do; a loop that never ends stops there.
const FUEL: u64 = 50_000;

/// Puts a message into words.
pub(crate) fn render(service: &str, content: &Content) -> Result<Rendered, Fault> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    for (name, text) in BUILT_IN {
        environment
            .add_template(name, text)
            .map_err(Fault::internal)?;
    }
    let (name, variables) = match content {
        Content::Code {
            purpose,
            code,
            lifetime,
        } => (
            code_template(*purpose),
            context! { service, code, lifetime => in_words(*lifetime) },
        ),
        Content::AlreadyRegistered => ("already_registered", context! { service }),
        Content::FirstProof(dropped) => {
            let Dropped {
                password,
                profile,
                sessions,
                files,
            } = dropped;
            (
                "first_proof",
                context! { service, dropped => context! { password, profile, sessions, files } },
            )
        }
        Content::ResetCode {
            code,
            lifetime,
            link,
            link_lifetime,
        } => {
            let (lifetime, link_lifetime) = (in_words(*lifetime), in_words(*link_lifetime));
            (
                "reset_code",
                context! { service, code, lifetime, link, link_lifetime },
            )
        }
        Content::PasswordWasReset => ("password_was_reset", context! { service }),
        Content::PasswordReset { password } => ("password_reset", context! { service, password }),
    };
    let fill = |ending: &str| {
        let template = environment
            .get_template(&format!("{name}.{ending}"))
            .map_err(Fault::internal)?;
        template.render(&variables).map_err(Fault::internal)
    };
    let (text, html) = (fill("txt")?, fill("html")?);
    let (subject, text) = text
        .split_once('\n')
        .ok_or_else(|| Fault::internal("a template has no subject line"))?;
    // A line end in a header would begin another header.
    let subject = subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Ok(Rendered {
        subject,
        text: text.trim_start().to_owned(),
        html,
    })
}

/// Each purpose has words of its own, so that a reader knows what the code would do in another's hands.
const fn code_template(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::SignIn => "sign_in_code",
        Purpose::Proof => "proof_code",
        Purpose::Verify => "verify_code",
        Purpose::Reset => "reset_code",
    }
}

/// `10 minutes`, as a person says it.
fn in_words(span: Span) -> String {
    let seconds = span.as_seconds();
    let (number, unit) = match seconds {
        s if s % 3600 == 0 && s > 0 => (s / 3600, "hour"),
        s if s % 60 == 0 && s > 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Content {
        Content::Code {
            purpose: Purpose::Verify,
            code: "123456".to_owned(),
            lifetime: Span::minutes(10),
        }
    }

    #[test]
    fn every_message_has_a_subject_a_text_and_a_page() {
        let dropped = Dropped {
            password: true,
            profile: true,
            sessions: 2,
            files: 1,
        };
        let reset = Content::PasswordReset {
            password: "correct horse".to_owned(),
        };
        for content in [
            code(),
            Content::AlreadyRegistered,
            Content::FirstProof(dropped),
            reset,
        ] {
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
    fn sec_i03_a_code_stands_in_the_body_and_not_in_the_subject() {
        let mail = render("Doorward", &code()).unwrap();
        assert!(mail.text.contains("123456") && mail.html.contains("123456"));
        assert!(mail.text.contains("10 minutes"));
        assert!(!mail.subject.contains("123456"));
    }

    #[test]
    fn what_was_dropped_is_said_and_what_was_not_there_is_not() {
        let dropped = Dropped {
            password: true,
            profile: false,
            sessions: 1,
            files: 0,
        };
        let mail = render("Doorward", &Content::FirstProof(dropped)).unwrap();
        assert!(
            mail.text.contains("- the password\n- 1 open session\n"),
            "{}",
            mail.text
        );
        assert!(!mail.text.contains("profile") && !mail.html.contains("file"));
    }

    #[test]
    fn sec_1_3_7_template_syntax_in_a_value_appears_literally() {
        let mail = render("{{ 7 * 7 }}{% raw %}", &code()).unwrap();
        assert!(mail.text.contains("{{ 7 * 7 }}{% raw %}") && mail.subject.contains("{{ 7 * 7 }}"));
    }

    #[test]
    fn sec_1_1_2_markup_in_a_value_stays_text_in_html_alone() {
        let mail = render("<b>Doorward</b>", &code()).unwrap();
        assert!(mail.html.contains("&lt;b&gt;Doorward") && !mail.html.contains("<b>"));
        assert!(mail.text.contains("<b>Doorward</b>"));
    }

    #[test]
    fn sec_1_3_3_a_line_end_in_a_value_begins_no_header() {
        let mail = render("Door\rward\u{7}", &code()).unwrap();
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
}

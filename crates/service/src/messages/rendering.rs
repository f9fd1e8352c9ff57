//! Putting messages into words.
//!
//! Templates know the variables named here and nothing else. A value is never a template: braces in a name appear as
//! braces.

use super::{Content, Dropped};
use crate::Fault;
use doorward_domain::{Purpose, Span};
use minijinja::{Environment, Value, context};

/// A mail in words.
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// A text message in words.
pub(crate) struct Text {
    pub(crate) text: String,
    /// The code that it brings, for providers that have a place for it.
    pub(crate) code: Option<String>,
}

macro_rules! mails {
    ($($name:literal),+ $(,)?) => {
        &[$(
            (concat!($name, ".txt"), include_str!(concat!("../../templates/", $name, ".txt"))),
            (concat!($name, ".html"), include_str!(concat!("../../templates/", $name, ".html"))),
        )+]
    };
}

macro_rules! texts {
    ($($name:literal),+ $(,)?) => {
        &[$((concat!($name, ".sms.txt"), include_str!(concat!("../../templates/", $name, ".sms.txt"))),)+]
    };
}

/// The texts that are built in. The first line of a mail's `.txt` is its subject.
const MAILS: &[(&str, &str)] = mails![
    "sign_in_code",
    "proof_code",
    "verify_code",
    "reset_code",
    "reset_link",
    "confirm_link",
    "change_link",
    "address_changing",
    "password_was_reset",
    "password_changed",
    "already_registered",
    "first_proof",
    "contact_changed",
    "contact_lost",
    "suspended",
    "identity_linked",
];

/// What can be said to a telephone: each fits one text message.
const TEXTS: &[(&str, &str)] = texts![
    "sign_in_code",
    "reset_code",
    "address_changing",
    "password_was_reset",
    "password_changed",
    "first_proof",
    "contact_changed",
    "contact_lost",
    "suspended",
    "identity_linked",
];

/// How much work a template may do; a loop that never ends stops there.
const FUEL: u64 = 50_000;

/// Puts a message into the words of a mail.
pub(crate) fn render(service: &str, content: &Content) -> Result<Rendered, Fault> {
    let (name, variables) = in_variables(service, content);
    let text = fill(MAILS, &format!("{name}.txt"), &variables)?;
    let html = fill(MAILS, &format!("{name}.html"), &variables)?;
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

/// Puts a message into the words of a text message.
pub(crate) fn render_text(service: &str, content: &Content) -> Result<Text, Fault> {
    let (name, variables) = in_variables(service, content);
    let text = fill(TEXTS, &format!("{name}.sms.txt"), &variables)?;
    let code = match content {
        Content::Code { code, .. } | Content::ResetCode { code, .. } => Some(code.clone()),
        _ => None,
    };
    Ok(Text {
        text: text.trim().to_owned(),
        code,
    })
}

fn fill(
    among: &[(&'static str, &'static str)],
    name: &str,
    variables: &Value,
) -> Result<String, Fault> {
    let (name, source) = among
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| Fault::internal(format!("there is no template `{name}`")))?;
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment
        .add_template(name, source)
        .map_err(Fault::internal)?;
    let template = environment.get_template(name).map_err(Fault::internal)?;
    template.render(variables).map_err(Fault::internal)
}

/// The name of a message's templates, and all that they know.
fn in_variables(service: &str, content: &Content) -> (&'static str, Value) {
    match content {
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
                identities,
            } = dropped;
            let dropped = context! { password, profile, sessions, files, identities };
            ("first_proof", context! { service, dropped })
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
        Content::ResetLink { link, lifetime } => (
            "reset_link",
            context! { service, link, lifetime => in_words(*lifetime) },
        ),
        Content::ConfirmLink { link, lifetime } => (
            "confirm_link",
            context! { service, link, lifetime => in_words(*lifetime) },
        ),
        Content::ChangeLink { link, lifetime } => (
            "change_link",
            context! { service, link, lifetime => in_words(*lifetime) },
        ),
        Content::AddressChanging => ("address_changing", context! { service }),
        Content::PasswordWasReset => ("password_was_reset", context! { service }),
        Content::PasswordChanged { change } => (
            "password_changed",
            context! { service, change => change.in_words() },
        ),
        Content::ContactChanged { kind } => (
            "contact_changed",
            context! { service, contact => kind.in_words() },
        ),
        Content::ContactLost { kind } => (
            "contact_lost",
            context! { service, contact => kind.in_words() },
        ),
        Content::Suspended => ("suspended", context! { service }),
        Content::IdentityLinked { provider } => ("identity_linked", context! { service, provider }),
    }
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
mod tests;

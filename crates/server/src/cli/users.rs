//! `users`: what an operator does about people, on the database of a server that may be running.

use super::Beside;
use super::args::{Create, User as Name, Users};
use super::output::Output;
use anyhow::{Context, Result, anyhow, bail};
use doorward_domain::{Email, Login, Phone, Rejection};
use doorward_service::passwords::NewPassword;
use doorward_service::users::{self, Handover, OPERATORS_RULES, Page};
use doorward_service::{Error, User};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};

pub(super) async fn run(beside: &Beside, command: Users, output: Output) -> Result<()> {
    let done = perform(beside, command, output).await;
    beside.close().await;
    done
}

async fn perform(beside: &Beside, command: Users, output: Output) -> Result<()> {
    let (app, ctx) = (&beside.app, beside.ctx());
    match command {
        Users::List {
            status,
            after,
            limit,
        } => {
            let page = Page {
                status,
                after,
                limit,
            };
            let found = users::list(app, &page).await.map_err(in_words)?;
            output.rows(
                &[
                    "ID",
                    "STATUS",
                    "EMAIL",
                    "PHONE",
                    "LOGIN",
                    "CREATED",
                    "LAST SIGN-IN",
                ],
                &found,
                cells,
                to_json,
            )
        }
        Users::Show(Name { name }) => {
            show(output, &users::find(app, &name).await.map_err(in_words)?)
        }
        Users::Create(create) => {
            let made = users::create(app, &ctx, parsed(create)?)
                .await
                .map_err(in_words)?;
            show(output, &made)
        }
        Users::Reset { user, mail } => reset(beside, &user.name, mail, output).await,
        Users::Suspend(Name { name }) => show(
            output,
            &users::suspend(app, &ctx, &name).await.map_err(in_words)?,
        ),
        Users::Ban(Name { name }) => show(
            output,
            &users::ban(app, &ctx, &name).await.map_err(in_words)?,
        ),
        Users::Restore(Name { name }) => show(
            output,
            &users::restore(app, &ctx, &name).await.map_err(in_words)?,
        ),
        Users::SignOut(Name { name }) => {
            let ended = users::sign_out(app, &ctx, &name).await.map_err(in_words)?;
            output.fields(
                &[("sessions ended", ended.to_string())],
                &json!({"sessions_ended": ended}),
            )
        }
        Users::Delete { user, yes } => {
            let found = users::find(app, &user.name).await.map_err(in_words)?;
            if !yes && !agreed(&found)? {
                bail!("nothing was deleted");
            }
            users::delete(app, &ctx, &found.id.to_string())
                .await
                .map_err(in_words)?;
            output.fields(
                &[("deleted", found.id.to_string())],
                &json!({"deleted": found.id}),
            )
        }
    }
}

async fn reset(beside: &Beside, name: &str, mail: bool, output: Output) -> Result<()> {
    let handover = if mail {
        Handover::Mail
    } else {
        Handover::Print
    };
    let password = users::reset(&beside.app, &beside.ctx(), name, handover)
        .await
        .map_err(in_words)?;
    match password {
        Some(password) => {
            let password = password.expose_secret();
            output.fields(
                &[("new password", password.to_owned())],
                &json!({"password": password}),
            )
        }
        None => output.fields(&[("mailed", "yes".to_owned())], &json!({"mailed": true})),
    }
}

fn agreed(user: &User) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("deleting asks first, and there is no terminal to ask on; give `--yes`");
    }
    let name = user
        .email
        .as_ref()
        .or(user.login.as_ref())
        .or(user.phone.as_ref())
        .cloned()
        .unwrap_or_else(|| user.id.to_string());
    let question = format!(
        "Delete `{}` with all sessions and files?",
        name.escape_default()
    );
    dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()
        .context("there was no answer")
}

fn parsed(create: Create) -> Result<users::Create> {
    let password = if create.password {
        Some(read_password()?)
    } else {
        None
    };
    Ok(users::Create {
        email: create
            .email
            .map(|text| Email::parse(&text).map_err(|error| anyhow!("`--email`: {error}")))
            .transpose()?,
        login: create
            .login
            .map(|text| Login::parse(&text).map_err(|error| anyhow!("`--login`: {error}")))
            .transpose()?,
        phone: create
            .phone
            .map(|text| Phone::parse(&text).map_err(|error| anyhow!("`--phone`: {error}")))
            .transpose()?,
        full_name: create.full_name,
        password,
    })
}

/// Asks on a terminal, where it does not show; else takes the first line of standard input. Never an argument: those are seen
/// by everybody on the machine.
fn read_password() -> Result<NewPassword> {
    let text = if std::io::stdin().is_terminal() {
        dialoguer::Password::new()
            .with_prompt("Password")
            .with_confirmation("Once more", "They differ; try again")
            .interact()
            .context("there was no password")?
    } else {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .context("there was no password on standard input")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    NewPassword::parse(SecretString::from(text), &OPERATORS_RULES)
        .map_err(|fault| anyhow!("{fault}"))
}

fn show(output: Output, user: &User) -> Result<()> {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let fields = [
        ("id", user.id.to_string()),
        ("status", user.status.to_string()),
        ("email", text(&user.email)),
        ("email proven", yes(user.email_proven)),
        ("phone", text(&user.phone)),
        ("login", text(&user.login)),
        ("full name", text(&user.full_name)),
        ("password", yes(user.has_password)),
        ("created", user.created_at.to_rfc3339()),
        (
            "last sign-in",
            user.last_login_at
                .map_or_else(|| "-".to_owned(), doorward_domain::Timestamp::to_rfc3339),
        ),
    ];
    output.fields(&fields, &to_json(user))
}

fn cells(user: &User) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        user.id.to_string(),
        user.status.to_string(),
        text(&user.email),
        text(&user.phone),
        text(&user.login),
        user.created_at.to_rfc3339(),
        user.last_login_at
            .map_or_else(|| "-".to_owned(), doorward_domain::Timestamp::to_rfc3339),
    ]
}

fn to_json(user: &User) -> Value {
    json!({
        "id": user.id,
        "status": user.status,
        "email": user.email,
        "email_proven": user.email_proven,
        "phone": user.phone,
        "login": user.login,
        "full_name": user.full_name,
        "has_password": user.has_password,
        "created_at": user.created_at.to_rfc3339(),
        "last_login_at": user.last_login_at.map(doorward_domain::Timestamp::to_rfc3339),
    })
}

/// A refusal as an operator's next step.
fn in_words(error: Error) -> anyhow::Error {
    match &error {
        Error::Rejected(refusal) if refusal.rejection == Rejection::UserNotFound => {
            anyhow!(
                "there is no such user; `doorward users list` lists them, and USER is an id, e-mail address, telephone number or login"
            )
        }
        Error::Rejected(refusal) if refusal.rejection == Rejection::AddressUnproven => {
            anyhow!(
                "this account has no proven e-mail address; leave `--mail` away to have the password printed"
            )
        }
        Error::Rejected(refusal) => anyhow!("{}", refusal.rejection.title().trim_end_matches('.')),
        Error::Fault(_) => anyhow::Error::new(error),
    }
}

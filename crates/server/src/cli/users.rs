//! `users`: what an operator does about people, on the database of a server that may be running.

use super::Beside;
use super::args::{Create, Show, User as Name, Users};
use super::output::Output;
use anyhow::{Context, Result, anyhow, bail};
use doorward_domain::{Email, Login, Phone, Rejection};
use doorward_service::imports::{self, OldId};
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
            list(beside, &page, output).await
        }
        Users::Show(Show { name, old_id }) => {
            let found = match &old_id {
                Some(old_id) => imports::find(app, old_id).await,
                None => users::find(app, &name.unwrap_or_default()).await,
            };
            let user = found.map_err(in_words)?;
            let old_ids = imports::old_ids(app, user.id).await.map_err(in_words)?;
            show_with(output, &user, &old_ids)
        }
        Users::Create(create) => {
            let made = users::create(app, &ctx, parsed(create)?)
                .await
                .map_err(in_words)?;
            show(output, &made)
        }
        Users::Reset { user, mail: true } => {
            reset(beside, &user.name, Handover::Mail, output).await
        }
        Users::Reset { user, mail: false } => {
            reset(beside, &user.name, Handover::Print, output).await
        }
        Users::Suspend(Name { name }) => {
            let changed = users::suspend(app, &ctx, &name).await;
            show_changed(beside, &name, changed, output).await
        }
        Users::Ban(Name { name }) => {
            let changed = users::ban(app, &ctx, &name).await;
            show_changed(beside, &name, changed, output).await
        }
        Users::Restore(Name { name }) => {
            let changed = users::restore(app, &ctx, &name).await;
            show_changed(beside, &name, changed, output).await
        }
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

/// A user in another state, or why there is none: whoever is there is in that state already.
async fn show_changed(
    beside: &Beside,
    name: &str,
    changed: Result<User, Error>,
    output: Output,
) -> Result<()> {
    let refused = match changed {
        Ok(user) => return show(output, &user),
        Err(error) => error,
    };
    match users::find(&beside.app, name).await {
        Ok(user) if is_unknown(&refused) => bail!(
            "this user is {} already, and nothing was changed",
            user.status
        ),
        _ => Err(in_words(refused)),
    }
}

fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::Rejected(refusal) if refusal.rejection == Rejection::UserNotFound)
}

async fn list(beside: &Beside, page: &Page, output: Output) -> Result<()> {
    const HEAD: [&str; 7] = [
        "ID",
        "STATUS",
        "EMAIL",
        "PHONE",
        "LOGIN",
        "CREATED",
        "LAST SIGN-IN",
    ];
    let found = users::list(&beside.app, page).await.map_err(in_words)?;
    output.rows(&HEAD, &found, cells, to_json)
}

async fn reset(beside: &Beside, name: &str, handover: Handover, output: Output) -> Result<()> {
    let link = users::reset(&beside.app, &beside.ctx(), name, handover)
        .await
        .map_err(in_words)?;
    match link {
        Some(link) => {
            let link = link.expose_secret();
            output.fields(
                &[("link to a new password", link.to_owned())],
                &json!({"link": link}),
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

/// Asks on a terminal, where it does not show; else takes the first line of standard input. Never an argument: those
/// are seen by everybody on the machine.
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
    output.fields(&fields(user), &to_json(user))
}

/// Also the ids that the user had where they were imported from.
fn show_with(output: Output, user: &User, old_ids: &[OldId]) -> Result<()> {
    let old_ids: Vec<String> = old_ids.iter().map(OldId::to_string).collect();
    let (mut fields, mut object) = (fields(user), to_json(user));
    if !old_ids.is_empty() {
        fields.push(("old ids", old_ids.join(", ")));
    }
    if let Value::Object(members) = &mut object {
        members.insert("old_ids".to_owned(), json!(old_ids));
    }
    output.fields(&fields, &object)
}

fn fields(user: &User) -> Vec<(&'static str, String)> {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    vec![
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
    ]
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
                "this account has no proven e-mail address; leave `--mail` away to have the link printed"
            )
        }
        Error::Rejected(refusal) => anyhow!("{}", refusal.rejection.title().trim_end_matches('.')),
        Error::Fault(_) => anyhow::Error::new(error),
    }
}

//! Who is signed in, and what they say of themselves.

use super::body::{Body, Fields, Flaw, text};
use super::call::{Call, Refused};
use super::problem::Problem;
use axum::response::Response;
use doorward_domain::{Nickname, TextError, Timestamp};
use doorward_service::User;
use doorward_service::profiles::{self, Update};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use std::ops::RangeInclusive;

/// Code points of a whole name.
const FULL_NAME: RangeInclusive<usize> = 1..=255;
/// Code points of a given or a family name.
const NAME: RangeInclusive<usize> = 1..=42;
/// Code points of a nickname.
const NICKNAME: RangeInclusive<usize> = 3..=42;
/// Years; nobody has grown older.
const AGE: RangeInclusive<i64> = 0..=150;

/// A user, as they themselves see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = native::Me)]
pub(super) struct Me<'a> {
    #[schema(format = "uuid")]
    id: String,
    /// `temp`, `active`, `suspended` or `banned`.
    status: &'static str,
    email: Option<&'a str>,
    /// Whether somebody has proven to hold that address.
    email_verified: bool,
    /// In E.164.
    phone: Option<&'a str>,
    login: Option<&'a str>,
    nickname: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    full_name: Option<&'a str>,
    /// In years.
    age: Option<i64>,
    /// Whether a password is set.
    has_password: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_login_at: Option<String>,
}

impl<'a> From<&'a User> for Me<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            status: user.status.as_str(),
            email: user.email.as_deref(),
            email_verified: user.email_proven,
            phone: user.phone.as_deref(),
            login: user.login.as_deref(),
            nickname: user.nickname.as_deref(),
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            full_name: user.full_name.as_deref(),
            age: user.age,
            has_password: user.has_password,
            created_at: user.created_at.to_rfc3339(),
            last_login_at: user.last_login_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// What is to change: a field that is left out stays, `null` clears it.
#[derive(utoipa::ToSchema)]
#[schema(as = native::ProfileUpdate)]
#[expect(dead_code, reason = "it describes what `Update` is read from")]
pub(super) struct ProfileUpdate {
    #[schema(min_length = 1, max_length = 255)]
    full_name: Option<String>,
    #[schema(min_length = 1, max_length = 42)]
    first_name: Option<String>,
    #[schema(min_length = 1, max_length = 42)]
    last_name: Option<String>,
    /// Nobody else has it, in whatever case.
    #[schema(min_length = 3, max_length = 42)]
    nickname: Option<String>,
    /// In years.
    #[schema(minimum = 0, maximum = 150)]
    age: Option<i64>,
}

impl ProfileUpdate {
    fn read(fields: &mut Fields) -> Update {
        Update {
            full_name: fields.change("full_name", |value| name(value, FULL_NAME)),
            first_name: fields.change("first_name", |value| name(value, NAME)),
            last_name: fields.change("last_name", |value| name(value, NAME)),
            nickname: fields.change("nickname", |value| {
                Nickname::parse(&text(value)?, NICKNAME).map_err(said)
            }),
            age: fields.change("age", |value| age(&value)),
        }
    }
}

/// Whoever the token belongs to
#[utoipa::path(
    get, path = "/v1/me", operation_id = "native_me", tag = "native", security(("bearer" = [])),
    responses(
        (status = 200, description = "The signed-in user", body = Me),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(call: Call) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    Ok(doorward_http::json(
        StatusCode::OK,
        &Me::from(&*caller.user),
    ))
}

/// Change the profile: only what is named
#[utoipa::path(
    patch, path = "/v1/me", operation_id = "native_update_me", tag = "native", security(("bearer" = [])),
    request_body = ProfileUpdate,
    responses(
        (status = 200, description = "The user as it is now", body = Me),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn update(call: Call, body: Body) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    let update = body.form(|fields| Some(ProfileUpdate::read(fields)))?;
    let user = call
        .run(|app, ctx| async move { profiles::update(&app, &ctx, &caller, update).await })
        .await?;
    Ok(doorward_http::json(StatusCode::OK, &Me::from(&user)))
}

fn name(value: Value, length: RangeInclusive<usize>) -> Result<String, Flaw> {
    let text = text(value)?;
    let count = text.chars().count();
    if text.contains('\0') {
        Err(said(TextError::Nul))
    } else if count < *length.start() {
        Err(said(TextError::TooShort(*length.start())))
    } else if count > *length.end() {
        Err(said(TextError::TooLong(*length.end())))
    } else {
        Ok(text)
    }
}

fn age(value: &Value) -> Result<i64, Flaw> {
    let age = value.as_i64().ok_or("Must be a whole number.")?;
    if AGE.contains(&age) {
        Ok(age)
    } else {
        Err(format!("Must be between {} and {}.", AGE.start(), AGE.end()).into())
    }
}

fn said(error: TextError) -> Flaw {
    match error {
        TextError::Nul => "Must not contain NUL.".into(),
        TextError::TooShort(1) => "Must not be empty; `null` clears it.".into(),
        TextError::TooShort(min) => format!("Must have at least {min} characters.").into(),
        TextError::TooLong(max) => format!("Must have at most {max} characters.").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_age_is_a_whole_number_of_years() {
        assert_eq!(age(&json!(36)), Ok(36));
        for other in [
            json!(-1),
            json!(151),
            json!(36.5),
            json!("36"),
            json!(true),
            json!(i64::MAX),
        ] {
            assert!(age(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_name_is_counted_in_code_points_and_holds_no_nul() {
        assert_eq!(name(json!("Жанна"), 1..=5), Ok("Жанна".to_owned()));
        for other in [json!(""), json!("Жанна!"), json!("a\0"), json!(7)] {
            assert!(name(other.clone(), 1..=5).is_err(), "{other}");
        }
    }
}

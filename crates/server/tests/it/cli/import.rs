//! `import`, out of real PostgreSQL databases that look as the documented services left them.

mod again;
mod code;
mod conflicts;
mod files;
mod people;
mod rehearsals;
mod services;
mod usage;

use super::folder::{Folder, Outcome};
use super::serving::Serving;
use doorward_domain::{Email, Family, Login};
use doorward_store::users::{self, User};
use doorward_testkit::postgres::{self, TestDatabase};
use serde_json::{Value, json};

/// The password of everybody here; its rules are those of all five services.
const PASSWORD: &str = "Correct horse 1";

/// What bcrypt makes of it, as libraries mark it.
const HASHES: [&str; 3] = [
    "$2a$04$abcdefghijklmnopqrstuuuev5zPOcWFG47BwXS1ZKs57eOjk6dWO",
    HASH,
    "$2y$04$abcdefghijklmnopqrstuuuev5zPOcWFG47BwXS1ZKs57eOjk6dWO",
];
const HASH: &str = "$2b$04$abcdefghijklmnopqrstuuuev5zPOcWFG47BwXS1ZKs57eOjk6dWO";

/// `Another horse 2`.
const OTHER_HASH: &str = "$2b$04$abcdefghijklmnopqrstuuPz2IrYBHzyezpgvpYdO0yeXJ5c9ra3C";
const OTHER_PASSWORD: &str = "Another horse 2";

/// The database of a documented service.
struct Service {
    family: Family,
    database: TestDatabase,
}

impl Service {
    /// An empty one.
    async fn of(family: Family) -> Self {
        let database = postgres::database().await;
        database.run(services::tables(family)).await;
        Self { family, database }
    }

    /// One with these rows: a `VALUES` list in the order of the columns that the family's tests name.
    async fn with(family: Family, rows: &str) -> Self {
        let service = Self::of(family).await;
        service.insert(rows).await;
        service
    }

    async fn insert(&self, rows: &str) {
        let columns = services::columns(self.family);
        self.run(&format!("INSERT INTO {columns} VALUES {rows}"))
            .await;
    }

    async fn run(&self, statement: &str) -> String {
        self.database.run(statement).await
    }

    /// Everything that is in it, to see that nothing of it changes.
    async fn everything(&self) -> String {
        let table = services::columns(self.family);
        let table = table.split(' ').next().unwrap();
        self.run(&format!("SELECT * FROM {table} ORDER BY id"))
            .await
    }

    fn import(&self, folder: &Folder, more: &[&str]) -> Outcome {
        folder.run(&self.arguments(more))
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["import", "--from", self.family.as_str()];
        arguments.push(&self.database.url);
        arguments.extend(more);
        arguments
    }

    /// Imports; gives the report of a run that took everything it could.
    #[track_caller]
    fn imported(&self, folder: &Folder) -> Value {
        self.import(folder, &["--json"]).done().json()
    }

    /// Imports; gives the report of a run that could not take everything.
    #[track_caller]
    fn half_imported(&self, folder: &Folder, more: &[&str]) -> Value {
        let mut arguments = vec!["--json"];
        arguments.extend(more);
        let outcome = self.import(folder, &arguments);
        assert_eq!(outcome.code, 1, "{outcome:#?}");
        assert!(
            outcome.complaint().contains("could not be taken"),
            "{outcome:#?}"
        );
        outcome.json()
    }
}

/// The numbers of a report that are not zero.
fn numbers(report: &Value) -> Value {
    let Value::Object(fields) = report else {
        panic!("{report} is no report")
    };
    let told = fields.iter().filter(|(name, value)| {
        value.as_u64().is_some_and(|number| number > 0) && name.as_str() != "read"
    });
    Value::Object(
        told.map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// Shows a user by whatever name.
#[track_caller]
fn show(folder: &Folder, name: &str) -> Value {
    folder.run(&["users", "show", name, "--json"]).done().json()
}

#[track_caller]
fn show_old(folder: &Folder, old_id: &str) -> Value {
    folder
        .run(&["users", "show", "--old-id", old_id, "--json"])
        .done()
        .json()
}

#[track_caller]
fn nobody_is(folder: &Folder, name: &str) {
    folder.run(&["users", "show", name]).refused();
}

/// Everybody, as an operator sees them.
#[track_caller]
fn everybody(folder: &Folder) -> Value {
    folder
        .run(&["users", "list", "--limit", "5000", "--json"])
        .done()
        .json()
}

async fn row_by_email(folder: &Folder, email: &str) -> User {
    let store = folder.store().await;
    let email = Email::parse(email).unwrap();
    let row = users::by_email(&mut store.read().await.unwrap(), &email).await;
    row.unwrap().unwrap()
}

async fn row_by_login(folder: &Folder, login: &str) -> User {
    let store = folder.store().await;
    let login = Login::parse(login).unwrap();
    let row = users::by_login(&mut store.read().await.unwrap(), &login).await;
    row.unwrap().unwrap()
}

/// The status of signing in with an address and a password.
async fn sign_in(serving: &Serving, email: &str, password: &str) -> u16 {
    let body = json!({"email": email, "password": password});
    serving.post("/api/v1/auth/login", &body).await.0
}

/// The status of signing in with a login and a password.
async fn log_in(serving: &Serving, login: &str, password: &str) -> u16 {
    let body = json!({"login": login, "password": password});
    serving.post("/api/login", &body).await.0
}

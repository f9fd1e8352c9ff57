//! The recorded conversations of the families, replayed byte for byte; their format stands in their README.

mod conversation;
mod pattern;

use crate::support::TestApp;
use conversation::{Act, Conversation, Decision, Exchange, Word};
use doorward_service::users;
use pattern::Bindings;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../families/contract")
}

/// The conversations of a family, by path, with their texts.
fn recorded(family: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder().join(family)).expect("the family has a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "http"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{family} has no conversations");
    let named = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy();
        let name = format!("{family}/{name}");
        (name, std::fs::read_to_string(path).expect("it can be read"))
    };
    files.into_iter().map(named).collect()
}

async fn replay_all(family: &str) {
    for (name, text) in recorded(family) {
        let conversation =
            Conversation::parse(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        replay(&name, &conversation).await;
    }
}

async fn replay(name: &str, conversation: &Conversation) {
    let settings: Vec<(&str, &str)> = conversation
        .settings
        .iter()
        .map(|(setting, value)| (setting.as_str(), value.as_str()))
        .collect();
    let app = TestApp::with(&settings).await;
    let mut bindings = Bindings::default();
    for act in &conversation.acts {
        match act {
            Act::Advance(span) => app.advance(*span),
            Act::Read {
                address,
                word,
                into,
            } => {
                let address = bindings.fill(address);
                let read = match word {
                    Word::Code => app.code_for(&address).await,
                    Word::Link => app.link_token_for(&address).await,
                };
                bindings.bind(into, read);
            }
            Act::Decide { decision, user } => decide(&app, *decision, user).await,
            Act::Exchange(exchange) => say(&app, name, exchange, &mut bindings).await,
        }
    }
}

async fn decide(app: &TestApp, decision: Decision, user: &str) {
    let ctx = app.operator();
    let decided = match decision {
        Decision::Suspend => users::suspend(&app.app, &ctx, user).await.map(drop),
        Decision::Ban => users::ban(&app.app, &ctx, user).await.map(drop),
        Decision::Restore => users::restore(&app.app, &ctx, user).await.map(drop),
        Decision::SignOut => users::sign_out(&app.app, &ctx, user).await.map(drop),
    };
    decided.unwrap_or_else(|error| panic!("{user}: {error}"));
}

async fn say(app: &TestApp, name: &str, exchange: &Exchange, bindings: &mut Bindings) {
    let place = format!("{name}, `{}`", exchange.title);
    let method = exchange.method.parse().expect("a method");
    let mut request = app.request(method, &bindings.fill(&exchange.path));
    if let Some(peer) = &exchange.from {
        request = request.from(peer);
    }
    let mut content_type = String::new();
    for (header, value) in &exchange.headers {
        let value = bindings.fill(value);
        if header.eq_ignore_ascii_case("content-type") {
            content_type = value;
        } else {
            request = request.header(header, &value);
        }
    }
    if !content_type.is_empty() || !exchange.body.is_empty() {
        let body = bindings.fill(&exchange.body);
        request = request.body(&content_type, as_sent(&content_type, body));
    }
    let answer = request.send().await;
    assert_eq!(answer.status, exchange.status, "{place}: {answer}");
    for (header, expected) in &exchange.expected_headers {
        let value = answer.header(header);
        let value = value.unwrap_or_else(|| panic!("{place}: no `{header}` in {answer}"));
        bindings
            .match_whole(expected, value)
            .unwrap_or_else(|fault| panic!("{place}: `{header}`: {fault}"));
    }
    let text = answer.text();
    bindings
        .match_body(&exchange.expected_body, &text)
        .unwrap_or_else(|fault| panic!("{place}: {fault}\nin {text}"));
}

/// A body as it goes over the wire: the lines of a multipart form end with CRLF (RFC 2046 section 5.1.1).
fn as_sent(content_type: &str, body: String) -> String {
    if content_type.starts_with("multipart/") {
        body.replace('\n', "\r\n")
    } else {
        body
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversations_of_code_are_as_recorded() {
    replay_all("code").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversations_of_confirm_are_as_recorded() {
    replay_all("confirm").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversations_of_native_are_as_recorded() {
    replay_all("native").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversations_of_proof_are_as_recorded() {
    replay_all("proof").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversations_of_session_are_as_recorded() {
    replay_all("session").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversations_of_verified_are_as_recorded() {
    replay_all("verified").await;
}

#[test]
fn the_table_names_every_conversation_and_none_that_is_not_there() {
    let table = std::fs::read_to_string(folder().join("README.md")).expect("there is a table");
    let named: BTreeSet<String> = table
        .split('`')
        .filter(|word| {
            let path = Path::new(word);
            path.extension() == Some("http".as_ref()) && path.components().count() == 2
        })
        .map(str::to_owned)
        .collect();
    let families = ["code", "confirm", "native", "proof", "session", "verified"];
    let there: BTreeSet<String> = families
        .into_iter()
        .flat_map(recorded)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(named, there);
}

/// What the table says is shown by a test is shown by one that exists.
#[test]
fn the_table_names_no_test_that_is_not_there() {
    let table = std::fs::read_to_string(folder().join("README.md")).expect("there is a table");
    let sources = sources_under(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    for word in table.split('`').skip(1).step_by(2) {
        let is_test = word.len() > 12
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if is_test && word.contains('_') {
            assert!(
                sources.contains(&format!("fn {word}(")),
                "no test is called `{word}`"
            );
        }
    }
}

fn sources_under(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.push_str(&sources_under(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&std::fs::read_to_string(path).expect("it can be read"));
        }
    }
    all
}

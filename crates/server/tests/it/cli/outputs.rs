//! What each command says, done and refused, word for word.

use super::folder::{Folder, free_port, master_key};
use std::fmt::Write as _;

/// A folder whose commands are written down.
struct Transcript {
    folder: Folder,
    text: String,
}

impl Transcript {
    const fn of(folder: Folder) -> Self {
        Self {
            folder,
            text: String::new(),
        }
    }

    /// Of a folder in which a server has been.
    async fn after_a_server() -> Self {
        let folder = Folder::sqlite();
        folder.serve().await.stop().await;
        Self::of(folder)
    }

    /// Runs a command and writes down what it said, and how it ended where that is not well.
    fn run(&mut self, line: &str) {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let outcome = self.folder.run(&arguments);
        let _ = writeln!(self.text, "$ doorward {line}");
        self.text.push_str(&outcome.stdout);
        for said in outcome.stderr.lines() {
            let _ = writeln!(self.text, "! {said}");
        }
        if outcome.code != 0 {
            let _ = writeln!(self.text, "= {}", outcome.code);
        }
        self.text.push('\n');
    }

    fn runs(mut self, lines: &[&str]) -> Self {
        for line in lines {
            self.run(line);
        }
        self
    }

    /// Without what is another at each run.
    fn end(self) -> String {
        let root = self.folder.root().to_str().unwrap();
        let port = format!("127.0.0.1:{}", self.folder.port);
        let text = self
            .text
            .replace(root, "[folder]")
            .replace(&port, "127.0.0.1:[port]");
        redacted(&text).trim_end().to_owned()
    }
}

/// What is told of as a shape: `h` is a hexadecimal digit, `d` a decimal one, `t` a character of a token.
const SHAPES: [(&str, &str); 4] = [
    ("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "[id]"),
    ("dddd-dd-ddTdd:dd:ddZ", "[time]"),
    ("ddddddddTdddddd.dddZ", "[time]"),
    (
        "/account/reset/ttttttttttttttttttttttttttttttttttttttttttt",
        "/account/reset/[token]",
    ),
];

fn redacted(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let shape = SHAPES.iter().find(|(shape, _)| begins(rest, shape));
        if let Some((shape, word)) = shape {
            told.push_str(word);
            rest = &rest[shape.len()..];
        } else {
            told.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    told
}

fn begins(text: &str, shape: &str) -> bool {
    let fits = |(is, wanted): (char, char)| match wanted {
        'h' => is.is_ascii_hexdigit(),
        'd' => is.is_ascii_digit(),
        't' if shape.starts_with('/') => is == '-' || is == '_' || is.is_ascii_alphanumeric(),
        wanted => is == wanted,
    };
    text.chars().count() >= shape.len() && text.chars().zip(shape.chars()).all(fits)
}

#[test]
fn init() {
    let folder = Folder::sqlite();
    let told = Transcript::of(folder).runs(&[
        "init",
        "init",
        "init --production --config production.toml",
        "init --config nowhere/doorward.toml",
    ]);
    insta::assert_snapshot!("init", told.end());
}

#[test]
fn config() {
    let folder = Folder::sqlite()
        .set("server.name", "Front Door")
        .set("mail.transport", "none");
    let mut told = Transcript::of(folder).runs(&["config check"]);
    let printed = told.folder.run(&["config", "print"]).done().stdout;
    let chosen = printed
        .lines()
        .filter(|line| line.contains("SETTING") || line.contains("DOORWARD_"));
    let _ = writeln!(told.text, "$ doorward config print");
    for line in chosen {
        let _ = writeln!(told.text, "{line}");
    }
    let folder = Folder::sqlite()
        .set("mode", "production")
        .set("mail.port", "many");
    let refused = Transcript::of(folder).runs(&["config check", "config print", "serve"]);
    insta::assert_snapshot!("config", [told.end(), refused.end()].join("\n\n"));
}

#[test]
fn migrate() {
    let told = Transcript::of(Folder::sqlite()).runs(&[
        "migrate --dry-run",
        "migrate",
        "migrate",
        "migrate --dry-run --json",
    ]);
    insta::assert_snapshot!("migrate", told.end());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys() {
    let told = Transcript::after_a_server().await.runs(&[
        "keys list",
        "keys rotate",
        "keys rotate --now --json",
        "keys list",
        "keys list --json",
        "keys withdraw 3",
        "keys withdraw 3",
        "keys import nowhere.pem",
    ]);
    insta::assert_snapshot!("keys", told.end());
}

#[tokio::test(flavor = "multi_thread")]
async fn users() {
    let told = Transcript::after_a_server().await.runs(&[
        "users list",
        "users create --email ada@example.com --phone +442079460018 --login ada",
        "users create --login grace --json",
        "users create --login grace",
        "users list",
        "users list --limit 1 --json",
        "users show ada",
        "users show nobody",
        "users reset ada",
        "users reset ada --json",
        "users reset ada --mail",
        "users reset grace --mail",
        "users suspend ada",
        "users suspend ada",
        "users ban ada --json",
        "users restore ada",
        "users restore ada",
        "users sign-out ada",
        "users delete ada",
        "users delete ada --yes",
        "users delete ada --yes",
    ]);
    insta::assert_snapshot!("users", told.end());
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_and_restore() {
    let told = Transcript::after_a_server().await.runs(&[
        "backup copy.db",
        "backup copy.db",
        "backup copy.db --force --json",
        "restore copy.db",
        "restore copy.db --json",
        "restore nowhere.db",
        "restore --in-place",
        "restore",
    ]);
    let size = std::fs::metadata(told.folder.path("copy.db")).unwrap();
    let told = told.end().replace(&size.len().to_string(), "[bytes]");
    insta::assert_snapshot!("backup_and_restore", told);
}

#[tokio::test(flavor = "multi_thread")]
async fn import() {
    let told = Transcript::of(Folder::sqlite()).runs(&[
        "import --from session sqlite:users.db",
        "import --from session postgres://ada@127.0.0.1:9/users",
        "import --from session mysql://ada@127.0.0.1:9/users",
        "import --from session --files file:nowhere postgres://ada@127.0.0.1:9/users",
    ]);
    insta::assert_snapshot!("import", told.end());
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_health() {
    let folder = Folder::sqlite();
    let bind = format!("127.0.0.1:{}", folder.port);
    let folder = folder.set("server.bind", &bind);
    let serving = folder.serve().await;
    let told = Transcript::of(folder).runs(&["health", "doctor", "doctor --json"]);
    serving.stop().await;
    let told = told.runs(&["health", "doctor"]);
    insta::assert_snapshot!("doctor_and_health", without_descriptors(&told.end()));
}

/// How many files this machine lets a process open is its own matter.
fn without_descriptors(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.split_once(" may be open") {
            Some((before, after)) => {
                let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
                format!("{before}[number] may be open{after}")
            }
            None => line.to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start() {
    let folder = Folder::sqlite();
    let bind = format!("127.0.0.1:{}", folder.port);
    let folder = folder.set("server.bind", &bind);
    let told = Transcript::of(folder).runs(&["worker", "keys list", "doctor", "health"]);
    let other = Folder::sqlite()
        .set(
            "database.url",
            &format!("postgres://ada:s3cret@127.0.0.1:{}/x", free_port()),
        )
        .set("database.pool_timeout", "1s")
        .set("master_key", &master_key());
    let other = Transcript::of(other).runs(&["backup copy.dump", "restore copy.dump"]);
    let text = [told.end(), other.end()].join("\n\n");
    let text = without_descriptors(&without_ports(&text));
    insta::assert_snapshot!("what_cannot_start", text);
}

/// A database that is not there is at another port each time.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("@127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{told}@127.0.0.1:[port]{rest}")
    })
}

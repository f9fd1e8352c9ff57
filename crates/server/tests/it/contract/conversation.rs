//! A conversation as it stands in its file.

use doorward_domain::Span;

/// Settings, and what happens in order.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) settings: Vec<(String, String)>,
    pub(super) acts: Vec<Act>,
}

#[derive(Debug)]
pub(super) enum Act {
    /// The clock moves on.
    Advance(Span),
    /// Somebody reads their newest message.
    Read {
        address: String,
        word: Word,
        into: String,
    },
    /// An operator decides about a user.
    Decide {
        decision: Decision,
        user: String,
    },
    Exchange(Exchange),
}

/// What operators decide about users.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decision {
    Suspend,
    Ban,
    Restore,
    SignOut,
}

/// What is looked for in a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    Code,
    Link,
}

/// A request and its answer.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    pub(super) title: String,
    pub(super) from: Option<String>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) status: u16,
    pub(super) expected_headers: Vec<(String, String)>,
    pub(super) expected_body: String,
}

impl Conversation {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut blocks = text.split("\n### ");
        let head = blocks.next().unwrap_or_default();
        let mut settings = Vec::new();
        for line in head
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let setting = line
                .strip_prefix("@setting ")
                .and_then(|rest| rest.split_once(" = "));
            let (name, value) = setting.ok_or_else(|| format!("`{line}` is no setting"))?;
            settings.push((name.to_owned(), value.to_owned()));
        }
        let mut acts = Vec::new();
        for block in blocks {
            read_block(block, &mut acts)?;
        }
        Ok(Self { settings, acts })
    }
}

fn read_block(block: &str, acts: &mut Vec<Act>) -> Result<(), String> {
    let (title, rest) = block
        .split_once('\n')
        .ok_or_else(|| format!("`{block}` has no request"))?;
    let mut exchange = Exchange {
        title: title.to_owned(),
        ..Exchange::default()
    };
    let mut rest = rest;
    while rest.starts_with('@') {
        let (line, after) = rest.split_once('\n').ok_or("a directive ends the block")?;
        direct(line, &mut exchange, acts)?;
        rest = after;
    }
    let (request, answer) = rest
        .split_once("\nHTTP ")
        .ok_or_else(|| format!("`{title}` has no answer"))?;
    let (line, headers, body) = parts(request);
    let (method, path) = line
        .split_once(' ')
        .ok_or_else(|| format!("`{line}` is no request"))?;
    exchange.method = method.to_owned();
    exchange.path = path.to_owned();
    exchange.headers = headers;
    exchange.body = body;
    let (status, headers, body) = parts(answer);
    exchange.status = status
        .parse()
        .map_err(|_| format!("`{status}` is no status"))?;
    exchange.expected_headers = headers;
    exchange.expected_body = body;
    acts.push(Act::Exchange(exchange));
    Ok(())
}

fn direct(line: &str, exchange: &mut Exchange, acts: &mut Vec<Act>) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["@from", peer] => exchange.from = Some((*peer).to_owned()),
        ["@advance", span] => acts.push(Act::Advance(span_of(span)?)),
        ["@read", word, address, into] => acts.push(Act::Read {
            address: (*address).to_owned(),
            word: match *word {
                "code" => Word::Code,
                "link" => Word::Link,
                other => return Err(format!("nobody reads a `{other}`")),
            },
            into: (*into).to_owned(),
        }),
        ["@operator", decision, user] => acts.push(Act::Decide {
            decision: decision_of(decision)?,
            user: (*user).to_owned(),
        }),
        _ => return Err(format!("`{line}` is no directive")),
    }
    Ok(())
}

fn decision_of(word: &str) -> Result<Decision, String> {
    match word {
        "suspend" => Ok(Decision::Suspend),
        "ban" => Ok(Decision::Ban),
        "restore" => Ok(Decision::Restore),
        "sign-out" => Ok(Decision::SignOut),
        other => Err(format!("no operator decides to `{other}`")),
    }
}

fn span_of(text: &str) -> Result<Span, String> {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let number: u32 = number.parse().map_err(|_| format!("`{text}` is no span"))?;
    match unit {
        "s" => Ok(Span::seconds(number)),
        "m" => Ok(Span::minutes(number)),
        "h" => Ok(Span::hours(number)),
        "d" => Ok(Span::days(number)),
        _ => Err(format!("`{text}` is no span")),
    }
}

/// The first line, the headers below it, and what follows the empty line.
fn parts(text: &str) -> (String, Vec<(String, String)>, String) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.trim_end().lines();
    let first = lines.next().unwrap_or_default().trim().to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    (first, headers, body.trim_end_matches('\n').to_owned())
}

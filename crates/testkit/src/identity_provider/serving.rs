//! The provider's side of HTTP/1.1 (RFC 9112): one answer to a connection.

use super::{Manner, Shared, lock};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// More than the 256 KiB that a reader of such documents should take.
const VERBOSE: usize = 300 * 1024;

/// Whoever still waits for an answer when the provider goes is cut off.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // A client that breaks off is none of the provider's business.
        conversations.spawn(async move { converse(stream, &shared).await.ok() });
    }
}

async fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let (input, mut output) = stream.into_split();
    let mut lines = BufReader::new(input).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    while lines
        .next_line()
        .await?
        .is_some_and(|line| !line.is_empty())
    {}
    let path = first.split(' ').nth(1).unwrap_or_default();
    let answer = answer(path, shared).await;
    output.write_all(answer.as_bytes()).await?;
    output.shutdown().await
}

async fn answer(path: &str, shared: &Shared) -> String {
    let manner = *lock(&shared.manner);
    match path {
        "/.well-known/openid-configuration" => good(&discovery(shared, manner)),
        "/keys" => {
            shared.asked.fetch_add(1, Ordering::SeqCst);
            keys(shared, manner).await
        }
        "/elsewhere" => good(&key_set(shared)),
        _ => with_status("404 Not Found", ""),
    }
}

fn discovery(shared: &Shared, manner: Manner) -> Value {
    let issuer = match manner {
        Manner::OtherIssuer => "https://other.example.com".to_owned(),
        _ => shared.issuer(),
    };
    json!({
        "issuer": issuer,
        "jwks_uri": shared.keys_url(),
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    })
}

async fn keys(shared: &Shared, manner: Manner) -> String {
    match manner {
        Manner::Proper | Manner::OtherIssuer => good(&key_set(shared)),
        Manner::Silent => std::future::pending().await,
        Manner::Verbose => {
            let text = key_set(shared).to_string();
            with_status("200 OK", &format!("{text}{}", " ".repeat(VERBOSE)))
        }
        Manner::Redirecting => with_status("302 Found\r\nLocation: /elsewhere", ""),
        Manner::Broken => with_status("500 Internal Server Error", "{}"),
        Manner::Prosaic => with_status("200 OK", "<!doctype html><p>Our keys</p>"),
    }
}

fn key_set(shared: &Shared) -> Value {
    json!({"keys": *lock(&shared.published)})
}

fn good(document: &Value) -> String {
    with_status("200 OK", &document.to_string())
}

fn with_status(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

//! Whether somebody answers at an address, asked as a health check asks: one request, one connection, a bounded wait.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The status of a GET; `None` where nobody answers in time.
pub(crate) async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let answer = tokio::time::timeout(PATIENCE, ask(address, path)).await;
    let head = answer.ok()?.ok()?;
    head.split(' ').nth(1)?.parse().ok()
}

async fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

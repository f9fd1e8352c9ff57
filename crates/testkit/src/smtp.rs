//! A small SMTP server (RFC 5321) that keeps what it is sent, with TLS or without.

mod tls;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tls::Protection;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long [`Sink::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// What it says before it is asked anything.
const GREETING: &[u8] = b"220 sink ready\r\n";

/// A message as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Header and body, without the dots that SMTP adds, lines ending in CR LF.
    pub data: String,
}

/// A server on a port of loopback. Dropping it closes the port.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    messages: Mutex<Vec<Message>>,
    refusals: Mutex<VecDeque<String>>,
    arrived: Notify,
}

impl Sink {
    /// Opens one on a free port.
    pub async fn start() -> Self {
        Self::protected(Protection::None).await
    }

    /// Opens one that takes no mail before STARTTLS. Chain and key are files of PEM.
    pub async fn with_starttls(chain: &Path, key: &Path) -> Self {
        Self::protected(Protection::StartTls(tls::acceptor(chain, key))).await
    }

    /// Opens one that speaks nothing but TLS. Chain and key are files of PEM.
    pub async fn with_implicit_tls(chain: &Path, key: &Path) -> Self {
        Self::protected(Protection::Implicit(tls::acceptor(chain, key))).await
    }

    async fn protected(protection: Protection) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(serve(listener, protection, shared.clone()));
        Self {
            address,
            shared,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has come in so far.
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.shared.messages).clone()
    }

    /// Answers the next recipient with `reply` (`"451 4.3.0 Try later"`, `"550 5.1.1 Nobody here"`); those that follow are welcome.
    pub fn refuse_next(&self, reply: &str) {
        lock(&self.shared.refusals).push_back(reply.to_owned());
    }

    /// Waits until at least `count` messages have come in, and returns all.
    ///
    /// # Panics
    /// After 20 seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Message> {
        let arrival = async {
            loop {
                let arrived = self.shared.arrived.notified();
                let messages = self.messages();
                if messages.len() >= count {
                    return messages;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(PATIENCE, arrival)
            .await
            .unwrap_or_else(|_| {
                unreachable!(
                    "{count} messages were expected, {} came",
                    self.messages().len()
                )
            })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, protection: Protection, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (protection, shared) = (protection.clone(), shared.clone());
        // A client that breaks off has sent nothing worth keeping.
        tokio::spawn(async move { receive(stream, protection, &shared).await.ok() });
    }
}

async fn receive(
    mut stream: TcpStream,
    protection: Protection,
    shared: &Shared,
) -> std::io::Result<()> {
    match protection {
        Protection::None => {
            stream.write_all(GREETING).await?;
            converse(stream, shared).await
        }
        Protection::StartTls(acceptor) => {
            let stream = tls::until_starttls(stream).await?;
            converse(acceptor.accept(stream).await?, shared).await
        }
        Protection::Implicit(acceptor) => {
            let mut stream = acceptor.accept(stream).await?;
            stream.write_all(GREETING).await?;
            stream.flush().await?;
            converse(stream, shared).await
        }
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite, shared: &Shared) -> std::io::Result<()> {
    let (input, mut output) = tokio::io::split(stream);
    let mut lines = BufReader::new(input).lines();
    let mut envelope = Envelope::default();
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default();
        let reply = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8".to_owned(),
            "HELO" | "NOOP" => "250 OK".to_owned(),
            "MAIL" => {
                envelope = Envelope::from(address(&line));
                "250 OK".to_owned()
            }
            "RCPT" => {
                let refusal = lock(&shared.refusals).pop_front();
                if refusal.is_none() {
                    envelope.to.push(address(&line));
                }
                refusal.unwrap_or_else(|| "250 OK".to_owned())
            }
            "DATA" if envelope.to.is_empty() => "503 No recipients".to_owned(),
            "DATA" => {
                output.write_all(b"354 Go ahead\r\n").await?;
                output.flush().await?;
                let mut data = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push_str("\r\n");
                }
                lock(&shared.messages).push(std::mem::take(&mut envelope).with(data));
                shared.arrived.notify_waiters();
                "250 OK".to_owned()
            }
            "RSET" => {
                envelope = Envelope::default();
                "250 OK".to_owned()
            }
            "QUIT" => {
                output.write_all(b"221 Bye\r\n").await?;
                break;
            }
            _ => "502 Not here".to_owned(),
        };
        output.write_all(format!("{reply}\r\n").as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

impl Envelope {
    fn from(from: String) -> Self {
        Self {
            from,
            to: Vec::new(),
        }
    }

    fn with(self, data: String) -> Message {
        Message {
            from: self.from,
            to: self.to,
            data,
        }
    }
}

/// What stands between the angle brackets.
fn address(line: &str) -> String {
    let inner = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    async fn say(sink: &Sink, text: &str) -> String {
        let mut stream = TcpStream::connect(sink.address()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_message_is_kept_as_it_was_meant() {
        let sink = Sink::start().await;
        say(&sink, "EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n").await;
        let messages = sink.wait_for(1).await;
        assert_eq!(
            messages,
            [Message {
                from: "a@example.com".to_owned(),
                to: vec!["b@example.com".to_owned()],
                data: "Subject: x\r\n\r\n.dot\r\n".to_owned(),
            }]
        );
    }

    #[tokio::test]
    async fn a_refused_recipient_gets_nothing() {
        let sink = Sink::start().await;
        sink.refuse_next("550 5.1.1 Nobody here");
        let answer = say(
            &sink,
            "EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nQUIT\r\n",
        )
        .await;
        assert!(
            answer.contains("550 5.1.1 Nobody here\r\n503 No recipients"),
            "{answer}"
        );
        assert!(sink.messages().is_empty());
    }
}

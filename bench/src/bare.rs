//! The bare server: what HTTP itself costs here, with the same client, the same bytes and nothing else.
//!
//! It is this binary in a process of its own, as Doorward is one, so that both share the cores with the client
//! in the same way. It gives every request one recorded answer, and ends with the process that started it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, DATE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};

use crate::load::Answer;
use crate::process::{Process, Signal};

/// The answer that the bare server gives, as it is handed from process to process: one line of JSON.
#[derive(Serialize, Deserialize)]
struct Recorded {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Recorded {
    fn of(answer: &Answer) -> anyhow::Result<Self> {
        // hyper writes these itself.
        let own = [CONTENT_LENGTH, DATE, TRANSFER_ENCODING];
        let headers = answer
            .headers
            .iter()
            .filter(|(name, _)| !own.contains(name))
            .map(|(name, value)| Ok((name.to_string(), value.to_str()?.to_owned())))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            status: answer.status.as_u16(),
            headers,
            body: String::from_utf8(answer.body.to_vec())?,
        })
    }

    fn response(self) -> anyhow::Result<Response<Full<Bytes>>> {
        let mut response = Response::new(Full::new(self.body.into()));
        *response.status_mut() = StatusCode::from_u16(self.status)?;
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name)?;
            response
                .headers_mut()
                .append(name, HeaderValue::try_from(value)?);
        }
        Ok(response)
    }
}

/// A running bare server.
pub(crate) struct BareServer {
    pub(crate) address: SocketAddr,
    _process: Process,
}

impl BareServer {
    /// Starts one that answers everything with `answer`.
    pub(crate) fn start(answer: &Answer) -> anyhow::Result<Self> {
        let recorded = serde_json::to_string(&Recorded::of(answer)?)?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--bare-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = Process::start(&mut command, Signal::Kill)?;
        let stdin = process.child.stdin.as_mut().context("no way in")?;
        writeln!(stdin, "{recorded}")?;
        let stdout = process.child.stdout.as_mut().context("no way out")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self {
            address: address
                .trim()
                .parse()
                .context("the bare server did not start")?,
            _process: process,
        })
    }
}

/// The other process: reads the answer, says where it listens, and serves until its input is closed.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let response = serde_json::from_str::<Recorded>(&line)?.response()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout().lock(), "{}", listener.local_addr()?)?;
    thread::spawn(|| {
        io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(stream, response.clone()));
    }
}

async fn converse(stream: TcpStream, response: Response<Full<Bytes>>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let answer = service_fn(|request: Request<Incoming>| {
        let response = response.clone();
        async move {
            request.into_body().collect().await?;
            Ok::<_, hyper::Error>(response)
        }
    });
    http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_given_back_as_it_was_recorded() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("0190"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("2"));
        let answer = Answer {
            status: StatusCode::CREATED,
            headers,
            body: "{}".into(),
        };
        let response = Recorded::of(&answer).unwrap().response().unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["x-request-id"], "0190");
        assert_eq!(response.headers().len(), 1);
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            "{}"
        );
    }
}

//! The real binary while it serves.

use super::folder::Folder;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a start or a stop may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long to wait before looking again.
const GLANCE: Duration = Duration::from_millis(25);

/// A process that serves; killed when the test is done with it.
pub(crate) struct Serving {
    child: Child,
    pub(crate) port: u16,
    client: reqwest::Client,
    log: Arc<Mutex<String>>,
}

impl Folder {
    /// Starts `serve` on the folder's port and waits until it is ready.
    pub(crate) async fn serve(&self) -> Serving {
        self.serve_with(&[]).await
    }

    /// The same with more arguments.
    pub(crate) async fn serve_with(&self, arguments: &[&str]) -> Serving {
        let mut serving = self.start(arguments);
        serving
            .until("it is ready", async |serving| {
                serving.status("/readyz").await == Some(StatusCode::OK)
            })
            .await;
        serving
    }

    /// Starts `serve` and waits for nothing.
    pub(crate) fn start(&self, arguments: &[&str]) -> Serving {
        let bind = format!("127.0.0.1:{}", self.port);
        let mut command = self.command(&["serve", "--bind", &bind]);
        command.args(arguments);
        self.started(command)
    }

    /// What this command starts, which is to serve on the folder's port.
    pub(crate) fn started(&self, mut command: Command) -> Serving {
        let port = self.port;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), &log);
        collect(child.stderr.take().unwrap(), &log);
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Serving {
            child,
            port,
            client,
            log,
        }
    }
}

impl Serving {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// Posts JSON; gives status and body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// The status of a GET, if anybody answers.
    pub(crate) async fn status(&self, path: &str) -> Option<StatusCode> {
        self.get(path)
            .send()
            .await
            .ok()
            .map(|response| response.status())
    }

    /// Registers and proves an address, and signs in; gives the tokens.
    pub(crate) async fn sign_up(&self, email: &str, password: &str) -> Value {
        // A code that was mailed to somebody else with this address is not to be found.
        assert_eq!(
            answer(self.request(Method::DELETE, "/dev/inbox")).await.0,
            204
        );
        let (status, body) = self
            .post(
                "/api/v1/users",
                &json!({"email": email, "password": password}),
            )
            .await;
        assert_eq!(status, 201, "{body}");
        let code = self.code_for(email).await;
        let (status, body) = self
            .post(
                "/api/v1/auth/verify-otp",
                &json!({"email": email, "otp": code}),
            )
            .await;
        assert_eq!(status, 200, "{body}");
        self.sign_in(email, password).await
    }

    /// Signs in with an address; gives the tokens.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Value {
        let (status, body) = self
            .post(
                "/api/v1/auth/login",
                &json!({"email": email, "password": password}),
            )
            .await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The code of the newest mail to an address in the development inbox.
    pub(crate) async fn code_for(&self, email: &str) -> String {
        let path = format!(
            "/dev/inbox?to={}",
            email.replace('@', "%40").replace('+', "%2B")
        );
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (_, messages) = answer(self.get(&path)).await;
            if let Some(text) = messages.get(0).and_then(|message| message["text"].as_str()) {
                return digits(text);
            }
            assert!(
                Instant::now() < deadline,
                "no mail to {email}: {}",
                self.log()
            );
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The status of the profile of family `verified` for a token.
    pub(crate) async fn profile(&self, token: &str) -> u16 {
        answer(self.get("/api/v1/users/profile").bearer_auth(token))
            .await
            .0
    }

    /// All that was written to standard output and standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until something holds.
    pub(crate) async fn until(&mut self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self).await {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "it ended with {ended:?} before {what}:\n{}",
                self.log()
            );
            assert!(
                Instant::now() < deadline,
                "waited in vain until {what}:\n{}",
                self.log()
            );
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Ends it as a service manager does, and gives its exit status.
    pub(crate) async fn stop(mut self) -> i32 {
        self.signal("TERM");
        self.ended().await
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .unwrap();
        assert!(sent.success(), "kill -{name} {pid}");
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end by itself, and gives its exit status.
    pub(crate) async fn ended(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(
                Instant::now() < deadline,
                "it does not end:\n{}",
                self.log()
            );
            tokio::time::sleep(GLANCE).await;
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of an answer; a body that is no JSON is `null`.
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// The first run of at least four digits in a text.
pub(crate) fn digits(text: &str) -> String {
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    runs.find(|run| run.len() >= 4)
        .unwrap_or_else(|| panic!("no code in {text:?}"))
        .to_owned()
}

fn collect(stream: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&String::from_utf8_lossy(&line));
            log.push('\n');
        }
    });
}

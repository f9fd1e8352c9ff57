//! Servers that end with the test process, and the folders they live in.
//!
//! A server is started by a small shell that then waits for the end of its input. The other end of that pipe is held by this
//! process alone: when it is closed, or the process dies in whatever way, the shell stops the server and removes the folder.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A running server. Dropping it stops it and removes its folder.
pub(crate) struct Guard {
    shell: Child,
    input: Option<ChildStdin>,
}

impl Guard {
    /// Runs `start`, and `stop` when the process ends; `folder` goes away after it.
    pub(crate) fn start(folder: &Path, start: &str, stop: &str) -> Self {
        let script = format!(
            "{{ {start}; }} >\"$1/start.log\" 2>&1 && echo up || echo down\nread -r _\n{{ {stop}; }} >/dev/null 2>&1\nrm -rf -- \"$1\"\n"
        );
        let mut shell = Command::new("sh")
            .arg("-c")
            .arg(script)
            .arg("guard")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell is there");
        let input = shell.stdin.take();
        let mut word = String::new();
        let output = shell.stdout.take().expect("its output was asked for");
        BufReader::new(output)
            .read_line(&mut word)
            .expect("the shell says a word");
        assert_eq!(
            word.trim(),
            "up",
            "the server did not start: {}",
            log(folder)
        );
        Self { shell, input }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.input.take());
        // The shell ends by itself; waiting for it is only tidy.
        let _ = self.shell.wait();
    }
}

fn log(folder: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(folder.join("start.log"));
    let read = file.and_then(|mut file| file.read_to_string(&mut text));
    read.map_or_else(|error| error.to_string(), |_| text)
}

/// A new folder with a short name: the path of a unix socket has 107 bytes at most.
pub(crate) fn short_folder(prefix: &str) -> io::Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in("/tmp")?;
    Ok(folder.keep())
}

/// A server that the environment names instead of a private one.
#[expect(
    clippy::disallowed_methods,
    reason = "where tests run is not a setting of the product"
)]
pub(crate) fn named_by_environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}

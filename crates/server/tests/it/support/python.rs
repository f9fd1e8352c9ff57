//! Real Python, for what must be the same bytes there.

use std::io::Write;
use std::process::{Command, Stdio};

/// What `script` prints when it reads `input`.
#[track_caller]
pub(crate) fn python(script: &str, input: &str) -> String {
    let mut child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs `python3`");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(input.as_bytes())
        .expect("Python reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "Python failed: {}", output.status);
    String::from_utf8(output.stdout).expect("Python prints UTF-8")
}

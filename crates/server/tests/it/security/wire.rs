//! The bytes of HTTP itself: one request is seen, or none.

use crate::cli::folder::Folder;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends bytes and reads what comes until the other side closes or is silent.
fn converse(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(1500)))
        .unwrap();
    // The other side may close while the request is still being sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read) = stream.read(&mut buffer) {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses of the answers in a conversation.
fn statuses(answer: &str) -> Vec<&str> {
    let starts = answer.match_indices("HTTP/1.1 ");
    starts
        .filter_map(|(at, _)| answer.get(at + 9..at + 12))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_4_2_1_of_an_ambiguous_request_no_second_one_is_seen() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    let smuggled = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let post = "POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";
    let corpus = [
        format!("{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!(
            "{post}Transfer-Encoding: chunked\r\nContent-Length: {}\r\n\r\n0\r\n\r\n{smuggled}",
            5 + smuggled.len()
        ),
        format!(
            "{post}Content-Length: 0\r\nContent-Length: {}\r\n\r\n{smuggled}",
            smuggled.len()
        ),
        format!(
            "{post}Content-Length: 0, {}\r\n\r\n{smuggled}",
            smuggled.len()
        ),
        format!("{post}Content-Length: +0\r\n\r\n{smuggled}"),
        format!("{post}Content-Length: 0x0\r\n\r\n{smuggled}"),
        format!("{post}Content-Length : 0\r\n\r\n{smuggled}"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("{post}Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n{smuggled}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{smuggled}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n{smuggled}"),
        format!("{post}X: a\u{0}b\r\nContent-Length: 0\r\n\r\n{smuggled}"),
        format!("GET /livez HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n{smuggled}"),
    ];
    for request in &corpus {
        let answer = converse(serving.port, request.as_bytes());
        let seen = statuses(&answer);
        // Either it is refused, or it was understood one way alone: with the length that chunks give, and then what
        // follows is a request of its own by everybody's reading.
        let chunked = request.contains("Transfer-Encoding: chunked\r\nContent-Length")
            || request.contains("Content-Length: 4\r\nTransfer-Encoding: chunked");
        assert!(
            seen.len() <= 1
                || (chunked
                    && seen.len() == 2
                    && answer.to_lowercase().contains("connection: close")),
            "{request:?}: {answer}"
        );
        if let [status] = seen[..] {
            assert!(
                status.starts_with('4') || status.starts_with('5'),
                "{request:?}: {answer}"
            );
        }
    }
    assert_eq!(
        statuses(&converse(
            serving.port,
            b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )),
        ["200"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i43_headers_are_bounded() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    let many: Vec<String> = (0..2_000).map(|n| format!("X-{n}: a\r\n")).collect();
    let many = many.concat();
    let long = format!("X-Long: {}\r\n", "a".repeat(2 << 20));
    let target = "a".repeat(200_000);
    for request in [
        format!("GET /livez HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
        format!("GET /livez HTTP/1.1\r\nHost: a\r\n{long}\r\n"),
        format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n"),
    ] {
        let answer = converse(serving.port, request.as_bytes());
        let seen = statuses(&answer);
        assert!(seen.is_empty() || seen[0].starts_with('4'), "{answer}");
    }
    assert_eq!(serving.status("/livez").await.unwrap(), 200);
}

//! Floods of HTTP/2, frame by frame.

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET` of a path, as RFC 7541 packs it: method and scheme from its table, path and authority in full.
fn get_head(path: &str) -> Vec<u8> {
    let mut head = vec![0x82, 0x86];
    for (name, value) in [(0x04, path), (0x01, "x")] {
        head.extend([name, u8::try_from(value.len()).unwrap()]);
        head.extend(value.bytes());
    }
    head
}

async fn opened(running: &Running) -> TcpStream {
    let mut stream = running.connect().await;
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    stream.write_all(&opening).await.unwrap();
    stream
}

#[tokio::test]
async fn requests_in_frames_are_answered() {
    let running = start(&WANTED);
    let mut stream = opened(&running).await;
    let request = frame(HEADERS, END_STREAM | END_HEADERS, 1, &get_head("/ok"));
    stream.write_all(&request).await.unwrap();
    let mut all = Vec::<u8>::new();
    while !all.windows(4).any(|part| part == b"fine") {
        let mut part = [0; 1024];
        let read = timeout(BOUND, stream.read(&mut part))
            .await
            .unwrap()
            .unwrap();
        assert!(read > 0, "{all:?}");
        all.extend(&part[..read]);
    }
}

#[tokio::test]
async fn sec_i44_requests_that_are_cancelled_at_once_end_their_connection() {
    let running = start(&WANTED);
    let mut stream = opened(&running).await;
    let (mut reading, mut writing) = stream.split();
    let flooding = async {
        // One request after the other starts before it is cancelled, which no bound of the protocol forbids.
        for n in 0..10_000_u32 {
            let id = 2 * n + 1;
            let request = frame(HEADERS, END_STREAM | END_HEADERS, id, &get_head("/never"));
            if writing.write_all(&request).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
            let reset = frame(RST_STREAM, 0, id, &8_u32.to_be_bytes());
            if writing.write_all(&reset).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    let closed = async {
        let mut all = Vec::new();
        let _ = reading.read_to_end(&mut all).await;
    };
    timeout(BOUND, async {
        tokio::select! { () = flooding => {}, () = closed => {} }
    })
    .await
    .expect("the connection is closed");
    let started = running.seen.started.load(Ordering::SeqCst);
    assert!(started < 500, "{started} requests were worked on");
    running.connected_from(2).await;
}

#[tokio::test]
async fn sec_i44_a_head_without_end_ends_its_connection() {
    let running = start(&WANTED);
    let mut stream = opened(&running).await;
    let (mut reading, mut writing) = stream.split();
    // A literal header without a name that fits a table, over and over.
    let part = [&[0x00, 0x01, b'x', 0x7f, 0x81, 0x7f][..], &[b'y'; 256]].concat();
    let flooding = async {
        let first = frame(HEADERS, 0, 1, &get_head("/ok"));
        let mut sent = writing.write_all(&first).await;
        let next = frame(CONTINUATION, 0, 1, &part);
        let mut bytes = 0;
        while sent.is_ok() && bytes < 64 * 1024 * 1024 {
            sent = writing.write_all(&next).await;
            bytes += next.len();
        }
        bytes
    };
    let closed = async {
        let mut all = Vec::new();
        let _ = reading.read_to_end(&mut all).await;
    };
    let bytes = timeout(BOUND, async { tokio::join!(flooding, closed).0 })
        .await
        .expect("the connection is closed");
    assert!(
        bytes < 32 * 1024 * 1024,
        "{bytes} bytes of a head were taken"
    );
    running.connected_from(2).await;
}

//! Requests of HTTP/1 that are put together so that two readers may read two things.

use super::*;

/// Status of the answer to a head, and whether the connection was closed after it.
async fn sent(head: &str) -> (String, String) {
    let running = start(&WANTED);
    let mut stream = running.connect().await;
    say(&mut stream, head).await;
    let all = String::from_utf8(until_closed(&mut stream).await).unwrap();
    let status = all.split(' ').nth(1).unwrap_or_default().to_owned();
    (status, all)
}

#[tokio::test]
async fn sec_i43_two_lengths_are_told_to_whoever_answers_and_end_the_connection() {
    for lines in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
    ] {
        let smuggled = "0\r\n\r\nGET /ok HTTP/1.1\r\nhost: x\r\n\r\n";
        let head = format!("POST /transport HTTP/1.1\r\nhost: x\r\n{lines}\r\n\r\n{smuggled}");
        let (status, all) = sent(&head).await;
        assert_eq!(status, "200");
        assert!(all.contains("ambiguous_length: true"), "{all}");
        assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{all}");
    }
}

#[tokio::test]
async fn one_length_is_in_order() {
    let running = start(&WANTED);
    let mut stream = running.connect().await;
    for head in [
        "content-length: 2\r\n\r\nhi",
        "transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "content-length: 0\r\n\r\n",
    ] {
        say(
            &mut stream,
            &format!("POST /transport HTTP/1.1\r\nhost: x\r\n{head}"),
        )
        .await;
        let answer = answer(&mut stream).await;
        assert!(answer.contains("ambiguous_length: false"), "{answer}");
    }
}

#[tokio::test]
async fn sec_i43_what_no_two_readers_agree_on_is_refused_and_ends_the_connection() {
    for lines in [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 6",
        "content-length: +5",
        "content-length: -1",
        "content-length: 5\r\n folded: 1",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "x-space : 1",
        "x-null: a\0b",
    ] {
        let head = format!("POST /transport HTTP/1.1\r\nhost: x\r\n{lines}\r\n\r\nhello");
        let (status, all) = sent(&head).await;
        assert_eq!(status, "400", "{lines:?}: {all}");
    }
}

#[tokio::test]
async fn sec_i43_a_head_is_bounded_in_lines_and_bytes() {
    let many = "x: 1\r\n".repeat(101);
    let large = format!("x: {}\r\n", "y".repeat(40 * 1024));
    for lines in [many, large] {
        let head = format!("GET /ok HTTP/1.1\r\nhost: x\r\n{lines}\r\n");
        let (status, all) = sent(&head).await;
        assert_eq!(status, "431", "{all}");
    }
}

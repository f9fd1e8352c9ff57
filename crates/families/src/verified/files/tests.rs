use super::*;
use bytes::Bytes;
use std::io;

fn download(content_type: &str, pieces: &[&'static [u8]]) -> Download {
    let pieces: Vec<io::Result<Bytes>> = pieces
        .iter()
        .map(|piece| Ok(Bytes::from_static(piece)))
        .collect();
    let size = pieces
        .iter()
        .flatten()
        .map(|piece| piece.len() as u64)
        .sum();
    Download {
        name: "picture".to_owned(),
        content_type: content_type.to_owned(),
        size,
        content: stream::iter(pieces).boxed(),
    }
}

async fn answered(file: Download) -> Response {
    respond(&FileName::parse("picture").unwrap(), file).await
}

#[tokio::test]
async fn sec_5_4_1_only_an_image_by_its_bytes_is_shown_inline() {
    let png = answered(download(
        "image/png",
        &[b"\x89PN", b"G\r\n\x1a\n", b"\0\0\0\rIHDR"],
    ))
    .await;
    assert_eq!(
        png.headers()[CONTENT_DISPOSITION],
        "inline; filename=\"picture\""
    );
    let page = answered(download("image/png", &[b"<html><script>"])).await;
    assert_eq!(
        page.headers()[CONTENT_DISPOSITION],
        "attachment; filename=\"picture\""
    );
}

#[tokio::test]
async fn sec_5_3_1_a_stored_page_cannot_run() {
    let page = answered(download("text/html", &[b"<script>"])).await;
    let headers = page.headers();
    assert_eq!(headers[CONTENT_TYPE], "text/html");
    assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"));
    assert_eq!(
        headers[CONTENT_DISPOSITION],
        "attachment; filename=\"picture\""
    );
}

#[tokio::test]
async fn looking_at_the_first_bytes_loses_none() {
    for pieces in [&[&b"a"[..], b"b", b"cdefghijklmnop", b"q"][..], &[b""], &[]] {
        let whole: Vec<u8> = pieces.concat();
        let response = answered(download("text/plain", pieces)).await;
        assert_eq!(
            response.headers()[CONTENT_LENGTH],
            whole.len().to_string().as_str()
        );
        let body = axum::body::to_bytes(response.into_body(), 1024).await;
        assert_eq!(body.unwrap(), whole);
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_is_a_broken_answer() {
    let mut file = download("text/plain", &[b"abc"]);
    let broken = stream::iter([
        Ok(Bytes::from_static(b"ab")),
        Err(io::ErrorKind::UnexpectedEof.into()),
    ]);
    file.content = broken.boxed();
    let response = answered(file).await;
    assert!(
        axum::body::to_bytes(response.into_body(), 1024)
            .await
            .is_err()
    );
}

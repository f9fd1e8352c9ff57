//! The head of a request of HTTP/1 as it arrives: whether it is whole, and whether it says more than once how long its body
//! is.
//!
//! The server under this believes `Transfer-Encoding` where `Content-Length` stands beside it, drops the latter and closes
//! the connection after its answer; so nothing that was smuggled in behind such a request is ever read. Here it is found
//! before that, so that it is refused. Heads that a client sends ahead, before its last request was answered, are left to
//! the server's way alone.

/// More than any head that the server takes.
const MOST: usize = 64 * 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Head(Vec<u8>);

/// What a part of a head completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Not the head.
    Part,
    /// The head, which is in order.
    Whole,
    /// The head, and it has more than one length.
    Ambiguous,
}

impl Head {
    /// Takes what came.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Heard {
        if self.0.is_empty() {
            // Most heads come in one piece, which nobody needs to copy.
            let bytes = without_empty_lines(bytes);
            if let Some(head) = end(bytes, 0) {
                return judge(head);
            }
            self.keep(bytes);
            return Heard::Part;
        }
        // What was searched already is not searched again, but for the bytes that an empty line may have begun in.
        let from = self.0.len().saturating_sub(3);
        self.keep(bytes);
        let judged = end(&self.0, from).map(judge);
        judged
            .inspect(|_| self.0 = Vec::new())
            .unwrap_or(Heard::Part)
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MOST.saturating_sub(self.0.len());
        self.0.extend(bytes.iter().take(room));
    }
}

/// RFC 9112 section 2.2: a server ignores an empty line before a request.
fn without_empty_lines(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte));
    start
        .and_then(|start| bytes.get(start..))
        .unwrap_or_default()
}

/// The head, up to the empty line that ends it, which does not stand before `from`.
fn end(bytes: &[u8], from: usize) -> Option<&[u8]> {
    let empty_line = |(at, byte): (usize, &u8)| {
        let rest = bytes.get(at + 1..)?;
        (*byte == b'\n' && (rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))).then_some(at)
    };
    let at = bytes.iter().enumerate().skip(from).find_map(empty_line)?;
    bytes.get(..at)
}

fn judge(head: &[u8]) -> Heard {
    let tells_length = |line: &&[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.eq_ignore_ascii_case(b"content-length")
            || name.eq_ignore_ascii_case(b"transfer-encoding")
    };
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    if lines.filter(tells_length).count() > 1 {
        Heard::Ambiguous
    } else {
        Heard::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(parts: &[&str]) -> Heard {
        let mut head = Head::default();
        let each = parts.iter().map(|part| head.hear(part.as_bytes()));
        each.last().unwrap()
    }

    #[test]
    fn sec_i43_two_lengths_are_found_in_any_spelling_and_order() {
        for lines in [
            "Content-Length: 4\r\nTransfer-Encoding: chunked",
            "transfer-encoding: chunked\r\nCONTENT-LENGTH: 4",
            "Content-Length: 4\r\nHost: x\r\nContent-Length: 4",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        ] {
            let text = format!("POST / HTTP/1.1\r\n{lines}\r\n\r\nbody");
            assert_eq!(hear(&[&text]), Heard::Ambiguous, "{lines}");
            let (left, right) = text.split_at(30);
            assert_eq!(hear(&["\r\n", left, right]), Heard::Ambiguous, "{lines}");
            let bare = text.replace('\r', "");
            assert_eq!(hear(&[&bare]), Heard::Ambiguous, "{lines}");
        }
    }

    #[test]
    fn one_length_is_in_order_whatever_the_body_says() {
        let text = "POST /content-length HTTP/1.1\r\nContent-Length: 60\r\n\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(hear(&[text]), Heard::Whole);
        assert_eq!(hear(&["GET / HTTP/1.1\r\n\r\n"]), Heard::Whole);
    }

    #[test]
    fn a_part_is_no_head() {
        assert_eq!(hear(&["GET / HTTP/1.1\r\nHost: x\r\n"]), Heard::Part);
        let endless = "x".repeat(MOST);
        let mut head = Head::default();
        assert_eq!(head.hear(endless.as_bytes()), Heard::Part);
        assert_eq!(head.hear(endless.as_bytes()), Heard::Part);
        assert_eq!(head.0.len(), MOST);
    }

    #[test]
    fn the_next_head_is_judged_by_itself() {
        let mut head = Head::default();
        head.hear(b"POST / HTTP/1.1\r\nContent-");
        assert_eq!(head.hear(b"Length: 1\r\n\r\n"), Heard::Whole);
        assert_eq!(
            head.hear(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n"),
            Heard::Whole
        );
    }
}

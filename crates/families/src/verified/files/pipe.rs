//! The bytes of an upload on their way from the connection into the store.
//!
//! The store's work runs to its end in a task of its own, the connection may break at any time. Invariant: only an upload
//! that was read to its end has an end here; whoever reads a broken one gets an error, never a shorter file.

use bytes::Bytes;
use doorward_service::ports::ByteStream;
use futures_util::{StreamExt, stream};
use std::io;
use tokio::sync::mpsc;

enum Piece {
    Bytes(Bytes),
    End,
}

/// The writing end.
pub(super) struct Writer(mpsc::Sender<Piece>);

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// It is on its way.
    Taken,
    /// The reader wants no more: it has refused the file.
    Unwanted,
}

/// A pipe that holds one piece, so that a fast client fills no memory.
pub(super) fn pipe() -> (Writer, ByteStream) {
    let (sender, receiver) = mpsc::channel(1);
    let content = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(Piece::End) => None,
            None => Some((Err(io::ErrorKind::UnexpectedEof.into()), None)),
        }
    });
    (Writer(sender), content.boxed())
}

impl Writer {
    pub(super) async fn write(&self, bytes: Bytes) -> Write {
        self.send(Piece::Bytes(bytes)).await
    }

    /// Says that this was all of it.
    pub(super) async fn finish(self) {
        self.send(Piece::End).await;
    }

    async fn send(&self, piece: Piece) -> Write {
        match self.0.send(piece).await {
            Ok(()) => Write::Taken,
            Err(_) => Write::Unwanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join;

    #[tokio::test]
    async fn what_is_written_and_finished_is_read_whole() {
        let (writer, content) = pipe();
        let writing = async {
            assert_eq!(writer.write("a".into()).await, Write::Taken);
            assert_eq!(writer.write("b".into()).await, Write::Taken);
            writer.finish().await;
        };
        let ((), read) = join(writing, content.collect::<Vec<_>>()).await;
        let bytes: Vec<Bytes> = read.into_iter().map(Result::unwrap).collect();
        assert_eq!(bytes, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_hang_up_in_mid_file_is_an_error_and_not_its_end() {
        let (writer, content) = pipe();
        let writing = async move {
            assert_eq!(writer.write("half".into()).await, Write::Taken);
        };
        let ((), read) = join(writing, content.collect::<Vec<_>>()).await;
        assert!(read[0].is_ok());
        assert_eq!(
            read[1].as_ref().unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        assert_eq!(read.len(), 2);
    }

    #[tokio::test]
    async fn a_reader_that_left_wants_no_more() {
        let (writer, content) = pipe();
        drop(content);
        assert_eq!(writer.write("a".into()).await, Write::Unwanted);
    }
}

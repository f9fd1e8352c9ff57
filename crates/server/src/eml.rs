//! Transport `file`: each message as one `.eml` file, for those who hand mail on by other means.

use crate::config::Sender;
use crate::private::{make_folder, write_private};
use crate::smtp::Letterhead;
use anyhow::{Context, Result};
use doorward_service::ports::{Mail, Mailer, SendError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::path::PathBuf;

/// Writes into a folder. A message appears whole, under the id of its job: delivered twice, it is still one file.
pub(crate) struct EmlFolder {
    folder: PathBuf,
    letterhead: Letterhead,
}

impl EmlFolder {
    /// Makes the folder where it is not there.
    pub(crate) fn open(folder: PathBuf, sender: &Sender) -> Result<Self> {
        make_folder(&folder)
            .with_context(|| format!("cannot make the folder `{}` for mail", folder.display()))?;
        Ok(Self {
            folder,
            letterhead: Letterhead::new(sender)?,
        })
    }

    fn write(&self, mail: &Mail) -> Result<(), SendError> {
        let message = self.letterhead.write(mail)?.formatted();
        let text = String::from_utf8(message)
            .map_err(|_| SendError::Permanent("the message cannot be written".to_owned()))?;
        self.place(mail, &text).map_err(|error| {
            SendError::Away(format!("the folder for mail cannot be written: {error}"))
        })
    }

    fn place(&self, mail: &Mail, text: &str) -> io::Result<()> {
        let beside = self.folder.join(format!(".{}.part", mail.id));
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        write_private(&beside, text)?;
        std::fs::rename(&beside, self.folder.join(format!("{}.eml", mail.id)))
    }
}

impl Mailer for EmlFolder {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), SendError>> {
        async move { self.write(mail) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::{JobId, Timestamp};

    #[tokio::test]
    async fn a_message_is_one_file_however_often_it_is_delivered() {
        let folder = tempfile::tempdir().unwrap();
        let sender = Sender {
            address: "noreply@example.com".to_owned(),
            name: String::new(),
        };
        let mailer = EmlFolder::open(folder.path().join("mail"), &sender).unwrap();
        let mail = Mail {
            id: JobId::new(Timestamp::from_millis(1), [1; 10]),
            to: "ada@example.com".to_owned(),
            subject: "Hello".to_owned(),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        };
        mailer.send(&mail).await.unwrap();
        mailer.send(&mail).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path().join("mail"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1);
        assert!(
            std::fs::read_to_string(&files[0])
                .unwrap()
                .contains("To: ada@example.com")
        );
    }
}

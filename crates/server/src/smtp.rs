//! Mail by SMTP, and what one message looks like on the wire.
//!
//! STARTTLS is never given up: where the server does not offer it, no mail leaves. Bodies are quoted-printable always, so
//! that no line of theirs can end a message. What a server answers may name addresses and stays out of logs: of a
//! refusal only the status code is told.

use crate::config::{Protection, Sender, Smtp};
use anyhow::{Context, Result};
use doorward_domain::Email;
use doorward_service::ports::{Mail, Mailer, SendError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::response::Severity;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;
use std::error::Error as _;
use std::time::Duration;

/// Connections that are kept open between messages.
const CONNECTIONS: u32 = 8;
const IDLE: Duration = Duration::from_secs(30);

/// The whole conversation takes no longer than this many commands that each take as long as they may.
const COMMANDS: u32 = 6;

/// Statuses that say that the log-in is wrong (RFC 4954 section 6): no fault of the message, and none fares better until
/// that is mended.
const LOG_IN: [u16; 4] = [530, 534, 535, 538];

/// Delivers to a server.
pub(crate) struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    letterhead: Letterhead,
    patience: Duration,
}

impl SmtpMailer {
    /// Connects when the first message leaves.
    pub(crate) fn new(smtp: &Smtp, sender: &Sender) -> Result<Self> {
        let timeout = smtp.timeout.to_std();
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(smtp.host.clone())
                .port(smtp.port)
                .tls(protection(smtp)?)
                .timeout(Some(timeout))
                .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE));
        if let Some((user, password)) = &smtp.login {
            builder = builder.credentials(Credentials::new(
                user.clone(),
                password.expose_secret().to_owned(),
            ));
        }
        Ok(Self {
            transport: builder.build(),
            letterhead: Letterhead::new(sender)?,
            patience: timeout * COMMANDS,
        })
    }

    /// Connects, protects the connection and logs in, and sends nothing.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        match tokio::time::timeout(self.patience, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(SendError::Away(
                "the server closed the connection".to_owned(),
            )),
            Ok(Err(error)) => Err(sorted(&error)),
            Err(_) => Err(too_slow()),
        }
    }

    async fn deliver(&self, mail: &Mail) -> Result<(), SendError> {
        let message = self.letterhead.write(mail)?;
        match tokio::time::timeout(self.patience, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(sorted(&error)),
            Err(_) => Err(too_slow()),
        }
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), SendError>> {
        self.deliver(mail).boxed()
    }
}

fn protection(smtp: &Smtp) -> Result<Tls> {
    let parameters =
        || TlsParameters::new(smtp.host.clone()).context("`mail.host` cannot be used for TLS");
    Ok(match smtp.protection {
        Protection::StartTls => Tls::Required(parameters()?),
        Protection::Implicit => Tls::Wrapper(parameters()?),
        Protection::None => Tls::None,
    })
}

fn too_slow() -> SendError {
    SendError::Away("the server took too long".to_owned())
}

/// What trying again may mend, and what it will not.
fn sorted(error: &lettre::transport::smtp::Error) -> SendError {
    let Some(code) = error.status() else {
        let cause = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        return SendError::Away(format!("no delivery to the server: {cause}"));
    };
    let status: u16 = code.into();
    let text = format!("the server refused with status {status}");
    if LOG_IN.contains(&status) {
        SendError::Away(text)
    } else if code.severity == Severity::PermanentNegativeCompletion {
        SendError::Permanent(text)
    } else {
        SendError::Temporary(text)
    }
}

/// What all messages have in common.
pub(crate) struct Letterhead {
    from: Mailbox,
}

impl Letterhead {
    /// The configuration has made sure that the name holds no control character.
    pub(crate) fn new(sender: &Sender) -> Result<Self> {
        let address: Address = sender
            .address
            .parse()
            .context("`mail.from` is no e-mail address")?;
        let name = Some(sender.name.clone())
            .filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
        Ok(Self {
            from: Mailbox::new(name, address),
        })
    }

    /// One message to one address. Its id is that of the job: who gets it twice can see that it is the same.
    pub(crate) fn write(&self, mail: &Mail) -> Result<Message, SendError> {
        let to = recipient(&mail.to).ok_or_else(|| {
            SendError::Permanent("the address is none that mail can be sent to".to_owned())
        })?;
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.clone())
            .message_id(Some(id))
            .raw_header(automatic)
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, &mail.text)?)
                    .singlepart(part(ContentType::TEXT_HTML, &mail.html)?),
            )
            .map_err(|error| {
                SendError::Permanent(format!("the message cannot be written: {error}"))
            })
    }
}

fn recipient(stored: &str) -> Option<Address> {
    Email::parse(stored).ok()?.mailbox().parse().ok()
}

fn part(kind: ContentType, text: &str) -> Result<SinglePart, SendError> {
    let body = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| SendError::Permanent("the message cannot be encoded".to_owned()))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::{JobId, Timestamp};

    fn mail(to: &str, text: &str) -> Mail {
        Mail {
            id: JobId::new(Timestamp::from_millis(1), [7; 10]),
            to: to.to_owned(),
            subject: "Your code, żółw".to_owned(),
            text: text.to_owned(),
            html: "<p>Hello</p>".to_owned(),
        }
    }

    fn written(to: &str, text: &str) -> Result<String, SendError> {
        let sender = Sender {
            address: "noreply@example.com".to_owned(),
            name: "Doorward".to_owned(),
        };
        let message = Letterhead::new(&sender).unwrap().write(&mail(to, text))?;
        assert_eq!(message.envelope().to().len(), 1);
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_message_has_a_text_an_html_part_and_the_id_of_its_job() {
        let message = written("ada@example.com", "Your code is 123456.").unwrap();
        let id = mail("a@b.example", "").id;
        assert!(
            message.contains(&format!("Message-ID: <{id}@example.com>\r\n")),
            "{message}"
        );
        assert!(
            message.contains("From: Doorward <noreply@example.com>\r\nTo: ada@example.com\r\n"),
            "{message}"
        );
        assert!(message.contains("Auto-Submitted: auto-generated\r\n"));
        assert!(
            message.contains("multipart/alternative")
                && message.contains("text/plain")
                && message.contains("text/html")
        );
        assert!(message.contains("Your code is 123456."));
    }

    #[test]
    fn an_international_domain_is_written_as_servers_read_it() {
        let message = written("ada@Bücher.example", "x").unwrap();
        assert!(
            message.contains("To: ada@xn--bcher-kva.example\r\n"),
            "{message}"
        );
    }

    #[test]
    fn sec_1_3_11_no_body_ends_its_message() {
        for text in ["a\r.\rb", "a\n.\nb", "a\r\n.\r\nb", ".\rQUIT"] {
            let message = written("ada@example.com", text).unwrap();
            let lone = message.replace("\r\n", "");
            assert!(!lone.contains(['\r', '\n']), "{message:?}");
        }
    }

    #[test]
    fn sec_i38_a_message_has_one_recipient_or_does_not_leave() {
        let hostile = [
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com, eve@example.com",
            "Ada <ada@example.com>",
            "ada@example.com\0",
            "ada",
            "",
            "ada@example.com\r\nRCPT TO:<eve@example.com>",
        ];
        for to in hostile {
            assert!(
                matches!(written(to, "x"), Err(SendError::Permanent(_))),
                "{to:?}"
            );
        }
    }

    #[test]
    fn a_senders_name_with_a_line_break_is_left_out() {
        let sender = Sender {
            address: "a@example.com".to_owned(),
            name: "A\r\nBcc: eve@example.com".to_owned(),
        };
        assert!(Letterhead::new(&sender).unwrap().from.name.is_none());
    }
}

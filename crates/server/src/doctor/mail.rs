//! Whether mail can leave.

use super::Check;
use crate::config::{Config, Mail, Smtp};
use crate::smtp::SmtpMailer;
use std::path::Path;

const NAME: &str = "mail";

pub(super) async fn mail(config: &Config) -> Check {
    match config.mail() {
        Mail::Smtp(smtp) => log_in(config, &smtp).await,
        Mail::File(folder) => writable(&folder),
        Mail::Inbox => Check::good(NAME, "shown in the inbox"),
        Mail::None => Check::warning(
            NAME,
            "`mail.transport` is `none`: every message is dropped; set `mail.host`",
        ),
    }
}

async fn log_in(config: &Config, smtp: &Smtp) -> Check {
    let server = format!("`{}:{}`", smtp.host, smtp.port);
    let mailer = match SmtpMailer::new(smtp, &config.sender()) {
        Ok(mailer) => mailer,
        Err(error) => return Check::broken(NAME, format!("{error:#}")),
    };
    match mailer.probe().await {
        Ok(()) => Check::good(
            NAME,
            format!("{server} takes the connection and the log-in"),
        ),
        Err(error) => Check::broken(
            NAME,
            format!(
                "{server}: {error}; look at `mail.host`, `mail.port`, `mail.tls` and the log-in"
            ),
        ),
    }
}

fn writable(folder: &Path) -> Check {
    let shown = folder.display();
    let probe = folder.join(".doctor");
    let tried = crate::private::make_folder(folder)
        .and_then(|()| std::fs::write(&probe, b"doctor"))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Check::good(NAME, format!("`{shown}` can be written")),
        Err(error) => Check::broken(
            NAME,
            format!("`{shown}` cannot be written: {error}; look at its owner and rights"),
        ),
    }
}

//! Mail: a transport that was meant, a server that is protected, names and addresses on one line.

use super::Findings;
use crate::config::Mode;
use crate::config::effective::Effective;
use std::net::IpAddr;

/// Names what is wrong with `mail.*`.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    let transport = super::transport(all);
    let production = super::mode(all) == Mode::Production;
    match transport {
        None => findings.problem(
            all,
            "mail.transport",
            "production needs a mail transport chosen by name",
            "set `mail.transport` to `smtp` (with `mail.host` and `mail.from`), `file` or `none`",
        ),
        Some("inbox") if production => {
            findings.problem(
                all,
                "mail.transport",
                "the inbox shows every code and is for development alone",
                "choose `smtp`, `file` or `none`",
            );
        }
        Some("smtp") => smtp(all, findings),
        Some(_) => {}
    }
    for name in ["mail.from_name", "server.name"] {
        if all
            .text(name)
            .is_some_and(|text| text.chars().any(char::is_control))
        {
            findings.problem(
                all,
                name,
                format!("`{name}` holds a control character"),
                "write a name on one line",
            );
        }
    }
    if let Some(from) = all.text("mail.from")
        && from.parse::<lettre::Address>().is_err()
    {
        findings.problem(
            all,
            "mail.from",
            "`mail.from` is no e-mail address",
            "write an address such as `noreply@example.com`",
        );
    }
}

fn smtp(all: &Effective, findings: &mut Findings) {
    let Some(host) = all.text("mail.host") else {
        findings.problem(
            all,
            "mail.transport",
            "`mail.transport = \"smtp\"` needs `mail.host`",
            "name the SMTP server",
        );
        return;
    };
    if super::sender(all).is_none() {
        findings.problem(
            all,
            "mail.host",
            "mail by SMTP needs `mail.from`",
            "set the address that mail comes from",
        );
    }
    let loopback = host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback());
    if all.text("mail.tls") == Some("none") && !loopback && !all.flag("mail.force_plain") {
        findings.problem(
            all,
            "mail.tls",
            "`mail.tls = \"none\"` would send codes and the log-in in the clear to another machine",
            "use `starttls` or `implicit`, or set `mail.force_plain = true`",
        );
    }
    if all.text("mail.username").is_some() != all.value("mail.password").is_some() {
        let name = if all.text("mail.username").is_some() {
            "mail.username"
        } else {
            "mail.password"
        };
        findings.problem(
            all,
            name,
            "`mail.username` and `mail.password` go together",
            "set both or none",
        );
    }
}

//! Certificates as an operator gets them: made by `openssl` and signed by an authority.

use super::folder::Folder;
use super::pem::sh;
use std::path::PathBuf;

/// What `openssl req -newkey` makes, and how the file of the key is written after that.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyKind {
    Rsa,
    /// PKCS#1, as `openssl genrsa` wrote it for long.
    RsaInPkcs1,
    P256,
    /// RFC 5915, as `openssl ecparam` writes it.
    P256InSec1,
    Ed25519,
}

impl KeyKind {
    pub(super) const ALL: [Self; 5] = [
        Self::Rsa,
        Self::RsaInPkcs1,
        Self::P256,
        Self::P256InSec1,
        Self::Ed25519,
    ];

    const fn newkey(self) -> &'static str {
        match self {
            Self::Rsa | Self::RsaInPkcs1 => "rsa:2048",
            Self::P256 | Self::P256InSec1 => "ec -pkeyopt ec_paramgen_curve:P-256",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The command that writes the key `$name.key` in its older form.
    const fn rewrite(self) -> &'static str {
        match self {
            Self::Rsa | Self::P256 | Self::Ed25519 => "true",
            Self::RsaInPkcs1 => "openssl rsa -in $name.key -traditional -out $name.key",
            Self::P256InSec1 => "openssl ec -in $name.key -out $name.key",
        }
    }

    /// What the file of the key begins with.
    const fn label(self) -> &'static str {
        match self {
            Self::Rsa | Self::P256 | Self::Ed25519 => "-----BEGIN PRIVATE KEY-----",
            Self::RsaInPkcs1 => "-----BEGIN RSA PRIVATE KEY-----",
            Self::P256InSec1 => "-----BEGIN EC PRIVATE KEY-----",
        }
    }
}

/// Files of a folder: a certificate for the address 127.0.0.1, its key, and the authority that signed it and nothing
/// else.
pub(super) struct Certificate {
    pub(super) chain: PathBuf,
    pub(super) key: PathBuf,
    pub(super) authority: PathBuf,
}

impl Certificate {
    pub(super) fn of(folder: &Folder, name: &str, kind: KeyKind) -> Self {
        Self::naming(folder, name, kind, "IP:127.0.0.1")
    }

    /// One for another host; `subject` is a subject alternative name.
    pub(super) fn naming(folder: &Folder, name: &str, kind: KeyKind, subject: &str) -> Self {
        let script = format!(
            r#"set -e
name={name}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name authority" \
    -keyout $name-authority.key -out $name-authority.pem
openssl req -newkey {newkey} -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr
printf 'basicConstraints=CA:FALSE\nsubjectAltName={subject}\n' > $name.ext
openssl x509 -req -in $name.csr -CA $name-authority.pem -CAkey $name-authority.key -CAcreateserial -days 2 \
    -extfile $name.ext -out $name.pem
{rewrite}
"#,
            newkey = kind.newkey(),
            rewrite = kind.rewrite(),
        );
        sh(folder, &script);
        let key = format!("{name}.key");
        assert!(
            folder.read(&key).starts_with(kind.label()),
            "{kind:?} is in its form"
        );
        Self {
            chain: folder.path(&format!("{name}.pem")),
            key: folder.path(&key),
            authority: folder.path(&format!("{name}-authority.pem")),
        }
    }
}

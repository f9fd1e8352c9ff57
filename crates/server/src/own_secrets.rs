//! The secrets that Doorward makes for itself in `data_dir`, each in a file that only its owner can read.
//!
//! A file appears whole or not at all, and of two processes that start together one makes it and both use it.

use crate::config::Config;
use crate::private::{make_folder, write_private};
use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_crypto::{Entropy, MasterKey, Vault};
use doorward_store::DatabaseUrl;
use secrecy::{ExposeSecret, SecretString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const MASTER_KEY: &str = "master.key";
const PROOF_KEY: &str = "proof.key";

/// What may be done about a secret that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Make it.
    Make,
    /// Say so: a command beside a server never makes a second key.
    Refuse,
}

/// The vault that the configuration, or the file in `data_dir`, opens.
pub(crate) fn vault(config: &Config, absent: Absent, entropy: &Entropy) -> Result<Vault> {
    let current = match config.master_key() {
        Some(key) => parse(&key, "`master_key`")?,
        None => own_key(config, absent, entropy)?,
    };
    let previous = config
        .master_key_previous()
        .map(|key| parse(&key, "`master_key_previous`"))
        .transpose()?;
    Ok(Vault::new(&current, previous.as_ref()))
}

fn own_key(config: &Config, absent: Absent, entropy: &Entropy) -> Result<MasterKey> {
    if matches!(config.database_url(), DatabaseUrl::Postgres(_)) {
        bail!(
            "PostgreSQL needs `master_key`, the same for every replica; `doorward init` writes one"
        );
    }
    let path = config.data_dir().join(MASTER_KEY);
    let fresh = || MasterKey::generate(entropy).to_base64();
    let text = read_or_make(&path, absent, entropy, fresh)?;
    parse(&text, &format!("`{}`", path.display()))
}

fn parse(text: &SecretString, place: &str) -> Result<MasterKey> {
    MasterKey::parse_base64(text.expose_secret()).with_context(|| format!("{place} cannot be used"))
}

/// The key of identity proofs: as it is configured, else in development the one that was made on the first start. The strict
/// profile has none, and a command beside a server makes no proofs and needs none.
pub(crate) fn proof_key(
    config: &Config,
    absent: Absent,
    entropy: &Entropy,
) -> Result<Option<SecretString>> {
    if let Some(key) = config.proof_key() {
        return Ok(Some(key));
    }
    let strict = config.all.text("profile") == Some("strict");
    if strict || !config.is_development() || absent == Absent::Refuse {
        return Ok(None);
    }
    let fresh = || SecretString::from(URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()));
    let path = config.data_dir().join(PROOF_KEY);
    read_or_make(&path, absent, entropy, fresh).map(Some)
}

fn read_or_make(
    path: &Path,
    absent: Absent,
    entropy: &Entropy,
    fresh: impl FnOnce() -> SecretString,
) -> Result<SecretString> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(SecretString::from(text)),
        Err(error) if error.kind() == ErrorKind::NotFound && absent == Absent::Make => {
            make(path, entropy, &fresh())
                .with_context(|| format!("cannot write `{}`", path.display()))?;
            std::fs::read_to_string(path)
                .map(SecretString::from)
                .with_context(|| format!("cannot read `{}`", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!(
                "there is no `{}`; run this where the server runs, or name its folder with `--data-dir`",
                path.display()
            )
        }
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}

/// Writes the secret beside its place and links it there, which fails where another process was faster; that one's holds.
fn make(path: &Path, entropy: &Entropy, secret: &SecretString) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let beside = beside(path, entropy);
    write_private(&beside, secret.expose_secret())?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn beside(path: &Path, entropy: &Entropy) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}", u64::from_le_bytes(entropy.bytes())));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/master.key");
        let entropy = Entropy::os();
        let read = |absent, text: &str| {
            read_or_make(&path, absent, &entropy, || SecretString::from(text))
                .map(|secret| secret.expose_secret().to_owned())
        };
        assert!(read(Absent::Refuse, "a").is_err());
        assert_eq!(read(Absent::Make, "first").unwrap(), "first");
        assert_eq!(read(Absent::Make, "second").unwrap(), "first");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn of_many_that_start_together_all_use_one_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let entropy = Entropy::os();
        let found: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..16)
                .map(|number| {
                    let (path, entropy) = (&path, &entropy);
                    scope.spawn(move || {
                        let fresh = || SecretString::from(format!("key {number}"));
                        read_or_make(path, Absent::Make, entropy, fresh)
                            .unwrap()
                            .expose_secret()
                            .to_owned()
                    })
                })
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert!(found.iter().all(|secret| *secret == found[0]), "{found:?}");
    }
}

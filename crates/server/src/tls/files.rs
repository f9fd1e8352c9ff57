//! The pair of `server.tls.cert_file` and `.key_file`, read again when one of them changes.

use super::pair::Pair;
use super::shown::Shown;
use crate::config::PairFiles;
use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What changes with a file: its place on the disk, its size, and when it was written, to the nanosecond.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp([i64; 2], [u64; 2]);

/// The files, and how they looked when they were last read.
pub(super) struct Watched {
    files: PairFiles,
    seen: Mutex<[Option<Stamp>; 2]>,
}

impl Watched {
    /// Reads the pair. What changes from then on is noticed, however soon it is.
    pub(super) fn open(files: PairFiles) -> Result<(Pair, Self)> {
        let seen = stamps(&files);
        let pair = load(&files)?;
        let seen = Mutex::new(seen);
        Ok((pair, Self { files, seen }))
    }

    /// Reads the pair again whenever one of its files changes.
    pub(super) async fn watch(&self, shown: &Shown) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let changed = tokio::task::block_in_place(|| stamps(&self.files) != *self.seen());
            if changed {
                self.read_again(shown);
            }
        }
    }

    /// Reads the pair again, and keeps the old one where that fails.
    pub(super) fn read_again(&self, shown: &Shown) {
        // Before they are read: what is written meanwhile is then another change.
        *self.seen() = stamps(&self.files);
        match load(&self.files) {
            Ok(pair) => {
                tracing::info!(expires_at = %pair.facts.expires_at.to_rfc3339(), "the certificate pair was read again");
                shown.show(pair);
            }
            Err(error) => {
                tracing::error!(
                    "the certificate pair cannot be read and the old one stays: {error:#}"
                );
            }
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, [Option<Stamp>; 2]> {
        self.seen
            .lock()
            .expect("no thread panics while it copies a few numbers")
    }
}

fn stamps(files: &PairFiles) -> [Option<Stamp>; 2] {
    let stamp = |path: &Path| {
        let found = std::fs::metadata(path).ok()?;
        let written = [found.mtime(), found.mtime_nsec()];
        Some(Stamp(written, [found.ino(), found.len()]))
    };
    [stamp(&files.cert_file), stamp(&files.key_file)]
}

/// Reads the pair and checks that its halves belong together.
pub(crate) fn load(files: &PairFiles) -> Result<Pair> {
    let certificates = read_certificates(&files.cert_file)?;
    let key = PrivateKeyDer::from_pem_file(&files.key_file).with_context(|| {
        format!(
            "`server.tls.key_file`: no private key can be read from `{}`",
            files.key_file.display()
        )
    })?;
    Pair::new(certificates, key).with_context(|| {
        format!(
            "`{}` and `{}` are no pair",
            files.cert_file.display(),
            files.key_file.display()
        )
    })
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let context = || {
        format!(
            "`server.tls.cert_file`: no certificate can be read from `{}`",
            path.display()
        )
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .with_context(context)?
        .collect::<Result<_, _>>()
        .with_context(context)?;
    anyhow::ensure!(!certificates.is_empty(), context());
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use std::fs::{self, File, FileTimes};
    use std::time::UNIX_EPOCH;
    use tempfile::TempDir;

    const DAY: Duration = Duration::from_hours(24);

    /// Puts a pair for `name` in place, both files written at the same moment as all others.
    fn put(folder: &TempDir, name: &str) -> PairFiles {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        for (file, text) in [
            ("chain.pem", certificate.pem()),
            ("key.pem", key.serialize_pem()),
        ] {
            let beside = folder.path().join("beside");
            fs::write(&beside, text).unwrap();
            let times = FileTimes::new().set_modified(UNIX_EPOCH + DAY);
            File::options()
                .write(true)
                .open(&beside)
                .unwrap()
                .set_times(times)
                .unwrap();
            fs::rename(&beside, folder.path().join(file)).unwrap();
        }
        PairFiles {
            cert_file: folder.path().join("chain.pem"),
            key_file: folder.path().join("key.pem"),
        }
    }

    #[test]
    fn a_pair_that_is_exchanged_right_after_the_start_is_noticed_whatever_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let files = put(&folder, "old.example.com");
        let (pair, watched) = Watched::open(files.clone()).unwrap();
        assert_eq!(pair.facts.names, ["old.example.com"]);
        assert!(stamps(&files) == *watched.seen());
        put(&folder, "new.example.com");
        assert!(stamps(&files) != *watched.seen());
    }

    #[test]
    fn a_pair_that_cannot_be_read_leaves_the_old_one_and_is_tried_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let files = put(&folder, "old.example.com");
        let (pair, watched) = Watched::open(files.clone()).unwrap();
        let shown = Shown::new(pair);
        fs::remove_file(&files.key_file).unwrap();
        watched.read_again(&shown);
        assert_eq!(shown.names(), ["old.example.com"]);
        assert!(stamps(&files) == *watched.seen());
        put(&folder, "new.example.com");
        assert!(stamps(&files) != *watched.seen());
        watched.read_again(&shown);
        assert_eq!(shown.names(), ["new.example.com"]);
    }
}

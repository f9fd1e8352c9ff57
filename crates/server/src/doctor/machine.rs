//! This machine: who may read the secrets, how many files may be open, whether files can be kept.

use super::Check;
use crate::config::{Config, Files, Tls};
use crate::descriptors;
use crate::objects::Objects;
use doorward_store::DatabaseUrl;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Fewer are no limit that anybody has chosen for a server.
const FEW: u64 = 1024;

/// Whether files that hold secrets are anybody's to read.
pub(super) fn secrets(config: &Config) -> Check {
    const NAME: &str = "secrets";
    let open: Vec<_> = secret_files(config)
        .into_iter()
        .filter(|file| anybody_may_read(file))
        .map(|file| format!("`{}`", file.display()))
        .collect();
    if open.is_empty() {
        Check::good(NAME, "no file that holds one is for everybody to read")
    } else {
        Check::broken(
            NAME,
            format!(
                "anybody on this machine may read {}; run `chmod o-rwx` on it",
                open.join(", ")
            ),
        )
    }
}

fn secret_files(config: &Config) -> Vec<PathBuf> {
    let folder = config.data_dir();
    let mut files = vec![folder.join("master.key"), folder.join("proof.key")];
    if let DatabaseUrl::Sqlite(database) = config.database_url() {
        files.push(database);
    }
    if let Some(Tls::Files(pair)) = config.tls() {
        files.push(pair.key_file);
    }
    files
}

/// A file in a folder that others cannot enter is nobody's to read, whatever its own rights are.
fn anybody_may_read(file: &Path) -> bool {
    let others = |path: &Path, right: u32| {
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & right != 0)
    };
    let Ok(whole) = file.canonicalize() else {
        return false;
    };
    others(&whole, 0o004)
        && whole
            .ancestors()
            .skip(1)
            .all(|folder| others(folder, 0o001))
}

/// Whether as many connections can be open as are let in. A service manager may allow the server another number.
pub(super) fn descriptors(config: &Config) -> Check {
    const NAME: &str = "descriptors";
    let allowed = descriptors::allowed();
    let connections = config.connections(allowed);
    let remedy = "raise `ulimit -n`, or `LimitNOFILE=` of the unit";
    if !connections.affordable {
        let words = format!(
            "`server.max_connections` lets {} in, and this process may open {allowed} files; {remedy}",
            connections.most
        );
        return Check::broken(NAME, words);
    }
    if allowed < FEW {
        let words = format!("this process may open no more than {allowed} files; {remedy}");
        return Check::warning(NAME, words);
    }
    Check::good(NAME, format!("{allowed} may be open"))
}

/// Writes a file, reads it and removes it; makes no folder, which is for `serve` to do.
pub(super) async fn files(config: &Config) -> Check {
    const NAME: &str = "files";
    let files = config.files();
    if matches!(&files, Files::Folder(folder) if !folder.exists()) {
        return Check::good(
            NAME,
            format!("`{files}` is made by the first `doorward serve`"),
        );
    }
    let tried = match Objects::open(&files) {
        Ok(objects) => objects.probe().await,
        Err(error) => Err(format!("{error:#}")),
    };
    match tried {
        Ok(()) => Check::good(NAME, format!("`{files}` can be written")),
        Err(why) => {
            let remedy = match files {
                Files::Folder(_) => "`files.url`, its owner and rights",
                Files::Bucket(_) => "`files.s3`, and at what the keys may do",
            };
            Check::broken(NAME, format!("`{files}`: {why}; look at {remedy}"))
        }
    }
}

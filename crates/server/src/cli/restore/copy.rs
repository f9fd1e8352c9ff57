//! The copy that is restored: looked at, drawn into the database's folder, checked there, and put into its place.

use crate::cli::progress;
use crate::whole_file::{Draft, beside, settle_folder};
use anyhow::{Context, Result, bail};
use doorward_crypto::Entropy;
use doorward_domain::Timestamp;
use doorward_store::{ReadTx, Store, backup};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What every SQLite file begins with (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
const MAGIC: [u8; 16] = *b"SQLite format 3\0";

/// How much is copied between two looks at the bar.
const CHUNK: usize = 1 << 20;

/// Refuses what cannot be a copy, before anything is done.
pub(super) fn look_at(file: &Path, database: &Path) -> Result<()> {
    let shown = file.display();
    let unreadable = || format!("nothing was changed, since `{shown}` cannot be read");
    let mut begin = [0; 16];
    let read = File::open(file)
        .and_then(|mut file| file.read_exact(&mut begin))
        .or_else(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Ok(()),
            _ => Err(error),
        });
    read.with_context(unreadable)?;
    if begin != MAGIC {
        bail!(
            "nothing was changed, since `{shown}` is no copy of an SQLite database; name one that `doorward backup` made"
        );
    }
    if matches!((file.canonicalize(), database.canonicalize()), (Ok(one), Ok(other)) if one == other)
    {
        bail!(
            "`{shown}` is the database itself; where it is an old copy that was put there by hand, run `doorward restore --in-place`"
        );
    }
    for end in ["-wal", "-journal"] {
        let journal = beside(file, end);
        if std::fs::metadata(&journal).is_ok_and(|metadata| metadata.len() > 0) {
            bail!(
                "nothing was changed, since `{shown}` is not whole without `{}`; make the copy with `doorward backup`",
                journal.display()
            );
        }
    }
    Ok(())
}

/// Refuses to leave files that the server's user could not open.
pub(super) fn same_owner(database: &Path) -> Result<()> {
    let probe = Draft::of(database, &Entropy::os()).with_context(|| unwritable(database))?;
    let owner = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.uid());
    if owner(probe.path())? == owner(database)? {
        return Ok(());
    }
    bail!(
        "nothing was changed, since `{}` belongs to another user; run this as that one, as with `sudo -u`",
        database.display()
    )
}

/// A copy on its way into a database's place.
pub(super) struct Copy {
    source: PathBuf,
    draft: Draft,
}

impl Copy {
    /// Draws the copy into the folder of the database.
    pub(super) fn draw(file: &Path, database: &Path) -> Result<Self> {
        let draft = Draft::of(database, &Entropy::os()).with_context(|| unwritable(database))?;
        let drawn = draw(file, draft.path());
        drawn.with_context(|| {
            format!(
                "nothing was changed, since `{}` cannot be copied beside `{}`",
                file.display(),
                database.display()
            )
        })?;
        Ok(Self {
            source: file.to_owned(),
            draft,
        })
    }

    /// Where it is meanwhile.
    pub(super) fn path(&self) -> &Path {
        self.draft.path()
    }

    /// What it was drawn from.
    pub(super) fn source(&self) -> &Path {
        &self.source
    }

    pub(super) fn damaged(&self) -> String {
        format!(
            "nothing was changed, since `{}` is damaged; restore another copy",
            self.source.display()
        )
    }

    /// Refuses a copy that is damaged, somebody else's, or of a release after this one.
    pub(super) async fn examine(&self, store: &Store) -> Result<()> {
        let damaged = || self.damaged();
        let mut tx = store.read().await.with_context(damaged)?;
        let faults = backup::faults(&mut tx).await.with_context(damaged)?;
        if !faults.is_empty() {
            bail!("{}: {}", self.damaged(), faults.join("; "));
        }
        if !backup::is_ours(&mut tx).await.with_context(damaged)? {
            bail!(
                "nothing was changed, since `{}` is no database of Doorward",
                self.source.display()
            );
        }
        no_newer(&mut tx).await
    }

    /// Puts it in the place of the database, and gives where the one before is kept.
    pub(super) fn put_in_place_of(
        self,
        database: &Path,
        now: Timestamp,
    ) -> io::Result<Option<PathBuf>> {
        if !database.exists() {
            self.draft.place(database)?;
            return Ok(None);
        }
        let when = now.to_rfc3339_millis().replace([':', '-'], "");
        let kept = beside(database, &format!(".replaced-{when}"));
        std::fs::hard_link(database, &kept)?;
        // Only a database that could not be asked has any of these left; they belong to no other.
        for end in ["-wal", "-shm", "-journal"] {
            match std::fs::rename(beside(database, end), beside(&kept, end)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        settle_folder(database)?;
        self.draft.replace(database)?;
        Ok(Some(kept))
    }
}

/// Refuses a database that a later release has changed: this one would void what it knows, and no more.
pub(super) async fn no_newer(tx: &mut ReadTx) -> Result<()> {
    let newer = backup::newer(tx)
        .await
        .context("the database cannot be read")?;
    match newer {
        None => Ok(()),
        Some(version) => bail!(
            "nothing was changed, since a later release made this (its migration {version} is not known here); restore it with that release"
        ),
    }
}

fn draw(file: &Path, draft: &Path) -> io::Result<()> {
    let mut from = File::open(file)?;
    let mut to = OpenOptions::new().write(true).open(draft)?;
    let bar = progress::bytes(from.metadata()?.len(), "copying");
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = from.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        to.write_all(bytes)?;
        bar.inc(bytes.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

fn unwritable(database: &Path) -> String {
    format!(
        "nothing was changed, since nothing can be written beside `{}`",
        database.display()
    )
}

//! A folder of this machine.

use object_store::local::LocalFileSystem;
use std::io;
use std::path::Path;

/// How much is gathered before it is written.
pub(super) const PART: usize = 256 * 1024;

/// Opens the folder, making it first. What was written is on the disk before anybody hears of it.
pub(super) fn open(folder: &Path) -> io::Result<LocalFileSystem> {
    crate::private::make_folder(folder)?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
    Ok(store.with_fsync(true))
}

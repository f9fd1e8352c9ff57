//! A log file that is turned over when it has reached a size: `app.log`, `app.log.1`, .. with the highest number the oldest.
//!
//! Several processes may write to it, and somebody else may turn it over: each event goes to the file that has the name
//! at that moment. Who turns it over holds a lock on it meanwhile.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A writer that any thread may use; each call of `write` is one event and stays whole.
#[derive(Clone, Debug)]
pub(crate) struct RotatingFile(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    path: PathBuf,
    file: File,
    max_size: u64,
    keep: u32,
    /// An event broke off half-way, on a full disk for example, and the next one begins a line of its own.
    torn: bool,
}

impl RotatingFile {
    /// Opens the file to append to, making its folder first.
    pub(crate) fn open(path: &Path, max_size: u64, keep: u32) -> io::Result<Self> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)?;
        }
        let state = State {
            path: path.to_owned(),
            file: append(path)?,
            max_size,
            keep,
            torn: false,
        };
        Ok(Self(Arc::new(Mutex::new(state))))
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

impl Write for RotatingFile {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // A thread that panicked in here has left a file, which is still a file.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.append(event)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    fn append(&mut self, event: &[u8]) -> io::Result<()> {
        let size = self.follow()?;
        if self.is_full(size, event) {
            // A file that is too large is better than a lost event.
            let _ = self.turn_over(event);
        }
        let written = self.begin_line().and_then(|()| self.file.write_all(event));
        self.torn = written.is_err();
        written
    }

    fn begin_line(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Opens the file that has the name now, where that is another one, and gives its size.
    fn follow(&mut self) -> io::Result<u64> {
        let ours = self.file.metadata()?;
        match std::fs::metadata(&self.path) {
            Ok(named) if is_same(&named, &ours) => Ok(named.len()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => {
                self.file = append(&self.path)?;
                Ok(self.file.metadata()?.len())
            }
        }
    }

    fn is_full(&self, size: u64, event: &[u8]) -> bool {
        size > 0 && size.saturating_add(event.len() as u64) > self.max_size
    }

    /// Only who holds the lock on the file that has the name moves files, and that one goes last: who comes after finds
    /// everything in its place. Nobody waits for the lock; while somebody else is at it, the file grows a little more.
    fn turn_over(&mut self, event: &[u8]) -> io::Result<()> {
        let full = self.file.try_clone()?;
        if let Err(TryLockError::WouldBlock) = full.try_lock() {
            return Ok(());
        }
        let size = self.follow()?;
        let is_ours = is_same(&full.metadata()?, &self.file.metadata()?);
        let moved = if is_ours && self.is_full(size, event) {
            self.move_up()
        } else {
            Ok(())
        };
        // Where files cannot be locked, there is nothing to unlock.
        let _ = full.unlock();
        moved?;
        self.follow().map(drop)
    }

    fn move_up(&self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            rename_if_there(&self.numbered(number), &self.numbered(number + 1))?;
        }
        if self.keep == 0 {
            std::fs::remove_file(&self.path)
        } else {
            rename_if_there(&self.path, &self.numbered(1))
        }
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

fn is_same(left: &Metadata, right: &Metadata) -> bool {
    (left.dev(), left.ino()) == (right.dev(), right.ino())
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(keep: u32) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/app.log");
        let mut file = RotatingFile::open(&path, 10, keep).unwrap();
        for event in ["one one\n", "two\n", "three\n", "four four four\n", "5\n"] {
            file.write_all(event.as_bytes()).unwrap();
        }
        let mut found: Vec<_> = std::fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    std::fs::read_to_string(entry.path()).unwrap(),
                )
            })
            .collect();
        found.sort();
        found
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn full_files_move_up_and_the_oldest_goes() {
        let all = [
            ("app.log", "5\n"),
            ("app.log.1", "four four four\n"),
            ("app.log.2", "two\nthree\n"),
            ("app.log.3", "one one\n"),
        ];
        assert_eq!(written(5), pairs(&all));
        assert_eq!(written(2), pairs(&all[..3]));
        assert_eq!(written(0), pairs(&all[..1]));
    }

    #[test]
    fn a_file_that_is_there_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        RotatingFile::open(&path, 10, 1)
            .unwrap()
            .write_all(b"12345\n")
            .unwrap();
        RotatingFile::open(&path, 10, 1)
            .unwrap()
            .write_all(b"67890\n")
            .unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "67890\n");
        assert_eq!(
            std::fs::read_to_string(folder.path().join("app.log.1")).unwrap(),
            "12345\n"
        );
    }

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn two_processes_share_a_file_and_lose_no_event() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        // Two openings of one file know no more of each other than two processes.
        let mut writers = [(); 2].map(|()| RotatingFile::open(&path, 40, 200).unwrap());
        std::thread::scope(|scope| {
            for (number, writer) in writers.iter_mut().enumerate() {
                scope.spawn(move || {
                    for event in 0..200 {
                        let event = format!("writer {number} event {event:03}\n");
                        writer.write_all(event.as_bytes()).unwrap();
                    }
                });
            }
        });
        let mut events = Vec::new();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let text = read(&entry.unwrap().path());
            events.extend(text.lines().map(str::to_owned));
        }
        assert!(std::fs::read_dir(folder.path()).unwrap().count() > 50);
        assert_eq!(events.len(), 400);
        events.sort();
        events.dedup();
        assert_eq!(events.len(), 400);
    }

    #[test]
    fn a_file_that_others_move_or_remove_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let mut file = RotatingFile::open(&path, 100, 5).unwrap();
        file.write_all(b"one\n").unwrap();
        let moved = folder.path().join("elsewhere");
        std::fs::rename(&path, &moved).unwrap();
        file.write_all(b"two\n").unwrap();
        assert_eq!(
            (read(&moved), read(&path)),
            ("one\n".to_owned(), "two\n".to_owned())
        );
        std::fs::remove_file(&path).unwrap();
        file.write_all(b"three\n").unwrap();
        assert_eq!(read(&path), "three\n");
    }

    #[test]
    fn what_cannot_be_turned_over_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        // A folder in the way, which no file replaces.
        std::fs::create_dir(folder.path().join("app.log.1")).unwrap();
        let mut file = RotatingFile::open(&path, 5, 1).unwrap();
        for event in ["one\n", "two\n"] {
            file.write_all(event.as_bytes()).unwrap();
        }
        assert_eq!(read(&path), "one\ntwo\n");
    }

    #[test]
    fn a_full_disk_is_an_error_and_not_the_end() {
        let mut file = RotatingFile::open(Path::new("/dev/full"), 100, 1).unwrap();
        for _ in 0..2 {
            let refused = file.write_all(b"event\n").unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        }
    }
}

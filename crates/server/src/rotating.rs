//! A log file that is turned over when it has reached a size: `app.log`, `app.log.1`, .. with the highest number the oldest.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A writer that any thread may use; each call of `write` is one event and stays whole.
#[derive(Clone, Debug)]
pub(crate) struct RotatingFile(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    path: PathBuf,
    file: File,
    size: u64,
    max_size: u64,
    keep: u32,
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
        let file = append(path)?;
        let size = file.metadata()?.len();
        let state = State {
            path: path.to_owned(),
            file,
            size,
            max_size,
            keep,
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
        let length = event.len() as u64;
        if state.size > 0 && state.size.saturating_add(length) > state.max_size {
            state.turn_over()?;
        }
        state.file.write_all(event)?;
        state.size = state.size.saturating_add(length);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    fn turn_over(&mut self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            rename_if_there(&self.numbered(number), &self.numbered(number + 1))?;
        }
        if self.keep == 0 {
            std::fs::remove_file(&self.path)?;
        } else {
            rename_if_there(&self.path, &self.numbered(1))?;
        }
        self.file = append(&self.path)?;
        self.size = 0;
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
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
}

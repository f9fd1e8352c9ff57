//! Codes, read from the messages that Doorward writes as files.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long delivery may make no progress before the wait is over.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);

/// Waits until `count` people have a message, or no more arrive, and gives the code of each by address.
pub(crate) async fn collect(
    folder: &Path,
    count: usize,
) -> anyhow::Result<HashMap<String, String>> {
    let (mut codes, mut read) = (HashMap::new(), HashSet::new());
    let mut progress = Instant::now();
    while codes.len() < count && progress.elapsed() < PATIENCE {
        for file in messages(folder)? {
            if read.contains(&file) {
                continue;
            }
            // A message that is still being written has no code yet.
            if let Some((address, code)) = code_of(&fs::read_to_string(&file)?) {
                codes.insert(address, code);
                read.insert(file);
                progress = Instant::now();
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(codes)
}

/// Removes every message.
pub(crate) fn clear(folder: &Path) -> anyhow::Result<()> {
    for file in messages(folder)? {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Every message below `folder`, wherever the binary keeps them.
fn messages(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "eml") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Addressee and code of a message: the code stands alone on a line of its text.
fn code_of(message: &str) -> Option<(String, String)> {
    let to = message.lines().find_map(|line| line.strip_prefix("To:"))?;
    let code = message.lines().map(str::trim).find(|line| {
        (4..=10).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_digit())
    })?;
    let address = to.trim().trim_start_matches('<').trim_end_matches('>');
    Some((address.to_owned(), code.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "From: Doorward <door@example.com>\r\nTo: ada@example.com\r\n\
        Subject: 482913 is your Doorward code\r\nDate: Sun, 1 Mar 2026 10:00:00 +0000\r\n\r\n\
        --20260301100000\r\nYour code for Doorward is\r\n\r\n    482913\r\n\r\n--20260301100000--\r\n";

    #[test]
    fn the_code_is_the_line_of_digits() {
        let (address, code) = code_of(MESSAGE).unwrap();
        assert_eq!(
            (address.as_str(), code.as_str()),
            ("ada@example.com", "482913")
        );
    }

    #[test]
    fn half_a_message_has_no_code() {
        assert_eq!(code_of(&MESSAGE[..MESSAGE.len() / 2]), None);
    }

    #[tokio::test]
    async fn messages_are_found_in_folders_below() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("mail");
        fs::create_dir(&below).unwrap();
        fs::write(below.join("1.eml"), MESSAGE).unwrap();
        fs::write(below.join("notes.txt"), MESSAGE).unwrap();
        let codes = collect(folder.path(), 1).await.unwrap();
        assert_eq!(codes["ada@example.com"], "482913");
        clear(folder.path()).unwrap();
        assert!(messages(folder.path()).unwrap().is_empty());
        assert!(below.join("notes.txt").exists());
    }
}

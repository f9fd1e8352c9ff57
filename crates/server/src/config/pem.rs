//! PEM as settings bring it: the text itself, or the path of a file that holds it.

use std::io;

/// The PEM text that a value stands for. Errors never repeat the value, which may be a key that lost its first line.
pub(crate) fn read(value: &str) -> io::Result<String> {
    if value.trim_start().starts_with("-----BEGIN") {
        Ok(value.to_owned())
    } else {
        std::fs::read_to_string(value)
    }
}

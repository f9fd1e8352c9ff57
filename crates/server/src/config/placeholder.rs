//! Recognises secrets that are none: what documents and templates write where a secret belongs.

/// Whole values that are no secrets.
const WORDS: &[&str] = &[
    "secret",
    "changeme",
    "change-me",
    "change_me",
    "password",
    "admin",
    "postgres",
    "secure-password",
    "string",
];

/// Whether a secret's whole value is a placeholder.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let begins = |prefix: &str| value.starts_with(prefix);
    WORDS.contains(&value.as_str())
        || begins("your-")
        || begins("your_")
        || begins("<")
        || (begins("-----begin") && (value.contains("...") || value.contains('<')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_s20_every_sample_of_the_documents_is_recognised() {
        let samples = [
            "admin",
            "postgres",
            "password",
            "Password",
            "changeme",
            "secret",
            "secure-password",
            "your_smtp_password",
            "your-app-password",
            "your-super-secret-key",
            "your-secret-key-here",
            "your-very-secure-secret-key-here",
            "-----BEGIN PRIVATE KEY-----...-----END PRIVATE KEY-----",
            "<the key>",
        ];
        for sample in samples {
            assert!(is_placeholder(sample), "{sample}");
        }
        for real in [
            "correct horse battery staple",
            "adminadmin",
            "-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----",
        ] {
            assert!(!is_placeholder(real), "{real}");
        }
    }
}

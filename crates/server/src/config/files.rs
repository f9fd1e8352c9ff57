//! Where users' files are kept: in a folder of this machine, or in a bucket of an S3 service.

use super::effective::Effective;
use secrecy::SecretString;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// `files.url` with what it needs.
#[derive(Clone, Debug)]
pub enum Files {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket(bucket) => write!(f, "{}", bucket.place),
        }
    }
}

/// A bucket, and the service that has it.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Which, and where in it.
    pub place: BucketPlace,
    /// `files.s3.*`.
    pub service: S3,
}

/// `files.s3.*`: how a bucket is reached.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Without one it is the service that defined the protocol, in `region`.
    pub endpoint: Option<Url>,
    /// What requests are signed for.
    pub region: String,
    /// Access key and secret key; without them, whatever the machine's role gives.
    pub keys: Option<(String, SecretString)>,
    /// Whether the bucket's name is part of the path and not of the host.
    pub path_style: Option<bool>,
}

/// `s3://bucket`, or `s3://bucket/prefix` for a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    bucket: String,
    prefix: String,
}

impl BucketPlace {
    /// Reads one; `None` where the text names no bucket.
    pub fn parse(text: &str) -> Option<Self> {
        let place = text.strip_prefix("s3://")?;
        let place = place.strip_suffix('/').unwrap_or(place);
        let (bucket, prefix) = match place.split_once('/') {
            Some((bucket, prefix)) => (bucket, Some(prefix)),
            None => (place, None),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_name = (3..=63).contains(&bucket.len()) && bucket.bytes().all(plain);
        let is_segment = |text: &str| !matches!(text, "" | "." | "..") && text.bytes().all(plain);
        let is_prefix = prefix.is_none_or(|prefix| prefix.split('/').all(is_segment));
        (is_name && is_prefix).then(|| Self {
            bucket: bucket.to_owned(),
            prefix: prefix.unwrap_or_default().to_owned(),
        })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What the key of each object begins with, without a slash at either end; often nothing.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Display for BucketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if self.prefix.is_empty() {
            Ok(())
        } else {
            write!(f, "/{}", self.prefix)
        }
    }
}

/// `files.url`; the folder in `data_dir` where it is not set.
pub(super) fn files(all: &Effective, data_dir: &Path) -> Files {
    let url = all.text("files.url");
    if let Some(place) = url.and_then(BucketPlace::parse) {
        return Files::Bucket(bucket(all, place));
    }
    let folder = url.and_then(|url| url.strip_prefix("file:"));
    Files::Folder(folder.map_or_else(
        || data_dir.join("files"),
        |path| PathBuf::from(path.strip_prefix("//").unwrap_or(path)),
    ))
}

/// A bucket of the configured service.
pub(super) fn bucket(all: &Effective, place: BucketPlace) -> Bucket {
    let access_key = all.text("files.s3.access_key").map(str::to_owned);
    Bucket {
        place,
        service: S3 {
            endpoint: all.url("files.s3.endpoint"),
            region: all.text("files.s3.region").unwrap_or_default().to_owned(),
            keys: access_key.zip(all.secret("files.s3.secret_key")),
            path_style: all.maybe_flag("files.s3.path_style"),
        },
    }
}

/// Whether what is sent there stays on this machine or in a private network: an address of such a network, or a name
/// without a dot, as containers call one another.
pub(super) fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => match IpAddr::V6(ip).to_canonical() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
        },
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_a_name_and_may_have_a_prefix() {
        for (text, bucket, prefix) in [
            ("s3://files", "files", ""),
            ("s3://files/", "files", ""),
            ("s3://my.files-2/of/doorward/", "my.files-2", "of/doorward"),
        ] {
            let place = BucketPlace::parse(text).unwrap();
            assert_eq!((place.bucket(), place.prefix()), (bucket, prefix));
            assert_eq!(place.to_string(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn what_is_no_bucket_is_refused() {
        for text in [
            "files",
            "s3:files",
            "s3://",
            "s3://ab",
            "s3:///files",
            "s3://files//",
            "s3://files//x",
            "s3://files/../x",
            "s3://key:secret@files",
            "s3://files:9000",
            "s3://files?x=1",
            "s3://files/a b",
            "https://files",
        ] {
            assert!(BucketPlace::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn private_networks_are_near() {
        for (url, near) in [
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost:9000", true),
            ("http://minio:9000", true),
            ("http://10.1.2.3", true),
            ("http://[fd00::1]", true),
            ("http://[::ffff:192.168.1.1]", true),
            ("http://files.example.com", false),
            ("http://192.0.2.1", false),
            ("http://[2001:db8::1]", false),
        ] {
            assert_eq!(is_near(&Url::parse(url).unwrap()), near, "{url}");
        }
    }
}

//! Both kinds of store, held to the same promises.

use super::*;
use bytes::Bytes;
use doorward_domain::Timestamp;
use doorward_testkit::bucket::Bucket as Double;
use secrecy::SecretString;

/// Larger than any part of the bucket's.
const LARGE: usize = 2 * bucket::PART + 17;

fn key(number: u8) -> FileId {
    FileId::new(Timestamp::EPOCH, [number; 10])
}

fn stream(chunks: Vec<io::Result<Bytes>>) -> ByteStream {
    futures_util::stream::iter(chunks).boxed()
}

fn text(chunks: &[&'static str]) -> ByteStream {
    stream(chunks.iter().map(|chunk| Ok((*chunk).into())).collect())
}

/// Bytes that say where they stand.
fn large() -> Vec<u8> {
    (0..LARGE)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect()
}

fn in_chunks(bytes: &[u8]) -> Vec<io::Result<Bytes>> {
    let chunks = bytes.chunks(99_999);
    chunks
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect()
}

fn service(double: &Double, secret: &str) -> Files {
    let environment = [
        (
            "DOORWARD_FILES__URL",
            format!("{}/of/doorward", double.url()),
        ),
        ("DOORWARD_FILES__S3__ENDPOINT", double.endpoint()),
        ("DOORWARD_FILES__S3__ACCESS_KEY", double.access_key.clone()),
        ("DOORWARD_FILES__S3__SECRET_KEY", secret.to_owned()),
    ];
    let environment = environment.map(|(name, value)| crate::config::Variable {
        name: name.to_owned(),
        value,
        origin: crate::config::Origin::Environment {
            name: name.to_owned(),
        },
    });
    let sources = crate::config::Sources {
        environment: environment.into(),
        ..Default::default()
    };
    crate::config::Config::load(sources).unwrap().files()
}

fn bucket_of(double: &Double) -> Objects {
    crate::tls::install_provider();
    Objects::open(&service(double, &double.secret_key)).unwrap()
}

/// A folder and a bucket, each with what counts the objects in it.
struct Both {
    folder: tempfile::TempDir,
    double: Double,
}

impl Both {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            double: Double::start(),
        }
    }

    fn stores(&self) -> [Objects; 2] {
        let folder = Files::Folder(self.folder.path().join("files"));
        [Objects::open(&folder).unwrap(), bucket_of(&self.double)]
    }

    /// How many files there are, whole and unfinished ones.
    fn kept(&self) -> [usize; 2] {
        let folder = std::fs::read_dir(self.folder.path().join("files"));
        [
            folder.unwrap().count(),
            self.double.objects().len() + self.double.unfinished(),
        ]
    }
}

#[tokio::test]
async fn what_was_put_is_read_and_removed() {
    let both = Both::new();
    for store in both.stores() {
        let put = store.put(key(1), text(&["one, ", "two"]), 8).await;
        assert_eq!(put.unwrap(), 8);
        assert_eq!(store.read_back(key(1)).await.unwrap(), b"one, two");
        store.delete(key(1)).await.unwrap();
        store.delete(key(1)).await.unwrap();
        assert!(store.get(key(1)).await.unwrap().is_none());
    }
    assert_eq!(both.kept(), [0, 0]);
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let both = Both::new();
    for store in both.stores() {
        assert_eq!(store.put(key(2), text(&[]), 8).await.unwrap(), 0);
        assert!(store.get(key(2)).await.unwrap().is_some());
        assert!(store.read_back(key(2)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_larger_than_a_part_comes_back_as_it_was() {
    let both = Both::new();
    let bytes = large();
    for store in both.stores() {
        for (number, length) in [(3, LARGE), (4, store.part), (5, 2 * store.part)] {
            let content = stream(in_chunks(&bytes[..length]));
            let put = store.put(key(number), content, LARGE as u64).await;
            assert_eq!(put.unwrap(), length as u64);
            assert!(store.read_back(key(number)).await.unwrap() == bytes[..length]);
        }
    }
    assert_eq!(both.kept(), [3, 3]);
}

#[tokio::test]
async fn an_upload_that_fails_leaves_nothing_behind() {
    let both = Both::new();
    let bytes = large();
    for store in both.stores() {
        let too_large = store.put(key(6), text(&["123456789"]), 8).await;
        assert!(matches!(too_large, Err(PutError::TooLarge)));
        let one_too_many = LARGE as u64 - 1;
        let too_large = store
            .put(key(7), stream(in_chunks(&bytes)), one_too_many)
            .await;
        assert!(matches!(too_large, Err(PutError::TooLarge)));
        for mut chunks in [vec![], in_chunks(&bytes)] {
            chunks.push(Err(io::Error::other("gone")));
            let broken = store.put(key(8), stream(chunks), u64::MAX).await;
            assert!(matches!(broken, Err(PutError::Source(_))));
        }
    }
    assert_eq!(both.kept(), [0, 0]);
}

#[tokio::test]
async fn a_probe_says_what_does_not_work_and_leaves_nothing() {
    let both = Both::new();
    for store in both.stores() {
        assert_eq!(store.probe().await, Ok(()));
    }
    assert_eq!(both.kept(), [0, 0]);
    let wrong = Objects::open(&service(&both.double, "another secret")).unwrap();
    let said = wrong.probe().await.unwrap_err();
    assert!(
        said.contains("cannot be written") && said.contains("SignatureDoesNotMatch"),
        "{said}"
    );
    both.double.stop();
    let said = bucket_of(&both.double).probe().await.unwrap_err();
    assert!(said.contains("refused"), "{said}");
}

#[tokio::test]
async fn a_bucket_that_is_away_has_lost_nothing() {
    let double = Double::start();
    let store = bucket_of(&double);
    store.put(key(9), text(&["hello"]), 8).await.unwrap();
    double.stop();
    assert!(matches!(
        store.put(key(10), text(&["hello"]), 8).await,
        Err(PutError::Store(_))
    ));
    assert!(store.get(key(9)).await.is_err());
    assert!(store.delete(key(9)).await.is_err());
    double.resume();
    assert_eq!(store.read_back(key(9)).await.unwrap(), b"hello");
    assert_eq!(double.objects().len(), 1);
}

#[tokio::test]
async fn objects_lie_beneath_the_prefix() {
    let double = Double::start();
    let store = bucket_of(&double);
    store.put(key(11), text(&["hello"]), 8).await.unwrap();
    let name = format!("of/doorward/{}", key(11));
    assert_eq!(double.objects(), [name]);
}

#[test]
fn a_bucket_that_is_missing_is_no_missing_object() {
    let answer = |code: &str| Error::NotFound {
        path: "x".to_owned(),
        source: format!(
            "Server returned non-2xx status code: 404 Not Found: <Error><Code>{code}</Code></Error>"
        )
        .into(),
    };
    assert!(is_missing(&answer("NoSuchKey")));
    assert!(!is_missing(&answer("NoSuchBucket")));
    assert_eq!(
        cause(&answer("NoSuchBucket")),
        "Server returned non-2xx status code: 404 Not Found: NoSuchBucket"
    );
}

#[test]
fn keys_of_a_service_do_not_print() {
    let keys = ("access".to_owned(), SecretString::from("canary"));
    let bucket = Bucket {
        place: crate::config::BucketPlace::parse("s3://files").unwrap(),
        service: crate::config::S3 {
            endpoint: None,
            region: "us-east-1".to_owned(),
            keys: Some(keys),
            path_style: None,
        },
    };
    assert!(!format!("{bucket:?}").contains("canary"));
    crate::tls::install_provider();
    let store = bucket::open(&bucket).unwrap();
    assert!(!format!("{store:?}").contains("canary"));
}

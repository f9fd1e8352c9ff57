//! An S3 service on a port of loopback, for one test: a bucket in a folder that goes away with it.
//!
//! It checks the signature of every request, by code that knows nothing of the client's.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::sync::oneshot;

const NAME: &str = "doorward-test";

/// A bucket, and the service that has it. Dropping it ends both.
pub struct Bucket {
    /// The one access key that is let in.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    address: SocketAddr,
    folder: TempDir,
    serving: Mutex<Option<Serving>>,
}

/// A thread with a runtime of its own: a test's runtime may end before others have asked their last.
struct Serving {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Bucket {
    /// An empty one.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("dw-s3-")
            .tempdir()
            .expect("a temporary folder can be made");
        std::fs::create_dir(folder.path().join(NAME)).expect("the bucket can be made");
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let bucket = Self {
            access_key: "doorward".to_owned(),
            secret_key: "secret of the bucket 1".to_owned(),
            address: listener
                .local_addr()
                .expect("a bound socket has an address"),
            folder,
            serving: Mutex::default(),
        };
        bucket.serve(listener);
        bucket
    }

    /// Where the service is.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bucket in it.
    pub fn url(&self) -> String {
        format!("s3://{NAME}")
    }

    /// The keys of all objects, in their order.
    pub fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join(NAME);
        let mut keys: Vec<String> = files(&root)
            .iter()
            .filter_map(|file| file.strip_prefix(&root).ok())
            .map(|key| key.to_string_lossy().into_owned())
            .collect();
        keys.sort();
        keys
    }

    /// How many files there are of uploads that neither ended nor were given up.
    pub fn unfinished(&self) -> usize {
        let all = std::fs::read_dir(self.folder.path()).expect("the folder can be read");
        all.flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(".upload"))
            .count()
    }

    /// Puts an object there without asking the service.
    pub fn keep(&self, key: &str, bytes: &[u8]) {
        let path = self.folder.path().join(NAME).join(key);
        let folder = path.parent().expect("a key is beneath the bucket");
        std::fs::create_dir_all(folder).expect("a folder can be made");
        std::fs::write(path, bytes).expect("a file can be written");
    }

    /// Closes the port and every connection.
    pub fn stop(&self) {
        if let Some(Serving { stop, thread }) = lock(&self.serving).take() {
            // A thread that has ended hears nothing.
            let _ = stop.send(());
            thread.join().expect("the service ends as it should");
        }
    }

    /// Opens the same port again, with what was kept.
    pub fn resume(&self) {
        let listener = TcpListener::bind(self.address).expect("the port is still free");
        self.serve(listener);
    }

    fn serve(&self, listener: TcpListener) {
        listener
            .set_nonblocking(true)
            .expect("a socket can be made not to block");
        let kept = FileSystem::new(self.folder.path()).expect("the folder is there");
        let mut service = S3ServiceBuilder::new(kept);
        service.set_auth(SimpleAuth::from_single(
            self.access_key.as_str(),
            self.secret_key.as_str(),
        ));
        let service = service.build();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can start");
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = answer(listener, &service) => {}
                    _ = stopped => {}
                }
            });
        });
        *lock(&self.serving) = Some(Serving { stop, thread });
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn answer(listener: TcpListener, service: &S3Service) {
    let listener =
        tokio::net::TcpListener::from_std(listener).expect("the socket is one of this runtime");
    while let Ok((connection, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            // A client that breaks off is its own business.
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

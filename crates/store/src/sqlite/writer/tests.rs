use super::*;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use std::future::poll_fn;
use std::task::Poll;
use tempfile::TempDir;
use tokio::task::JoinHandle;

struct Bench {
    _folder: TempDir,
    writer: Arc<Writer>,
    witness: SqliteConnection,
}

const TABLES: &str = "CREATE TABLE notes (text TEXT); CREATE TABLE parents (id INTEGER PRIMARY KEY); \
     CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);";

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("test.db"))
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut witness = options.connect().await.unwrap();
        sqlx::raw_sql(TABLES).execute(&mut witness).await.unwrap();
        let writer = Writer::open(options, Duration::from_secs(10))
            .await
            .unwrap();
        // However slow the machine is, a group does not end by its time.
        writer.pen.lock().await.group_time = Duration::from_hours(1);
        Self {
            _folder: folder,
            writer,
            witness,
        }
    }

    async fn turn(&self, text: &'static str) -> Turn {
        note(&self.writer, text).await
    }

    /// Starts a use case that stands in line behind all that do so far.
    async fn queue(&self, text: &'static str) -> JoinHandle<Turn> {
        let writer = self.writer.clone();
        let mut waiting = Box::pin(async move { note(&writer, text).await });
        let came_at_once =
            poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_ready()));
        assert!(!came_at_once.await, "somebody else holds the pen");
        tokio::spawn(waiting)
    }

    async fn seen(&mut self) -> Vec<String> {
        sqlx::query_scalar("SELECT text FROM notes ORDER BY text")
            .fetch_all(&mut self.witness)
            .await
            .unwrap()
    }
}

async fn note(writer: &Arc<Writer>, text: &'static str) -> Turn {
    let mut turn = writer.turn().await.unwrap();
    sqlx::query("INSERT INTO notes VALUES ($1)")
        .bind(text)
        .execute(&mut *turn)
        .await
        .unwrap();
    turn
}

async fn run(turn: &mut Turn, statement: &'static str) {
    sqlx::query(statement).execute(&mut **turn).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_together_are_answered_by_one_commit() {
    let mut bench = Bench::new().await;
    let first = bench.turn("a").await;
    let second = bench.queue("b").await;
    let third = bench.queue("c").await;
    let first = tokio::spawn(first.commit());
    let second = tokio::spawn(second.await.unwrap().commit());
    let third = third.await.unwrap();
    // The third holds the pen, so nobody commits, and nobody was told anything.
    assert!(!first.is_finished() && !second.is_finished());
    assert!(bench.seen().await.is_empty());
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(bench.seen().await, ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_company() {
    let mut bench = Bench::new().await;
    for text in ["a", "b"] {
        bench.turn(text).await.commit().await.unwrap();
    }
    assert_eq!(bench.seen().await, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_takes_back_their_own_work_alone() {
    let mut bench = Bench::new().await;
    let first = bench.turn("a").await;
    let second = bench.queue("b").await;
    let third = bench.queue("c").await;
    let first = tokio::spawn(first.commit());
    drop(second.await.unwrap());
    third.await.unwrap().commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(bench.seen().await, ["a", "c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_first_leaves_the_others_a_clean_start() {
    let mut bench = Bench::new().await;
    let first = bench.turn("a").await;
    let second = bench.queue("b").await;
    drop(first);
    second.await.unwrap().commit().await.unwrap();
    assert_eq!(bench.seen().await, ["b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_fails_everybody_in_it_and_nobody_after() {
    let mut bench = Bench::new().await;
    let first = bench.turn("a").await;
    let second = bench.queue("b").await;
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    run(&mut second, "INSERT INTO children VALUES (1)").await;
    assert!(second.commit().await.unwrap_err().is_unavailable());
    assert!(first.await.unwrap().unwrap_err().is_unavailable());
    assert!(bench.seen().await.is_empty());
    bench.turn("c").await.commit().await.unwrap();
    assert_eq!(bench.seen().await, ["c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_of_the_engine_itself_is_told_to_all() {
    let mut bench = Bench::new().await;
    let first = bench.turn("a").await;
    let second = bench.queue("b").await;
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    // What SQLite does on its own when the disk is full.
    run(&mut second, "ROLLBACK").await;
    assert!(second.commit().await.unwrap_err().is_unavailable());
    assert!(first.await.unwrap().unwrap_err().is_unavailable());
    assert!(bench.seen().await.is_empty());
    bench.turn("c").await.commit().await.unwrap();
    assert_eq!(bench.seen().await, ["c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_is_given_up_outside_of_any_runtime_is_taken_back_by_the_next() {
    let mut bench = Bench::new().await;
    let turn = bench.turn("a").await;
    std::thread::spawn(move || drop(turn)).join().unwrap();
    bench.turn("b").await.commit().await.unwrap();
    assert_eq!(bench.seen().await, ["b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_goes_on_when_its_caller_goes_away() {
    let mut bench = Bench::new().await;
    let turn = bench.turn("a").await;
    let commit = tokio::spawn(turn.commit());
    commit.abort();
    let _ = commit.await;
    bench.turn("b").await.commit().await.unwrap();
    let seen = bench.seen().await;
    assert!(seen == ["a", "b"] || seen == ["b"], "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_ends_at_its_size_or_its_time() {
    let bench = Bench::new().await;
    let mut pen = bench.writer.pen.clone().lock_owned().await;
    pen.opened = Some(Instant::now());
    assert!(!pen.is_due());
    pen.members
        .extend((0..GROUP_SIZE).map(|_| oneshot::channel().0));
    assert!(pen.is_due());
    pen.members.clear();
    pen.group_time = GROUP_TIME;
    pen.opened = Instant::now().checked_sub(GROUP_TIME);
    assert!(pen.is_due());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_on_the_disk() {
    let bench = Bench::new().await;
    let mut turn = bench.turn("a").await;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(&mut *turn)
        .await
        .unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *turn)
        .await
        .unwrap();
    assert_eq!((synchronous, journal.as_str()), (2, "wal"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_hears_so() {
    let bench = Bench::new().await;
    let writer = Arc::new(Writer {
        pen: bench.writer.pen.clone(),
        queue: AtomicUsize::new(0),
        patience: Duration::from_millis(20),
    });
    let _held = bench.turn("a").await;
    let Err(error) = writer.turn().await else {
        panic!("the pen was lent twice")
    };
    assert!(error.is_unavailable());
    assert_eq!(writer.queue.load(Ordering::Acquire), 0);
}

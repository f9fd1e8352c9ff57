//! `serve`, `worker` and `health`: start, say where everything is, stop.

use super::folder::{Folder, free_port};
use super::serving::Serving;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_folder_serves_and_says_where_everything_is() {
    let folder = Folder::sqlite();
    let mut serving = folder.serve().await;
    for place in ["/docs", "/dev/inbox", "/utils/public_key", "doorward.db"] {
        let said = async |serving: &Serving| serving.log().contains(place);
        serving.until(place, said).await;
    }
    serving.sign_up("ada@example.com", "correct horse 1").await;
    assert_eq!(serving.stop().await, 0);
    assert!(
        folder.path("doorward-data/doorward.db").exists()
            && folder.path("doorward-data/master.key").exists()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn serving_is_what_happens_without_a_command() {
    let folder = Folder::sqlite();
    let port = free_port();
    let mut child = folder
        .command(&["--bind", &format!("127.0.0.1:{port}")])
        .spawn()
        .unwrap();
    let mut alive = false;
    for _ in 0..600 {
        if reqwest::get(format!("http://127.0.0.1:{port}/livez"))
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {
            alive = true;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(alive, "nobody answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_how_many_workers_it_says_that_one_process_uses_all_cores() {
    let folder = Folder::sqlite();
    let mut serving = folder.serve_with(&["--workers", "4"]).await;
    let said = async |serving: &Serving| serving.log().contains("one process uses all cores");
    serving.until("it has said so", said).await;
    assert_eq!(serving.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_is_served_by_one_process() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    let second = folder
        .run(&["serve", "--bind", &format!("127.0.0.1:{}", free_port())])
        .refused_at_last();
    assert!(
        second.stderr.contains("database") && second.stderr.contains("stop"),
        "{second:?}"
    );
    assert_eq!(serving.status("/livez").await.unwrap(), 200);
    serving.stop().await;
    // Once the first has stopped, the next may.
    let serving = folder.serve().await;
    // A process that was killed holds nothing either.
    serving.kill();
    folder.serve().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_said_in_one_line() {
    let folder = Folder::sqlite();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let outcome = folder.run(&["serve", "--bind", &address]).refused_at_last();
    assert!(
        outcome.stderr.contains(&address) || outcome.stderr.contains("server.bind"),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_termination_drains_what_is_being_answered() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let requests: Vec<_> = (0..10)
        .map(|n| {
            let body = json!({"login": format!("member{n}"), "password": "Correct horse 1"});
            tokio::spawn(
                serving
                    .request(reqwest::Method::POST, "/api/register")
                    .json(&body)
                    .send(),
            )
        })
        .collect();
    let mut accepted = 0;
    // Once one has been answered, the others are on their way.
    let mut requests = requests.into_iter();
    assert_eq!(
        requests.next().unwrap().await.unwrap().unwrap().status(),
        201
    );
    serving.signal("TERM");
    for request in requests {
        match request.await.unwrap() {
            Ok(answer) => {
                assert_eq!(answer.status(), 201);
                accepted += 1;
            }
            // It had not been accepted yet.
            Err(error) => assert!(error.is_connect() || error.is_request(), "{error:?}"),
        }
    }
    let mut serving = serving;
    assert_eq!(serving.ended().await, 0);
    let users = folder.run(&["users", "list", "--json"]).done().json();
    assert_eq!(
        users.as_array().unwrap().len(),
        accepted + 1,
        "what was answered is there, and nothing else"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_it_too() {
    let folder = Folder::sqlite();
    let mut serving = folder.serve().await;
    serving.signal("INT");
    assert_eq!(serving.ended().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_a_status_for_containers() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let port = serving.port;
    let asking = folder.set("server.bind", &format!("127.0.0.1:{port}"));
    let healthy = asking.run(&["health"]).done();
    assert_eq!(healthy.stderr, "");
    serving.stop().await;
    let gone = asking.run(&["health"]).refused();
    assert!(gone.complaint().contains("/health"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_its_own_delivers_what_a_server_has_queued() {
    let folder = Folder::new().await.set("mail.transport", "file");
    let serving = folder.serve().await;
    let (status, _) = serving
        .post(
            "/api/v1/users",
            &json!({"email": "ada@example.com", "password": "correct horse"}),
        )
        .await;
    assert_eq!(status, 201);
    serving.kill();
    let mut worker = folder.command(&["worker"]).spawn().unwrap();
    let mail = folder.path("doorward-data/mail");
    let mut delivered = false;
    for _ in 0..600 {
        delivered = std::fs::read_dir(&mail).is_ok_and(|files| {
            files
                .flatten()
                .any(|file| file.path().extension().is_some_and(|end| end == "eml"))
        });
        if delivered {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(delivered, "the message never came out");
}

use super::*;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A replica that says its name, or, once it is told so, that it is not ready.
struct Named {
    address: SocketAddr,
    ready: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

async fn named(name: &'static str) -> Named {
    let listener = bind().await;
    let address = listener.local_addr().unwrap();
    let ready = Arc::new(AtomicBool::new(true));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (says, hears) = (Arc::clone(&ready), Arc::clone(&seen));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let status = if says.load(Ordering::Relaxed) {
                "200 OK"
            } else {
                "503 Service Unavailable"
            };
            if !request.starts_with("GET /readyz") {
                hears.lock().unwrap().push(request);
            }
            let answer = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{name}",
                name.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Named {
        address,
        ready,
        seen,
        _tasks: tasks,
    }
}

async fn get(balancer: &Balancer) -> String {
    let mut stream = TcpStream::connect(balancer.address()).await.unwrap();
    let request = "GET /x?y=1 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.5\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn until(balancer: &Balancer, ready: &[bool]) {
    let began = Instant::now();
    while balancer.ready() != ready {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(GLANCE).await;
    }
}

#[tokio::test]
async fn each_replica_gets_its_turn() {
    let (left, right) = (named("left").await, named("right").await);
    let balancer = Balancer::start(&[left.address, right.address]).await;
    balancer.until_all_ready().await;
    for _ in 0..4 {
        get(&balancer).await;
    }
    for replica in [&left, &right] {
        let seen = replica.seen.lock().unwrap();
        assert_eq!(seen.len(), 2);
        assert!(seen[0].starts_with("GET /x?y=1 HTTP/1.1"), "{seen:?}");
        assert!(
            seen[0].contains("x-forwarded-for: 203.0.113.5, 127.0.0.1\r\n"),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn who_is_not_ready_gets_nothing_unless_nobody_is() {
    let (left, right) = (named("left").await, named("right").await);
    let balancer = Balancer::start(&[left.address, right.address]).await;
    balancer.until_all_ready().await;
    left.ready.store(false, Ordering::Relaxed);
    until(&balancer, &[false, true]).await;
    for _ in 0..4 {
        assert!(get(&balancer).await.ends_with("right"));
    }
    right.ready.store(false, Ordering::Relaxed);
    until(&balancer, &[false, false]).await;
    let answer = get(&balancer).await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && !answer.contains("x-balancer"),
        "{answer}"
    );
}

#[tokio::test]
async fn who_takes_no_connection_is_passed_over_and_who_breaks_off_is_not() {
    let left = named("left").await;
    let gone = bind().await.local_addr().unwrap();
    let balancer = Balancer::start(&[gone, left.address]).await;
    // Nobody has been asked yet whether they are ready, so that both get their turn.
    for _ in 0..4 {
        assert!(get(&balancer).await.ends_with("left"));
    }
    let silent = bind().await;
    let balancer = Balancer::start(&[silent.local_addr().unwrap()]).await;
    let drop_all = async {
        while let Ok((stream, _)) = silent.accept().await {
            drop(stream);
        }
    };
    let answer = tokio::select! {
        answer = get(&balancer) => answer,
        () = drop_all => unreachable!("it goes on"),
    };
    assert!(
        answer.contains("502") && answer.contains("x-balancer: the replica broke off"),
        "{answer}"
    );
}

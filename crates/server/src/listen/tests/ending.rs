//! How a listener ends: what was taken is finished, and nothing more is taken.

use super::*;

fn soon() -> Instant {
    Instant::now() + BOUND
}

impl Running {
    /// Closes, and waits for the end.
    async fn closed(self, by: Instant) {
        self.stop.close(by);
        timeout(BOUND, self.task).await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test]
async fn what_was_begun_is_finished_and_its_connection_closed() {
    let running = start(&WANTED);
    let mut stream = running.connected_from(1).await;
    say(&mut stream, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let address = running.address;
    let finished = async { String::from_utf8(until_closed(&mut stream).await).unwrap() };
    let (answer, ()) = tokio::join!(finished, running.closed(soon()));
    assert!(
        answer.contains("connection: close") && answer.ends_with("slowly"),
        "{answer}"
    );
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_connection_without_a_request_keeps_nobody_from_ending() {
    let running = start(&WANTED);
    let mut idle = running.connected_from(1).await;
    let mut silent = running.connect().await;
    running.closed(soon()).await;
    assert_eq!(until_closed(&mut idle).await, b"");
    assert_eq!(until_closed(&mut silent).await, b"");
}

#[tokio::test]
async fn while_it_leaves_it_takes_connections_and_each_answer_is_the_last() {
    let running = start(&WANTED);
    let mut open = running.connected_from(1).await;
    running.stop.leave();
    let mut fresh = running.connect().await;
    for stream in [&mut open, &mut fresh] {
        say(stream, "GET /ok HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let answer = String::from_utf8(until_closed(stream).await).unwrap();
        assert!(
            answer.contains("connection: close") && answer.ends_with("fine"),
            "{answer}"
        );
    }
    running.closed(soon()).await;
}

#[tokio::test]
async fn who_was_in_the_queue_when_it_closed_is_answered() {
    let running = start(&WANTED);
    let (address, stop) = (running.address, running.stop.clone());
    // Nothing of the listener runs until this task waits: they are connected, and nobody has taken them.
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let stream = std::net::TcpStream::connect(address).unwrap();
            let mut writing = &stream;
            std::io::Write::write_all(&mut writing, b"GET /ok HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    stop.close(soon());
    for stream in clients {
        let mut stream = TcpStream::from_std(stream).unwrap();
        assert!(answer(&mut stream).await.ends_with("fine"));
    }
    running.closed(soon()).await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off() {
    let running = start(&WANTED);
    let mut stream = running.connected_from(1).await;
    say(&mut stream, "GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let begun = async {
        while running.seen.started.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(BOUND, begun).await.unwrap();
    // A second word ends it sooner than the first had said.
    running.stop.close(soon());
    running.closed(Instant::now()).await;
    assert_eq!(until_closed(&mut stream).await, b"");
}

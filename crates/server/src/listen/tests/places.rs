//! Who gets a place, how long it is kept, and who it is that has it.

use super::*;

#[tokio::test]
async fn sec_i44_where_all_places_are_taken_one_more_is_closed_at_once() {
    let running = start(&Wanted {
        places: 2,
        ..WANTED
    });
    let first = running.connected_from(1).await;
    let mut second = running.connected_from(2).await;
    let mut third = running.connect_from(3).await;
    assert_eq!(until_closed(&mut third).await, b"");
    assert!(ask(&mut second, "/ok").await.ends_with("fine"));
    drop(first);
    // The place is free as soon as the server has seen the end.
    let free = async {
        loop {
            let mut next = running.connect_from(3).await;
            let _ = next.write_all(b"GET /ok HTTP/1.1\r\nhost: x\r\n\r\n").await;
            if answer(&mut next).await.ends_with("fine") {
                return;
            }
        }
    };
    timeout(BOUND, free).await.unwrap();
}

#[tokio::test]
async fn sec_i44_connections_that_say_nothing_make_room_for_those_that_ask() {
    let running = start(&Wanted {
        places: 32,
        ..WANTED
    });
    let mut silent = Vec::new();
    for n in 0..100 {
        silent.push(running.connect_from(100 + n).await);
        if n % 10 == 0 {
            running.connected_from(1).await;
        }
    }
    running.connected_from(1).await;
    // Who is longest there went first.
    assert_eq!(until_closed(&mut silent[0]).await, b"");
}

#[tokio::test]
async fn sec_i44_one_client_has_its_share_and_leaves_the_rest_to_others() {
    let running = start(&Wanted { share: 2, ..WANTED });
    let _held = [
        running.connected_from(1).await,
        running.connected_from(1).await,
    ];
    let mut third = running.connect_from(1).await;
    assert_eq!(until_closed(&mut third).await, b"");
    running.connected_from(2).await;
}

#[tokio::test]
async fn sec_i44_who_says_nothing_or_only_half_is_sent_away() {
    let running = start(&Wanted {
        patience: LITTLE,
        ..WANTED
    });
    let mut silent = running.connect().await;
    let mut slow = running.connect().await;
    say(&mut slow, "GET /ok HTTP/1.1\r\nhos").await;
    let mut idle = running.connected_from(1).await;
    let mut dripping = running.connected_from(1).await;
    say(&mut dripping, "GET /ok HT").await;
    for (stream, who) in [
        (&mut silent, "silent"),
        (&mut slow, "slow"),
        (&mut idle, "idle"),
        (&mut dripping, "dripping"),
    ] {
        assert_eq!(until_closed(stream).await, b"", "{who}");
    }
}

#[tokio::test]
async fn who_waits_for_an_answer_is_not_sent_away() {
    let running = start(&Wanted {
        patience: LITTLE,
        ..WANTED
    });
    let mut stream = running.connect().await;
    assert!(ask(&mut stream, "/slow").await.ends_with("slowly"));
}

#[tokio::test]
async fn sec_i44_who_does_not_take_its_answer_is_cut_off() {
    let running = start(&Wanted {
        patience: LITTLE,
        places: 1,
        ..WANTED
    });
    let mut stream = running.connect().await;
    say(&mut stream, "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // Its place is free again, although it has closed nothing.
    let free = async {
        loop {
            let mut next = running.connect().await;
            let _ = next.write_all(b"GET /ok HTTP/1.1\r\nhost: x\r\n\r\n").await;
            if answer(&mut next).await.ends_with("fine") {
                return;
            }
        }
    };
    timeout(BOUND, free).await.unwrap();
}

#[tokio::test]
async fn a_proxy_header_of_a_trusted_proxy_names_the_client_of_all_that_follows() {
    let running = start(&Wanted {
        trusted: "127.0.0.9/32",
        share: 1,
        ..WANTED
    });
    let mut stream = running.connect_from(9).await;
    say(&mut stream, "PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\r\n").await;
    for _ in 0..2 {
        let answer = ask(&mut stream, "/peer").await;
        assert!(answer.ends_with("203.0.113.7:40000"), "{answer}");
    }
    // The share is the client's, not the proxy's.
    let mut second = running.connect_from(9).await;
    say(&mut second, "PROXY TCP4 203.0.113.7 10.0.0.1 40001 443\r\n").await;
    assert_eq!(until_closed(&mut second).await, b"");
    let mut third = running.connect_from(9).await;
    say(&mut third, "PROXY UNKNOWN\r\n").await;
    let answer = ask(&mut third, "/peer").await;
    assert!(answer.contains("127.0.0.9:"), "{answer}");
    assert_eq!(running.seen.noticed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn sec_i27_a_proxy_header_of_a_stranger_closes_its_connection_and_is_noticed() {
    let running = start(&WANTED);
    let mut stream = running.connect().await;
    say(
        &mut stream,
        "PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\nGET /peer HTTP/1.1\r\nhost: x\r\n\r\n",
    )
    .await;
    assert_eq!(until_closed(&mut stream).await, b"");
    assert_eq!(running.seen.noticed.load(Ordering::SeqCst), 1);
}

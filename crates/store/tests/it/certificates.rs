use crate::support::*;
use doorward_domain::Span;
use doorward_store::certificates::{self, CertificateRow, FailureRow, NewChallenge};

const DIRECTORY: &str = "https://authority.example.com/directory";

fn certificate(names: &str, issued: u32) -> CertificateRow {
    CertificateRow {
        directory: DIRECTORY.to_owned(),
        names: names.to_owned(),
        chain_pem: format!("chain {issued}"),
        key_sealed: vec![1, 2, 3],
        issued_at: later(Span::days(issued)),
        renew_at: later(Span::days(issued + 60)),
        expires_at: later(Span::days(issued + 90)),
    }
}

fn challenge(token: &str, answer: &str, offered: u32) -> NewChallenge {
    NewChallenge {
        kind: "tls-alpn-01".to_owned(),
        token: token.to_owned(),
        domain: "auth.example.com".to_owned(),
        answer: answer.to_owned(),
        offered_at: later(Span::seconds(offered)),
        expires_at: later(Span::minutes(60)),
    }
}

on_every_backend! {
    async fn an_account_is_kept_for_its_authority(store) {
        let account = async || read(&store, async |tx| certificates::account(tx, DIRECTORY).await).await;
        assert_eq!(account().await, None);
        for sealed in [b"one", b"two"] {
            write(&store, async |tx| certificates::keep_account(tx, DIRECTORY, sealed, NOW).await).await;
            assert_eq!(account().await, Some(sealed.to_vec()));
        }
        let all = read(&store, async |tx| certificates::accounts(tx).await).await;
        assert_eq!(all, [(DIRECTORY.to_owned(), b"two".to_vec())]);
        assert_eq!(read(&store, async |tx| certificates::account(tx, "https://other.example.com/").await).await, None);
    }

    async fn a_certificate_takes_the_place_of_the_one_before_for_its_names(store) {
        for row in [certificate("a", 1), certificate("b", 2), certificate("a", 3)] {
            write(&store, async |tx| certificates::keep(tx, &row).await).await;
        }
        let list = async || read(&store, async |tx| certificates::list(tx).await).await;
        assert!(list().await == [certificate("a", 3), certificate("b", 2)]);
        assert_eq!(write(&store, async |tx| certificates::purge(tx, later(Span::days(92))).await).await, 1);
        assert!(list().await == [certificate("a", 3)]);
    }

    async fn failures_are_counted_until_an_order_succeeds(store) {
        let row = |count| FailureRow {
            directory: DIRECTORY.to_owned(),
            names: "a".to_owned(),
            count,
            retry_at: later(Span::minutes(5)),
            problem: "no way there".to_owned(),
        };
        let found = async || read(&store, async |tx| certificates::failure(tx, DIRECTORY, "a").await).await;
        for count in [1, 2] {
            write(&store, async |tx| certificates::note_failure(tx, &row(count)).await).await;
            assert_eq!(found().await, Some(row(count)));
        }
        assert_eq!(write(&store, async |tx| certificates::forget_failures(tx).await).await, 1);
        assert_eq!(found().await, None);
    }

    async fn a_challenge_is_answered_by_token_and_by_domain_until_it_is_over(store) {
        for offered in [challenge("t1", "old", 1), challenge("t2", "older", 0), challenge("t1", "new", 2)] {
            write(&store, async |tx| certificates::offer(tx, &offered).await).await;
        }
        let by_token = async |token, now| {
            read(&store, async |tx| certificates::answer_by_token(tx, "tls-alpn-01", token, now).await).await
        };
        let by_domain = async |domain| {
            read(&store, async |tx| certificates::answer_by_domain(tx, "tls-alpn-01", domain, NOW).await).await
        };
        assert_eq!(by_token("t1", NOW).await.as_deref(), Some("new"));
        assert_eq!(by_token("t2", NOW).await.as_deref(), Some("older"));
        assert_eq!(by_token("t3", NOW).await, None);
        assert_eq!(by_token("t1", later(Span::minutes(60))).await, None);
        assert_eq!(by_domain("auth.example.com").await.as_deref(), Some("new"));
        assert_eq!(by_domain("example.com").await, None);
        assert_eq!(write(&store, async |tx| certificates::withdraw(tx).await).await, 2);
        assert_eq!(by_token("t1", NOW).await, None);
    }
}

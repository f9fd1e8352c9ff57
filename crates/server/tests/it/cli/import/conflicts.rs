//! Rows that cannot be taken, and rows that are somebody who is here.

use super::*;

fn problems(report: &Value) -> Vec<(String, String)> {
    let rows = report["not_taken"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.map(|row| (text(&row["id"]), text(&row["problem"])))
        .collect()
}

fn conflicts(ids: &[&str]) -> Vec<(String, String)> {
    let conflict = |id: &&str| ((*id).to_owned(), "conflict".to_owned());
    ids.iter().map(conflict).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identifier_that_somebody_here_holds_is_a_conflict_that_is_told_without_an_address() {
    let rows = format!(
        "(1, 'ada@example.com', 'There', '{HASH}', NULL, true), \
         (2, 'grace@example.com', NULL, '{HASH}', NULL, true)"
    );
    let service = Service::with(Family::Verified, &rows).await;
    let folder = Folder::new().await;
    folder.serve().await.stop().await;
    folder
        .run(&[
            "users",
            "create",
            "--email",
            "ADA@example.com",
            "--full-name",
            "Here",
        ])
        .done();
    let here = show(&folder, "ada@example.com");
    let report = service.half_imported(&folder, &[]);
    assert_eq!(numbers(&report), json!({"taken": 1, "conflicts": 1}));
    assert_eq!(problems(&report), conflicts(&["1"]));
    assert_eq!(show(&folder, "ada@example.com"), here);

    let told = service.import(&folder, &[]);
    assert_eq!(told.code, 1);
    let words = format!("{}{}", told.stdout, told.stderr);
    assert!(
        told.stdout.contains("conflict") && told.stdout.contains("--merge"),
        "{words}"
    );
    assert!(
        told.stdout.contains(here["id"].as_str().unwrap()),
        "{words}"
    );
    for secret in ["example.com", "$2b$", "There"] {
        assert!(!words.contains(secret), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_by_verified_address_is_joined_and_nothing_is_overwritten() {
    let rows = format!("(1, 'ada@example.com', 'There', '{HASH}', '2020-01-01T00:00:00Z', true)");
    let service = Service::with(Family::Verified, &rows).await;
    let folder = Folder::new().await;
    folder.serve().await.stop().await;
    folder
        .run(&[
            "users",
            "create",
            "--email",
            "Ada@Example.com",
            "--login",
            "ada",
            "--full-name",
            "Here",
        ])
        .done();
    let before = show(&folder, "ada");
    assert_eq!(before["has_password"], false);
    let report = service
        .import(&folder, &["--merge", "--json"])
        .done()
        .json();
    assert_eq!(numbers(&report), json!({"joined": 1}));
    let after = show_old(&folder, "verified:1");
    for field in ["id", "email", "login", "full_name", "created_at", "status"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["has_password"], true, "what was empty is filled");
    let again = service
        .import(&folder, &["--merge", "--json"])
        .done()
        .json();
    assert_eq!(numbers(&again), json!({"unchanged": 1}));
    let serving = folder.serve().await;
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_several_services_become_one() {
    let id = "9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001";
    let code = format!(
        "('{id}', 'active', 'ada@example.com', '+442079460018', 'Ada', NULL, 'Ada', NULL, 36, NULL)"
    );
    let verified = format!("(5, 'ADA@example.com', 'Ada L', '{HASH}', NULL, true)");
    let (code, verified) = (
        Service::with(Family::Code, &code).await,
        Service::with(Family::Verified, &verified).await,
    );
    let folder = Folder::new().await;
    code.imported(&folder);
    let merge = ["--merge", "--json"];
    assert_eq!(
        numbers(&verified.import(&folder, &merge).done().json()),
        json!({"joined": 1})
    );
    let row = row_by_email(&folder, "ada@example.com").await;
    assert_eq!(row.id, id.parse().unwrap());
    assert_eq!(
        (row.full_name.as_deref(), row.first_name.as_deref(), row.age),
        (Some("Ada L"), Some("Ada"), Some(36))
    );
    // Joining was no change by a user: what changes at the first service still follows.
    code.run("UPDATE users SET age = 37").await;
    assert_eq!(numbers(&code.imported(&folder)), json!({"changed": 1}));
    verified.run("UPDATE users SET full_name = 'Other'").await;
    assert_eq!(
        numbers(&verified.import(&folder, &merge).done().json()),
        json!({"changed": 1})
    );
    let row = row_by_email(&folder, "ada@example.com").await;
    assert_eq!(
        (row.full_name.as_deref(), row.age),
        (Some("Ada L"), Some(37))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_joined_to_an_address_that_one_side_has_not_proven() {
    let rows = format!(
        "(1, 'ada@example.com', NULL, '{HASH}', NULL, true), \
         (2, 'grace@example.com', NULL, '{HASH}', NULL, false)"
    );
    let service = Service::with(Family::Verified, &rows).await;
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let body = json!({"email": "ada@example.com", "password": "somebody else 1"});
    assert_eq!(serving.post("/api/v1/users", &body).await.0, 201);
    folder
        .run(&["users", "create", "--email", "grace@example.com"])
        .done();
    let report = service.half_imported(&folder, &["--merge"]);
    assert_eq!(problems(&report), conflicts(&["1", "2"]));
    assert_eq!(show(&folder, "grace@example.com")["has_password"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_nicknames_ids_and_identities_conflict_like_addresses() {
    let id = |n: u8| format!("9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a00{n}");
    let folder = Folder::new().await;
    let sessions = Service::with(
        Family::Session,
        &format!("(1, 'Ada', '{HASH}', NULL, NULL), (2, 'ADA', '{HASH}', NULL, NULL)"),
    )
    .await;
    assert_eq!(
        problems(&sessions.half_imported(&folder, &["--merge"])),
        conflicts(&["2"])
    );
    let active = |n: u8, email: &str, nickname: &str| {
        format!(
            "('{}', 'active', '{email}', NULL, '{nickname}', NULL, NULL, NULL, NULL, NULL)",
            id(n)
        )
    };
    let rows = [
        active(1, "a@example.com", "Nick"),
        active(2, "b@example.com", "NICK"),
    ]
    .join(", ");
    let code = Service::with(Family::Code, &rows).await;
    assert_eq!(
        problems(&code.half_imported(&folder, &["--merge"])),
        conflicts(&[&id(2)])
    );
    let proofs = Service::with(
        Family::Proof,
        &format!("('{}', 'c@example.com', NULL, NULL)", id(1)),
    )
    .await;
    assert_eq!(
        problems(&proofs.half_imported(&folder, &["--merge"])),
        conflicts(&[&id(1)])
    );
    let google = |n: u8, email: &str| {
        format!(
            "({n}, '{}', '{email}', true, NULL, 'A', 'B', 'GOOGLE', 'g-{n}', NULL)",
            id(n + 4)
        )
    };
    let confirm = Service::with(Family::Confirm, &google(1, "d@example.com")).await;
    confirm.imported(&folder);
    let other = Service::with(Family::Confirm, &google(2, "e@example.com")).await;
    other.run("UPDATE users SET third_party_id = 'g-1'").await;
    assert_eq!(
        problems(&other.half_imported(&folder, &["--merge"])),
        conflicts(&["2"])
    );
    let report = other.half_imported(&folder, &[]);
    assert!(
        report["not_taken"][0]["why"]
            .as_str()
            .unwrap()
            .contains("third-party"),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_person_is_not_joined_to_a_good_account() {
    let row = "('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001', 'banned', 'ada@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    let service = Service::with(Family::Code, row).await;
    let folder = Folder::new().await;
    folder.serve().await.stop().await;
    folder
        .run(&["users", "create", "--email", "ada@example.com"])
        .done();
    let report = service.half_imported(&folder, &["--merge"]);
    assert!(
        report["not_taken"][0]["why"]
            .as_str()
            .unwrap()
            .contains("banned there"),
        "{report}"
    );
    assert_eq!(show(&folder, "ada@example.com")["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_banned_there_after_they_were_joined_is_a_conflict_until_somebody_decides() {
    let row = "('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001', 'active', 'ada@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    let service = Service::with(Family::Code, row).await;
    let folder = Folder::new().await;
    folder.serve().await.stop().await;
    folder
        .run(&["users", "create", "--email", "ada@example.com"])
        .done();
    let joined = service.import(&folder, &["--merge", "--json"]).done();
    assert_eq!(numbers(&joined.json()), json!({"joined": 1}));
    service.run("UPDATE users SET status = 'banned'").await;
    for _ in 0..2 {
        let report = service.half_imported(&folder, &["--merge"]);
        assert_eq!(numbers(&report), json!({"conflicts": 1}));
        let why = report["not_taken"][0]["why"].as_str().unwrap();
        assert!(why.contains("banned there"), "{report}");
        assert_eq!(show(&folder, "ada@example.com")["status"], "active");
    }
    folder.run(&["users", "ban", "ada@example.com"]).done();
    assert_eq!(numbers(&service.imported(&folder)), json!({"kept": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_account_gives_way_to_whoever_moves_here() {
    let rows = format!("(1, 'ada@example.com', NULL, '{HASH}', NULL, true)");
    let service = Service::with(Family::Verified, &rows).await;
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    assert_eq!(
        serving
            .post("/auth/code", &json!({"email": "ada@example.com"}))
            .await
            .0,
        200
    );
    assert_eq!(show(&folder, "ada@example.com")["status"], "temp");
    assert_eq!(numbers(&service.imported(&folder)), json!({"taken": 1}));
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i42_hashes_of_hostile_cost_are_refused_and_told_and_the_rest_is_taken() {
    let tail = "abcdefghijklmnopqrstuuuev5zPOcWFG47BwXS1ZKs57eOjk6dWO";
    let rows = format!(
        "(1, 'costly', '$2b$31${tail}', NULL, NULL), (2, 'cheap', '$2b$03${tail}', NULL, NULL), \
         (3, 'md5', '5f4dcc3b5aa765d61d8327deb882cf99', NULL, NULL), \
         (4, 'memory', '$argon2id$v=19$m=4194304,t=9,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA', NULL, NULL), \
         (5, 'Ada', '{HASH}', NULL, NULL)"
    );
    let service = Service::with(Family::Session, &rows).await;
    let folder = Folder::new().await;
    let report = service.half_imported(&folder, &[]);
    assert_eq!(numbers(&report), json!({"taken": 1, "unreadable": 4}));
    for row in report["not_taken"].as_array().unwrap() {
        assert_eq!(row["problem"], "unreadable");
        assert!(
            row["why"].as_str().unwrap().contains("password hash"),
            "{row}"
        );
    }
    nobody_is(&folder, "costly");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_doorward_cannot_hold_is_told_row_by_row() {
    let id = |n: u8| format!("9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a00{n}");
    let row = |n: u8, email: &str, phone: &str, age: &str| {
        format!(
            "('{}', 'active', {email}, {phone}, NULL, NULL, NULL, NULL, {age}, NULL)",
            id(n)
        )
    };
    let rows = [
        row(1, "'no address'", "NULL", "NULL"),
        row(2, "NULL", "'12'", "NULL"),
        row(3, "NULL", "NULL", "NULL"),
        row(4, "'ada@example.com'", "NULL", "4711"),
        row(5, "'grace@example.com'", "NULL", "36"),
    ];
    let service = Service::with(Family::Code, &rows.join(", ")).await;
    let folder = Folder::new().await;
    let report = service.half_imported(&folder, &[]);
    assert_eq!(numbers(&report), json!({"taken": 1, "unreadable": 4}));
    let whys: Vec<_> = report["not_taken"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["why"].as_str().unwrap())
        .collect();
    for (why, word) in whys
        .iter()
        .zip(["e-mail address", "telephone", "neither", "age"])
    {
        assert!(why.contains(word), "{why}");
    }
    let logins = Service::with(
        Family::Session,
        &format!("(1, 'ab', '{HASH}', NULL, NULL), (2, repeat('x', 200), '{HASH}', NULL, NULL)"),
    )
    .await;
    let report = logins.half_imported(&folder, &[]);
    assert_eq!(numbers(&report), json!({"unreadable": 2}));
    service
        .run(&format!(
            "UPDATE users SET email = 'joan@example.com' WHERE id = '{}'",
            id(1)
        ))
        .await;
    assert_eq!(
        numbers(&service.half_imported(&folder, &[])),
        json!({"taken": 1, "unchanged": 1, "unreadable": 3})
    );
}

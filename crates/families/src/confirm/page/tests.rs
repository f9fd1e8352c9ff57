use super::*;

fn page(kind: PendingKind, name: &str, from: Option<&str>) -> String {
    let pending = Pending {
        kind,
        email: "ada@example.com".to_owned(),
        asked_at: Timestamp::from_seconds(1_735_734_896),
        asked_from: from.map(str::to_owned),
        takes_password: false,
    };
    ConfirmPage::about(name, &pending).render().unwrap()
}

fn page_with_password(problem: Option<&str>) -> String {
    let pending = Pending {
        kind: PendingKind::Registration,
        email: "ada@example.com".to_owned(),
        asked_at: Timestamp::from_seconds(1_735_734_896),
        asked_from: None,
        takes_password: true,
    };
    let page = ConfirmPage {
        problem,
        ..ConfirmPage::about("Front door", &pending)
    };
    page.render().unwrap()
}

#[test]
fn the_password_is_asked_for_by_a_field_that_everybody_can_fill_and_the_other_button_needs_none() {
    let asked = page_with_password(None);
    for part in [
        r#"<label for="password">"#,
        r#"id="password" name="password" type="password" autocomplete="current-password" required"#,
        r#"value="not_me" formnovalidate"#,
    ] {
        assert!(asked.contains(part), "{part} is not in {asked}");
    }
    assert!(!asked.contains("<script") && !asked.contains(r#"role="alert""#));
    let again = page_with_password(Some("This is not it."));
    assert!(
        again.contains(r#"role="alert">This is not it.</p>"#),
        "{again}"
    );
    assert!(again.contains(r#"aria-invalid="true""#) && again.contains("<title>Not yet: "));
    assert!(!page(PendingKind::Registration, "Front door", None).contains("password"));
}

#[test]
fn the_page_says_what_when_and_from_where_and_has_two_buttons() {
    let page = page(PendingKind::Registration, "Front door", Some("192.0.2.1"));
    for part in [
        "<html lang=\"en\">",
        r#"name="viewport""#,
        "<h1>Did you register at Front door?</h1>",
        "ada@example.com",
        r#"<time datetime="2025-01-01T12:34:56Z">1 January 2025 at 12:34 UTC</time>"#,
        "192.0.2.1",
        r#"<form class="card" method="post">"#,
        r#"<button type="submit" name="answer" value="confirm">"#,
        r#"<button type="submit" name="answer" value="not_me" aria-describedby="otherwise" class="other">This was not me</button>"#,
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains("onclick"));
}

#[test]
fn a_change_is_told_from_a_registration() {
    let page = page(PendingKind::AddressChange, "Front door", None);
    assert!(
        page.contains("Is this your new address at Front door?"),
        "{page}"
    );
    assert!(
        !page.contains("register") && !page.contains("<dt>From"),
        "{page}"
    );
}

#[test]
fn sec_1_2_1_what_others_wrote_is_text_on_the_page() {
    let page = page(
        PendingKind::Registration,
        "<b>",
        Some("<script>alert(1)</script>"),
    );
    assert!(!page.contains("<script>") && !page.contains("<b>"));
}

#[test]
fn a_day_is_told_in_words() {
    for (seconds, words) in [
        (0, "1 January 1970 at 00:00 UTC"),
        (1_798_761_599, "31 December 2026 at 23:59 UTC"),
    ] {
        assert_eq!(
            in_words_of_the_calendar(Timestamp::from_seconds(seconds)),
            words
        );
    }
}

#[test]
fn only_who_asks_for_a_page_is_a_browser() {
    let reader = |accept: &'static str| {
        let accept = (http::header::ACCEPT, HeaderValue::from_static(accept));
        Reader::of(&HeaderMap::from_iter([accept]))
    };
    assert_eq!(
        reader("text/html,application/xhtml+xml,*/*;q=0.8"),
        Reader::Browser
    );
    for program in [
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
    ] {
        assert_eq!(reader(program), Reader::Program);
    }
    assert_eq!(Reader::of(&HeaderMap::new()), Reader::Program);
}

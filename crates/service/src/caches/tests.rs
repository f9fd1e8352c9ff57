use super::*;
use doorward_domain::Status;

fn user_id(number: u8) -> UserId {
    UserId::new(Timestamp::EPOCH, [number; 10])
}

fn session_id(number: u8) -> SessionId {
    SessionId::new(Timestamp::EPOCH, [number; 10])
}

fn snapshot(user: UserId) -> Arc<Snapshot> {
    let user = User {
        id: user,
        status: Status::Active,
        email: None,
        email_proven: false,
        phone: None,
        login: None,
        nickname: None,
        first_name: None,
        last_name: None,
        full_name: None,
        age: None,
        has_password: true,
        created_at: Timestamp::EPOCH,
        last_login_at: None,
    };
    Arc::new(Snapshot {
        user: Arc::new(user),
        expires_at: Timestamp::EPOCH,
        last_used_at: Timestamp::EPOCH,
        rotates: true,
        access_lifetime: Span::minutes(30),
        epoch: 0,
    })
}

fn caches() -> Caches {
    Caches::new(Span::minutes(30))
}

/// A ticket of somebody who read longer ago than what was read is sure for.
fn long_ago(caches: &Caches, user: UserId) -> Ticket {
    let ticket = caches.before_reading(user);
    Ticket {
        read_at: ticket.read_at.checked_sub(SURE).unwrap(),
        ..ticket
    }
}

#[test]
fn what_was_read_is_believed_for_a_second_and_then_while_all_changes_are_heard() {
    let caches = caches();
    let (user, session) = (user_id(1), session_id(1));
    caches.remember_session(session, snapshot(user), caches.before_reading(user));
    assert!(caches.session(session).is_some());
    caches.remember_session(session, snapshot(user), long_ago(&caches, user));
    assert!(caches.session(session).is_none());
    caches.confirm(Instant::now());
    assert!(caches.session(session).is_some());
    caches.confirm(Instant::now().checked_sub(SURE).unwrap());
    assert!(caches.session(session).is_none());
}

#[test]
fn sec_7_4_1_what_was_read_before_a_change_and_remembered_after_it_is_never_believed() {
    let caches = caches();
    caches.confirm(Instant::now());
    let (ada, eve) = (user_id(1), user_id(2));
    let (ticket, other) = (caches.before_reading(ada), caches.before_reading(eve));
    caches.forget(&[Changed::User(ada)]);
    caches.remember_session(session_id(1), snapshot(ada), ticket);
    caches.remember_session(session_id(2), snapshot(eve), other);
    assert!(caches.session(session_id(1)).is_none());
    assert!(caches.session(session_id(2)).is_some());
    caches.forget(&[Changed::Everything]);
    assert!(caches.session(session_id(2)).is_none());
}

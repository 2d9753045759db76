//! More header fields, and longer ones, than anyone needs.

use super::{
    connection::Connection,
    crowd::{Ask, Crowd, Expected},
    running::{Running, Setup, Start},
};
use crate::{Answer, bearer, cookie};

/// Fewer than any of the servers refuses (96 and 100, some of them ours).
const MANY: usize = 80;
/// More than any of them takes.
const TOO_MANY: usize = 2_000;
/// A field that every one of them takes; longer than any token may be.
const LONG: usize = 60_000;
/// A field that none of them takes (128 KiB and 400 KiB).
const TOO_LONG: usize = 1_000_000;

/// # Panics
///
/// Where a server does otherwise.
pub async fn many_fields_hide_no_token(start: Start) {
    let (crowd, server, setup) = serve(start).await;
    for place in [0, MANY / 2, MANY] {
        for field in [bearer(crowd.user(3).1), cookie(crowd.user(3).1)] {
            let mut fields = vec![("x-flood", "x".repeat(100)); MANY];
            fields.insert(place, field);
            let ask = Ask::new("/strict", fields, Expected::Body("user_3".to_owned()));
            served(&server, &ask).await;
        }
    }
    let before = setup.traffic.arrived();
    let mut fields = vec![("x-flood", "x".to_owned()); TOO_MANY];
    fields.push(bearer(crowd.user(3).1));
    refused_by_the_server(&server, fields).await;
    assert_eq!(
        setup.traffic.arrived(),
        before,
        "the app sees nothing of it"
    );
    crowd.others_are_served(server.address).await;
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn fields_around_the_limit_are_served_or_refused(start: Start) {
    let (crowd, server, _) = serve(start).await;
    let mut outcomes = Vec::new();
    for count in 90..=110 {
        let mut fields = vec![("x-flood", "x".to_owned()); count];
        fields.push(cookie(crowd.user(count).1));
        let body = crowd.user(count).0.to_owned();
        let ask = Ask::new("/strict", fields, Expected::Body(body));
        let mut connection = Connection::open(server.address).await;
        let answer = connection.exchange(&ask.bytes()).await;
        let is_served = answer.as_ref().is_some_and(|answer| answer.status == 200);
        match answer {
            Some(answer) if is_served => ask.check(&answer),
            answer => assert_is_the_servers(answer.as_ref()),
        }
        outcomes.push(is_served);
        crowd.others_are_served(server.address).await;
    }
    assert!(
        outcomes.is_sorted_by(|one, next| one >= next),
        "{outcomes:?}"
    );
    assert!(outcomes[0] && !outcomes[20], "the limit is among them");
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn many_cookie_fields_hide_no_session(start: Start) {
    let (crowd, server, _) = serve(start).await;
    let junk = |number: usize| {
        (
            "cookie",
            format!("c{number}=v; __session_x=y; x__session=z"),
        )
    };
    for place in [0, 1, MANY / 2, MANY - 1] {
        let mut fields: Vec<_> = (0..MANY).map(junk).collect();
        fields[place] = cookie(crowd.user(place).1);
        let body = crowd.user(place).0.to_owned();
        served(&server, &Ask::new("/strict", fields, Expected::Body(body))).await;
    }
    // A session in each of them: the first one counts, good or bad.
    let good: Vec<_> = (0..MANY).map(|user| cookie(crowd.user(user).1)).collect();
    let mut expired = good.clone();
    expired[0] = cookie(crowd.expired());
    let first = Expected::Body(crowd.user(0).0.to_owned());
    served(&server, &Ask::new("/strict", good, first)).await;
    served(
        &server,
        &Ask::new("/strict", expired, Expected::Refused("token-expired")),
    )
    .await;
    let too_many = vec![cookie(crowd.user(0).1); TOO_MANY];
    refused_by_the_server(&server, too_many).await;
    crowd.others_are_served(server.address).await;
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn many_authorization_fields_count_once_or_are_refused(start: Start) {
    let (crowd, server, _) = serve(start).await;
    let (id, token) = crowd.user(5);
    let same = vec![bearer(token); MANY];
    served(
        &server,
        &Ask::new("/strict", same.clone(), Expected::Body(id.to_owned())),
    )
    .await;
    for place in [0, MANY / 2, MANY - 1] {
        let mut fields = same.clone();
        fields[place] = bearer(crowd.user(6).1);
        // A good cookie does not rescue it.
        fields.push(cookie(token));
        served(
            &server,
            &Ask::new(
                "/strict",
                fields.clone(),
                Expected::Refused("token-invalid"),
            ),
        )
        .await;
        let body = "out: token-invalid".to_owned();
        served(&server, &Ask::new("/lax", fields, Expected::Body(body))).await;
    }
    refused_by_the_server(&server, vec![bearer(token); TOO_MANY]).await;
    crowd.others_are_served(server.address).await;
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn a_huge_field_is_refused_and_hides_nothing(start: Start) {
    let (crowd, server, _) = serve(start).await;
    let (id, token) = crowd.user(9);
    let named = || Expected::Body(id.to_owned());
    for length in [8_000, 16_000, 17_000, LONG] {
        let long = "a".repeat(length);
        for value in [
            long.clone(),
            format!("{token}{long}"),
            format!("{token}.{long}"),
        ] {
            let ask = Ask::new(
                "/strict",
                [bearer(&value)],
                Expected::Refused("token-invalid"),
            );
            served(&server, &ask).await;
        }
        // Another field, or another cookie, is no concern of ours.
        let fields = [("x-long", long.clone()), bearer(token)];
        served(&server, &Ask::new("/strict", fields, named())).await;
        let crumbs = format!("long={long}; __session={token}");
        served(&server, &Ask::new("/strict", [("cookie", crumbs)], named())).await;
        let crumbs = format!("{}__session={token}", "a=b; ".repeat(length / 5));
        served(&server, &Ask::new("/strict", [("cookie", crumbs)], named())).await;
        let separators = format!("{}__session={token}", ";".repeat(length));
        served(
            &server,
            &Ask::new("/strict", [("cookie", separators)], named()),
        )
        .await;
    }
    for name in ["x-long", "authorization", "cookie"] {
        refused_by_the_server(&server, vec![(name, "a".repeat(TOO_LONG)), bearer(token)]).await;
    }
    crowd.others_are_served(server.address).await;
}

async fn serve(start: Start) -> (Crowd, Running, Setup) {
    let crowd = Crowd::new(MANY).await;
    let setup = Setup::new(crowd.verifier().build().expect("it is complete"), 2);
    (crowd, start(setup.clone()), setup)
}

/// It is answered as it says, and so is the next one on that connection.
async fn served(server: &Running, ask: &Ask) {
    let mut connection = Connection::open(server.address).await;
    ask.ask(&mut connection).await;
    Ask::stranger().ask(&mut connection).await;
}

async fn refused_by_the_server(server: &Running, fields: Vec<(&'static str, String)>) {
    let ask = Ask::new("/strict", fields, Expected::Anything);
    let mut connection = Connection::open(server.address).await;
    let answer = connection.exchange(&ask.bytes()).await;
    assert_is_the_servers(answer.as_ref());
}

/// No answer of ours, nor of a handler.
fn assert_is_the_servers(answer: Option<&Answer>) {
    if let Some(answer) = answer {
        assert!(matches!(answer.status, 400 | 413 | 431), "{answer:?}");
        assert_eq!(answer.header("x-clerk-auth-reason"), None, "{answer:?}");
    }
}

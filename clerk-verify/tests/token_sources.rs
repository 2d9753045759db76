//! Where the token of a request is found.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_verify::{
    Authentication, FixedClock, Reason, TokenSource, Verifier, testing::TestIssuer,
};

const NOW: i64 = 1_790_000_000;

fn issuer() -> TestIssuer {
    TestIssuer::new().with_clock(FixedClock::at_unix(NOW))
}

fn verifier() -> Verifier {
    issuer().verifier().build().unwrap()
}

fn token(user: &str) -> String {
    issuer().token().user(user).sign()
}

/// The user, or the reason.
fn outcome(verifier: &Verifier, headers: &[(&str, Vec<u8>)]) -> Result<String, Reason> {
    match verifier.begin(headers, None) {
        Authentication::Done(state) => match state.into_session() {
            Ok(session) => Ok(session.user_id().to_owned()),
            Err(signed_out) => Err(signed_out.reason()),
        },
        Authentication::Waiting(_) => panic!("fixed keys never wait"),
    }
}

fn authorization(value: impl AsRef<[u8]>) -> Result<String, Reason> {
    outcome(&verifier(), &[("Authorization", value.as_ref().to_vec())])
}

fn cookie(value: impl AsRef<[u8]>) -> Result<String, Reason> {
    outcome(&verifier(), &[("Cookie", value.as_ref().to_vec())])
}

fn beside_a_good_cookie(value: impl AsRef<[u8]>) -> Result<String, Reason> {
    let cookie = format!("__session={}", token("of_cookie")).into_bytes();
    outcome(
        &verifier(),
        &[
            ("cookie", cookie),
            ("authorization", value.as_ref().to_vec()),
        ],
    )
}

#[test]
fn the_scheme_has_no_case_and_white_space_may_follow() {
    let token = token("u");
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER {token}"),
        format!("Bearer  \t {token}"),
        format!("Bearer\t{token}"),
        format!("  Bearer {token} \t"),
    ] {
        assert_eq!(authorization(&value), Ok("u".to_owned()), "{value}");
    }
}

#[test]
fn a_value_without_a_scheme_is_a_token_if_it_has_the_form_of_one() {
    assert_eq!(authorization(token("u")), Ok("u".to_owned()));
    for value in [
        "abc",
        "a.b",
        "a.b.c.d",
        "a..c",
        "a.b.c=",
        "a.b.ü",
        "sk_test_1",
    ] {
        let expected = if value.is_ascii() {
            Reason::SessionTokenMissing
        } else {
            Reason::TokenInvalid
        };
        assert_eq!(authorization(value), Err(expected), "{value}");
    }
    assert_eq!(authorization("a.b.c"), Err(Reason::TokenInvalid));
}

#[test]
fn another_scheme_means_no_token_here_and_the_cookie_is_tried() {
    for value in [
        "Basic dXNlcjpwYXNz",
        "Digest username=\"x\"",
        "Negotiate abc",
        "DPoP a.b.c",
        "Bearer: a.b.c",
        "Basic",
    ] {
        assert_eq!(
            beside_a_good_cookie(value),
            Ok("of_cookie".to_owned()),
            "{value}"
        );
        assert_eq!(
            authorization(value),
            Err(Reason::SessionTokenMissing),
            "{value}"
        );
    }
}

#[test]
fn a_malformed_bearer_header_is_refused_and_the_cookie_is_not_tried() {
    let good = token("u");
    for value in [
        "Bearer".to_owned(),
        "bearer ".to_owned(),
        format!("Bearer {good} extra"),
        format!("Bearer Bearer {good}"),
        format!("Bearer \"{good}\""),
        "Bearer undefined".to_owned(),
        format!("Bearer {good},"),
    ] {
        assert_eq!(
            beside_a_good_cookie(&value),
            Err(Reason::TokenInvalid),
            "{value}"
        );
    }
}

#[test]
fn a_bad_header_token_is_final() {
    let expired = issuer().token().expired().sign();
    assert_eq!(
        beside_a_good_cookie(format!("Bearer {expired}")),
        Err(Reason::TokenExpired)
    );
}

#[test]
fn an_empty_header_is_absent() {
    for value in ["", " ", "\t "] {
        assert_eq!(beside_a_good_cookie(value), Ok("of_cookie".to_owned()));
    }
}

#[test]
fn two_different_authorization_headers_are_refused_and_two_equal_ones_are_one() {
    let (one, two) = (
        format!("Bearer {}", token("one")),
        format!("Bearer {}", token("two")),
    );
    let both = |first: &str, second: &str| {
        outcome(
            &verifier(),
            &[
                ("authorization", first.into()),
                ("Authorization", second.into()),
            ],
        )
    };
    assert_eq!(both(&one, &two), Err(Reason::TokenInvalid));
    assert_eq!(both(&one, "Basic abc"), Err(Reason::TokenInvalid));
    assert_eq!(both(&one, &one), Ok("one".to_owned()));
    assert_eq!(both("", &one), Err(Reason::TokenInvalid));
    assert_eq!(both("", " "), Err(Reason::SessionTokenMissing));
}

#[test]
fn bytes_that_are_not_visible_ascii_are_malformed_in_authorization() {
    for value in [
        &b"Bearer \xff"[..],
        b"\xff\xfe",
        b"Bearer a\x00b",
        b"Bearer a.b.\xc3\xa9",
        b"B\x7farer x",
    ] {
        assert_eq!(
            beside_a_good_cookie(value),
            Err(Reason::TokenInvalid),
            "{value:?}"
        );
    }
}

#[test]
fn bytes_that_are_not_visible_ascii_make_a_cookie_absent_and_hide_no_other() {
    assert_eq!(cookie(b"__session=\xff"), Err(Reason::SessionTokenMissing));
    let good = token("u");
    let mut broken_neighbour = b"\xff\xfe=\xfd; theme=\xff; ".to_vec();
    broken_neighbour.extend(format!("__session={good}; x=\u{1}").into_bytes());
    assert_eq!(cookie(broken_neighbour), Ok("u".to_owned()));
}

#[test]
fn cookies_are_found_by_their_exact_name() {
    let good = token("u");
    for header in [
        format!("__session={good}"),
        format!("a=b; __session={good}; c=d"),
        format!("a=b;__session={good};"),
        format!(" ;; ;  __session = {good} ;"),
        format!("__session2=x; __session_=x; x__session=x; __SESSION=x; __session={good}"),
    ] {
        assert_eq!(cookie(&header), Ok("u".to_owned()), "{header}");
    }
    for header in [
        format!("__Session={good}"),
        format!("__session_1Z8AzTQD={good}"),
        format!("x__session={good}"),
        format!("__Host-__session={good}"),
        "__session".to_owned(),
        "__session=".to_owned(),
        "__session=\"\"".to_owned(),
    ] {
        assert_eq!(
            cookie(&header),
            Err(Reason::SessionTokenMissing),
            "{header}"
        );
    }
}

#[test]
fn the_first_cookie_of_a_name_wins_over_all_header_fields() {
    let (one, two) = (token("one"), token("two"));
    assert_eq!(
        cookie(format!("__session={one}; __session={two}")),
        Ok("one".to_owned())
    );
    let fields = [
        ("cookie", b"theme=dark".to_vec()),
        ("cookie", format!("__session={one}").into_bytes()),
        ("cookie", format!("__session={two}").into_bytes()),
    ];
    assert_eq!(outcome(&verifier(), &fields), Ok("one".to_owned()));
    assert_eq!(
        cookie(format!("__session=; __session={two}")),
        Err(Reason::SessionTokenMissing)
    );
}

#[test]
fn cookies_are_split_before_they_are_decoded() {
    let good = token("u");
    let forged = good.replace('.', "%2E");
    assert_eq!(
        cookie(format!("sid=x%3B__session%3D{good}")),
        Err(Reason::SessionTokenMissing)
    );
    assert_eq!(cookie(format!("__session={forged}")), Ok("u".to_owned()));
    assert_eq!(
        cookie(format!("x=\"; __session={good}; \"")),
        Ok("u".to_owned())
    );
}

#[test]
fn one_pair_of_double_quotes_is_stripped() {
    let good = token("u");
    assert_eq!(cookie(format!("__session=\"{good}\"")), Ok("u".to_owned()));
    for value in [
        format!("\"{good}"),
        format!("\"\"{good}\"\""),
        format!("'{good}'"),
        format!("{good}%zz"),
        format!("{good}%FF"),
    ] {
        assert_eq!(
            cookie(format!("__session={value}")),
            Err(Reason::TokenInvalid),
            "{value}"
        );
    }
}

#[test]
fn names_of_header_fields_have_no_case() {
    for name in ["authorization", "AUTHORIZATION", "Authorization"] {
        let headers = [(name, format!("Bearer {}", token("u")).into_bytes())];
        assert_eq!(outcome(&verifier(), &headers), Ok("u".to_owned()));
    }
    let others = [(
        "Proxy-Authorization",
        format!("Bearer {}", token("u")).into_bytes(),
    )];
    assert_eq!(
        outcome(&verifier(), &others),
        Err(Reason::SessionTokenMissing)
    );
}

#[test]
fn sources_are_tried_in_the_given_order() {
    let sources = [
        TokenSource::session_cookie(),
        TokenSource::header("X-Token"),
        TokenSource::cookie("other"),
        TokenSource::from_fn(|headers| headers.first("X-Custom")),
        TokenSource::authorization(),
    ];
    let verifier = issuer().verifier().token_sources(sources).build().unwrap();
    let mut headers = vec![
        (
            "authorization",
            format!("Bearer {}", token("authorization")).into_bytes(),
        ),
        ("x-custom", token("custom").into_bytes()),
        ("cookie", format!("other={}", token("other")).into_bytes()),
        ("x-token", token("header").into_bytes()),
        (
            "cookie",
            format!("__session={}", token("cookie")).into_bytes(),
        ),
    ];
    for user in ["cookie", "header", "other", "custom", "authorization"] {
        assert_eq!(outcome(&verifier, &headers), Ok(user.to_owned()));
        headers.pop();
    }
    assert_eq!(
        outcome(&verifier, &headers),
        Err(Reason::SessionTokenMissing)
    );
}

#[test]
fn with_the_http_feature_a_header_map_is_request_headers() {
    let mut headers = http::HeaderMap::new();
    headers.append("cookie", "theme=dark".parse().unwrap());
    headers.append(
        "cookie",
        format!("__session={}", token("u")).parse().unwrap(),
    );
    assert!(
        matches!(verifier().begin(&headers, None), Authentication::Done(state) if state.is_signed_in())
    );
}

#[test]
fn white_space_is_spaces_and_tabs_and_no_form_feed() {
    for end in ["\u{c}", "\n", "\r", "\u{b}"] {
        let value = format!("Bearer {}{end}", token("u"));
        assert_eq!(authorization(&value), Err(Reason::TokenInvalid), "{end:?}");
        let headers = [(
            "cookie",
            format!("__session={}{end}", token("u")).into_bytes(),
        )];
        let absent = Err(Reason::SessionTokenMissing);
        assert_eq!(outcome(&verifier(), &headers), absent, "{end:?}");
    }
}

#[test]
fn headers_may_be_given_by_reference() {
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().build().unwrap();
    let token = format!("Bearer {}", issuer.token().sign());
    let headers = vec![("authorization", token)];
    let reference = &headers;
    let Authentication::Done(state) = verifier.begin(&reference, None) else {
        panic!("the key is there");
    };
    assert!(state.into_session().is_ok());
}

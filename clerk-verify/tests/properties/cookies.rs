//! How cookies are put into `Cookie` fields: HTTP/2 may send each in one of its own (RFC 9113 §8.2.3).

use clerk_verify::FixedClock;
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    check::holds,
    mint::NOW,
    requests::{Field, field, request, set_up, unrelated_field, verifier},
    verdict::Verdict,
};

/// What stands before a cookie: a new field, or one of the separators in the same field.
fn separator() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![
        None,
        Some("; "),
        Some(";"),
        Some(" ;"),
        Some(";\t "),
        Some(";;"),
        Some("; ; "),
    ])
}

/// The cookies in fields, split where the separators say so.
fn fields(cookies: &[(String, String)], separators: &[Option<&str>]) -> Vec<Field> {
    let mut fields: Vec<String> = Vec::new();
    for (cookie, separator) in cookies.iter().zip(separators.iter().cycle()) {
        let (name, value) = cookie;
        match (fields.last_mut(), separator) {
            (Some(last), Some(separator)) => *last += &format!("{separator}{name}={value}"),
            _ => fields.push(format!("{name}={value}")),
        }
    }
    fields.iter().map(|value| field("cookie", value)).collect()
}

#[test]
fn cookies_in_one_field_or_in_several_are_the_same() {
    let splits = (vec(separator(), 1..8), vec(separator(), 1..8));
    let unrelated = vec((unrelated_field(), any::<prop::sample::Index>()), 0..3);
    let case = (request(), set_up(), splits, unrelated);
    holds(
        384,
        case,
        |(request, (has_key, rules), (one, two), unrelated)| {
            let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
            let joined = fields(&request.cookies, &[Some("; ")]);
            prop_assert!(joined.len() <= 1);
            let verdict = Verdict::of_request(&verifier, &joined);
            for separators in [one, two] {
                let mut split = fields(&request.cookies, &separators);
                for (field, place) in &unrelated {
                    split.insert(place.index(split.len() + 1), field.clone());
                }
                prop_assert_eq!(&Verdict::of_request(&verifier, &split), &verdict);
            }
            Ok(verdict.met())
        },
    );
}

/// White space around a name and a value, and one pair of quotes around a value, say nothing.
#[test]
fn space_and_quotes_around_a_cookie_say_nothing() {
    let space = || "[ \t]{0,3}";
    let case = (request(), set_up(), space(), space(), any::<bool>());
    holds(
        256,
        case,
        |(mut request, (has_key, rules), before, after, quoted)| {
            request.authorization.clear();
            let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
            let verdict = Verdict::of_request(&verifier, &request.fields());
            for (name, value) in &mut request.cookies {
                if quoted && !value.contains('"') {
                    *value = format!("\"{value}\"");
                }
                *name = format!("{before}{name}{after}");
                *value = format!("{after}{value}{before}");
            }
            prop_assert_eq!(&Verdict::of_request(&verifier, &request.fields()), &verdict);
            Ok(verdict.met())
        },
    );
}

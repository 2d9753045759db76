//! Upper and lower case: nothing in names of header fields and of the scheme, everything in names of cookies and members.

use clerk_verify::{FixedClock, TokenSource};
use proptest::{prelude::*, sample::Index};

use crate::{
    check::holds,
    draft::draft,
    junk::order,
    mint::{ISSUER, NOW},
    requests::{request, set_up, verifier},
    rules::rules,
    verdict::Verdict,
};

/// The text with other cases, one letter for each bit.
fn recased(text: &str, bits: &[u16]) -> String {
    let letters = text.chars().enumerate();
    let recased =
        letters.map(
            |(place, letter)| match bits[place % bits.len()] >> (place % 16) & 1 {
                0 => letter.to_ascii_lowercase(),
                _ => letter.to_ascii_uppercase(),
            },
        );
    recased.collect()
}

#[test]
fn names_of_fields_have_none() {
    let case = (request(), set_up(), order());
    holds(192, case, |(request, (has_key, rules), bits)| {
        let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
        let fields = request.fields();
        let verdict = Verdict::of_request(&verifier, &fields);
        let mut other = fields.clone();
        for (number, (name, _)) in other.iter_mut().enumerate() {
            *name = recased(name, &bits[number % bits.len()..]);
        }
        prop_assert_eq!(&Verdict::of_request(&verifier, &other), &verdict);

        // Those that the configuration names have none on either side.
        let sources = |bits| {
            let name = recased("x-session-token", bits);
            [TokenSource::header(name), TokenSource::session_cookie()]
        };
        let header = recased("x-session-token", &bits);
        let token = request.authorization.first();
        let token = token.map(|value| value.trim_start_matches("Bearer ").to_owned());
        let mut moved: Vec<(String, Vec<u8>)> = other
            .into_iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
            .collect();
        moved.extend(token.map(|token| (header, token.into_bytes())));
        let [one, two] = [&bits[..4], &bits[4..]].map(|bits| {
            match verifier.begin(&moved, Some(&sources(bits))) {
                clerk_verify::Authentication::Done(state) => Verdict::from(state),
                clerk_verify::Authentication::Waiting(_) => panic!("fixed keys never wait"),
            }
        });
        prop_assert_eq!(one, two);
        Ok(verdict.met())
    });
}

#[test]
fn the_scheme_has_none() {
    holds(128, (draft(), rules(), order()), |(draft, rules, bits)| {
        let verifier = rules.build(FixedClock::at_unix(NOW));
        let token = draft.sign();
        let verdict = Verdict::of_token(&verifier, &token);
        let value = format!("{} {token}", recased("bearer", &bits));
        let headers = [("authorization", value)];
        prop_assert_eq!(&Verdict::of_request(&verifier, &headers), &verdict);
        Ok(verdict.met())
    });
}

/// A cookie whose name is written in other cases is not there.
#[test]
fn names_of_cookies_are_exact() {
    let case = (request(), set_up(), any::<Index>(), order());
    holds(256, case, |(mut request, (has_key, rules), place, bits)| {
        request.authorization.clear();
        let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
        let known = [
            ISSUER.session_cookie(),
            format!(
                "__client_uat{}",
                &ISSUER.session_cookie()["__session".len()..]
            ),
            "__session".to_owned(),
            "__client_uat".to_owned(),
        ];
        let verdict = Verdict::of_request(&verifier, &request.fields());
        if request.cookies.is_empty() {
            return Ok(verdict.met());
        }
        let place = place.index(request.cookies.len());
        let mut without = request.clone();
        let (name, _) = without.cookies.remove(place);
        let other = recased(&name, &bits);
        if !known.contains(&other) {
            request.cookies[place].0 = other;
            prop_assert_eq!(
                Verdict::of_request(&verifier, &request.fields()),
                Verdict::of_request(&verifier, &without.fields())
            );
        }
        Ok(verdict.met())
    });
}

/// A claim or a header parameter whose name is written in other cases is one that nobody reads. It is not as if it were
/// absent: the limits on nesting and length count it.
#[test]
fn names_of_members_are_exact() {
    let case = (draft(), rules(), any::<bool>(), any::<Index>(), order());
    holds(192, case, |(draft, rules, in_header, place, bits)| {
        let verifier = rules.build(FixedClock::at_unix(NOW));
        let verdict = Verdict::of_token(&verifier, &draft.sign());
        let members = match in_header {
            true => &draft.header,
            false => &draft.claims,
        };
        if members.is_empty() {
            return Ok(verdict.met());
        }
        let place = place.index(members.len());
        let (name, _) = &members[place];
        let other = recased(name, &bits);
        if other != *name && !members.iter().any(|(known, _)| *known == other) {
            let unread = "~".repeat(name.len());
            let [recased, unread] = [other, unread].map(|name| {
                let mut renamed = draft.clone();
                let members = match in_header {
                    true => &mut renamed.header,
                    false => &mut renamed.claims,
                };
                members[place].0 = name;
                Verdict::of_token(&verifier, &renamed.sign()).without_claims()
            });
            prop_assert_eq!(recased, unread);
        }
        Ok(verdict.met())
    });
}

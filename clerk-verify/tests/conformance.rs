//! Every conformance vector, through the core.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_test_support::{Vector, Verdict, policy_table, vectors};
use clerk_verify::Authentication;

#[test]
fn every_vector_gets_its_verdict() {
    let policies = policy_table();
    let wrong: Vec<String> = vectors()
        .iter()
        .filter_map(|vector| verdict(vector).check(vector, &policies).err())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_table_of_policies_lists_the_policy_cases_and_no_others() {
    let mut listed: Vec<String> = policy_table().into_keys().collect();
    let mut cases: Vec<String> = vectors()
        .into_iter()
        .filter(Vector::is_policy)
        .map(|vector| vector.id)
        .collect();
    listed.sort();
    cases.sort();
    assert_eq!(listed, cases);
}

fn verdict(vector: &Vector) -> Verdict {
    let Ok(verifier) = vector.verifier() else {
        return Verdict::build_error();
    };
    if let Some(token) = vector.token() {
        return twice(|| {
            let result = verifier.verify_token_now(&token);
            Verdict::from(result.expect("fixed keys never wait"))
        });
    }
    let request = vector
        .request
        .as_ref()
        .expect("a case is a token or a request");
    twice(|| match verifier.begin(&request.headers(), None) {
        Authentication::Done(state) => Verdict::from(state),
        Authentication::Waiting(_) => panic!("fixed keys never wait"),
    })
}

/// A token that passes is remembered, and must not become another's.
fn twice(verdict: impl Fn() -> Verdict) -> Verdict {
    let first = verdict();
    assert_eq!(verdict(), first, "the second time");
    first
}

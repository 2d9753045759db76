//! Who only reads, while keys are renewed.

use std::time::Duration;

use shuttle::{future::block_on, thread};

use super::{ISSUERS, Server, Step, explore, options, until, verifier};
use crate::{FixedClock, Verifier};

/// The share of their freshness after which keys are due, of 300 seconds.
const DUE: Duration = Duration::from_secs(240);

fn accepts(verifier: &Verifier, token: &str) -> bool {
    verifier
        .verify_token_now(token)
        .is_some_and(|result| result.is_ok())
}

/// A verifier whose keys are due, and what becomes of them.
fn due(step: Step) -> (Verifier, std::sync::Arc<Server>) {
    let server = Server::new([Step::Keys(ISSUERS.first.jwks_json())]);
    let clock = FixedClock::at_unix(super::NOW);
    let verifier = verifier(&server, &clock, options());
    block_on(verifier.ready()).unwrap();
    clock.advance(DUE);
    server.does(step);
    (verifier, server)
}

/// Also where it was remembered, and where it was being remembered while the keys changed.
#[test]
fn who_has_seen_the_new_key_never_sees_the_old_one_again() {
    explore(|| {
        let (verifier, server) = due(Step::Keys(ISSUERS.usurper.jwks_json()));
        let [old, new] = [&ISSUERS.first, &ISSUERS.usurper].map(|key| ISSUERS.token(key));
        let readers = [(); 2].map(|()| {
            let (verifier, old, new) = (verifier.clone(), old.clone(), new.clone());
            thread::spawn(move || {
                let mut replaced = false;
                for _ in 0..3 {
                    let still = accepts(&verifier, &old);
                    assert!(!(replaced && still), "the old key is back");
                    replaced |= accepts(&verifier, &new);
                }
            })
        });
        readers
            .into_iter()
            .for_each(|reader| reader.join().unwrap());
        until(|| verifier.status().generation() == 2);
        assert!(!accepts(&verifier, &old) && accepts(&verifier, &new));
        assert!(
            !accepts(&verifier, &old) && accepts(&verifier, &new),
            "remembered"
        );
        assert_eq!(server.requests(), 2, "one renewal, whoever asked for it");
    });
}

#[test]
fn a_renewal_that_fails_is_not_tried_again_before_its_pause_is_over() {
    explore(|| {
        let (verifier, server) = due(Step::Status(503));
        let token = ISSUERS.token(&ISSUERS.first);
        let readers = [(); 3].map(|()| {
            let (verifier, token) = (verifier.clone(), token.clone());
            thread::spawn(move || {
                for _ in 0..3 {
                    assert!(accepts(&verifier, &token), "nobody notices");
                }
            })
        });
        readers
            .into_iter()
            .for_each(|reader| reader.join().unwrap());
        until(|| verifier.status().failures() == 1);
        assert!(accepts(&verifier, &token));
        assert_eq!(server.requests(), 2);
    });
}

//! Fetches: when they start, who hears of them, and how they end.

use std::{sync::Arc, time::Duration};

use shuttle::future::{block_on, spawn};

use super::{ISSUERS, Server, Step, explore, options, reason, until, verifier};
use crate::{FixedClock, JwksOptions, Reason};

fn first_keys() -> Step {
    Step::Keys(ISSUERS.first.jwks_json())
}

#[test]
fn one_fetch_serves_all_who_come_first() {
    explore(|| {
        let (server, clock) = (Server::new([first_keys()]), FixedClock::at_unix(super::NOW));
        let verifier = verifier(&server, &clock, options());
        let token = ISSUERS.token(&ISSUERS.first);
        let calls = [(); 3].map(|()| spawn(reason(verifier.clone(), token.clone())));
        for call in calls {
            assert_eq!(block_on(call).unwrap(), None);
        }
        assert_eq!(server.requests(), 1);
    });
}

#[test]
fn who_goes_away_takes_no_fetch_along() {
    explore(|| {
        let (server, clock) = (Server::new([first_keys()]), FixedClock::at_unix(super::NOW));
        let verifier = verifier(&server, &clock, options());
        let token = ISSUERS.token(&ISSUERS.first);
        let [gone, stays] = [(); 2].map(|()| spawn(reason(verifier.clone(), token.clone())));
        gone.abort();
        assert_eq!(block_on(stays).unwrap(), None);
        assert_eq!(server.requests(), 1);
    });
}

/// Where the transport panics it is the same.
#[test]
fn a_failed_fetch_is_told_to_all_and_tried_again_after_its_pause() {
    for fault in [Step::Status(500), Step::Panic] {
        explore(move || {
            let server = Server::new([fault.clone(), first_keys()]);
            let clock = FixedClock::at_unix(super::NOW);
            let verifier = verifier(&server, &clock, options());
            let token = ISSUERS.token(&ISSUERS.first);
            let calls = [(); 2].map(|()| spawn(reason(verifier.clone(), token.clone())));
            for call in calls {
                let unavailable = Some(Reason::JwkRemoteFailedToLoad);
                assert_eq!(block_on(call).unwrap(), unavailable);
            }
            assert_eq!(server.requests(), 1);
            clock.advance(Duration::from_secs(1));
            assert_eq!(block_on(reason(verifier, token)), None);
            assert_eq!(server.requests(), 2);
        });
    }
}

#[test]
fn one_fetch_finds_a_new_key_for_all() {
    explore(|| {
        let (server, clock) = (Server::new([first_keys()]), FixedClock::at_unix(super::NOW));
        let verifier = verifier(&server, &clock, options());
        block_on(verifier.ready()).unwrap();
        server.does(Step::Keys(ISSUERS.next.jwks_json()));
        let token = ISSUERS.token(&ISSUERS.next);
        let calls = [(); 3].map(|()| spawn(reason(verifier.clone(), token.clone())));
        for call in calls {
            assert_eq!(block_on(call).unwrap(), None);
        }
        assert_eq!((server.requests(), server.most_busy()), (2, 1));
    });
}

/// One of them may have looked at the old keys just before the new ones came.
#[test]
fn one_fetch_finds_a_key_that_was_replaced_under_its_id_for_all() {
    explore(|| {
        let (server, clock) = (Server::new([first_keys()]), FixedClock::at_unix(super::NOW));
        let verifier = verifier(&server, &clock, options());
        block_on(verifier.ready()).unwrap();
        clock.advance(Duration::from_secs(11));
        server.does(Step::Keys(ISSUERS.usurper.jwks_json()));
        let token = ISSUERS.token(&ISSUERS.usurper);
        let calls = [(); 2].map(|()| spawn(reason(verifier.clone(), token.clone())));
        for call in calls {
            assert_eq!(block_on(call).unwrap(), None);
        }
        assert_eq!((server.requests(), server.most_busy()), (2, 1));
    });
}

/// A renewal is under way that a cache answers with the old keys. Who waited for it may be about to ask the server itself when
/// another one's fetch brings the new ones. (Who comes when the old keys have just been confirmed does not wait.)
#[test]
fn nobody_waits_in_vain_for_a_key_that_another_ones_fetch_brings() {
    explore(|| {
        let usurper = Step::Keys(ISSUERS.usurper.jwks_json());
        let server = Server::new([first_keys(), first_keys(), usurper]);
        let clock = FixedClock::at_unix(super::NOW);
        let verifier = verifier(&server, &clock, options());
        block_on(verifier.ready()).unwrap();
        clock.advance(Duration::from_secs(301));
        let token = ISSUERS.token(&ISSUERS.usurper);
        let calls = [(); 2].map(|()| spawn(reason(verifier.clone(), token.clone())));
        for call in calls {
            block_on(call).unwrap();
        }
        assert_eq!(server.in_vain(), 0);
    });
}

/// The first fetch has been given up when the second starts; whichever lands first, the second has the last word.
#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    explore(|| {
        let usurper = Step::Keys(ISSUERS.usurper.jwks_json());
        let server = Server::new([first_keys(), usurper]);
        let clock = FixedClock::at_unix(super::NOW);
        let verifier = verifier(&server, &clock, options());
        let [old, new] = [&ISSUERS.first, &ISSUERS.usurper].map(|key| ISSUERS.token(key));
        let first = spawn(reason(verifier.clone(), old.clone()));
        until(|| server.requests() == 1);
        // Longer than a fetch may take.
        clock.advance(Duration::from_secs(7));
        let second = spawn(reason(verifier.clone(), new.clone()));
        block_on(first).unwrap();
        block_on(second).unwrap();
        // The first may have landed before the second was needed.
        if verifier.status().fetches() == 2 {
            until(|| server.ended() == 2);
            let refused = Some(Reason::TokenInvalidSignature);
            assert_eq!(block_on(reason(verifier.clone(), old)), refused);
            assert_eq!(block_on(reason(verifier, new)), None);
        }
    });
}

/// A fetch, its timer and a caller, at any of their moments.
#[test]
fn with_the_last_handle_everything_ends() {
    explore(|| {
        let (server, clock) = (Server::new([first_keys()]), FixedClock::at_unix(super::NOW));
        let idle = JwksOptions {
            renew_when_idle: true,
            ..options()
        };
        let verifier = verifier(&server, &clock, idle);
        let call = spawn(reason(verifier.clone(), ISSUERS.token(&ISSUERS.first)));
        drop(verifier);
        call.abort();
        until(|| Arc::strong_count(&server) == 1);
    });
}

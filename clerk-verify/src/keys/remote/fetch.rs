//! One fetch: the request, a second attempt where nobody could sign in otherwise, and what came of it.

use std::{sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL},
};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::{
    FetchCause, FetchFailure, FetchRequest, Shared, Snapshot,
    answer::{self, Answer, Question, Validators},
    discovery,
};
use crate::keys::{
    jwk::{self, ParsedSet},
    key_set::KeySet,
};

/// The pause before a second attempt.
const GAP: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(300));

/// What a fetch brought.
pub(super) struct Fetched {
    /// Others than before, or the same: then nothing was parsed.
    pub(super) set: Option<FetchedSet>,
    pub(super) not_modified: bool,
    /// What the cache headers said.
    pub(super) lifetime: Option<Duration>,
    pub(super) validators: Option<Validators>,
}

pub(super) struct FetchedSet {
    pub(super) keys: KeySet,
    pub(super) text: Arc<str>,
    pub(super) skipped: usize,
}

/// Fetches the set. Whatever is not a set with a usable key is a failure, whole. `before` are the keys at hand.
pub(super) async fn fetch(
    shared: &Shared,
    before: Option<&Snapshot>,
    cause: FetchCause,
) -> Result<Fetched, FetchFailure> {
    let options = &shared.options;
    let attempts = match cause {
        FetchCause::Cold => options.cold_attempts,
        _ => 1,
    };
    let began = Instant::now();
    let mut attempt = 1;
    loop {
        let left = options.timeout.saturating_sub(began.elapsed());
        let fetched = timeout(left, attempt_once(shared, before, cause)).await;
        let failure = match fetched {
            Ok(Ok(fetched)) => return Ok(fetched),
            Ok(Err(failure)) => failure,
            Err(_) => FetchFailure::TimedOut {
                limit: options.timeout,
            },
        };
        let gap = shared.state.random_between(GAP.0, GAP.1);
        let limit = options.cold_wait.min(options.timeout);
        let too_late = began.elapsed().saturating_add(gap) >= limit;
        let unwelcome = failure.retry_after().is_some_and(|wish| wish > gap);
        if attempt >= attempts || !failure.may_pass() || too_late || unwelcome {
            shared.discovered.doubt();
            return Err(failure);
        }
        sleep(gap).await;
        attempt += 1;
    }
}

async fn attempt_once(
    shared: &Shared,
    before: Option<&Snapshot>,
    cause: FetchCause,
) -> Result<Fetched, FetchFailure> {
    let url = keys_url(shared).await?;
    // Who asks for a key that is not there wants the server's word and no cache's; a renewal is content to hear
    // that nothing has changed.
    let forced = cause.is_forced();
    // After a failure the whole set is asked for: what the server chokes on may be the condition.
    let conditional = cause == FetchCause::Renewal && shared.last_error.load().is_none();
    let validators = before
        .map(|snapshot| &snapshot.validators)
        .filter(|validators| conditional && validators.are_of(&url));
    let mut headers = HeaderMap::new();
    if forced {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if let Some(validators) = validators {
        validators.add_to(&mut headers);
    }
    if let Some(authorization) = &shared.endpoint.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    match get(shared, &url, headers, validators.is_some()).await? {
        // It speaks of another set than the one at hand. The next fetch asks for the whole one.
        Answer::NotModified {
            validators: found, ..
        } if validators.is_some_and(|known| !known.allow(&found)) => Err(FetchFailure::Status {
            status: 304,
            retry_after: None,
        }),
        Answer::NotModified { lifetime, .. } => Ok(Fetched {
            set: None,
            not_modified: true,
            // What a 304 does not say, the answer that it confirms has said.
            lifetime: lifetime.or(before.and_then(|snapshot| snapshot.lifetime)),
            validators: before.map(|snapshot| snapshot.validators.clone()),
        }),
        Answer::Text {
            text,
            lifetime,
            validators,
        } => {
            let same = before.is_some_and(|snapshot| *snapshot.text == *text);
            let set = if same {
                None
            } else {
                Some(parse(shared, text)?)
            };
            Ok(Fetched {
                set,
                not_modified: false,
                lifetime,
                validators: Some(validators.from(url)),
            })
        }
    }
}

fn parse(shared: &Shared, text: String) -> Result<FetchedSet, FetchFailure> {
    let ParsedSet { keys, skipped } =
        jwk::parse_set(&text, &shared.algorithms, shared.options.set_limits())
            .map_err(FetchFailure::Set)?;
    Ok(FetchedSet {
        keys,
        text: text.into(),
        skipped: skipped.len(),
    })
}

/// The address of the keys: the configured one, or the one that the issuer's OpenID configuration names.
async fn keys_url(shared: &Shared) -> Result<Url, FetchFailure> {
    let endpoint = &shared.endpoint;
    let Some(issuers) = &endpoint.discovery else {
        return Ok(endpoint.url.clone());
    };
    let now = shared.clock.monotonic();
    let known = shared.discovered.known();
    if let Some(known) = known.as_ref().filter(|known| known.is_fresh(now)) {
        return Ok(known.url.clone());
    }
    let reading = get(shared, &endpoint.url, HeaderMap::new(), false);
    let answer = if known.is_some() {
        // Time must be left for the keys themselves.
        let limit = shared.options.timeout / 2;
        let read = timeout(limit, reading).await;
        read.unwrap_or(Err(FetchFailure::TimedOut { limit }))
    } else {
        reading.await
    };
    match (answer, known) {
        (Ok(Answer::Text { text, .. }), _) => {
            let url = discovery::keys_url(&text, &endpoint.url, issuers)?;
            shared.discovered.found(url.clone(), now);
            Ok(url)
        }
        // The keys may be well where their configuration is not.
        (_, Some(known)) => {
            shared.discovered.not_read(now);
            Ok(known.url)
        }
        (Err(failure), None) => Err(failure),
        // Not asked for conditionally, so there is no such answer.
        (Ok(Answer::NotModified { .. }), None) => Err(FetchFailure::Status {
            status: 304,
            retry_after: None,
        }),
    }
}

async fn get(
    shared: &Shared,
    url: &Url,
    mut headers: HeaderMap,
    conditional: bool,
) -> Result<Answer, FetchFailure> {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let question = Question {
        with_secret_key: shared.endpoint.authorization.is_some(),
        conditional,
        max_body_bytes: shared.options.max_body_bytes,
    };
    let request = FetchRequest {
        url: url.as_str().to_owned(),
        headers,
        max_body_bytes: question.max_body_bytes,
    };
    shared.counters.request();
    let response = shared
        .fetcher
        .fetch_boxed(request)
        .await
        .map_err(FetchFailure::Transport)?;
    answer::judge(response, question, shared.clock.now())
}

//! This library, through its public interface alone.

use std::{
    collections::HashMap,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clerk_verify::{
    AuthState, Authentication, FactorVerificationAge, FixedClock, Level, Requirement,
    Reverification, Session, Verifier, VerifyError,
};
use serde_json::{Value, json};

use crate::{
    Result,
    answer::{Answer, Fields, SignedIn},
    case::{Ask, Case, Freshness, Options, bytes},
    keys::PUBLIC_KEY,
    pick::Pick,
};

/// Verifiers that have been built, for there are fewer set-ups than cases; and so their caches get something to do.
#[derive(Default)]
pub(crate) struct Ours {
    verifiers: HashMap<(Options, bool), (Verifier, FixedClock)>,
}

impl Ours {
    /// The answer, and what is wrong with it in itself: it is asked for in each way there is, a second time and in two
    /// steps, and must be what the token gives that counts by this library's documentation.
    pub(crate) fn answer(&mut self, case: &Case, pick: &Pick) -> Result<(Answer, Option<String>)> {
        let (verifier, clock) = self.verifier(case)?;
        clock.set_unix(case.now.div_euclid(1000));
        let rest = u64::try_from(case.now.rem_euclid(1000)).unwrap_or_default();
        clock.advance(Duration::from_millis(rest));

        let answer = |result| answer(result, &case.asks);
        let answers = match &case.token {
            Some(token) => [
                answer(ready(verifier.verify_token(token))?),
                answer(ready(verifier.verify_token(token))?),
            ],
            None => {
                let headers: Vec<(&str, Vec<u8>)> = case
                    .headers
                    .iter()
                    .map(|(name, value)| (*name, bytes(value)))
                    .collect();
                let first = ready(verifier.authenticate(&headers))?;
                let Authentication::Done(second) = verifier.begin(&headers, None) else {
                    return Err("a verifier with a fixed key waits".into());
                };
                [first, second].map(|state| answer_of(state, &case.asks))
            }
        };
        let [first, second] = answers;
        if first != second {
            let complaint = format!("asked first it says {first:?}, asked again {second:?}");
            return Ok((first, Some(complaint)));
        }
        if case.token.is_some() {
            return Ok((first, None));
        }
        let expected = match pick {
            Pick::Header(token) | Pick::Cookie(token) => {
                answer(ready(verifier.verify_token(token))?)
            }
            Pick::Malformed => Answer::Out("token-invalid".to_owned()),
            Pick::None => Answer::Out("session-token-missing".to_owned()),
        };
        let complaint = (first != expected).then(|| {
            format!(
                "{}, which gives {expected:?}, but it says {first:?}",
                pick.says()
            )
        });
        Ok((first, complaint))
    }

    fn verifier(&mut self, case: &Case) -> Result<&(Verifier, FixedClock)> {
        if self.verifiers.len() > 500 {
            self.verifiers.clear();
        }
        let is_request = case.token.is_none();
        let key = (case.options.clone(), is_request);
        if !self.verifiers.contains_key(&key) {
            let clock = FixedClock::at_unix(0);
            let built = build(&case.options, is_request, &clock)?;
            self.verifiers.insert(key.clone(), (built, clock));
        }
        Ok(self.verifiers.get(&key).ok_or("no verifier")?)
    }
}

/// As Cargo has it.
pub(crate) fn version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let package = lock
        .split("[[package]]")
        .find(|package| package.contains("name = \"clerk-verify\""));
    let line = package.and_then(|package| package.lines().find(|line| line.starts_with("version")));
    line.and_then(|line| line.split('"').nth(1))
        .unwrap_or("of no version")
}

fn build(options: &Options, is_request: bool, clock: &FixedClock) -> Result<Verifier> {
    let mut builder = Verifier::builder()
        .jwt_key(PUBLIC_KEY)
        .clock(clock.clone())
        .issuers(&options.issuers)
        .authorized_parties(&options.authorized_parties)
        .audience(&options.audience)
        .allow_pending_sessions(options.allow_pending);
    if let Some(skew) = options.clock_skew {
        builder = builder.clock_skew(Duration::from_millis(skew));
    }
    // `verifyToken` knows nothing of them either.
    if is_request {
        let app = &options.app;
        builder = builder.publishable_key(&app.publishable_key);
        if let Some(domain) = &app.satellite {
            builder = builder.domain(domain).is_satellite(true);
        }
        if let Some(url) = &app.proxy_url {
            builder = builder.proxy_url(url);
        }
    }
    Ok(builder.build()?)
}

/// With a fixed key nothing is waited for.
fn ready<F: Future>(future: F) -> Result<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("a verifier with a fixed key waits".into()),
    }
}

fn answer_of(state: AuthState, asks: &[Ask]) -> Answer {
    match state {
        AuthState::SignedIn(session) => signed_in(&session, asks),
        AuthState::SignedOut(signed_out) => Answer::Out(signed_out.reason().to_string()),
        _ => Answer::Out("a state of an unknown kind".to_owned()),
    }
}

fn answer(result: Result<Session, VerifyError>, asks: &[Ask]) -> Answer {
    match result {
        Ok(session) => signed_in(&session, asks),
        Err(error) => Answer::Out(error.reason().to_string()),
    }
}

fn signed_in(session: &Session, asks: &[Ask]) -> Answer {
    let organization = session.organization();
    let fields = Fields {
        user_id: json!(session.user_id()),
        session_id: json!(session.session_id()),
        org_id: json!(organization.map(|known| known.id())),
        org_role: json!(organization.and_then(|known| known.role())),
        org_slug: json!(organization.and_then(|known| known.slug())),
        org_permissions: json!(organization.map(|known| known.permissions())),
        factor_verification_age: session.factor_verification_age().map_or(Value::Null, ages),
    };
    Answer::In(Box::new(SignedIn {
        fields: Some(fields),
        has: asks
            .iter()
            .map(|ask| session.has(&requirement(ask)))
            .collect(),
    }))
}

fn ages(age: FactorVerificationAge) -> Value {
    let minutes = |minutes: Option<u64>| minutes.map_or(json!(-1), |minutes| json!(minutes));
    json!([
        minutes(age.first_factor_minutes()),
        minutes(age.second_factor_minutes())
    ])
}

fn requirement(ask: &Ask) -> Requirement {
    let mut requirement = Requirement::new();
    if let Some(role) = &ask.role {
        requirement = requirement.role(role);
    }
    if let Some(permission) = &ask.permission {
        requirement = requirement.permission(permission);
    }
    if let Some(feature) = &ask.feature {
        requirement = requirement.feature(feature);
    }
    if let Some(plan) = &ask.plan {
        requirement = requirement.plan(plan);
    }
    if let Some(freshness) = ask.reverification {
        requirement = requirement.reverification(reverification(freshness));
    }
    requirement
}

fn reverification(freshness: Freshness) -> Reverification {
    match freshness {
        Freshness::Preset("strict_mfa") => Reverification::strict_mfa(),
        Freshness::Preset("strict") => Reverification::strict(),
        Freshness::Preset("moderate") => Reverification::moderate(),
        Freshness::Preset(_) => Reverification::lax(),
        Freshness::Custom {
            level,
            after_minutes,
        } => {
            let level = match level {
                "first_factor" => Level::FirstFactor,
                "second_factor" => Level::SecondFactor,
                _ => Level::MultiFactor,
            };
            Reverification::new(level, after_minutes)
        }
    }
}

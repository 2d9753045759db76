//! The claims of a token whose signature holds: each rule a function, in the order of their use.

use std::sync::Arc;

#[cfg(feature = "cache")]
use crate::claims::Claims;
use crate::{
    claims::{Payload, audience, whole_seconds},
    error::{Kind, List, Origin, Seen, Times},
    json::Member,
};

/// What the claims are compared with.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) audiences: Arc<[String]>,
    pub(crate) require_audience: bool,
    pub(crate) authorized_parties: Arc<[String]>,
    pub(crate) allow_missing_azp: bool,
    pub(crate) skew_millis: u64,
    pub(crate) allow_pending_sessions: bool,
}

/// 2^53, the largest `exp`: beyond it a double no longer tells one second from the next.
const MAX_EXP: f64 = 9_007_199_254_740_992.0;

impl Expected {
    /// `sub` is a string and not empty.
    pub(crate) fn subject(&self, payload: &Payload<'_>) -> Result<(), Kind> {
        match payload.sub.text() {
            Some(sub) if !sub.is_empty() => Ok(()),
            _ => Err(claim("sub", payload.sub, "a string that is not empty")),
        }
    }

    /// `aud` meets the configured audiences, if there are any.
    pub(crate) fn audience(&self, payload: &Payload<'_>) -> Result<(), Kind> {
        if self.audiences.is_empty() {
            return Ok(());
        }
        let fits = if payload.aud.is_absent() {
            !self.require_audience
        } else {
            let is_expected = |name: &str| self.audiences.iter().any(|audience| audience == name);
            match payload.aud.text() {
                Some(one) => is_expected(&one),
                None => audience(payload.aud)
                    .is_some_and(|named| named.iter().any(|name| is_expected(name))),
            }
        };
        if fits {
            return Ok(());
        }
        let expected = List(Arc::clone(&self.audiences));
        if payload.aud.is_absent() {
            return Err(Kind::NoAudience { expected });
        }
        Err(Kind::Audience {
            seen: payload.aud.seen(),
            expected,
        })
    }

    /// `azp` is exactly one of the authorized parties, if there are any.
    pub(crate) fn authorized_party(&self, payload: &Payload<'_>) -> Result<(), Kind> {
        let missing = payload.azp.is_absent();
        let azp = payload.azp.text();
        if self.authorized_parties.is_empty()
            || (missing && self.allow_missing_azp)
            || is_one_of(azp.as_deref(), &self.authorized_parties)
        {
            return Ok(());
        }
        let authorized = List(Arc::clone(&self.authorized_parties));
        if missing {
            return Err(Kind::NoAuthorizedParty { authorized });
        }
        Err(Kind::AuthorizedParty {
            seen: payload.azp.seen(),
            authorized,
            is_string: azp.is_some(),
        })
    }

    /// `exp` is there and has not passed. Returns it, in whole seconds.
    pub(crate) fn expiry(&self, payload: &Payload<'_>, now_millis: i64) -> Result<i64, Kind> {
        let exp = payload
            .exp
            .short_integer()
            .or_else(|| end(payload.exp))
            .ok_or_else(|| claim("exp", payload.exp, "a number of seconds from 0 to 2^53"))?;
        if self.has_passed(exp, now_millis) {
            return Err(Kind::Expired(self.times(exp, now_millis)));
        }
        Ok(exp)
    }

    /// `nbf`, if there, has come. Returns it, in whole seconds.
    pub(crate) fn not_before(
        &self,
        payload: &Payload<'_>,
        now_millis: i64,
    ) -> Result<Option<i64>, Kind> {
        self.has_come("nbf", payload.nbf, now_millis)
            .map_err(|early| early.unwrap_or_else(Kind::NotActiveYet))
    }

    /// `iat`, if there, does not lie in the future. Returns it, in whole seconds.
    pub(crate) fn issued_at(
        &self,
        payload: &Payload<'_>,
        now_millis: i64,
    ) -> Result<Option<i64>, Kind> {
        self.has_come("iat", payload.iat, now_millis)
            .map_err(|early| early.unwrap_or_else(Kind::IssuedInTheFuture))
    }

    /// Whether the claims of a verified token still pass the three checks that depend on the time.
    #[cfg(feature = "cache")]
    pub(crate) fn times_hold(&self, claims: &Claims, now_millis: i64) -> bool {
        let has_come = |time: i64| self.is_past_or_near(time, now_millis);
        !self.has_passed(claims.expires_at(), now_millis)
            && claims.not_before().is_none_or(has_come)
            && claims.issued_at().is_none_or(has_come)
    }

    /// From when on a token has expired, in milliseconds since 1970.
    #[cfg(feature = "cache")]
    pub(crate) fn ends_at(&self, claims: &Claims) -> i64 {
        let end = millis(claims.expires_at()) + i128::from(self.skew_millis);
        i64::try_from(end).unwrap_or(i64::MAX)
    }

    /// The session is not pending.
    pub(crate) fn status(&self, payload: &Payload<'_>) -> Result<(), Kind> {
        if !self.allow_pending_sessions && payload.sts.text().as_deref() == Some("pending") {
            return Err(Kind::Pending);
        }
        Ok(())
    }

    fn has_come(
        &self,
        name: &'static str,
        member: Member<'_>,
        now_millis: i64,
    ) -> Result<Option<i64>, TooEarly> {
        if member.is_absent() {
            return Ok(None);
        }
        let time = member
            .short_integer()
            .or_else(|| {
                member
                    .number()
                    .filter(|time| time.is_finite())
                    .map(whole_seconds)
            })
            .ok_or_else(|| {
                TooEarly::NoTime(claim(name, member, "a number of seconds, or absent"))
            })?;
        if !self.is_past_or_near(time, now_millis) {
            return Err(TooEarly::At(self.times(time, now_millis)));
        }
        Ok(Some(time))
    }

    /// The end of a token, with the tolerance.
    fn has_passed(&self, exp: i64, now_millis: i64) -> bool {
        millis(exp) <= i128::from(now_millis) - i128::from(self.skew_millis)
    }

    /// The start of a token, with the tolerance.
    fn is_past_or_near(&self, time: i64, now_millis: i64) -> bool {
        millis(time) <= i128::from(now_millis) + i128::from(self.skew_millis)
    }

    fn times(&self, claim: i64, now_millis: i64) -> Times {
        Times {
            claim,
            now_millis,
            skew_millis: self.skew_millis,
        }
    }
}

/// `iss` is exactly one of the trusted issuers, if any are known.
pub(crate) fn issuer(payload: &Payload<'_>, trusted: &Arc<[String]>) -> Result<(), Kind> {
    if trusted.is_empty() || is_one_of(payload.iss.text().as_deref(), trusted) {
        return Ok(());
    }
    Err(Kind::Issuer(origin(payload, trusted)))
}

/// Where the token says that it comes from, beside where it should come from.
pub(crate) fn origin(payload: &Payload<'_>, trusted: &Arc<[String]>) -> Origin {
    let iss = payload.iss;
    Origin::new(iss.text().as_deref(), iss.seen(), List(Arc::clone(trusted)))
}

/// `exp` in any form that JSON has for numbers.
fn end(exp: Member<'_>) -> Option<i64> {
    exp.number()
        .filter(|number| (0.0..=MAX_EXP).contains(number) && !exp.is_integer_above(1 << 53))
        .map(whole_seconds)
}

enum TooEarly {
    NoTime(Kind),
    At(Times),
}

impl TooEarly {
    fn unwrap_or_else(self, early: impl FnOnce(Times) -> Kind) -> Kind {
        match self {
            Self::NoTime(kind) => kind,
            Self::At(times) => early(times),
        }
    }
}

fn claim(claim: &'static str, member: Member<'_>, needed: &'static str) -> Kind {
    Kind::Claim {
        claim,
        seen: match member.raw() {
            Some(raw) => Seen::text(raw),
            None => Seen::absent(),
        },
        needed,
    }
}

/// The empty string is no value, whatever the list says.
fn is_one_of(text: Option<&str>, list: &[String]) -> bool {
    text.is_some_and(|text| !text.is_empty() && list.iter().any(|entry| *entry == text))
}

fn millis(seconds: i64) -> i128 {
    i128::from(seconds) * 1000
}

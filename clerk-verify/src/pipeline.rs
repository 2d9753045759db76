//! The one pipeline: all checks of a token, top to bottom in the order of the table in the crate's documentation.

use std::{borrow::Cow, sync::Arc};

#[cfg(feature = "cache")]
use crate::cache::VerifiedTokens;
use crate::{
    algorithm::Algorithm,
    checks::{self, Expected},
    claims::{ClaimedTimes, Claims, Outline, Payload},
    clock::{Clock, unix_millis},
    error::{Kind, Origin, Seen},
    keys::{
        Keys, Lookup, MAX_KEY_ID_LEN, Need, Voucher,
        publishable_key::{InstanceType, PublishableKey},
    },
    request::{AppCookies, SessionCookies, TokenSource},
    session::Session,
    token::{Compact, Header, Room},
    token_class,
    usual_header::UsualHeaders,
};

/// What a verifier trusts, and how it checks.
pub(crate) struct Pipeline {
    pub(crate) algorithms: Arc<[Algorithm]>,
    /// Never empty; where there are several, each has issuers.
    pub(crate) trusted: Vec<Trusted>,
    pub(crate) expected: Expected,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accept_jwt_templates: bool,
    pub(crate) max_token_len: usize,
    pub(crate) max_claims_nesting: usize,
    pub(crate) token_sources: Arc<[TokenSource]>,
    pub(crate) session_cookies: SessionCookies,
    pub(crate) usual_headers: UsualHeaders,
    /// The option or variable that names the authorized parties.
    pub(crate) parties_from: String,
    #[cfg(feature = "cache")]
    pub(crate) cache: Option<VerifiedTokens>,
}

/// A Clerk instance whose tokens are accepted.
#[derive(Debug)]
pub(crate) struct Trusted {
    pub(crate) issuers: Arc<[String]>,
    pub(crate) keys: Keys,
    pub(crate) about: About,
}

/// What an instance is, and by which options: for people to read.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) app: Option<PublishableKey>,
    pub(crate) app_from: String,
    /// The host of the satellite's own Frontend API.
    pub(crate) satellite: Option<String>,
    pub(crate) issuers_from: String,
    pub(crate) keys_from: String,
}

impl Trusted {
    /// The names of its cookies, where its publishable key is known.
    pub(crate) fn cookies(&self) -> Option<AppCookies> {
        let app = self.about.app.as_ref()?;
        let host = self.about.satellite.as_ref().unwrap_or(&app.frontend_api);
        let is_production = app.instance_type == InstanceType::Production;
        Some(AppCookies::new(
            &app.cookie_suffix,
            host.clone(),
            &self.issuers,
            is_production,
        ))
    }
}

/// How far a token came with the keys at hand.
pub(crate) enum Progress {
    Verified(Verified),
    /// Its key is not at hand and may be worth a fetch.
    KeyNeeded(KeyNeeded),
}

/// A token that has passed all checks, and what vouches for it.
#[derive(Clone)]
#[cfg_attr(not(feature = "cache"), allow(dead_code))]
pub(crate) struct Verified {
    pub(crate) session: Session,
    /// The place of its instance in the list.
    pub(crate) place: usize,
    pub(crate) voucher: Voucher,
}

/// What to wait for, and from whom.
pub(crate) struct KeyNeeded {
    /// The place of the instance in the list.
    place: usize,
    key_id: String,
    need: Need,
    origin: Origin,
}

impl KeyNeeded {
    /// It was waited for, and is still not there.
    pub(crate) fn not_found(self) -> Kind {
        unknown_key(&self.key_id, self.origin)
    }
}

/// Whether the key source has been asked already.
#[derive(Clone, Copy)]
pub(crate) enum Asked {
    NotYet,
    Already,
}

impl Pipeline {
    /// All checks; for a token that has passed them before, those whose result can have changed.
    pub(crate) fn run(&self, token: &str, asked: Asked) -> Result<Progress, Kind> {
        let now = unix_millis(self.clock.now());
        #[cfg(feature = "cache")]
        if let Some(cache) = &self.cache {
            return self.run_with(cache, token, asked, now);
        }
        self.check(token, asked, now)
    }

    /// All checks, in their order; the first that fails is the reason.
    ///
    /// Steps 1 to 6 read what nobody has vouched for yet, to turn away what can't be a session token before
    /// a key is touched or fetched. From step 9 on the claims are the issuer's word.
    pub(crate) fn check(&self, token: &str, asked: Asked, now: i64) -> Result<Progress, Kind> {
        // 1: three parts of base64url, two JSON objects.
        let mut room = Room::new();
        let usual = &self.usual_headers;
        let compact = Compact::split(token, self.max_token_len, &mut room, usual)?;
        let header = compact.header()?;
        let payload = Payload::parse(&compact.payload, self.max_claims_nesting)?;
        // 2: a session token.
        token_class::check(&header, &payload, self.accept_jwt_templates)?;
        // 3, 4: `typ`, `crit`, `b64`.
        header.check_parameters()?;
        // 5: an allowed algorithm.
        let algorithm = self.allowed_algorithm(&header)?;
        // 6, 7: a key, fetched only if the token could still be good.
        let (place, trusted) = self.trusted(&payload)?;
        let key_id = key_id(&header, &trusted.keys)?;
        let origin = || checks::origin(&payload, &trusted.issuers);
        let needed = |key_id: Cow<'_, str>, need| {
            Progress::KeyNeeded(KeyNeeded {
                place,
                key_id: key_id.into_owned(),
                need,
                origin: origin(),
            })
        };
        let candidates = match (trusted.keys.lookup(&key_id, now), asked) {
            (Lookup::Found(candidates), _) => candidates,
            (Lookup::NoKeys | Lookup::Fetch, Asked::NotYet) => {
                self.could_be_good(trusted, &payload, now)?;
                if trusted.keys.is_known_absent(&key_id) {
                    return Err(unknown_key(&key_id, origin()));
                }
                return Ok(needed(key_id, Need::Key));
            }
            (Lookup::NoKeys, Asked::Already) => return Err(no_keys()),
            (Lookup::Fetch, Asked::Already) | (Lookup::Unknown, _) => {
                return Err(unknown_key(&key_id, origin()));
            }
        };
        if !candidates.allow(&key_id, algorithm) {
            return Err(Kind::KeyAlgorithm {
                seen: header.kid.seen(),
                algorithm,
            });
        }
        // 8: the signature. A key may have been replaced under its id, so it may be worth a fetch that it fails.
        let Some(voucher) = candidates.vouch(&key_id, algorithm, &compact) else {
            if matches!(asked, Asked::NotYet)
                && self.could_be_good(trusted, &payload, now).is_ok()
                && let Some(need) = trusted.keys.recheck(&key_id, &candidates)
            {
                return Ok(needed(key_id, need));
            }
            return Err(Kind::Signature(Some(origin())));
        };
        compact.keep_header(&header, usual);
        // 9 to 16: the claims.
        self.expected.subject(&payload)?;
        checks::issuer(&payload, &trusted.issuers).map_err(Kind::of_signed_token)?;
        self.expected.audience(&payload)?;
        self.expected.authorized_party(&payload)?;
        let expires_at = self.expected.expiry(&payload, now)?;
        let not_before = self.expected.not_before(&payload, now)?;
        let issued_at = self.expected.issued_at(&payload, now)?;
        self.expected.status(&payload)?;

        let times = ClaimedTimes {
            expires_at,
            not_before,
            issued_at,
        };
        let outline = Outline::of(&payload, times, &compact.payload);
        let session = Session::new(Claims::new(compact.payload, outline));
        Ok(Progress::Verified(Verified {
            session,
            place,
            voucher,
        }))
    }

    /// The instance that the token must come from, by its unverified `iss`. With one there is no choice.
    fn trusted(&self, payload: &Payload<'_>) -> Result<(usize, &Trusted), Kind> {
        if let [only] = &*self.trusted {
            return Ok((0, only));
        }
        let named = |trusted: &Trusted| checks::issuer(payload, &trusted.issuers).is_ok();
        let mut all = self.trusted.iter().enumerate();
        all.find(|(_, trusted)| named(trusted))
            .ok_or_else(|| Kind::Issuer(checks::origin(payload, &self.issuers())))
    }

    /// What can be said of claims that nobody has vouched for: whether they rule the token out in any case.
    fn could_be_good(
        &self,
        trusted: &Trusted,
        payload: &Payload<'_>,
        now: i64,
    ) -> Result<(), Kind> {
        checks::issuer(payload, &trusted.issuers)?;
        self.expected.expiry(payload, now)?;
        Ok(())
    }

    /// Waits for what a token needs.
    pub(crate) async fn obtain(&self, needed: &KeyNeeded) -> Result<(), Kind> {
        match self.trusted.get(needed.place) {
            Some(trusted) => {
                let obtained = trusted.keys.obtain(&needed.key_id, &needed.need).await;
                obtained.map_err(|kind| kind.with_origin(|| needed.origin.clone()))
            }
            None => Ok(()),
        }
    }

    /// All trusted issuers.
    pub(crate) fn issuers(&self) -> Arc<[String]> {
        let all = self.trusted.iter().flat_map(|trusted| &*trusted.issuers);
        all.cloned().collect()
    }

    fn allowed_algorithm(&self, header: &Header<'_>) -> Result<Algorithm, Kind> {
        header
            .alg
            .text()
            .and_then(|name| Algorithm::from_name(&name))
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or_else(|| Kind::Algorithm {
                seen: header.alg.seen(),
                allowed: Arc::clone(&self.algorithms),
            })
    }
}

/// The token's `kid`; empty where the key has no id to compare it with.
fn key_id<'h>(header: &Header<'h>, keys: &Keys) -> Result<Cow<'h, str>, Kind> {
    if keys.ignore_key_id() {
        return Ok(Cow::Borrowed(""));
    }
    match header.kid.text() {
        Some(key_id) if !key_id.is_empty() && key_id.len() <= MAX_KEY_ID_LEN => Ok(key_id),
        _ => Err(Kind::KeyId {
            seen: header.kid.seen(),
            limit: MAX_KEY_ID_LEN,
        }),
    }
}

fn unknown_key(key_id: &str, origin: Origin) -> Kind {
    Kind::UnknownKey {
        seen: Seen::text(key_id),
        origin: Some(origin),
        retry_after: None,
    }
}

/// What was fetched a moment ago has expired since: `ttl` and `max_stale` leave it no time.
fn no_keys() -> Kind {
    Kind::KeysUnavailable {
        detail: "those that were fetched are not good any more".to_owned(),
        remedy: "give `ttl` and `max_stale` more time",
        retry_after: None,
        source: None,
    }
}

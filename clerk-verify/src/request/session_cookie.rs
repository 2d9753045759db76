//! Clerk's session cookie, which goes by two names: `__session`, and one that the publishable key gives it.
//!
//! Several Clerk apps on one domain write the same `__session` over each other, so each also has its own,
//! `__session_<suffix>`. Older frontends know only the plain one. Which of the two counts is decided as Clerk's own
//! SDKs decide it, by what stands in both and in `__client_uat`, the time of the last sign-in (`0`: signed out).

use std::{borrow::Cow, cell::OnceCell};

use super::{
    RequestHeaders, cookie,
    source::Extraction,
    unverified::{Unverified, without_schemes},
};

/// Where the session cookie of a verifier's instances is looked for.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookies {
    /// The apps whose publishable key is known, in the order of the configuration.
    pub(crate) apps: Vec<AppCookies>,
    /// Whether an instance has no publishable key: it has `__session` alone.
    pub(crate) plain: bool,
    /// The longest token that is read to choose between cookies, and how deep its claims may nest: never less than
    /// the defaults, for the cookie may be another app's, whose tokens these options do not know.
    pub(crate) max_len: usize,
    pub(crate) max_nesting: usize,
}

/// The cookies of a Clerk app.
#[derive(Clone, Debug)]
pub(crate) struct AppCookies {
    pub(crate) session: String,
    pub(crate) client_uat: String,
    /// The host in `iss` of its tokens.
    pub(crate) frontend_api: String,
    /// All that may stand there, without schemes: also a proxy, and what else is configured.
    pub(crate) issuers: Vec<String>,
    pub(crate) is_production: bool,
}

const SESSION: &str = "__session";
const CLIENT_UAT: &str = "__client_uat";
/// What `__client_uat` holds when the user has signed out.
const NEVER: &str = "0";

impl AppCookies {
    pub(crate) fn new(
        suffix: &str,
        frontend_api: String,
        issuers: &[String],
        is_production: bool,
    ) -> Self {
        let issuers = issuers.iter().map(|issuer| without_schemes(issuer));
        Self {
            session: format!("{SESSION}_{suffix}"),
            client_uat: format!("{CLIENT_UAT}_{suffix}"),
            frontend_api,
            issuers: issuers.collect(),
            is_production,
        }
    }

    fn names(&self) -> [&str; 2] {
        [&self.session, &self.client_uat]
    }

    fn has_issued(&self, claims: &Unverified) -> bool {
        let mut issuers = self.issuers.iter().chain([&self.frontend_api]);
        issuers.any(|issuer| claims.is_of(issuer))
    }

    /// Whether the suffixed cookies count: the first branch that applies says so.
    fn uses_suffix(&self, plain: &Pair<'_, '_>, suffixed: &Pair<'_, '_>, now_seconds: i64) -> bool {
        // 1: an unreadable plain cookie is what an attacker or a broken proxy leaves: not to be papered over.
        if plain.session.is_some() && !plain.claims().names_an_issuer {
            return false;
        }
        // 2: another app's.
        if plain.session.is_some() && !plain.claims().is_of(&self.frontend_api) {
            return true;
        }
        // 3: a frontend that knows no suffixes.
        if suffixed.client_uat.is_none() && suffixed.session.is_none() {
            return false;
        }
        let plain_is_out = plain.client_uat.as_deref() == Some(NEVER);
        let suffixed_is_out = suffixed.client_uat.as_deref() == Some(NEVER);
        // 4: both are signed in, the plain one later.
        if !suffixed_is_out
            && !plain_is_out
            && plain.claims().issued_at > suffixed.claims().issued_at
        {
            return false;
        }
        // 5: only the plain one is signed in.
        if suffixed_is_out && !plain_is_out {
            return false;
        }
        // 6: only the suffixed one is, and has ended; in development that is what a downgrade leaves.
        let has_ended = || {
            let expires_at = suffixed.claims().expires_at;
            expires_at.is_some_and(|time| time <= now_seconds as f64)
        };
        if !self.is_production && !suffixed_is_out && plain_is_out && has_ended() {
            return false;
        }
        // 7: the instance has suffixes turned off. 8: the rest.
        suffixed.client_uat.is_some() || suffixed.session.is_none()
    }
}

impl SessionCookies {
    /// The token of the first app that the browser has one of.
    pub(super) fn find<'h, H: RequestHeaders + ?Sized>(
        &self,
        headers: &'h H,
        now_millis: impl Fn() -> i64,
    ) -> Extraction<'h> {
        let fields = headers.values("cookie");
        if self.apps.is_empty() {
            let found = cookie::value(fields, SESSION, self.max_len);
            return found.map_or(Extraction::NONE, Extraction::Token);
        }
        // With one app, which is the rule, nothing is allocated.
        let mut few = [None; 4];
        let mut many = Vec::new();
        let values = match few.get_mut(..self.names().count()) {
            Some(values) => values,
            None => {
                many.resize(self.names().count(), None);
                many.as_mut_slice()
            }
        };
        cookie::raw_values(fields, &self.names(), values);
        let decode = |value: &Option<&'h [u8]>| cookie::decoded((*value)?, self.max_len);
        let mut values = values.iter().map(decode);
        let mut next = || values.next().flatten();
        let plain = Pair::new(next(), next(), self);
        let now_seconds = now_millis().div_euclid(1000);

        let mut ignored_cookie = plain.session.is_some();
        for app in &self.apps {
            let suffixed = Pair::new(next(), next(), self);
            ignored_cookie |= suffixed.session.is_some();
            // Clerk's frontend writes one token under both names: then neither need be read to choose.
            let found = if plain.session == suffixed.session
                || app.uses_suffix(&plain, &suffixed, now_seconds)
            {
                suffixed.session
            } else {
                plain.session.clone()
            };
            if let Some(token) = found {
                return Extraction::Token(token);
            }
        }
        // What an app's own cookies do not let count, another instance does not let in either.
        let is_an_apps = || self.apps.iter().any(|app| app.has_issued(plain.claims()));
        match &plain.session {
            Some(token) if self.plain && !is_an_apps() => Extraction::Token(token.clone()),
            _ => Extraction::None { ignored_cookie },
        }
    }

    /// The plain cookies, and those of each app.
    fn names(&self) -> impl Iterator<Item = &str> + Clone {
        [SESSION, CLIENT_UAT]
            .into_iter()
            .chain(self.apps.iter().flat_map(AppCookies::names))
    }
}

/// The two cookies of one name.
struct Pair<'h, 'l> {
    session: Option<Cow<'h, str>>,
    client_uat: Option<Cow<'h, str>>,
    limits: &'l SessionCookies,
    claims: OnceCell<Unverified>,
}

impl<'h, 'l> Pair<'h, 'l> {
    fn new(
        session: Option<Cow<'h, str>>,
        client_uat: Option<Cow<'h, str>>,
        limits: &'l SessionCookies,
    ) -> Self {
        Self {
            session,
            client_uat,
            limits,
            claims: OnceCell::new(),
        }
    }

    /// Read when they are first asked for.
    fn claims(&self) -> &Unverified {
        self.claims.get_or_init(|| {
            let token = self.session.as_deref();
            let read =
                |token| Unverified::read(token, self.limits.max_len, self.limits.max_nesting);
            token.map(read).unwrap_or_default()
        })
    }
}

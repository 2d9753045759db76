//! Clerk instances with keys and names of their own, and verifiers of some of them.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use clerk_verify::{FixedClock, Instance, Verifier};
use serde_json::json;

use crate::{
    mint::{Key, NOW, OWN, STRANGER},
    rules::Rules,
};

/// A Clerk instance, by its options.
#[derive(Clone, Debug)]
pub(super) struct App {
    /// Which of the keys is its own, and the letter in its names.
    pub(super) number: usize,
    pub(super) kid: &'static str,
    pub(super) source: Source,
    pub(super) publishable: Option<Publishable>,
    /// Named ones, which go before those of the publishable key.
    pub(super) issuers: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    JwtKey,
    Set,
    /// Of the two, the one key counts.
    Both,
}

#[derive(Clone, Debug)]
pub(super) struct Publishable {
    pub(super) is_live: bool,
    pub(super) host: String,
    pub(super) proxy: Option<String>,
    pub(super) satellite: Option<String>,
}

/// Some instances, in the order of the configuration.
#[derive(Clone, Debug)]
pub(super) struct SetUp {
    pub(super) apps: Vec<App>,
    /// The first one's options are set on the builder itself.
    pub(super) on_builder: bool,
}

/// The key that nobody trusts.
pub(super) const NOBODYS: usize = 3;

pub(super) fn key(number: usize) -> &'static Key {
    static SECOND: LazyLock<Key> = LazyLock::new(Key::generate);
    static THIRD: LazyLock<Key> = LazyLock::new(Key::generate);
    [&OWN, &SECOND, &THIRD, &STRANGER][number]
}

impl App {
    /// Who issues its tokens.
    pub(super) fn all_issuers(&self) -> Vec<String> {
        let named = self.issuers.iter();
        let named: Vec<String> = named
            .map(|name| name.trim_end_matches('/').into())
            .collect();
        match &self.publishable {
            Some(names) if named.is_empty() => {
                let satellite = names.satellite_host().map(|host| format!("https://{host}"));
                let own = [format!("https://{}", names.host)];
                let others = satellite.into_iter().chain(names.proxy.clone());
                own.into_iter().chain(others).collect()
            }
            _ => named,
        }
    }

    pub(super) fn issues(&self, iss: &str) -> bool {
        self.all_issuers().iter().any(|issuer| issuer == iss)
    }

    /// What its cookies have at the end of their names.
    pub(super) fn suffix(&self) -> Option<String> {
        let key = self.publishable.as_ref()?.key();
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        Some(URL_SAFE_NO_PAD.encode(hash)[..8].to_owned())
    }

    fn instance(&self) -> Instance {
        let mut instance = match &self.publishable {
            Some(names) => Instance::publishable_key(names.key()),
            None => Instance::issuers(&self.issuers),
        };
        if let Some(url) = self.proxy() {
            instance = instance.proxy_url(url);
        }
        if let Some(domain) = self.satellite() {
            instance = instance.domain(domain).is_satellite(true);
        }
        if self.source != Source::Set {
            instance = instance.jwt_key(key(self.number).spki());
        }
        if self.source != Source::JwtKey {
            instance = instance.jwks_json(self.set());
        }
        instance
    }

    fn proxy(&self) -> Option<&String> {
        self.publishable.as_ref()?.proxy.as_ref()
    }

    fn satellite(&self) -> Option<&String> {
        self.publishable.as_ref()?.satellite.as_ref()
    }

    fn set(&self) -> String {
        json!({ "keys": [key(self.number).jwk(self.kid)] }).to_string()
    }
}

impl Publishable {
    fn key(&self) -> String {
        let kind = if self.is_live { "live" } else { "test" };
        let host = STANDARD_NO_PAD.encode(format!("{}$", self.host));
        format!("pk_{kind}_{host}")
    }

    /// In development satellites have no Frontend API of their own.
    pub(super) fn satellite_host(&self) -> Option<String> {
        let domain = self.satellite.as_ref().filter(|_| self.is_live)?;
        Some(format!("clerk.{domain}"))
    }
}

impl SetUp {
    pub(super) fn verifier(&self, rules: &Rules) -> Verifier {
        let mut builder = rules.beside(Verifier::builder());
        builder = builder.clock(FixedClock::at_unix(NOW));
        for (place, app) in self.apps.iter().enumerate() {
            if place > 0 || !self.on_builder {
                builder = builder.instance(app.instance());
                continue;
            }
            builder = builder.issuers(&app.issuers);
            if let Some(names) = &app.publishable {
                builder = builder.publishable_key(names.key());
            }
            if let Some(url) = app.proxy() {
                builder = builder.proxy_url(url);
            }
            if let Some(domain) = app.satellite() {
                builder = builder.domain(domain).is_satellite(true);
            }
            if app.source != Source::Set {
                builder = builder.jwt_key(key(app.number).spki());
            }
            if app.source != Source::JwtKey {
                builder = builder.jwks_json(app.set());
            }
        }
        builder.build().unwrap()
    }

    /// One instance alone.
    pub(super) fn alone(&self, place: usize) -> Self {
        Self {
            apps: vec![self.apps[place].clone()],
            on_builder: self.on_builder && place == 0,
        }
    }

    /// The instance that a token with this `iss` must come from.
    pub(super) fn issued_by(&self, iss: Option<&str>) -> Option<usize> {
        let named = |app: &App| iss.is_some_and(|iss| app.issues(iss));
        self.apps.iter().position(named)
    }
}

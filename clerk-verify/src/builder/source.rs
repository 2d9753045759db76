//! The options that say which instance is trusted and where its keys are.

#[cfg(feature = "remote")]
use std::time::SystemTime;

/// Set on the builder itself, or on an [`Instance`](super::Instance).
#[derive(Clone, Default)]
pub(super) struct SourceOptions {
    pub(super) jwt_key: Option<String>,
    pub(super) jwks_json: Option<String>,
    pub(super) publishable_key: Option<String>,
    /// It says who the issuer is, and not where the keys are.
    pub(super) publishable_key_is_issuer: bool,
    pub(super) proxy_url: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) is_satellite: Option<bool>,
    pub(super) issuers: Option<Vec<String>>,
    #[cfg(feature = "remote")]
    pub(super) jwks_url: Option<String>,
    #[cfg(feature = "remote")]
    pub(super) openid_configuration: Option<String>,
    #[cfg(feature = "remote")]
    pub(super) secret_key: Option<String>,
    /// A JWK Set from an earlier run, and when it was fetched.
    #[cfg(feature = "remote")]
    pub(super) seed: Option<(String, SystemTime)>,
}

impl SourceOptions {
    /// Whether keys were given that never change.
    pub(super) fn has_fixed_keys(&self) -> bool {
        self.jwt_key.is_some() || self.jwks_json.is_some()
    }

    /// Whether an option says where the keys are, and nothing else.
    pub(super) fn names_keys(&self) -> bool {
        #[cfg(feature = "remote")]
        let remote = [&self.jwks_url, &self.openid_configuration, &self.secret_key]
            .iter()
            .any(|option| option.is_some());
        #[cfg(not(feature = "remote"))]
        let remote = false;
        self.has_fixed_keys() || remote
    }

    /// Whether an option says where the keys are. A publishable key also does so where keys can be fetched.
    pub(super) fn names_a_source(&self) -> bool {
        self.names_keys() || (cfg!(feature = "remote") && self.publishable_key.is_some())
    }

    pub(super) fn names_issuers(&self) -> bool {
        let issuers = self.issuers.as_ref();
        issuers.is_some_and(|issuers| !issuers.is_empty())
    }

    /// An issuer of no text: that is the mistake, and not that there is no source.
    pub(super) fn names_empty_issuer(&self) -> bool {
        let issuers = self.issuers.as_deref().unwrap_or_default();
        issuers
            .iter()
            .any(|issuer| issuer.trim().trim_end_matches('/').is_empty())
    }

    /// The one issuer, where nothing else says where the keys are.
    #[cfg(feature = "remote")]
    pub(super) fn lone_issuer(&self) -> Option<&str> {
        match self.issuers.as_deref() {
            Some([issuer]) if !self.names_a_source() && !self.names_empty_issuer() => Some(issuer),
            _ => None,
        }
    }

    /// Whether an option was set that only makes sense for an instance.
    pub(super) fn is_set(&self) -> bool {
        let names_issuer = self.publishable_key.is_some()
            || self.proxy_url.is_some()
            || self.domain.is_some()
            || self.is_satellite == Some(true)
            || self.names_issuers();
        #[cfg(feature = "remote")]
        let has_seed = self.seed.is_some();
        #[cfg(not(feature = "remote"))]
        let has_seed = false;
        self.names_a_source() || names_issuer || has_seed
    }
}

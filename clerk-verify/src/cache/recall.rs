//! The pipeline with the tokens that it remembers.

use super::{TokenCacheStatus, VerifiedTokens};
use crate::{
    error::Kind,
    keys::Content,
    pipeline::{Asked, Pipeline, Progress, Verified},
};

impl Pipeline {
    /// Nobody is refused here: what does not hold any more is forgotten and goes the whole way, which says why.
    pub(crate) fn run_with(
        &self,
        cache: &VerifiedTokens,
        token: &str,
        asked: Asked,
        now: i64,
    ) -> Result<Progress, Kind> {
        if cache.sweep_is_due(now) {
            self.sweep(cache, now);
        }
        let sought = cache.seek(token);
        if let Some(known) = cache.get(&sought) {
            if self.still_holds(&known, now) {
                return Ok(Progress::Verified(known));
            }
            cache.forget(&sought);
        }
        let progress = self.check(token, asked, now)?;
        if let Progress::Verified(verified) = &progress {
            let ends_at = self.expected.ends_at(verified.session.claims());
            cache.insert(&sought, verified.clone(), ends_at);
        }
        Ok(progress)
    }

    /// Forgets what can't be good any more, and says what is left.
    pub(crate) fn sweep(&self, cache: &VerifiedTokens, now: i64) -> TokenCacheStatus {
        // Before the cache takes a lock: that reads the clock, which may be the user's own and panic.
        let contents: Vec<Content> = self
            .trusted
            .iter()
            .map(|trusted| trusted.keys.content())
            .collect();
        cache.sweep(now, |known| {
            let content = contents.get(known.place);
            content.is_some_and(|content| content.vouches(known.voucher))
        })
    }

    /// Whether all checks would be passed again: the time goes on, and keys come and go. The rest is the token, which is
    /// the same, and the configuration, which never changes.
    fn still_holds(&self, known: &Verified, now: i64) -> bool {
        self.expected.times_hold(known.session.claims(), now)
            && self
                .trusted
                .get(known.place)
                .is_some_and(|trusted| trusted.keys.still_vouch(known.voucher, now))
    }
}

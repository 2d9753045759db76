//! What a verifier of several instances should say, rule by rule, of tokens whose claims are known.

use clerk_verify::Reason;

use super::{
    apps::{App, SetUp, Source},
    tokens::Token,
};
use crate::{mint::NOW, rules::Rules};

/// The value of a cookie, or of a header, that may hold a token.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Token(Token),
    /// What nobody can read.
    Junk(&'static str),
}

/// Which user of which issuer is let in, or why not. Beside the parties and the times nothing here is configured.
pub(super) fn verdict(
    set_up: &SetUp,
    rules: &Rules,
    held: &Held,
) -> Result<(String, String), Reason> {
    let Held::Token(token) = held else {
        return Err(Reason::TokenInvalid);
    };
    let issuer = token.iss.clone();
    let claimed = set_up.issued_by(issuer.as_deref());
    // The claim chooses the keys, unless there is no choice.
    let app = match (claimed, &set_up.apps[..]) {
        (Some(place), all) => &all[place],
        (None, [only]) => only,
        (None, _) => return Err(Reason::TokenInvalidIssuer),
    };
    if app.source == Source::Set && token.kid != Some(app.kid) {
        return Err(Reason::JwkKidMismatch);
    }
    if token.signer != app.number {
        return Err(Reason::TokenInvalidSignature);
    }
    let issuer = issuer
        .filter(|_| claimed.is_some())
        .ok_or(Reason::TokenInvalidIssuer)?;
    let is_party = |azp: &str| rules.parties.contains(&azp);
    if !rules.parties.is_empty() && !token.azp.is_some_and(is_party) {
        return Err(Reason::TokenInvalidAuthorizedParties);
    }
    let skew = rules.skew.as_secs().cast_signed();
    if token.exp <= NOW - skew {
        Err(Reason::TokenExpired)
    } else if token.nbf > NOW + skew {
        Err(Reason::TokenNotActiveYet)
    } else if token.iat > NOW + skew {
        Err(Reason::TokenIatInTheFuture)
    } else {
        Ok((token.user.to_owned(), issuer))
    }
}

/// The cookies of one suffix; an empty value is an absent one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'c> {
    pub(super) session: Option<&'c Held>,
    pub(super) uat: Option<&'c str>,
}

/// Which cookie is read, and the rule that says so.
pub(super) struct Choice<'c> {
    pub(super) held: Option<&'c Held>,
    pub(super) rule: &'static str,
    /// The place of the instance whose cookies decide.
    pub(super) place: Option<usize>,
}

/// The first instance that the browser has a session of, in the order of the configuration; those without a
/// publishable key have `__session` alone, and come last.
pub(super) fn choose<'c>(set_up: &SetUp, cookies: impl Fn(&str) -> Pair<'c>) -> Choice<'c> {
    let plain = cookies("");
    for (place, app) in set_up.apps.iter().enumerate() {
        let Some(suffix) = app.suffix() else { continue };
        let own = cookies(&format!("_{suffix}"));
        let (rule, uses_own) = branch(app, plain, own);
        let held = if uses_own { own.session } else { plain.session };
        if held.is_some() {
            return Choice {
                held,
                rule,
                place: Some(place),
            };
        }
    }
    let without_key = set_up.apps.iter().position(|app| app.publishable.is_none());
    // What an app's own cookies have not let count does not count for others either.
    let apps = set_up.apps.iter();
    let is_an_apps = apps.filter(|app| app.publishable.is_some()).any(|app| {
        let mut issuers = app.all_issuers().into_iter();
        plain.is_of(app) || issuers.any(|issuer| plain.is_from(without_scheme(&issuer)))
    });
    match without_key {
        Some(place) if plain.session.is_some() && !is_an_apps => Choice {
            held: plain.session,
            rule: "__session alone",
            place: Some(place),
        },
        _ => Choice {
            held: None,
            rule: "none",
            place: None,
        },
    }
}

/// The eight branches of Clerk's SDKs: whether the cookies with the app's suffix count.
fn branch(app: &App, plain: Pair<'_>, own: Pair<'_>) -> (&'static str, bool) {
    let is_out = |pair: Pair<'_>| pair.uat == Some("0");
    let has_ended = |pair: Pair<'_>| pair.token().is_some_and(|token| token.exp <= NOW);
    let is_live = app.publishable.as_ref().is_some_and(|names| names.is_live);
    if plain.session.is_some() && plain.iss().is_none_or(str::is_empty) {
        ("branch 1", false)
    } else if plain.session.is_some() && !plain.is_of(app) {
        ("branch 2", true)
    } else if own.uat.is_none() && own.session.is_none() {
        ("branch 3", false)
    } else if !is_out(own) && !is_out(plain) && plain.iat() > own.iat() {
        ("branch 4", false)
    } else if is_out(own) && !is_out(plain) {
        ("branch 5", false)
    } else if !is_live && !is_out(own) && is_out(plain) && has_ended(own) {
        ("branch 6", false)
    } else if own.uat.is_none() && own.session.is_some() {
        ("branch 7", false)
    } else {
        ("branch 8", true)
    }
}

impl Pair<'_> {
    pub(super) fn token(&self) -> Option<&Token> {
        match self.session? {
            Held::Token(token) => Some(token),
            Held::Junk(_) => None,
        }
    }

    fn iss(&self) -> Option<&str> {
        self.token()?.iss.as_deref()
    }

    /// 0 where nobody can read it.
    fn iat(&self) -> i64 {
        self.token().map_or(0, |token| token.iat)
    }

    /// By the host of the Frontend API, whatever the scheme.
    fn is_of(&self, app: &App) -> bool {
        let Some(names) = &app.publishable else {
            return false;
        };
        let satellite = names.satellite_host();
        self.is_from(satellite.as_deref().unwrap_or(&names.host))
    }

    fn is_from(&self, issuer: &str) -> bool {
        self.iss().map(without_scheme) == Some(issuer)
    }
}

fn without_scheme(url: &str) -> &str {
    let schemes = ["https://", "http://"].iter();
    schemes.fold(url, |url, scheme| url.strip_prefix(scheme).unwrap_or(url))
}

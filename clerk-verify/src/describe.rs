//! What a verifier trusts, in words.

use std::fmt::{self, Display, Write};

use crate::{
    clock::unix_millis,
    keys::{FixedKeys, KeySourceState, Keys},
    pipeline::{Pipeline, Trusted},
    request::TokenSource,
};

/// All of it, a line for each thing.
pub(crate) fn verifier(pipeline: &Pipeline) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = write(pipeline, &mut text);
    text
}

fn write(pipeline: &Pipeline, text: &mut String) -> fmt::Result {
    writeln!(text, "clerk-verify {}", env!("CARGO_PKG_VERSION"))?;
    let count = pipeline.trusted.len();
    let sources = &pipeline.token_sources;
    let reads_session_cookie = sources.iter().any(TokenSource::is_session_cookie);
    for (number, trusted) in (1..).zip(&pipeline.trusted) {
        if count > 1 {
            writeln!(text, "instance {number} of {count}")?;
        }
        write_instance(trusted, reads_session_cookie, text)?;
    }
    let expected = &pipeline.expected;
    let parties = List(&expected.authorized_parties);
    let missing = if expected.allow_missing_azp {
        "accepted"
    } else {
        "refused"
    };
    match &*expected.authorized_parties {
        [] => line(
            text,
            "azp",
            "not checked: no authorized parties are configured",
        )?,
        _ => line(
            text,
            "azp",
            format_args!(
                "{parties} (from {}); a token without is {missing}",
                pipeline.parties_from
            ),
        )?,
    }
    let missing = if expected.require_audience {
        "refused"
    } else {
        "accepted"
    };
    match &*expected.audiences {
        [] => line(text, "aud", "not checked: no audience is configured")?,
        audiences => line(
            text,
            "aud",
            format_args!("{}; a token without is {missing}", List(audiences)),
        )?,
    }
    line(text, "alg", List(&pipeline.algorithms))?;
    line(
        text,
        "exp, nbf, iat",
        format_args!(
            "compared with the clock, which says {} (seconds since 1970); tolerance {} s",
            unix_millis(pipeline.clock.now()).div_euclid(1000),
            Seconds(expected.skew_millis)
        ),
    )?;
    let templates = if pipeline.accept_jwt_templates {
        "session tokens and JWT templates"
    } else {
        "session tokens; no JWT templates"
    };
    let pending = if expected.allow_pending_sessions {
        "signed in"
    } else {
        "signed out"
    };
    line(
        text,
        "tokens",
        format_args!(
            "{templates}; pending sessions are {pending}; at most {} bytes",
            pipeline.max_token_len
        ),
    )?;
    line(text, "looked for in", Places(&pipeline.token_sources))?;
    #[cfg(feature = "cache")]
    match &pipeline.cache {
        Some(cache) => line(
            text,
            "remembered",
            format_args!(
                "tokens that have passed, at most {} and {} bytes",
                cache.limits.max_entries, cache.limits.max_bytes
            ),
        )?,
        None => line(text, "remembered", "nothing: the token cache is off")?,
    }
    Ok(())
}

fn write_instance(trusted: &Trusted, reads_session_cookie: bool, text: &mut String) -> fmt::Result {
    let about = &trusted.about;
    if let Some(app) = &about.app {
        line(
            text,
            "Clerk instance",
            format_args!(
                "{}, {} (from {})",
                app.frontend_api,
                app.instance_type.as_str(),
                about.app_from
            ),
        )?;
    }
    match &*trusted.issuers {
        [] => line(
            text,
            "iss",
            "not checked: neither issuer nor publishable key is configured",
        )?,
        issuers => line(
            text,
            "iss",
            format_args!("{} (from {})", List(issuers), about.issuers_from),
        )?,
    }
    line(
        text,
        "keys",
        format_args!("{} (from {})", KeysInWords(&trusted.keys), about.keys_from),
    )?;
    match trusted.cookies() {
        _ if !reads_session_cookie => Ok(()),
        Some(cookies) => line(
            text,
            "session cookie",
            format_args!("{} or __session, as Clerk's SDKs choose", cookies.session),
        ),
        None => line(
            text,
            "session cookie",
            "__session; no publishable key, so no suffix",
        ),
    }
}

fn line(text: &mut String, name: &str, value: impl Display) -> fmt::Result {
    writeln!(text, "  {name:<15} {value}")
}

struct KeysInWords<'a>(&'a Keys);

impl Display for KeysInWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.0.status();
        match &self.0.fixed {
            Some(FixedKeys::One(_)) => return f.write_str("one that never changes, for any `kid`"),
            Some(FixedKeys::Set(_)) if status.source().is_none() => {
                return write!(f, "a set of {} that never changes", status.keys());
            }
            Some(FixedKeys::Set(_)) => f.write_str("a set that never changes, and others ")?,
            None => {}
        }
        let source = status.source().unwrap_or("nowhere");
        if status.fetches() == 0 && status.state() == KeySourceState::Empty {
            return write!(f, "fetched from {source} when the first token comes");
        }
        let (state, keys) = (status.state().as_str(), status.keys());
        write!(f, "fetched from {source}; {state}, {keys} at hand")?;
        if let Some(age) = status.age() {
            write!(f, ", {} s old", age.as_secs())?;
        }
        if let Some(error) = status.last_error() {
            write!(f, "; the last fetch failed: {error}")?;
        }
        Ok(())
    }
}

/// Milliseconds, as seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1000, self.0 % 1000);
        match millis {
            0 => write!(f, "{seconds}"),
            _ => write!(f, "{seconds}.{millis:03}"),
        }
    }
}

struct Places<'a>(&'a [TokenSource]);

impl Display for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, source) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{source}")?;
        }
        Ok(())
    }
}

struct List<'a, T>(&'a [T]);

impl<T: Display> Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, value) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{}", shown(&value.to_string()))?;
        }
        Ok(())
    }
}

/// A configured value, which may be anything that somebody pasted but a secret key.
fn shown(value: &str) -> String {
    value.escape_debug().to_string()
}

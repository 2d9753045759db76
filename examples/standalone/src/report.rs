//! What is printed: the session or the refusal, as text or as JSON; never the token.

use std::fmt::{self, Write as _};

use clerk_verify::{ClaimsError, Entitlements, Session, Verifier, VerifyError};
use serde_json::{Value, json};

use crate::token;

/// The whole output, with a newline at its end. `now` is in seconds since 1970. A refusal comes with what the verifier
/// trusts.
pub(crate) fn report(
    outcome: &Result<Session, VerifyError>,
    verifier: &Verifier,
    as_json: bool,
    now: i64,
) -> Result<String, Box<dyn std::error::Error>> {
    let text = match (outcome, as_json) {
        (Ok(session), true) => format!("{}\n", accepted_json(session)?),
        (Ok(session), false) => accepted_text(session, now)?,
        (Err(error), true) => format!("{}\n", refused_json(error, verifier)),
        (Err(error), false) => refused_text(error, verifier),
    };
    Ok(visible(&text))
}

fn accepted_json(session: &Session) -> Result<Value, ClaimsError> {
    let organization = session.organization().map(|organization| {
        json!({
            "id": organization.id(),
            "slug": organization.slug(),
            "role": organization.role(),
            "permissions": organization.permissions(),
        })
    });
    Ok(json!({
        "accepted": true,
        "user_id": session.user_id(),
        "session_id": session.session_id(),
        "organization": organization,
        "claims": session.custom_claims::<Value>()?,
    }))
}

fn refused_json(error: &VerifyError, verifier: &Verifier) -> Value {
    json!({
        "accepted": false,
        "reason": error.reason().as_str(),
        "message": message(error),
        "status": error.refusal().status(),
        "verifier": token::hide(&verifier.describe()).lines().collect::<Vec<_>>(),
    })
}

fn accepted_text(session: &Session, now: i64) -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::from("accepted\n");
    let mut line = |name: &str, value: Option<&dyn fmt::Display>| match value {
        // A line stays a line, whatever is in the claim.
        Some(value) => writeln!(
            text,
            "  {name:<17} {}",
            value.to_string().replace('\n', "\\n")
        ),
        None => Ok(()),
    };
    line("user", Some(&session.user_id()))?;
    line("session", optional(&session.session_id()))?;
    line("issuer", optional(&session.issuer()))?;
    line("authorized party", optional(&session.authorized_party()))?;
    for audience in session.audience() {
        line("audience", Some(audience))?;
    }
    if let Some(issued_at) = session.issued_at() {
        line("issued", Some(&Moment { at: issued_at, now }))?;
    }
    let expires_at = session.expires_at();
    line(
        "expires",
        Some(&Moment {
            at: expires_at,
            now,
        }),
    )?;
    if let Some(organization) = session.organization() {
        line("organization", Some(&organization.id()))?;
        line("role", optional(&organization.role()))?;
        for permission in organization.permissions() {
            line("permission", Some(permission))?;
        }
    }
    for (name, entitlements) in [("feature", session.features()), ("plan", session.plans())] {
        let Some(entitlements) = entitlements else {
            continue;
        };
        for (scope, slug) in scoped(entitlements) {
            line(name, Some(&format_args!("{scope}:{slug}")))?;
        }
    }
    if let Some(age) = session.factor_verification_age() {
        let ago = |minutes: Option<u64>| match minutes {
            Some(minutes) => format!("{minutes} min"),
            None => "never".to_owned(),
        };
        let (first, second) = (age.first_factor_minutes(), age.second_factor_minutes());
        line("first factor", Some(&ago(first)))?;
        line("second factor", Some(&ago(second)))?;
    }
    if let Some(actor) = session.actor() {
        line("impersonated by", Some(&actor.subject()))?;
    }
    let claims: Value = session.custom_claims()?;
    writeln!(text, "claims\n{claims:#}")?;
    Ok(text)
}

/// Each with the scope that a requirement would name.
fn scoped(entitlements: &Entitlements) -> impl Iterator<Item = (&'static str, &str)> {
    let of_organization = entitlements.of_organization().map(|slug| ("org", slug));
    of_organization.chain(entitlements.of_user().map(|slug| ("user", slug)))
}

fn refused_text(error: &VerifyError, verifier: &Verifier) -> String {
    let reason = error.reason();
    let status = error.refusal().status();
    let message = message(error);
    let trusted = token::hide(&verifier.describe());
    format!(
        "refused: {reason}\n  {message}\n  a server answers with status {status}\nthe verifier\n  {}\n",
        trusted.trim_end().replace('\n', "\n  ")
    )
}

/// It quotes options, and one of them may be the token in the wrong place.
fn message(error: &VerifyError) -> String {
    token::hide(&error.to_string())
}

fn optional<T: fmt::Display>(value: &Option<T>) -> Option<&dyn fmt::Display> {
    value.as_ref().map(|value| value as &dyn fmt::Display)
}

/// A time, and how far away it is.
struct Moment {
    at: i64,
    now: i64,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.abs_diff(self.now);
        if self.at > self.now {
            write!(f, "{} (in {seconds} s)", self.at)
        } else {
            write!(f, "{} ({seconds} s ago)", self.at)
        }
    }
}

/// Escapes, as JSON does, what would steer the terminal: a claim may hold what a user typed into a form.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let steers = character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers && character != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use clerk_verify::testing::TestIssuer;

    use super::*;

    fn verifier() -> Verifier {
        TestIssuer::new().verifier().build().unwrap()
    }

    #[test]
    fn a_claim_adds_no_line() {
        let outcome = TestIssuer::new()
            .token()
            .user("user_1\n  role org:admin")
            .session();
        let report = report(&outcome, &verifier(), false, 0).unwrap();
        assert!(report.contains("user_1\\n  role org:admin\n"), "{report:?}");
    }

    #[test]
    fn claims_do_not_steer_the_terminal() {
        let name = "Eve\u{1b}[2J\u{9b}31m\u{202e}";
        let outcome = TestIssuer::new()
            .token()
            .user(name)
            .claim("name", name)
            .session();
        for as_json in [false, true] {
            let report = report(&outcome, &verifier(), as_json, 0).unwrap();
            assert!(
                !report.contains(['\u{1b}', '\u{9b}', '\u{202e}']),
                "{report:?}"
            );
        }
        let report = report(&outcome, &verifier(), true, 0).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["claims"]["name"], name);
    }
}

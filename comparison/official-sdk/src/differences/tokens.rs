//! Differences in the verdict on one and the same token.

use super::{
    Direction::{Laxer, Reason, Stricter},
    Rule,
};
use crate::{
    compare::Seen,
    json::{Json, LONE_SURROGATE},
    pick::Pick,
    reading::Oddity,
};

/// The rule for what makes the SDK fail whatever else the request holds, and what it says then.
pub(crate) const SLASH_IN_OPTION: &str = "slash-in-option";
pub(crate) const NULL_IN_COOKIE: &str = "null-in-cookie";
pub(crate) const NULL_IN_COOKIE_REASON: &str = "threw TypeError";

type Holds = fn(&Seen<'_>) -> bool;

/// 2^53
const MAX_EXP: f64 = 9_007_199_254_740_992.0;
/// The last second that a JavaScript date can hold.
const MAX_DATE: f64 = 8_640_000_000_000.0;
/// The categories of session tokens.
const CATEGORIES: [&str; 2] = ["cl_B7d4PD111AAA", "cl_I7d4PD111III"];

pub(crate) fn in_verdicts() -> &'static [Rule<Holds>] {
    const RULES: &[Rule<Holds>] = &[
        rule("token-length", |seen| is_odd(seen, Oddity::TooLong)),
        rule("padding", |seen| is_odd(seen, Oddity::Padding)),
        rule("byte-order-mark", |seen| {
            is_odd(seen, Oddity::ByteOrderMark)
        }),
        rule("not-utf-8", |seen| is_odd(seen, Oddity::NotUtf8)),
        rule("repeated-member", |seen| {
            is_odd(seen, Oddity::RepeatedMember)
        }),
        rule("nesting", |seen| is_odd(seen, Oddity::Nesting)),
        rule("surrogate-in-name", |seen| {
            is_odd(seen, Oddity::SurrogateInName)
        }),
        rule("crit-or-b64", |seen| {
            let header = &seen.token.header;
            seen.ours == "token-invalid"
                && (header.get("crit").is_some() || header.get("b64").is_some())
        }),
        rule("category-alone", |seen| {
            let category = seen.token.header.get("cat");
            let is_session = |category: &Json| {
                category
                    .text()
                    .is_some_and(|text| CATEGORIES.contains(&text))
            };
            seen.is_alone()
                && seen.ours == "token-type-mismatch"
                && category.is_some_and(|cat| !is_session(cat))
        }),
        rule("machine-alone", |seen| {
            let subject = text(seen, "sub");
            seen.is_alone()
                && seen.ours == "token-type-mismatch"
                && subject.is_some_and(|subject| subject.starts_with("mch_"))
        }),
        rule("empty-subject", |seen| {
            seen.ours == "token-verification-failed" && text(seen, "sub") == Some("")
        }),
        rule("surrogate-in-subject", |seen| {
            let subject = text(seen, "sub");
            seen.ours == "token-verification-failed"
                && subject.is_some_and(|subject| subject.contains(LONE_SURROGATE))
        }),
        rule("issuer-of-publishable-key", |seen| {
            let own = seen.case.options.app.issuers();
            let is_own =
                text(seen, "iss").is_some_and(|issuer| own.iter().any(|one| one == issuer));
            seen.ours == "token-invalid-issuer"
                && !seen.is_alone()
                && seen.case.options.issuers.is_empty()
                && !is_own
        }),
        rule("issuer-with-slash", |seen| {
            seen.ours == "token-invalid-issuer"
                && text(seen, "iss").is_some_and(|issuer| {
                    let issuers = &seen.case.options.issuers;
                    issuer.ends_with('/') && issuers.iter().any(|one| one == issuer)
                })
        }),
        rule("audience-shape", |seen| {
            seen.ours == "token-invalid-audience"
                && !seen.case.options.audience.is_empty()
                && seen
                    .token
                    .claim("aud")
                    .is_some_and(|audience| !names_audiences(audience))
        }),
        rule("exp-range", |seen| {
            let exp = seen.token.claim("exp").and_then(Json::number);
            seen.ours == "token-verification-failed"
                && exp.is_some_and(|exp| !(0.0..=MAX_EXP).contains(&exp) || exp == MAX_EXP)
        }),
        rule("infinite-time", |seen| {
            let is_infinite = |name| number(seen, name).is_some_and(f64::is_infinite);
            seen.ours == "token-verification-failed" && (is_infinite("nbf") || is_infinite("iat"))
        }),
        rule("start-beyond-dates", |seen| match seen.ours {
            "token-not-active-yet" => number(seen, "nbf").is_some_and(|time| time > MAX_DATE),
            "token-iat-in-the-future" => number(seen, "iat").is_some_and(|time| time > MAX_DATE),
            _ => false,
        }),
        rule("pending-alone", |seen| {
            seen.is_alone()
                && seen.ours == "session-pending"
                && text(seen, "sts") == Some("pending")
        }),
        Rule {
            name: "client-uat",
            directions: &[Laxer, Reason],
            holds: contradicts_client_uat,
        },
        Rule {
            name: SLASH_IN_OPTION,
            directions: &[Laxer, Reason],
            holds: |seen| {
                let slashed = text(seen, "iss").map(|issuer| format!("{issuer}/"));
                seen.theirs == "token-invalid-issuer"
                    && seen
                        .case
                        .options
                        .issuers
                        .iter()
                        .any(|one| Some(one) == slashed.as_ref())
            },
        },
        Rule {
            name: "malformed-features",
            directions: &[Laxer, Reason],
            holds: fails_on_permissions,
        },
        Rule {
            name: NULL_IN_COOKIE,
            directions: &[Laxer, Reason],
            holds: |seen| {
                seen.theirs == NULL_IN_COOKIE_REASON
                    && !seen.is_alone()
                    && seen.picks.has_null_cookie
            },
        },
        reason("no-object", |seen| is_odd(seen, Oddity::NoObject)),
        reason("audience-reason", |seen| {
            let audiences = &seen.case.options.audience;
            seen.theirs == "token-verification-failed"
                && seen.ours == "token-invalid-audience"
                && !audiences.is_empty()
                && !seen
                    .token
                    .claim("aud")
                    .is_some_and(|audience| names_one_of(audience, audiences))
        }),
        reason("algorithm-of-pem", |seen| {
            let algorithm = seen.token.header.get("alg").and_then(Json::text);
            seen.theirs == "token-verification-failed"
                && seen.ours == "token-invalid-algorithm"
                && matches!(algorithm, Some("RS384" | "RS512"))
        }),
        reason("issuer-before-audience", |seen| {
            let issuers = &seen.case.options.issuers;
            let is_trusted =
                text(seen, "iss").is_some_and(|issuer| issuers.iter().any(|one| one == issuer));
            matches!(
                seen.theirs,
                "token-verification-failed" | "token-invalid-authorized-parties"
            ) && seen.ours == "token-invalid-issuer"
                && !issuers.is_empty()
                && !is_trusted
        }),
        reason("class-of-unsigned", |seen| {
            seen.ours == "token-type-mismatch" && !seen.token.has_signature && is_of_machine(seen)
        }),
        reason("class-alone", |seen| {
            let category = seen.token.header.get("cat").and_then(Json::text);
            seen.is_alone()
                && seen.theirs == "token-invalid"
                && seen.ours == "token-type-mismatch"
                && (is_of_machine(seen) || category == Some("cl_B7d4PD333AAA"))
        }),
    ];
    RULES
}

const fn rule(name: &'static str, holds: Holds) -> Rule<Holds> {
    Rule {
        name,
        // Where both refuse, it may be why this library does so earlier.
        directions: &[Stricter, Reason],
        holds,
    }
}

const fn reason(name: &'static str, holds: Holds) -> Rule<Holds> {
    Rule {
        name,
        directions: &[Reason],
        holds,
    }
}

fn is_odd(seen: &Seen<'_>, oddity: Oddity) -> bool {
    seen.ours == "token-invalid" && seen.token.has(oddity)
}

fn text<'a>(seen: &'a Seen<'_>, claim: &str) -> Option<&'a str> {
    seen.token.claim(claim).and_then(Json::text)
}

fn number(seen: &Seen<'_>, claim: &str) -> Option<f64> {
    seen.token.claim(claim).and_then(Json::number)
}

fn is_of_machine(seen: &Seen<'_>) -> bool {
    let kind = seen.token.header.get("typ").and_then(Json::text);
    let subject = text(seen, "sub");
    matches!(kind, Some("at+jwt" | "application/at+jwt"))
        || subject.is_some_and(|subject| subject.starts_with("mch_"))
}

/// A string, or an array of strings, that says something.
fn names_audiences(audience: &Json) -> bool {
    match audience {
        Json::Text(text) => !text.is_empty(),
        Json::Array(values) => {
            values.iter().all(|value| value.text().is_some()) && values.iter().any(Json::is_truthy)
        }
        _ => false,
    }
}

fn names_one_of(audience: &Json, audiences: &[String]) -> bool {
    let is_one = |one: &Json| {
        one.text()
            .is_some_and(|one| audiences.iter().any(|known| known == one))
    };
    match audience {
        Json::Array(values) => values.iter().any(is_one),
        one => is_one(one),
    }
}

/// The cookies beside the session's say that the user has signed out, or do not say that anybody signed in.
fn contradicts_client_uat(seen: &Seen<'_>) -> bool {
    let chosen = &seen.picks.chosen;
    let is_development = !seen.case.options.app.is_production;
    let issued_at = seen.token.claim("iat").map(Json::as_number);
    let is_before = issued_at.is_some_and(|issued_at| issued_at < chosen.client_uat);
    matches!(seen.picks.ours, Pick::Cookie(_) | Pick::None)
        && !seen.is_alone()
        && match seen.theirs {
            "dev-browser-missing" => is_development && !chosen.has_dev_browser,
            "session-token-but-no-client-uat" => chosen.client_uat == 0.0,
            "session-token-iat-before-client-uat" => is_before,
            _ => false,
        }
}

/// Where `toAuth` throws, which middleware answers with 500, and a request with a cookie is told an unexpected error.
fn fails_on_permissions(seen: &Seen<'_>) -> bool {
    let claim = |name: &str| seen.token.claim(name);
    let is_second = claim("v").and_then(Json::number) == Some(2.0);
    let Some(o) = claim("o").filter(|o| o.is_truthy()) else {
        return false;
    };
    let features_fail = claim("fea").is_some_and(|features| match features {
        Json::Text(text) => !text.is_empty() && text.split(',').any(|entry| !entry.contains(':')),
        other => other.is_truthy(),
    });
    let (per, fpm) = (o.get("per"), o.get("fpm"));
    let are_there = per.is_some_and(Json::is_truthy) && fpm.is_some_and(Json::is_truthy);
    let is_no_text = |json: Option<&Json>| json.and_then(Json::text).is_none();
    matches!(
        seen.theirs,
        "threw Error" | "threw TypeError" | "unexpected-error"
    ) && is_second
        && (features_fail || are_there && (is_no_text(per) || is_no_text(fpm)))
}

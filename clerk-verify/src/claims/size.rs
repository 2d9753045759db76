//! How much memory claims can come to take, once all of them have been asked for.

use std::mem::size_of;

use super::{Actor, Claims, Entitlements, Organization};
use crate::json::Member;

/// What an allocation takes at most beside what was asked for.
pub(super) const ALLOCATION: usize = 32;

impl Claims {
    /// An upper bound, reckoned without decoding: what is decoded at the first use is counted from the start.
    pub(crate) fn most_bytes(&self) -> usize {
        let outline = &self.outline;
        let member = |span: super::span::Span| span.member(&self.raw);
        let list = |claim: Member<'_>| present(claim, size_of::<Entitlements>() + 2 * ALLOCATION);
        let parts = [
            size_of::<Self>() + ALLOCATION,
            self.raw.capacity() + ALLOCATION,
            outline.heap_bytes(),
            strings(member(outline.aud)),
            present(member(outline.act), size_of::<Actor>() + 5 * ALLOCATION),
            list(member(outline.fea)),
            list(member(outline.pla)),
            Organization::most_bytes(outline, &self.raw),
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}

/// A claim that is copied as a whole at most, and what holds the copy.
fn present(claim: Member<'_>, holder: usize) -> usize {
    claim.raw().map_or(0, |raw| raw.len() + holder)
}

/// A string, or an array of strings; no comma stands for itself within one.
pub(super) fn strings(claim: Member<'_>) -> usize {
    let count = |raw: &str| raw.bytes().filter(|byte| *byte == b',').count() + 1;
    claim.raw().map_or(0, |raw| {
        raw.len() + ALLOCATION + count(raw) * (size_of::<String>() + ALLOCATION)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{ClaimedTimes, Outline, Payload};

    fn claims(payload: &str) -> Claims {
        let times = ClaimedTimes {
            expires_at: 0,
            not_before: None,
            issued_at: None,
        };
        let read = Payload::parse(payload, 32).unwrap();
        let outline = Outline::of(&read, times, payload);
        Claims::new(payload.to_owned(), outline)
    }

    /// With all that can be asked of them decoded, and as if each allocation took as much as one can.
    fn taken(payload: &str) -> usize {
        let mut kept = None;
        let measured = allocation_counter::measure(|| {
            let claims = Box::new(claims(payload));
            let _ = (claims.audience(), claims.actor(), claims.organization());
            let _ = (claims.features(), claims.plans());
            kept = Some(claims);
        });
        assert!(kept.is_some());
        let count = usize::try_from(measured.count_current).unwrap();
        usize::try_from(measured.bytes_current).unwrap() + count * ALLOCATION
    }

    /// No less than they take, and little more: names, quotes and commas of the payload may count twice.
    #[test]
    fn the_bound_is_above_what_claims_take_and_near_it() {
        let long = "x".repeat(100);
        let act = |length: usize| {
            let text = "a".repeat(length);
            format!(
                r#"{{"v":2,"act":{{"sub":"{text}","iss":"{text}","sid":"{text}","type":"{text}"}}}}"#
            )
        };
        let v1 = |permissions: &str| {
            format!(r#"{{"org_id":"{long}","org_slug":"{long}","org_role":"{long}"{permissions}}}"#)
        };
        let v2 = |fea: &str, per: &str, fpm: &str| {
            format!(
                r#"{{"v":2,"fea":"{fea}","o":{{"id":"org_1","slg":"acme","rol":"admin","per":"{per}","fpm":"{fpm}"}}}}"#
            )
        };
        let names = [long.as_str(); 3].join(",");
        let payloads = [
            r#"{"v":2}"#.to_owned(),
            r#"{"v":2,"sub":"user_1","sid":"sess_1","iss":"https://clerk.example"}"#.to_owned(),
            r#"{"v":2,"sub":"\u0061","iss":"\u0061b","azp":"\u0061bc","jti":"\u0061","sid":"\u0061"}"#
                .to_owned(),
            r#"{"v":2,"sub":"\u0061"}"#.to_owned(),
            r#"{"v":2,"aud":"a"}"#.to_owned(),
            r#"{"v":2,"aud":[]}"#.to_owned(),
            r#"{"v":2,"aud":["a","b","c","d","e","f"]}"#.to_owned(),
            format!(r#"{{"v":2,"aud":"{long}"}}"#),
            format!(r#"{{"v":2,"aud":["{long}","{long}"]}}"#),
            act(1),
            act(100),
            r#"{"v":2,"fea":"u:a"}"#.to_owned(),
            r#"{"v":2,"pla":"u:a"}"#.to_owned(),
            format!(r#"{{"v":2,"fea":"u:{long}","pla":"u:{long}"}}"#),
            r#"{"org_id":"a"}"#.to_owned(),
            v1(""),
            v1(r#","org_permissions":["org:a:b","org:c:d","org:e:f"]"#),
            r#"{"v":2,"o":{"id":"org_1"}}"#.to_owned(),
            v2("", "read", "1"),
            v2("o:a", "", "1"),
            v2("o:a", "read", ""),
            v2("o:a,o:b,o:c", "read,made", "3,3,3"),
            v2(&format!("o:{long}"), &names, "7"),
        ];
        for payload in payloads {
            let (most, taken) = (claims(&payload).most_bytes(), taken(&payload));
            assert!(taken <= most, "{most} for {taken}: {payload}");
            let near = taken + payload.len() + 120;
            assert!(most <= near, "{most} for {taken}: {payload}");
        }
    }
}

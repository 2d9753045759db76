//! Headers of tokens whose signature held. Clerk writes one and the same into all tokens of an instance, as long as its key and its
//! kind of token stay what they are, so it need not be decoded and parsed each time.

use crate::{claims::Span, sync::OnceLock, token::Header};

/// How many are kept: of several instances, and of keys that take another's place.
const KEPT: usize = 4;

/// The longest that is kept, in bytes of base64url; Clerk's have about 120.
const MAX_LEN: usize = 512;

/// The first few that came. What they say is checked for each token all the same.
#[derive(Default)]
pub(crate) struct UsualHeaders([OnceLock<UsualHeader>; KEPT]);

/// One of them, and where in its text the parameters stand.
pub(crate) struct UsualHeader {
    part: Box<str>,
    text: Box<str>,
    alg: Span,
    cat: Span,
    kid: Span,
    typ: Span,
}

impl UsualHeaders {
    /// The one that is written exactly so.
    pub(crate) fn find(&self, part: &str) -> Option<&UsualHeader> {
        let mut kept = self.0.iter().map_while(OnceLock::get);
        kept.find(|header| *header.part == *part)
    }

    /// Only of a token whose signature holds, so that nobody else can fill the room: `part` is `header` in base64url, `text` what
    /// it was parsed from.
    pub(crate) fn keep(&self, part: &str, text: &str, header: &Header<'_>) {
        if part.len() > MAX_LEN || !header.b64.is_absent() || !header.crit.is_absent() {
            return;
        }
        let mut new = UsualHeader {
            part: part.into(),
            text: text.into(),
            alg: Span::of_member(header.alg, text),
            cat: Span::of_member(header.cat, text),
            kid: Span::of_member(header.kid, text),
            typ: Span::of_member(header.typ, text),
        };
        for place in &self.0 {
            match place.set(new) {
                Ok(()) => return,
                Err(_) if place.get().is_some_and(|known| *known.part == *part) => return,
                Err(back) => new = back,
            }
        }
    }

    /// What is kept, in its order.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> Vec<&str> {
        let kept = self.0.iter().filter_map(OnceLock::get);
        kept.map(|header| &*header.part).collect()
    }
}

impl UsualHeader {
    /// As parsing its text would give it.
    pub(crate) fn header(&self) -> Header<'_> {
        Header {
            alg: self.alg.member(&self.text),
            cat: self.cat.member(&self.text),
            kid: self.kid.member(&self.text),
            typ: self.typ.member(&self.text),
            ..Header::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        r#"{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"ins_\u0031","other":[1],"typ":"JWT"}"#;

    fn keep(usual: &UsualHeaders, part: &str, text: &str) {
        usual.keep(part, text, &Header::parse(text).unwrap());
    }

    #[test]
    fn one_that_is_kept_says_what_its_text_says() {
        for text in [WHOLE, "{}", r#" { "typ" : "JWT" } "#] {
            let usual = UsualHeaders::default();
            keep(&usual, "part", text);
            let kept = usual.find("part").unwrap().header();
            let parsed = Header::parse(text).unwrap();
            assert_eq!(format!("{kept:?}"), format!("{parsed:?}"));
            assert!(usual.find("Part").is_none());
        }
    }

    /// The two would be lost, and with them the reason to refuse the token.
    #[test]
    fn no_long_one_is_kept_and_none_with_crit_or_b64() {
        let long = "p".repeat(512);
        let longer = format!("{long}p");
        for (part, text, is_kept) in [
            (&*long, WHOLE, true),
            (&*longer, WHOLE, false),
            (&*longer, r#"{"b64":true,"crit":[]}"#, false),
            ("part", r#"{"alg":"RS256","b64":true}"#, false),
            ("part", r#"{"alg":"RS256","crit":["b64"]}"#, false),
            ("part", r#"{"b64":false,"crit":["b64"]}"#, false),
        ] {
            let usual = UsualHeaders::default();
            keep(&usual, part, text);
            assert_eq!(usual.find(part).is_some(), is_kept, "{text}");
        }
    }

    #[test]
    fn the_first_few_are_kept_once_each() {
        let usual = UsualHeaders::default();
        for part in ["a", "b", "a", "b", "c", "c", "d", "e", "a"] {
            keep(&usual, part, WHOLE);
        }
        assert_eq!(usual.parts(), ["a", "b", "c", "d"]);
    }

    /// On threads as they are; under Miri also on memory that is as weak as Rust allows.
    #[cfg(not(shuttle))]
    #[test]
    fn threads_keep_each_once_and_find_it_whole() {
        for _ in 0..if cfg!(miri) { 2 } else { 500 } {
            let usual = UsualHeaders::default();
            std::thread::scope(|scope| {
                for parts in [["a", "b", "c"], ["b", "c", "d"], ["c", "a", "e"]] {
                    let usual = &usual;
                    scope.spawn(move || {
                        for part in parts {
                            let text = format!(r#"{{"kid":"{part}"}}"#);
                            keep(usual, part, &text);
                            if let Some(found) = usual.find(part) {
                                assert_eq!(found.header().kid.text().as_deref(), Some(part));
                            }
                        }
                    });
                }
            });
            let mut kept = usual.parts();
            assert_eq!(kept.len(), KEPT);
            kept.sort_unstable();
            kept.dedup();
            assert_eq!(kept.len(), KEPT);
        }
    }
}

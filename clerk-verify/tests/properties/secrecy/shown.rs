//! What one can come to see, and what must not be in it.

use std::{
    error::Error,
    fmt::{Debug, Display},
};

use clerk_verify::{
    AuthState, Refusal, Requirement, Reverification, Session, Verifier, VerifyError,
};
use foldhash::HashSet;
use proptest::test_runner::TestCaseError;

/// So many bytes of a secret are too many.
const PIECE: usize = 12;

/// Texts that must not be seen, not even in pieces.
#[derive(Default)]
pub(crate) struct Secrets(HashSet<[u8; PIECE]>);

impl Secrets {
    /// What stands between characters that keys and tokens have none of is a secret, if it is long enough to be one.
    pub(crate) fn of(texts: &[&str]) -> Self {
        let is_other = |letter: char| !(letter.is_ascii_alphanumeric() || "+/_-=".contains(letter));
        let words = texts.iter().flat_map(|text| text.split(is_other));
        // The frame of a PEM is no secret.
        let words = words.filter(|word| !word.contains("-----"));
        words.fold(Self::default(), Self::and)
    }

    /// Every piece of this text too.
    pub(crate) fn and(mut self, text: &str) -> Self {
        let pieces = text.as_bytes().windows(PIECE);
        self.0
            .extend(pieces.map(|piece| <[u8; PIECE]>::try_from(piece).unwrap()));
        self
    }

    fn piece_in<'t>(&self, text: &'t str) -> Option<&'t [u8]> {
        let mut pieces = text.as_bytes().windows(PIECE);
        pieces.find(|piece| self.0.contains(*piece))
    }
}

/// Texts, and where each of them was seen.
#[derive(Default)]
pub(crate) struct Shown(Vec<(String, String)>);

impl Shown {
    /// One line: a message, the value of a header field, a field of an event.
    pub(crate) fn line(&mut self, place: &str, text: impl Display) {
        self.0.push((place.to_owned(), text.to_string()));
    }

    /// Text whose line breaks are the library's own.
    pub(crate) fn lines(&mut self, place: &str, text: impl Display) {
        for line in text.to_string().lines() {
            self.line(place, line);
        }
    }

    /// As `Debug` shows it, on one line and on several.
    pub(crate) fn value(&mut self, place: &str, value: &impl Debug) {
        self.line(place, format!("{value:?}"));
        self.lines(place, format!("{value:#?}"));
    }

    /// An error, and all that caused it.
    pub(crate) fn error(&mut self, place: &str, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.lines(place, error);
            self.value(place, &error);
            next = error.source();
        }
    }

    pub(crate) fn refusal(&mut self, refusal: &Refusal) {
        self.value("a refusal", refusal);
        self.line("the body of an answer", refusal.body());
        for (name, value) in refusal.headers() {
            self.line(name, value);
        }
    }

    pub(crate) fn result(&mut self, result: &Result<Session, VerifyError>) {
        self.value("a result", result);
        match result {
            Ok(session) => self.session(session),
            Err(error) => {
                self.line("a message", error);
                self.error("an error", error);
                self.refusal(&error.refusal());
            }
        }
    }

    pub(crate) fn state(&mut self, state: AuthState) {
        self.value("a state", &state);
        if let Some(signed_out) = state.signed_out() {
            self.line("signed out", signed_out);
            self.error("signed out", signed_out);
            self.refusal(&signed_out.refusal());
        }
        let asked = Requirement::new()
            .role("org:nobody")
            .permission("org:nothing:at_all")
            .reverification(Reverification::strict());
        self.value("a requirement", &asked);
        if let Err(refused) = state.check(Some(&asked)) {
            self.value("refused", &refused);
            self.line("refused", &refused);
            self.error("refused", &refused);
            self.error("refused", refused.error());
            self.refusal(&refused.refusal());
        }
    }

    fn session(&mut self, session: &Session) {
        self.value("a session", session);
        self.value("claims", session.claims());
        self.value("an organization", &session.organization());
        self.value("an actor", &session.actor());
        self.value("features", &session.features());
        self.value("plans", &session.plans());
        self.value("an age", &session.factor_verification_age());
        let wrong = session.custom_claims::<Vec<u8>>();
        self.error("claims of another shape", &wrong.unwrap_err());
    }

    pub(crate) fn verifier(&mut self, verifier: &Verifier) {
        self.value("a verifier", verifier);
        self.lines("a description", verifier.describe());
        self.value("a status", &verifier.status());
        self.value("statuses", &verifier.key_sources());
        self.value("the token cache", &verifier.token_cache_status());
    }

    pub(crate) fn check(&self, secrets: &Secrets) -> Result<(), TestCaseError> {
        for (place, text) in &self.0 {
            if let Some(piece) = secrets.piece_in(text) {
                let piece = String::from_utf8_lossy(piece);
                let message = format!("a secret ({piece}) is in {place}: {text}");
                return Err(TestCaseError::fail(message));
            }
            if let Some(character) = text.chars().find(|character| moves(*character)) {
                let message = format!("{character:?} is in {place}: {text:?}");
                return Err(TestCaseError::fail(message));
            }
        }
        Ok(())
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|(_, shown)| shown.contains(text))
    }
}

/// What begins a line, moves the cursor, or changes the direction of reading.
fn moves(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

//! Values from outside, made fit to stand in a message.

use std::{fmt, sync::Arc};

/// As much of a value as a message shows, in characters.
const SHOWN: usize = 100;

/// What a token says in one place: escaped, so that it can't forge log lines, and cut.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen(Option<String>);

impl Seen {
    pub(crate) fn absent() -> Self {
        Self(None)
    }

    pub(crate) fn text(text: &str) -> Self {
        let mut shown: String = text
            .chars()
            .take(SHOWN)
            .flat_map(char::escape_debug)
            .collect();
        if text.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Self(Some(shown))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => write!(f, "`{text}`"),
            None => f.write_str("missing"),
        }
    }
}

/// The values of an option, as they were configured.
#[derive(Clone, Debug)]
pub(crate) struct List(pub(crate) Arc<[String]>);

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, value) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}`{}`", value.escape_debug())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_long_values_cut() {
        assert_eq!(Seen::text("a\nb\u{202e}").to_string(), "`a\\nb\\u{202e}`");
        let long = Seen::text(&"x".repeat(5000)).to_string();
        assert_eq!(long.chars().count(), SHOWN + 3);
    }
}

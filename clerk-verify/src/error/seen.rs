//! Values from outside, made fit to stand in a message.

use std::{fmt, sync::Arc};

/// As much of a value as a message shows, in characters.
const SHOWN: usize = 100;

/// What a token says in one place, cut; escaped where it is shown, so that it can't forge log lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen(Option<Text>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Text {
    start: Box<str>,
    is_whole: bool,
}

impl Seen {
    pub(crate) fn absent() -> Self {
        Self(None)
    }

    pub(crate) fn text(text: &str) -> Self {
        let end = match text.len() {
            0..=SHOWN => None,
            _ => text.char_indices().nth(SHOWN),
        };
        let start = end.and_then(|(end, _)| text.get(..end));
        Self(Some(Text {
            start: start.unwrap_or(text).into(),
            is_whole: start.is_none(),
        }))
    }

    /// All of it; `None` where it is absent or cut.
    pub(super) fn whole(&self) -> Option<&str> {
        let text = self.0.as_ref().filter(|text| text.is_whole)?;
        Some(&text.start)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => {
                f.write_str("`")?;
                for character in text.start.chars() {
                    write!(f, "{}", character.escape_debug())?;
                }
                f.write_str(if text.is_whole { "`" } else { "…`" })
            }
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
        let (hundred, more) = ("x".repeat(100), "x".repeat(101));
        assert_eq!(Seen::text(&hundred).to_string(), format!("`{hundred}`"));
        assert_eq!(Seen::text(&more).to_string(), format!("`{hundred}…`"));
    }
}

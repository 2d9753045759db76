//! Places in a JSON text, so that what nobody asks for is not copied out of it.

use std::borrow::Cow;

use crate::json::Member;

/// Where something stands in the text, in bytes. A token is never as long as these numbers can be: `build()` sees to it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part`, which is a part of `text`, stands in it.
    fn of(part: &str, text: &str) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        let end = start.wrapping_add(part.len());
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self { start, end },
            _ => Self::default(),
        }
    }

    /// Of a claim's value; empty where it is absent.
    pub(crate) fn of_member(member: Member<'_>, text: &str) -> Self {
        member
            .raw()
            .map_or(Self::default(), |raw| Self::of(raw, text))
    }

    fn get(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// The claim that stands there.
    pub(crate) fn member(self, text: &str) -> Member<'_> {
        match self.get(text) {
            "" => Member::default(),
            raw => Member::found(raw),
        }
    }
}

/// A string claim.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Absent,
    /// As it stands in the payload, without its quotes.
    At(Span),
    /// One that is written with escapes.
    Unescaped(Box<str>),
}

impl Text {
    /// Absent also where it is no string.
    pub(crate) fn of_member(member: Member<'_>, text: &str) -> Self {
        match member.text() {
            None => Self::Absent,
            Some(Cow::Borrowed(value)) => Self::At(Span::of(value, text)),
            Some(Cow::Owned(value)) => Self::Unescaped(value.into()),
        }
    }

    pub(super) fn get<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Absent => None,
            Self::At(span) => Some(span.get(text)),
            Self::Unescaped(value) => Some(value),
        }
    }

    #[cfg(feature = "cache")]
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Absent | Self::At(_) => 0,
            Self::Unescaped(value) => value.len() + super::size::ALLOCATION,
        }
    }
}

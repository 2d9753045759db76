//! How a signed token is written.

use super::dice::Dice;

#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) enum Spelling {
    #[default]
    Usual,
    PaddedSignature,
    StandardAlphabet,
    StrayBits,
    OneMorePart,
    OnePartLess,
    EmptyPart,
    SpaceBefore,
    SpaceBehind,
    TabInside,
    Quoted,
    LowerCase,
    OtherSymbol,
    NotAscii,
}

impl Spelling {
    pub(super) const ALL: [Self; 13] = [
        Self::PaddedSignature,
        Self::StandardAlphabet,
        Self::StrayBits,
        Self::OneMorePart,
        Self::OnePartLess,
        Self::EmptyPart,
        Self::SpaceBefore,
        Self::SpaceBehind,
        Self::TabInside,
        Self::Quoted,
        Self::LowerCase,
        Self::OtherSymbol,
        Self::NotAscii,
    ];

    pub(super) fn write(self, dice: &mut Dice, token: String) -> String {
        match self {
            Self::Usual => token,
            Self::PaddedSignature => token + dice.one(&["=", "=="]),
            Self::StandardAlphabet => token.replace('-', "+").replace('_', "/"),
            Self::StrayBits => {
                // The last symbol of 256 bytes holds two bits, and four that must be zero.
                let stray = token.strip_suffix(['A', 'Q', 'g', 'w']);
                stray.map_or_else(|| token.clone(), |rest| format!("{rest}B"))
            }
            Self::OneMorePart => format!("{token}.{}", dice.one(&["", "x", "AAAA"])),
            Self::OnePartLess => {
                let cut = token.rsplit_once('.');
                cut.map_or_else(String::new, |(rest, _)| rest.to_owned())
            }
            Self::EmptyPart => {
                let place = dice.below(3);
                let mut parts: Vec<&str> = token.split('.').collect();
                if let Some(part) = parts.get_mut(place) {
                    *part = "";
                }
                parts.join(".")
            }
            Self::SpaceBefore => format!(" {token}"),
            Self::SpaceBehind => format!("{token} "),
            Self::TabInside => token.replacen('.', "\t.", 1),
            Self::Quoted => format!("\"{token}\""),
            Self::LowerCase => token.to_ascii_lowercase(),
            Self::OtherSymbol => {
                let symbol = dice.one(&["!", "~", "=", ",", "%", "é", "\u{7f}"]);
                let place = dice.below(token.len());
                match token.split_at_checked(place) {
                    Some((before, behind)) => format!("{before}{symbol}{behind}"),
                    None => token,
                }
            }
            Self::NotAscii => format!(
                "{token}{}",
                dice.one(&["é", "\u{a0}", "\u{7f}", "\u{c}", "\u{1}"])
            ),
        }
    }
}

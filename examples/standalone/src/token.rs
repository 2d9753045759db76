//! Where the token comes from.

use std::{
    error::Error,
    io::{self, IsTerminal, Read},
};

/// More than any token has; what is longer is refused without being read to its end.
const LIMIT: u64 = 1024 * 1024;

/// The token of these words or, where there are none or a dash, of standard input.
pub(crate) fn read(words: &[String]) -> Result<String, Box<dyn Error>> {
    let text = match words.join(" ") {
        words if words.is_empty() || words == "-" => standard_input()?,
        words => words,
    };
    match bare(&text) {
        "" => Err("no token: give one as an argument or on standard input".into()),
        token => Ok(token.to_owned()),
    }
}

/// The text without tokens: one that was put in the place of another argument is not to be printed either.
pub(crate) fn hide(text: &str) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let shown = |word: &str| match word.find("eyJ") {
        Some(start) if word.contains('.') => format!("{}<token>", word.split_at(start).0),
        _ => word.to_owned(),
    };
    text.split_inclusive(|character| !is_part(character))
        .map(|word| {
            let bare = word.trim_end_matches(|character| !is_part(character));
            shown(bare) + word.strip_prefix(bare).unwrap_or_default()
        })
        .collect()
}

fn standard_input() -> io::Result<String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        eprintln!("paste the token, then Enter and Ctrl-D:");
    }
    let mut bytes = Vec::new();
    stdin.lock().take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The token without what comes along when it is copied: space around it, and the `Bearer` of the header.
fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        _ if text.eq_ignore_ascii_case("bearer") => "",
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{bare, hide};

    #[test]
    fn tokens_are_hidden_wherever_they_stand() {
        assert_eq!(
            hide("can't read eyJh.eyJz.c-_d: no"),
            "can't read <token>: no"
        );
        assert_eq!(hide("'--at=eyJh.eyJz.cd'\n`x`"), "'--at=<token>'\n`x`");
        assert_eq!(hide("./keys.json, --at"), "./keys.json, --at");
    }

    #[test]
    fn what_comes_along_when_a_token_is_copied_is_dropped() {
        for text in ["a.b.c", " a.b.c\n", "Bearer a.b.c", "bearer \t a.b.c\r\n"] {
            assert_eq!(bare(text), "a.b.c", "{text:?}");
        }
        for text in ["", " \n", "Bearer", "Bearer \n"] {
            assert_eq!(bare(text), "", "{text:?}");
        }
    }

    #[test]
    fn what_is_no_scheme_stays() {
        assert_eq!(bare("a.b.c d"), "a.b.c d");
        assert_eq!(bare("bearera.b.c"), "bearera.b.c");
    }
}

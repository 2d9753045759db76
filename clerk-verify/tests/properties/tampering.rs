//! An accepted token has one text: whoever changes it has another token, which nobody signed.
//!
//! That each character counts, one by one, stands in `token_cache.rs`.

use clerk_verify::FixedClock;
use proptest::{prelude::*, sample::Index, sample::select};

use crate::{
    check::{Met, holds},
    draft::good,
    mint::NOW,
    requests::field,
    rules::Rules,
    verdict::Verdict,
};

#[derive(Clone, Debug)]
enum Edit {
    Substitute(Index, char),
    /// The last character of a part, whose spare bits no strict decoder takes.
    LastOf(usize, char),
    Insert(Index, char),
    Delete(Index),
    Double(Index),
    Swap(Index),
    OtherCase(Index),
    Truncate(Index),
    DropStart(Index),
    Append(String),
    Prepend(String),
    /// The part of one token in the place of another's.
    Splice(usize),
    Nothing,
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    let character = || {
        prop_oneof![
            6 => select(('!'..='~').collect::<Vec<_>>()),
            2 => select(vec!['.', '=', '+', '/', '-', '_', ' ', '\n', '\r', '\t', '\0', '%']),
            1 => any::<char>(),
        ]
    };
    let around = || "[=.\\s\"A]{1,4}|\\PC{1,3}";
    prop_oneof![
        4 => (place(), character()).prop_map(|(place, other)| Edit::Substitute(place, other)),
        2 => (0_usize..3, "[A-Za-z0-9_-]").prop_map(|(part, other)| {
            Edit::LastOf(part, other.chars().next().unwrap())
        }),
        2 => (place(), character()).prop_map(|(place, other)| Edit::Insert(place, other)),
        2 => place().prop_map(Edit::Delete),
        1 => place().prop_map(Edit::Double),
        1 => place().prop_map(Edit::Swap),
        1 => place().prop_map(Edit::OtherCase),
        1 => place().prop_map(Edit::Truncate),
        1 => place().prop_map(Edit::DropStart),
        1 => around().prop_map(Edit::Append),
        1 => around().prop_map(Edit::Prepend),
        1 => (0_usize..3).prop_map(Edit::Splice),
        2 => Just(Edit::Nothing),
    ]
}

impl Edit {
    fn of(&self, token: &str, other: &str) -> String {
        let mut characters: Vec<char> = token.chars().collect();
        let at = |place: &Index| place.index(token.len());
        match self {
            Self::Substitute(place, other) => characters[at(place)] = *other,
            Self::LastOf(part, other) => {
                let ends = token.match_indices('.').map(|(dot, _)| dot);
                let end = ends.chain([token.len()]).nth(*part).unwrap();
                characters[end - 1] = *other;
            }
            Self::Insert(place, other) => characters.insert(place.index(token.len() + 1), *other),
            Self::Delete(place) => drop(characters.remove(at(place))),
            Self::Double(place) => characters.insert(at(place), characters[at(place)]),
            Self::Swap(place) => {
                let place = place.index(token.len() - 1);
                characters.swap(place, place + 1);
            }
            Self::OtherCase(place) => {
                let letter = &mut characters[at(place)];
                *letter = match letter.is_ascii_lowercase() {
                    true => letter.to_ascii_uppercase(),
                    false => letter.to_ascii_lowercase(),
                };
            }
            Self::Truncate(place) => characters.truncate(place.index(token.len())),
            Self::DropStart(place) => drop(characters.drain(..place.index(token.len()))),
            Self::Append(text) => characters.extend(text.chars()),
            Self::Prepend(text) => drop(characters.splice(0..0, text.chars())),
            Self::Splice(part) => {
                let mut parts: Vec<&str> = token.split('.').collect();
                parts[*part] = other.split('.').nth(*part).unwrap();
                return parts.join(".");
            }
            Self::Nothing => {}
        }
        characters.into_iter().collect()
    }
}

#[test]
fn any_other_text_is_refused_also_by_one_who_remembers_the_token() {
    let case = (good(), good(), edit(), any::<bool>());
    holds(768, case, |(draft, other, edit, is_cached)| {
        let (token, other) = (draft.sign(), other.sign());
        let rules = Rules {
            is_cached,
            ..Rules::default()
        };
        let verifier = rules.build(FixedClock::at_unix(NOW));
        for good in [&token, &other] {
            prop_assert_eq!(Verdict::of_token(&verifier, good).met(), Met::Accepted);
        }
        let changed = edit.of(&token, &other);
        let verdict = Verdict::of_token(&verifier, &changed);
        // A header that both have makes no other token.
        let expected = Met::accepted_if(changed == token || changed == other);
        prop_assert_eq!(verdict.met(), expected);

        // Around the value and behind the scheme blanks and tabs say nothing; nothing else is forgiven.
        let value = format!("Bearer {changed}");
        let bare = changed.trim_matches([' ', '\t']);
        let found = Verdict::of_request(&verifier, &[field("authorization", &value)]);
        prop_assert_eq!(
            found.met(),
            Met::accepted_if(bare == token || bare == other)
        );
        Ok(verdict.met())
    });
}

//! Mutations that keep JSON what it is: members come, go, move, double and change their values.

use crate::model::json::{self, Json};

/// A small generator (splitmix64), so that a mutation follows from libFuzzer's seed.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed))
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ value >> 31) % end.max(1) as u64) as usize
    }

    pub fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Names and values, as JSON text, that mean something where they are put in.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub names: &'static [&'static str],
    pub values: &'static [&'static str],
}

/// Changes one object of the text, mostly the outermost. `None` where the text is no object.
///
/// Members are handled as their text, for a parser would lose how they are written.
pub fn json(text: &[u8], words: &Words, random: &mut Random) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut members = members(text)?;
    for _ in 0..=random.below(3) {
        change(&mut members, words, random);
    }
    Some(format!("{{{}}}", members.join(",")).into_bytes())
}

fn change(members: &mut Vec<String>, words: &Words, random: &mut Random) {
    let at = random.below(members.len());
    let value = random.one_of(words.values);
    let Some(member) = members.get(at).cloned() else {
        members.push(format!("\"{}\":{value}", random.one_of(words.names)));
        return;
    };
    let name = member
        .split_once(':')
        .map_or(member.as_str(), |(name, _)| name);
    match random.below(12) {
        0 => drop(members.remove(at)),
        1 => members.push(member),
        2 => {
            members.remove(at);
            members.insert(random.below(members.len() + 1), member);
        }
        3 => members[at] = format!("\"{}\":{value}", random.one_of(words.names)),
        4 => members[at] = format!("{name}:[{value},{value}]"),
        5 => members[at] = format!(" {name}\t:\n{value}\r"),
        6 => {
            let inner = random.one_of(words.names);
            members[at] = format!("{name}:{{\"{inner}\":{value}}}");
        }
        7 | 8 => {
            let name = random.one_of(words.names);
            members.insert(at, format!("\"{name}\":{value}"));
        }
        _ => members[at] = format!("{name}:{value}"),
    }
}

/// The texts of an object's members.
#[must_use]
pub fn members(text: &str) -> Option<Vec<String>> {
    let Json::Object(_) = json::parse(text.as_bytes())?.value else {
        return None;
    };
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (mut members, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                members.push(inner[start..at].to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner.trim().is_empty() {
        members.push(inner[start..].to_owned());
    }
    Some(members)
}

//! Reads JSON as JavaScript does, and keeps what JavaScript throws away: members whose name stands twice. Independent
//! of both sides, to say what a case holds.

/// What stands for half of a surrogate pair, which no Rust string can hold. No case has the character itself.
pub(crate) const LONE_SURROGATE: char = '\u{ffff}';

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// Infinite where it is too large.
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let value = reader.value()?;
        reader.space();
        reader.rest.is_empty().then_some(value)
    }

    /// The last member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let mut members = self.members().iter().rev();
        members.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(crate) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// What JavaScript makes of it where it compares it with a number, for what the cases have.
    pub(crate) fn as_number(&self) -> f64 {
        match self {
            Self::Null | Self::Bool(false) => 0.0,
            Self::Bool(true) => 1.0,
            Self::Number(number) => *number,
            Self::Text(text) if text.trim().is_empty() => 0.0,
            Self::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
            Self::Array(values) => match &**values {
                [] => 0.0,
                [one] => one.as_number(),
                _ => f64::NAN,
            },
            Self::Object(_) => f64::NAN,
        }
    }

    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) => false,
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Bool(true) | Self::Array(_) | Self::Object(_) => true,
        }
    }

    /// How many levels of arrays and objects there are.
    pub(crate) fn depth(&self) -> usize {
        let inner: Box<dyn Iterator<Item = &Self>> = match self {
            Self::Array(values) => Box::new(values.iter()),
            Self::Object(members) => Box::new(members.iter().map(|(_, value)| value)),
            _ => return 0,
        };
        1 + inner.map(Self::depth).max().unwrap_or_default()
    }

    /// The names that stand more than once.
    pub(crate) fn repeated(&self) -> Vec<&str> {
        let names: Vec<&str> = self.members().iter().map(|(name, _)| &**name).collect();
        let count = |wanted: &str| names.iter().filter(|name| **name == wanted).count();
        names
            .iter()
            .copied()
            .filter(|name| count(name) > 1)
            .collect()
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = self.rest.get(next.len_utf8()..)?;
        Some(next)
    }

    fn value(&mut self) -> Option<Json> {
        self.space();
        match self.rest.chars().next()? {
            '{' => self.object(),
            '[' => self.array(),
            '"' => self.text().map(Json::Text),
            '-' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Option<Json> {
        for (word, value) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ] {
            if self.take(word).is_some() {
                return Some(value);
            }
        }
        None
    }

    fn object(&mut self) -> Option<Json> {
        self.take("{")?;
        let mut members = Vec::new();
        self.space();
        if self.take("}").is_some() {
            return Some(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.text()?;
            self.space();
            self.take(":")?;
            members.push((name, self.value()?));
            self.space();
            match self.next()? {
                ',' => {}
                '}' => return Some(Json::Object(members)),
                _ => return None,
            }
        }
    }

    fn array(&mut self) -> Option<Json> {
        self.take("[")?;
        let mut values = Vec::new();
        self.space();
        if self.take("]").is_some() {
            return Some(Json::Array(values));
        }
        loop {
            values.push(self.value()?);
            self.space();
            match self.next()? {
                ',' => {}
                ']' => return Some(Json::Array(values)),
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<Json> {
        let is_part =
            |character: char| matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
        let end = self.rest.find(|character| !is_part(character));
        let (text, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        is_number(text)
            .then(|| text.parse().ok().map(Json::Number))
            .flatten()
    }

    fn text(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                character if character < ' ' => return None,
                character => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unit(),
            character @ ('"' | '\\' | '/') => character,
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Some(char::from_u32(first).unwrap_or(LONE_SURROGATE));
        }
        let before = self.rest;
        if self.take("\\u").is_some()
            && let Some(second) = self.hex()
            && (0xdc00..0xe000).contains(&second)
        {
            return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
        self.rest = before;
        Some(LONE_SURROGATE)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest.get(..4)?;
        self.rest = self.rest.get(4..)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    }
}

/// Rust would also parse `+1`, `.5` and `01`.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text.starts_with('0')) {
        return false;
    }
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let length = digits(exponent);
        return length > 0 && length == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_javascript_reads() {
        for (text, value) in [
            ("1e999", Some(Json::Number(f64::INFINITY))),
            ("-0.5E+1", Some(Json::Number(-5.0))),
            ("01", None),
            ("1.", None),
            ("+1", None),
            (" [ ] ", Some(Json::Array(Vec::new()))),
            ("[1,]", None),
            (
                "\"\\u0041\\ud83d\\ude00\"",
                Some(Json::Text("A😀".to_owned())),
            ),
            (
                "\"\\ud800x\"",
                Some(Json::Text(format!("{LONE_SURROGATE}x"))),
            ),
            ("\"\t\"", None),
            ("{} x", None),
        ] {
            assert_eq!(Json::read(text), value, "{text}");
        }
    }

    #[test]
    fn the_last_of_two_members_counts_and_both_are_known() {
        let read = Json::read(r#"{"a":1,"b":[[]],"\u0061":2}"#);
        let read = read.unwrap_or(Json::Null);
        assert_eq!(read.get("a"), Some(&Json::Number(2.0)));
        assert_eq!(read.repeated(), ["a", "a"]);
        assert_eq!(read.depth(), 3);
    }
}

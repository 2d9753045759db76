//! JSON (RFC 8259) as the models read it: members in their order with their duplicates, numbers as their text.

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A text that was read.
#[derive(Debug)]
pub struct Parsed {
    pub value: Json,
    /// How deep it nests; a scalar is 0, `{}` is 1.
    pub depth: usize,
    /// Whether a string holds an escape that is half a surrogate pair: grammatical, but no text.
    pub has_lone_surrogate: bool,
}

/// Beyond what any limit of the library allows, and within what the stack holds.
const MAX_DEPTH: usize = 200;

/// Reads a whole text. `None` where it is not JSON in UTF-8, or nests beyond all measure.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Parsed> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader {
        rest: text,
        deepest: 0,
        has_lone_surrogate: false,
    };
    let value = reader.value(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(Parsed {
        value,
        depth: reader.deepest,
        has_lone_surrogate: reader.has_lone_surrogate,
    })
}

impl Json {
    /// The members, where this is an object.
    #[must_use]
    pub fn members(&self) -> Option<&[(String, Json)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The last member of this name, where this is an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        let mut members = self.members()?.iter().rev();
        Some(&members.find(|(known, _)| known == name)?.1)
    }

    /// How many members have this name.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        let members = self.members().unwrap_or_default();
        members.iter().filter(|(known, _)| known == name).count()
    }

    /// Whether a name stands twice, at this level.
    #[must_use]
    pub fn repeats_a_name(&self) -> bool {
        let members = self.members().unwrap_or_default();
        members.iter().any(|(name, _)| self.count(name) > 1)
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number as a double, which is what JSON numbers are to Clerk's SDKs; infinite where it is too large.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Written without white space.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) => text.clone(),
            Self::Text(text) => quoted(text),
            Self::List(values) => {
                let values: Vec<_> = values.iter().map(Self::write).collect();
                format!("[{}]", values.join(","))
            }
            Self::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("{}:{}", quoted(name), value.write()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\0'..='\x1f' => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

struct Reader<'a> {
    rest: &'a str,
    deepest: usize,
    has_lone_surrogate: bool,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn takes(&mut self, word: &str) -> bool {
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.skip_space();
        match self.rest.as_bytes().first()? {
            b'{' => self.object(depth + 1),
            b'[' => self.list(depth + 1),
            b'"' => self.string().map(Json::Text),
            b'n' => self.takes("null").then_some(Json::Null),
            b't' => self.takes("true").then_some(Json::Bool(true)),
            b'f' => self.takes("false").then_some(Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn enter(&mut self, depth: usize) -> Option<()> {
        self.deepest = self.deepest.max(depth);
        (depth <= MAX_DEPTH).then_some(())
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.enter(depth)?;
        self.takes("{");
        let mut members = Vec::new();
        self.skip_space();
        if self.takes("}") {
            return Some(Json::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            if !self.takes(":") {
                return None;
            }
            members.push((name, self.value(depth)?));
            self.skip_space();
            if self.takes("}") {
                return Some(Json::Object(members));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        self.enter(depth)?;
        self.takes("[");
        let mut values = Vec::new();
        self.skip_space();
        if self.takes("]") {
            return Some(Json::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            self.skip_space();
            if self.takes("]") {
                return Some(Json::List(values));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        if !self.takes("\"") {
            return None;
        }
        let mut text = String::new();
        loop {
            let character = self.rest.chars().next()?;
            self.rest = &self.rest[character.len_utf8()..];
            match character {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                '\0'..='\x1f' => return None,
                _ => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.rest = &self.rest[letter.len_utf8()..];
        Some(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(),
            _ => return None,
        })
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        let before = self.rest;
        if (0xd800..0xdc00).contains(&first) && self.takes("\\u") {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                return char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.rest = before;
        }
        let character = char::from_u32(first);
        self.has_lone_surrogate |= character.is_none();
        Some(character.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest.get(..4)?;
        self.rest = &self.rest[4..];
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.rest;
        self.takes("-");
        if !self.takes("0") && self.digits() == 0 {
            return None;
        }
        if self.takes(".") && self.digits() == 0 {
            return None;
        }
        if self.takes("e") || self.takes("E") {
            let _ = self.takes("+") || self.takes("-");
            if self.digits() == 0 {
                return None;
            }
        }
        let length = start.len() - self.rest.len();
        Some(Json::Number(start[..length].to_owned()))
    }

    fn digits(&mut self) -> usize {
        let before = self.rest.len();
        self.rest = self
            .rest
            .trim_start_matches(|digit: char| digit.is_ascii_digit());
        before - self.rest.len()
    }
}

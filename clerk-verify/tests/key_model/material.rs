//! Three keys of one issuer, the sets that its server may publish, and the tokens that may come.

use std::{
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clerk_verify::{FixedClock, testing::TestIssuer};

/// The time of day at which every sequence begins, in seconds since 1970.
pub(crate) const START: u64 = 1_790_000_000;

/// Tokens are good from here on, so that the time of day can be set back.
const ISSUED: i64 = START as i64 - 100 * 86_400;

pub(crate) const FIRST: &str = "ins_first";
pub(crate) const SECOND: &str = "ins_second";

/// A key id, and which key stands under it.
pub(crate) type Entry = (&'static str, char);

/// What the server may publish. `x` is a key of a kind that is not supported.
pub(crate) const SETS: &[&[Entry]] = &[
    &[(FIRST, 'a')],
    &[(FIRST, 'a'), (SECOND, 'c')],
    &[(SECOND, 'c')],
    &[(FIRST, 'b')],
    &[(FIRST, 'a'), (FIRST, 'b')],
    &[(FIRST, 'b'), (SECOND, 'c'), (SECOND, 'x')],
];

/// What may come: the key id that a token names, and the key that signed it. `j` is no signature at all.
pub(crate) const TOKENS: &[Entry] = &[
    (FIRST, 'a'),
    (FIRST, 'b'),
    (SECOND, 'c'),
    (SECOND, 'a'),
    (FIRST, 'j'),
    ("ins_forged_1", 'a'),
    ("ins_forged_2", 'a'),
    ("ins_forged_3", 'j'),
];

pub(crate) struct Material {
    /// In the order of `SETS`.
    pub(crate) sets: Vec<String>,
    /// In the order of `TOKENS`.
    pub(crate) tokens: Vec<String>,
    pub(crate) issuer: String,
}

/// Made once, for keys take their time.
pub(crate) static MATERIAL: LazyLock<Material> = LazyLock::new(|| {
    let keys = Keys {
        a: TestIssuer::new(),
        b: TestIssuer::fresh(),
        c: TestIssuer::fresh(),
    };
    Material {
        sets: SETS.iter().map(|set| keys.set(set)).collect(),
        tokens: TOKENS.iter().map(|token| keys.token(*token)).collect(),
        issuer: keys.a.issuer().to_owned(),
    }
});

struct Keys {
    a: TestIssuer,
    b: TestIssuer,
    c: TestIssuer,
}

impl Keys {
    fn of(&self, key: char) -> &TestIssuer {
        match key {
            'b' => &self.b,
            'c' => &self.c,
            _ => &self.a,
        }
    }

    fn set(&self, entries: &[Entry]) -> String {
        let members: Vec<String> = entries
            .iter()
            .map(|(key_id, key)| {
                if *key == 'x' {
                    return format!(r#"{{"kty":"AKP","kid":"{key_id}","alg":"ML-DSA-44"}}"#);
                }
                let set = self.of(*key).clone().with_key_id(*key_id).jwks_json();
                let set: serde_json::Value = serde_json::from_str(&set).unwrap();
                set["keys"][0].to_string()
            })
            .collect();
        format!(r#"{{"keys":[{}]}}"#, members.join(","))
    }

    fn token(&self, (key_id, key): Entry) -> String {
        let clock = FixedClock::at_unix(ISSUED);
        let issuer = self.a.clone().with_clock(clock);
        let token = issuer.token().lifetime(Duration::from_secs(400 * 86_400));
        let token = token.signed_by(self.of(key)).header("kid", key_id).sign();
        if key == 'j' {
            let (signed, _) = token.rsplit_once('.').unwrap();
            return format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 256]));
        }
        token
    }
}

/// How many keys of a set can be used.
pub(crate) fn usable(set: &[Entry]) -> usize {
    set.iter().filter(|(_, key)| *key != 'x').count()
}

pub(crate) fn start_of_day() -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_secs(START)
}

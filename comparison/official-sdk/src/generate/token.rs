//! A whole token: two texts, a signature, and how all three are written.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    claims::{self, Subject},
    dice::Dice,
    header::{self, Members},
    organization,
    signature::Signature,
    spelling::Spelling,
};
use crate::{Result, case::Options, keys::Signers};

/// A token and when its claims change their meaning, in seconds since 1970.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) edges: Vec<i64>,
}

/// How much is odd about a token.
#[derive(Clone, Copy)]
pub(crate) enum Oddity {
    None,
    Some,
    /// In what grants permissions.
    Places,
    /// The payload is `null`.
    Null,
    /// In what decides which of two cookies counts.
    Choice,
    /// Of a kind that chance would seldom make so that nothing else is odd.
    Rare,
}

pub(crate) fn token(
    dice: &mut Dice,
    signers: &Signers,
    subject: &Subject,
    options: &Options,
    oddity: Oddity,
) -> Result<Token> {
    let mut header = header::usual(dice);
    let mut claims = claims::usual(dice, subject, options);
    let mut text = Text::default();
    let mut changes = match oddity {
        Oddity::None => 0,
        Oddity::Some => dice.weighed(&[(70, 1), (20, 2), (10, 3)]),
        Oddity::Places => {
            organization::places(dice, &mut claims);
            0
        }
        Oddity::Null => {
            text.other_claims = Some("null");
            0
        }
        Oddity::Choice => {
            odd_choice(dice, &mut claims, options);
            0
        }
        Oddity::Rare => {
            rare(dice, &mut header, &mut claims, options);
            if dice.percent(15) {
                text.signature = Signature::Empty;
            }
            0
        }
    };
    while changes > 0 {
        changes -= 1;
        match dice.between(0, 9) {
            0..2 => header::change(dice, &mut header),
            2..7 => claims::change(dice, &mut claims, options),
            7 => text.change(dice),
            8 => text.spelling = dice.one(&Spelling::ALL),
            _ => text.signature = dice.one(&Signature::ALL),
        }
    }
    let edges = ["exp", "iat", "nbf"].iter().filter_map(|name| {
        let claim = claims.iter().find(|(known, _)| known == name)?;
        claim.1.parse().ok()
    });
    Ok(Token {
        edges: edges.collect(),
        text: text.write(dice, signers, &header, &claims)?,
    })
}

fn rare(dice: &mut Dice, header: &mut Members, claims: &mut Members, options: &Options) {
    if dice.percent(20) {
        return odd_choice(dice, claims, options);
    }
    let (part, name, value) = dice.one(&[
        (1, "sub", r#""""#),
        (1, "sub", r#""mch_1""#),
        (1, "sub", r#""user_\ud800""#),
        (1, "nbf", "-1e999"),
        (1, "nbf", "1e999"),
        (1, "iat", "-1e999"),
        (1, r"\ud800", "1"),
        (1, "sts", r#""pending""#),
        (0, r"\udfff", "1"),
        (0, "cat", r#""cl_B7d4PD222AAA""#),
        (0, "cat", r#""cl_B7d4PD333AAA""#),
        (0, "cat", "null"),
        (0, "typ", r#""at+jwt""#),
        (0, "crit", "[]"),
    ]);
    header::set(if part == 0 { header } else { claims }, name, value);
}

fn odd_choice(dice: &mut Dice, claims: &mut Members, options: &Options) {
    let host = &options.app.host;
    let issued_at = claims.iter().find(|(name, _)| name == "iat");
    let issued_at = issued_at.map(|(_, text)| text.clone()).unwrap_or_default();
    let (name, value) = dice.one(&[
        ("iat", format!("\"{issued_at}\"")),
        ("iat", format!("[{issued_at}]")),
        ("iss", format!("\"https://https://{host}\"")),
        ("iss", format!("\"{host}https://\"")),
    ]);
    header::set(claims, name, &value);
}

/// What is done to the texts and the parts.
#[derive(Default)]
struct Text {
    /// Instead of what the members say.
    other_header: Option<&'static str>,
    other_claims: Option<&'static str>,
    /// A byte order mark before, bytes that are no UTF-8 in the middle.
    marks: [bool; 2],
    broken: [bool; 2],
    padding: [&'static str; 2],
    spaced: bool,
    spelling: Spelling,
    signature: Signature,
}

impl Text {
    fn change(&mut self, dice: &mut Dice) {
        let part = dice.below(2);
        let at = |flags: &mut [bool; 2]| {
            if let Some(flag) = flags.get_mut(part) {
                *flag = true;
            }
        };
        match dice.between(0, 5) {
            0 => self.other_header = Some(header::other_json(dice)),
            1 => self.other_claims = Some(header::other_json(dice)),
            2 => at(&mut self.marks),
            3 => at(&mut self.broken),
            4 => {
                let padding = dice.one(&["=", "==", "==="]);
                if let Some(place) = self.padding.get_mut(part) {
                    *place = padding;
                }
            }
            _ => self.spaced = true,
        }
    }

    fn write(
        &self,
        dice: &mut Dice,
        signers: &Signers,
        header: &Members,
        claims: &Members,
    ) -> Result<String> {
        let algorithm = header.iter().find(|(name, _)| name == "alg");
        let algorithm = algorithm
            .map_or("", |(_, value)| value.trim_matches('"'))
            .to_owned();
        let [marked_header, marked_claims] = self.marks;
        let [broken_header, broken_claims] = self.broken;
        let [header_padding, claims_padding] = self.padding;
        let header = self.bytes(self.other_header, header, marked_header, broken_header);
        let claims = self.bytes(self.other_claims, claims, marked_claims, broken_claims);
        let message = format!(
            "{}{header_padding}.{}{claims_padding}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = self.signature.sign(dice, signers, &algorithm, &message)?;
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        Ok(self.spelling.write(dice, token))
    }

    fn bytes(
        &self,
        instead: Option<&str>,
        members: &Members,
        is_marked: bool,
        is_broken: bool,
    ) -> Vec<u8> {
        let space = if self.spaced { " \n\t" } else { "" };
        let members = members
            .iter()
            .map(|(name, value)| format!("\"{name}\"{space}:{space}{value}"));
        let separator = format!("{space},{space}");
        let members = members.collect::<Vec<_>>().join(&separator);
        let text = match instead {
            Some(text) => text.to_owned(),
            None => format!("{space}{{{members}}}{space}"),
        };
        let mut bytes = text.into_bytes();
        if is_broken {
            // In a member of its own, so that only the decoding of text can mind it.
            let place = bytes
                .iter()
                .position(|byte| *byte == b'{')
                .map_or(0, |place| place + 1);
            let mut member = br#""x":"  ","#.to_vec();
            for byte in &mut member {
                if *byte == b' ' {
                    *byte = 0xc0;
                }
            }
            bytes.splice(place..place, member);
        }
        if is_marked {
            bytes.splice(0..0, *b"\xef\xbb\xbf");
        }
        bytes
    }
}

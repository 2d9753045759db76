//! Which of the session cookies counts: the eight branches that Clerk's SDKs have, read with JavaScript's habits or
//! without.

use percent_encoding::percent_decode_str;

use super::authorization::{is_text, latin1};
use crate::{case::Case, generate::suffix, json::Json, reading::Reading};

/// Where this library's documentation departs from what the official SDK does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Habit {
    /// A pair of double quotes around a value is stripped.
    Unquoted,
    /// A value that is not visible ASCII is as if it were not there.
    VisibleAscii,
    /// A token can be read only if it passes check 1. Where the SDK reads one that does not, it is later than any.
    StrictReading,
    /// Only a number is a time. What else stands in its place is later than any.
    NumbersOnly,
    /// Times go on after the year 2038.
    LateTimes,
}

impl Habit {
    pub(crate) const ALL: [Self; 5] = [
        Self::Unquoted,
        Self::VisibleAscii,
        Self::StrictReading,
        Self::NumbersOnly,
        Self::LateTimes,
    ];

    /// Of its rule in the list of differences.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unquoted => "quoted-cookie",
            Self::VisibleAscii => "cookie-bytes",
            Self::StrictReading => "choice-by-check-1",
            Self::NumbersOnly => "choice-by-numbers",
            Self::LateTimes => "choice-after-2038",
        }
    }
}

/// The set of cookies that counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chosen {
    pub(crate) session: Option<String>,
    /// The time of the sign-in, as the SDK reads it: zero where there is none.
    pub(crate) client_uat: f64,
    pub(crate) has_dev_browser: bool,
}

/// The habits that change what is chosen, on the way from the one reading to the other.
pub(super) fn difference(case: &Case) -> impl Iterator<Item = Habit> {
    let at = |count: usize| choose(case, Habit::ALL.get(..count).unwrap_or_default()).session;
    let steps = Habit::ALL.into_iter().enumerate();
    steps.filter_map(move |(place, habit)| (at(place) != at(place + 1)).then_some(habit))
}

pub(super) fn choose(case: &Case, habits: &[Habit]) -> Chosen {
    let cookies = Cookies::of(case, habits);
    let suffix = format!("_{}", suffix(&case.options.app.publishable_key));
    let end = match cookies.uses_suffix(&suffix) {
        true => &*suffix,
        false => "",
    };
    let value = |name: &str| cookies.value(&format!("{name}{end}"));
    Chosen {
        session: value("__session"),
        client_uat: value("__client_uat").map_or(0.0, |text| whole_number(&text)),
        has_dev_browser: value("__clerk_db_jwt").is_some(),
    }
}

/// Whether one of the session cookies holds a token whose payload is `null`.
pub(super) fn has_null(case: &Case) -> bool {
    let cookies = Cookies::of(case, &[]);
    let suffix = suffix(&case.options.app.publishable_key);
    let names = ["__session".to_owned(), format!("__session_{suffix}")];
    let mut readings = names
        .iter()
        .map(|name| cookies.reading(cookies.value(name).as_ref()));
    readings.any(|reading| reading.is_some_and(|reading| reading.payload == Json::Null))
}

struct Cookies<'a> {
    case: &'a Case,
    habits: &'a [Habit],
    pairs: Vec<(String, Vec<u8>)>,
}

impl<'a> Cookies<'a> {
    fn of(case: &'a Case, habits: &'a [Habit]) -> Self {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
        let trimmed = |text: &[u8]| {
            let start = text
                .iter()
                .position(|byte| !is_space(byte))
                .unwrap_or(text.len());
            let end = text
                .iter()
                .rposition(|byte| !is_space(byte))
                .map_or(start, |last| last + 1);
            text.get(start..end).unwrap_or_default().to_vec()
        };
        let fields = case.values("cookie");
        let pairs = fields
            .iter()
            .flat_map(|field| field.split(|byte| *byte == b';'));
        let pairs = pairs.filter_map(|pair| {
            let place = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = pair.split_at_checked(place)?;
            Some((latin1(&trimmed(name)), trimmed(value.get(1..)?)))
        });
        Self {
            case,
            habits,
            pairs: pairs.collect(),
        }
    }

    fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }

    /// The value of the first cookie of that name, unless it is empty.
    fn value(&self, name: &str) -> Option<String> {
        let (_, value) = self.pairs.iter().find(|(known, _)| known == name)?;
        let mut value = value.as_slice();
        if self.has(Habit::Unquoted)
            && let [b'"', inner @ .., b'"'] = value
        {
            value = inner;
        }
        if self.has(Habit::VisibleAscii) && !is_text(value) {
            return None;
        }
        let value = decoded(&latin1(value));
        (!value.is_empty()).then_some(value)
    }

    fn reading(&self, token: Option<&String>) -> Option<Reading> {
        let reading = Reading::of(token?)?;
        (reading.is_strict() || !self.has(Habit::StrictReading)).then_some(reading)
    }

    fn uses_suffix(&self, suffix: &str) -> bool {
        let plain = self.value("__session");
        let suffixed = self.value(&format!("__session{suffix}"));
        let plain_time = self.value("__client_uat");
        let suffixed_time = self.value(&format!("__client_uat{suffix}"));
        let of_plain = self.reading(plain.as_ref());
        let of_suffixed = self.reading(suffixed.as_ref());
        let claim = |reading: &Option<Reading>, name: &str| {
            reading
                .as_ref()
                .and_then(|reading| reading.claim(name).cloned())
        };
        if plain.is_some() {
            let issuer = claim(&of_plain, "iss");
            if !issuer.as_ref().is_some_and(Json::is_truthy) {
                return false;
            }
            if !self.is_own(issuer.as_ref()) {
                return true;
            }
        }
        if suffixed_time.is_none() && suffixed.is_none() {
            return false;
        }
        let plain_is_out = plain_time.as_deref() == Some("0");
        let suffixed_is_out = suffixed_time.as_deref() == Some("0");
        let is_in_doubt = suffixed
            .as_ref()
            .is_some_and(|token| of_suffixed.is_none() && Reading::of(token).is_some());
        let (one, two) = (claim(&of_plain, "iat"), claim(&of_suffixed, "iat"));
        if !suffixed_is_out && !plain_is_out && !is_in_doubt && self.is_later(one, two) {
            return false;
        }
        if suffixed_is_out && !plain_is_out {
            return false;
        }
        if !self.case.options.app.is_production && !suffixed_is_out && plain_is_out {
            let ended = of_suffixed
                .as_ref()
                .is_some_and(|reading| self.has_ended(reading));
            if ended {
                return false;
            }
        }
        suffixed_time.is_some() || suffixed.is_none()
    }

    fn is_own(&self, issuer: Option<&Json>) -> bool {
        let Some(issuer) = issuer.and_then(Json::text) else {
            return false;
        };
        let own = self.case.options.app.issuing_host();
        without_schemes(issuer) == own
    }

    fn is_later(&self, one: Option<Json>, two: Option<Json>) -> bool {
        let zero = Json::Number(0.0);
        if self.has(Habit::NumbersOnly) {
            let time = |json: Option<Json>| match json {
                Some(json) => json.number().unwrap_or(f64::INFINITY),
                None => 0.0,
            };
            return time(one) > time(two);
        }
        let or_zero = |json: Option<Json>| json.filter(Json::is_truthy).unwrap_or(zero.clone());
        match (or_zero(one), or_zero(two)) {
            (Json::Text(one), Json::Text(two)) => one > two,
            (one, two) => one.as_number() > two.as_number(),
        }
    }

    fn has_ended(&self, reading: &Reading) -> bool {
        let now = self.case.now.div_euclid(1000);
        let now = match self.has(Habit::LateTimes) {
            true => now,
            // `>> 0` makes 32 bits of it.
            #[allow(clippy::cast_possible_truncation)]
            false => i64::from(now as i32),
        } as f64;
        let claim = reading.claim("exp");
        match (self.has(Habit::NumbersOnly), claim) {
            (_, None) => false,
            (true, Some(claim)) => claim.number().is_some_and(|end| end <= now),
            (false, Some(claim)) => claim.as_number() <= now,
        }
    }
}

/// `decodeURIComponent`, or the text as it was.
fn decoded(text: &str) -> String {
    let escapes = text.split('%').skip(1);
    let is_escape = |rest: &str| {
        rest.get(..2)
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if !escapes.into_iter().all(is_escape) {
        return text.to_owned();
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text.to_owned(),
    }
}

fn without_schemes(text: &str) -> String {
    let mut rest = text;
    let mut without = String::new();
    while let Some(first) = rest.chars().next() {
        let lower = rest.to_ascii_lowercase();
        let scheme = ["https://", "http://"]
            .into_iter()
            .find(|scheme| lower.starts_with(scheme));
        let length = match scheme {
            Some(scheme) => scheme.len(),
            None => {
                without.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    without
}

/// `Number.parseInt(…) || 0`
fn whole_number(text: &str) -> f64 {
    let text = text.trim_start();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let end = hex
            .find(|digit: char| !digit.is_ascii_hexdigit())
            .unwrap_or(hex.len());
        let digits = hex.get(..end).unwrap_or_default();
        return i64::from_str_radix(digits, 16).map_or(0.0, |number| sign * number as f64);
    }
    let end = text
        .find(|digit: char| !digit.is_ascii_digit())
        .unwrap_or(text.len());
    sign * text
        .get(..end)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0.0)
}

//! One question that both sides are asked.

use serde::Serialize;

/// A request, or a token alone, with the options and the time it is judged by.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) number: u64,
    /// The clock, in milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) method: &'static str,
    /// Names and values; a character of a value is a byte.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Where it is there, this token is verified alone and `headers` is empty.
    pub(crate) token: Option<String>,
    pub(crate) options: Options,
    pub(crate) asks: Vec<Ask>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Options {
    pub(crate) app: App,
    pub(crate) issuers: Vec<String>,
    pub(crate) authorized_parties: Vec<String>,
    pub(crate) audience: Vec<String>,
    /// In milliseconds; the default of each side where it is not there.
    pub(crate) clock_skew: Option<u64>,
    pub(crate) allow_pending: bool,
}

/// A Clerk instance.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) publishable_key: String,
    pub(crate) is_production: bool,
    /// The host of its Frontend API.
    #[serde(skip)]
    pub(crate) host: String,
    /// The host of a satellite application.
    pub(crate) satellite: Option<String>,
    pub(crate) proxy_url: Option<String>,
}

impl App {
    /// The host that its session tokens name as their issuer, as the choice between cookies has it.
    pub(crate) fn issuing_host(&self) -> String {
        match &self.satellite {
            Some(domain) if self.is_production => format!("clerk.{domain}"),
            _ => self.host.clone(),
        }
    }

    /// The issuers that this library trusts where none are named: by its documentation the Frontend API, the
    /// satellite's own and the proxy.
    pub(crate) fn issuers(&self) -> Vec<String> {
        let own = format!("https://{}", self.host);
        let satellite = format!("https://{}", self.issuing_host());
        let mut issuers = vec![own];
        if !issuers.contains(&satellite) {
            issuers.push(satellite);
        }
        issuers.extend(self.proxy_url.clone());
        issuers
    }
}

/// What is asked of a session, all of it together.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ask {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) permission: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) feature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reverification: Option<Freshness>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Freshness {
    Preset(&'static str),
    #[serde(rename_all = "camelCase")]
    Custom {
        level: &'static str,
        after_minutes: u32,
    },
}

impl Case {
    /// The values of a header field, as bytes, in their order.
    pub(crate) fn values(&self, name: &str) -> Vec<Vec<u8>> {
        let values = self.headers.iter();
        let values = values.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        values.map(|(_, value)| bytes(value)).collect()
    }
}

/// Each character is one byte.
pub(crate) fn bytes(value: &str) -> Vec<u8> {
    value
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?'))
        .collect()
}

//! What an answer of the key server is worth.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
};

use ::url::Url;

use super::{FetchFailure, FetchResponse, freshness};
use crate::keys::jwk::SetProblem;

/// An answer that is a JSON text, or says that nothing has changed.
#[derive(Debug)]
pub(super) enum Answer {
    Text {
        text: String,
        lifetime: Option<Duration>,
        validators: Validators,
    },
    NotModified {
        lifetime: Option<Duration>,
        validators: Validators,
    },
}

/// By what the server recognizes an answer it gave (RFC 9110 §8.8).
#[derive(Clone, Debug, Default)]
pub(super) struct Validators {
    /// What they say of this address, they say of no other.
    url: Option<Url>,
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        Self {
            url: None,
            etag: headers.get(ETAG).cloned(),
            last_modified: headers.get(LAST_MODIFIED).cloned(),
        }
    }

    /// Those of an answer from this address.
    pub(super) fn from(self, url: Url) -> Self {
        Self {
            url: Some(url),
            ..self
        }
    }

    /// Whether there are any for this address.
    pub(super) fn are_of(&self, url: &Url) -> bool {
        let any = self.etag.is_some() || self.last_modified.is_some();
        any && self.url.as_ref() == Some(url)
    }

    /// Whether an answer with these speaks of the same set (RFC 9111 §4.3.4). One without a tag does.
    pub(super) fn allow(&self, others: &Self) -> bool {
        let opaque = |tag: &HeaderValue| {
            let tag = tag.as_bytes();
            tag.strip_prefix(b"W/").unwrap_or(tag).to_vec()
        };
        match (&self.etag, &others.etag) {
            (Some(one), Some(other)) => opaque(one) == opaque(other),
            _ => true,
        }
    }

    /// Asks for an answer only if it is another one.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        if let Some(etag) = &self.etag {
            headers.insert(IF_NONE_MATCH, etag.clone());
        }
        if let Some(date) = &self.last_modified {
            headers.insert(IF_MODIFIED_SINCE, date.clone());
        }
    }
}

/// What the question was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) with_secret_key: bool,
    pub(super) conditional: bool,
    pub(super) max_body_bytes: usize,
}

/// Takes an answer with status 200 and a body that may be JSON, and 304 where it was asked for. Everything else is a
/// failure.
pub(super) fn judge(
    response: FetchResponse,
    question: Question,
    now: SystemTime,
) -> Result<Answer, FetchFailure> {
    let lifetime = freshness::lifetime(&response.headers, now);
    match response.status() {
        200 => {}
        304 if question.conditional => {
            let validators = Validators::of(&response.headers);
            return Ok(Answer::NotModified {
                lifetime,
                validators,
            });
        }
        status @ (401 | 403) if question.with_secret_key => {
            return Err(FetchFailure::SecretKey { status });
        }
        301..=303 | 307 | 308 => return Err(FetchFailure::Redirected),
        status => {
            return Err(FetchFailure::Status {
                status,
                retry_after: freshness::retry_after(&response.headers, now),
            });
        }
    }
    if response.body.len() > question.max_body_bytes {
        return Err(FetchFailure::TooLarge {
            limit: question.max_body_bytes,
        });
    }
    if let Some(kind) = not_json(&response.headers) {
        return Err(FetchFailure::ContentType { kind });
    }
    let validators = Validators::of(&response.headers);
    let text =
        String::from_utf8(response.body).map_err(|_| FetchFailure::Set(SetProblem::NoSet))?;
    Ok(Answer::Text {
        text,
        lifetime,
        validators,
    })
}

/// Servers label JSON in many ways; these two labels are certainly something else.
fn not_json(headers: &HeaderMap) -> Option<&'static str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let value = value.trim_start().to_ascii_lowercase();
    if value.starts_with("text/html") {
        Some("text/html")
    } else if value.starts_with("multipart/") {
        Some("multipart")
    } else {
        None
    }
}

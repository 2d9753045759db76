//! How long an answer says that it is fresh (RFC 9111 §4.2), and when a server wants to be asked again.

use std::time::{Duration, SystemTime};

use headers::{Age, CacheControl, Date, Expires, HeaderMapExt as _};
use http::{HeaderMap, header::EXPIRES, header::RETRY_AFTER};

/// What the cache headers say; `None` where they say nothing that can be read.
///
/// `Cache-Control` goes before `Expires`, and `Age` counts: a cache on the way may have held the answer.
pub(super) fn lifetime(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let age = headers
        .typed_get::<Age>()
        .map_or(Duration::ZERO, Duration::from);
    if let Some(control) = headers.typed_get::<CacheControl>() {
        if control.no_store() || control.no_cache() {
            return Some(Duration::ZERO);
        }
        if let Some(max_age) = control.max_age() {
            return Some(max_age.saturating_sub(age));
        }
    }
    if !headers.contains_key(EXPIRES) {
        return None;
    }
    // A date that can't be read, such as `0`, lies in the past (RFC 9111 §5.3).
    let expires = headers.typed_get::<Expires>().map(SystemTime::from);
    let sent = headers.typed_get::<Date>().map_or(now, SystemTime::from);
    let left = expires.and_then(|expires| expires.duration_since(sent).ok());
    Some(left.unwrap_or_default().saturating_sub(age))
}

/// `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3).
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    fn seconds(pairs: &[(&str, &str)]) -> Option<u64> {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 12:00:00 GMT").unwrap();
        lifetime(&headers(pairs), now).map(|lifetime| lifetime.as_secs())
    }

    #[test]
    fn max_age_less_age_goes_before_expires() {
        assert_eq!(seconds(&[]), None);
        assert_eq!(seconds(&[("cache-control", "max-age=10")]), Some(10));
        assert_eq!(
            seconds(&[("cache-control", "public, max-age=\"300\""), ("age", "50")]),
            Some(250)
        );
        assert_eq!(
            seconds(&[
                ("cache-control", "max-age=10"),
                ("expires", "Sat, 21 Nov 2026 13:00:00 GMT")
            ]),
            Some(10)
        );
        assert_eq!(
            seconds(&[("cache-control", "max-age=10"), ("age", "99")]),
            Some(0)
        );
    }

    #[test]
    fn no_store_and_no_cache_are_no_time_at_all() {
        for value in ["no-store", "no-cache", "no-cache, max-age=300"] {
            assert_eq!(seconds(&[("cache-control", value)]), Some(0), "{value}");
        }
    }

    #[test]
    fn garbage_says_nothing() {
        for value in ["", "garbage", "max-age=soon", "max-age", "max-age=-1"] {
            assert_eq!(seconds(&[("cache-control", value)]), None, "{value}");
        }
    }

    #[test]
    fn expires_counts_from_the_servers_own_date() {
        let expires = ("expires", "Sat, 21 Nov 2026 12:10:00 GMT");
        assert_eq!(seconds(&[expires]), Some(600));
        let date = ("date", "Sat, 21 Nov 2026 12:05:00 GMT");
        assert_eq!(seconds(&[expires, date]), Some(300));
        assert_eq!(seconds(&[expires, date, ("age", "100")]), Some(200));
        assert_eq!(seconds(&[("expires", "0")]), Some(0));
        assert_eq!(
            seconds(&[("expires", "Sat, 21 Nov 2026 11:00:00 GMT")]),
            Some(0)
        );
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 12:00:00 GMT").unwrap();
        let wait = |value: &str| {
            retry_after(&headers(&[("retry-after", value)]), now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sat, 21 Nov 2026 12:01:00 GMT"), Some(60));
        assert_eq!(wait("Sat, 21 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(wait("soon"), None);
    }
}

//! What all cases share: one issuer, one time, tokens of one length.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clerk_verify::{
    FixedClock, TokenCache, Verifier, VerifierBuilder,
    testing::{TestIssuer, TokenBuilder},
};
use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, HeaderName},
};

const NOW: i64 = 1_760_000_000;
/// As long as Clerk's own tokens are.
pub(crate) const TOKEN_LEN: usize = 970;
/// The longest token that a verifier looks at, unless told otherwise.
pub(crate) const LIMIT: usize = 16 * 1024;

pub(crate) fn clock() -> FixedClock {
    FixedClock::at_unix(NOW)
}

pub(crate) fn issuer() -> TestIssuer {
    TestIssuer::new().with_clock(clock())
}

/// A set-up as services have it.
pub(crate) fn with_cache() -> VerifierBuilder {
    let issuer = issuer();
    let parties = ["https://www.example.test", issuer.authorized_party()];
    issuer.verifier().authorized_parties(parties)
}

pub(crate) fn cold() -> VerifierBuilder {
    with_cache().token_cache(TokenCache::disabled())
}

pub(crate) fn built(builder: VerifierBuilder) -> Verifier {
    builder.build().unwrap()
}

/// A verifier that knows its publishable key, and a request with the plain session cookie and the suffixed one.
pub(crate) fn both_cookies(
    builder: VerifierBuilder,
    [plain, suffixed]: [&str; 2],
) -> (Verifier, HeaderMap) {
    let issuer = issuer();
    let verifier = built(builder.publishable_key(issuer.publishable_key()));
    let session = issuer.session_cookie();
    let client_uat = session.replace("__session", "__client_uat");
    let cookies = format!(
        "theme=dark; __session={plain}; {session}={suffixed}; __client_uat=1759999990; {client_uat}=1759999990"
    );
    (verifier, headers(&[(COOKIE, cookies)]))
}

/// A good token, to be made bad where that is needed.
pub(crate) fn token() -> TokenBuilder {
    issuer()
        .token()
        .user("user_2abcdefghijklmnopqrstuvwxyz")
        .claim("sid", "sess_2abcdefghijklmnopqrstuvwxyz")
}

pub(crate) fn good() -> String {
    sign(&token())
}

/// Signs it at the length that all have.
pub(crate) fn sign(token: &TokenBuilder) -> String {
    sign_at(token, TOKEN_LEN)
}

/// base64 knows no text of 1 byte more than a multiple of 4, so it may be a byte longer.
pub(crate) fn sign_at(token: &TokenBuilder, length: usize) -> String {
    let shortest = token.clone().claim("pad", "").sign().len();
    let missing = length.checked_sub(shortest).expect("room for the token");
    let at_least = missing / 4 * 3;
    let padded = |pad: usize| token.clone().claim("pad", "x".repeat(pad)).sign();
    let mut all = (at_least..at_least + 5).map(padded);
    let signed = all.find(|signed| signed.len() >= length).unwrap();
    assert!(signed.len() <= length + 1);
    signed
}

/// The three parts of a token.
pub(crate) fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().unwrap()
}

/// A token of these JSON texts, with a signature of something else.
pub(crate) fn unsigned(header: &str, payload: &str) -> String {
    let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    let good = good();
    let [_, _, signature] = parts(&good);
    format!("{header}.{payload}.{signature}")
}

/// What header and payload of a token say.
pub(crate) fn texts(token: &str) -> [String; 2] {
    let [header, payload, _] = parts(token);
    [header, payload].map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
}

/// A request as browsers send it, with these headers beside the usual ones.
pub(crate) fn headers(own: &[(HeaderName, String)]) -> HeaderMap {
    let usual = [
        ("host", "api.example.test"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip, deflate, br"),
        ("origin", "https://app.example.test"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
    ];
    let mut headers: HeaderMap = usual
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect();
    for (name, value) in own {
        headers.append(name, value.parse().unwrap());
    }
    headers
}

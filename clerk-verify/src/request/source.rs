//! The places a token may be in, and their order.

use std::{borrow::Cow, fmt, sync::Arc};

use super::{RequestHeaders, SessionCookies, authorization, cookie};

/// One place in a request where the token may be.
///
/// A verifier looks into its sources in their order and stops at the first that has a token, or that should
/// have one and is malformed. The default is the `Authorization` header, then the cookie `__session`.
///
/// ```
/// use clerk_verify::{TokenSource, testing::TestIssuer};
///
/// let verifier = TestIssuer::new()
///     .verifier()
///     .token_sources([TokenSource::authorization(), TokenSource::header("x-session-token")])
///     .build()
///     .unwrap();
/// ```
#[derive(Clone)]
pub struct TokenSource(Place);

type FromHeaders = dyn Fn(&HeaderValues<'_>) -> Option<String> + Send + Sync;

#[derive(Clone)]
enum Place {
    Authorization,
    Header(String),
    Cookie(String),
    SessionCookie,
    Custom(Arc<FromHeaders>),
}

impl TokenSource {
    /// `Authorization: Bearer <token>`. The scheme has no case. Another scheme means "no token here"; a
    /// malformed bearer header is refused, and no other source is tried. A value without a scheme is a token
    /// if it has the form of one.
    ///
    /// ```
    /// # use clerk_verify::{TokenSource, testing::TestIssuer};
    /// # let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().token_sources([TokenSource::authorization()]).build().unwrap();
    /// # let cookie = [("cookie", format!("__session={}", issuer.token().sign()))];
    /// # assert!(matches!(verifier.begin(&cookie, None), clerk_verify::Authentication::Done(state) if !state.is_signed_in()));
    /// ```
    #[must_use]
    pub fn authorization() -> Self {
        Self(Place::Authorization)
    }

    /// Clerk's session cookie: `__session`, or where a publishable key is configured the one whose name has the
    /// key's suffix (`__session_1Z8AzTQD`). Which of the two counts is decided as Clerk's own SDKs decide it, so
    /// that several Clerk apps on one domain don't get in each other's way: another app's `__session` never counts.
    ///
    /// ```
    /// # use clerk_verify::{TokenSource, testing::TestIssuer};
    /// # let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().token_sources([TokenSource::session_cookie()]).build().unwrap();
    /// # let cookie = [("cookie", format!("__session={}", issuer.token().sign()))];
    /// # assert!(matches!(verifier.begin(&cookie, None), clerk_verify::Authentication::Done(state) if state.is_signed_in()));
    /// ```
    #[must_use]
    pub fn session_cookie() -> Self {
        Self(Place::SessionCookie)
    }

    /// A header field whose whole value is the token. Two different values are refused.
    ///
    /// ```
    /// # use clerk_verify::{TokenSource, testing::TestIssuer};
    /// # let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().token_sources([TokenSource::header("X-Session-Token")]).build().unwrap();
    /// # let header = [("x-session-token", issuer.token().sign())];
    /// # assert!(matches!(verifier.begin(&header, None), clerk_verify::Authentication::Done(state) if state.is_signed_in()));
    /// ```
    #[must_use]
    pub fn header(name: impl Into<String>) -> Self {
        Self(Place::Header(name.into().to_ascii_lowercase()))
    }

    /// A cookie of exactly that name, and no other.
    ///
    /// ```
    /// # use clerk_verify::{TokenSource, testing::TestIssuer};
    /// # let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().token_sources([TokenSource::cookie("my_session")]).build().unwrap();
    /// # let cookie = [("cookie", format!("my_session={}", issuer.token().sign()))];
    /// # assert!(matches!(verifier.begin(&cookie, None), clerk_verify::Authentication::Done(state) if state.is_signed_in()));
    /// ```
    #[must_use]
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Place::Cookie(name.into()))
    }

    /// A place of your own: the closure gets the request's headers and returns the token, or `None` where
    /// there is none.
    ///
    /// ```
    /// # use clerk_verify::{TokenSource, testing::TestIssuer};
    /// # let issuer = TestIssuer::new();
    /// // The token that a browser's WebSocket can only send as a subprotocol.
    /// let source = TokenSource::from_fn(|headers| {
    ///     let protocols = headers.first("sec-websocket-protocol")?;
    ///     protocols.split(',').find_map(|one| one.trim().strip_prefix("clerk.")).map(str::to_owned)
    /// });
    /// let verifier = issuer.verifier().token_sources([source]).build().unwrap();
    /// # let header = [("sec-websocket-protocol", format!("chat, clerk.{}", issuer.token().sign()))];
    /// # assert!(matches!(verifier.begin(&header, None), clerk_verify::Authentication::Done(state) if state.is_signed_in()));
    /// ```
    #[must_use]
    pub fn from_fn<F>(find: F) -> Self
    where
        F: Fn(&HeaderValues<'_>) -> Option<String> + Send + Sync + 'static,
    {
        Self(Place::Custom(Arc::new(find)))
    }
}

impl TokenSource {
    pub(crate) fn is_session_cookie(&self) -> bool {
        matches!(self.0, Place::SessionCookie)
    }
}

/// For people; `Debug` is for logs.
impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Authorization => f.write_str("the Authorization header"),
            Place::Header(name) => write!(f, "the header `{}`", name.escape_debug()),
            Place::Cookie(name) => write!(f, "the cookie `{}`", name.escape_debug()),
            Place::SessionCookie => f.write_str("the session cookie"),
            Place::Custom(_) => f.write_str("a place of your own"),
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Authorization => f.write_str("Authorization"),
            Place::Header(name) => f.debug_tuple("Header").field(name).finish(),
            Place::SessionCookie => f.write_str("SessionCookie"),
            Place::Cookie(name) => f.debug_tuple("Cookie").field(name).finish(),
            Place::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// A request's headers, as a closure of [`TokenSource::from_fn`] sees them.
///
/// ```
/// # use clerk_verify::TokenSource;
/// TokenSource::from_fn(|headers| headers.first("x-token"));
/// ```
pub struct HeaderValues<'a>(&'a dyn Values);

impl HeaderValues<'_> {
    /// The first value of the field `name`, if it is visible ASCII (and spaces). Names have no case.
    ///
    /// ```
    /// # use clerk_verify::TokenSource;
    /// TokenSource::from_fn(|headers| headers.first("X-Token"));
    /// ```
    #[must_use]
    pub fn first(&self, name: &str) -> Option<String> {
        let value = self.0.first(&name.to_ascii_lowercase())?;
        authorization::text(&value).map(str::to_owned)
    }
}

impl fmt::Debug for HeaderValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderValues").finish_non_exhaustive()
    }
}

/// [`RequestHeaders`] behind a pointer, for closures can't be generic.
trait Values {
    fn first(&self, name: &str) -> Option<Vec<u8>>;
}

struct Erased<'h, H: ?Sized>(&'h H);

impl<H: RequestHeaders + ?Sized> Values for Erased<'_, H> {
    fn first(&self, name: &str) -> Option<Vec<u8>> {
        self.0.values(name).next().map(<[u8]>::to_vec)
    }
}

/// What the sources of a request hold.
pub(crate) enum Extraction<'h> {
    /// No source has a token. There may be a session cookie that does not count.
    None {
        ignored_cookie: bool,
    },
    Token(Cow<'h, str>),
    /// A header should have one and is malformed.
    Malformed {
        field: &'h str,
        found: &'static str,
    },
}

impl<'h> Extraction<'h> {
    pub(super) const NONE: Self = Self::None {
        ignored_cookie: false,
    };

    fn found(token: Option<Cow<'h, str>>) -> Self {
        token.map_or(Self::NONE, Self::Token)
    }
}

/// Asks the sources in their order.
pub(crate) fn extract<'h, H: RequestHeaders + ?Sized>(
    headers: &'h H,
    sources: &'h [TokenSource],
    session_cookies: &SessionCookies,
    now_millis: impl Fn() -> i64,
) -> Extraction<'h> {
    let mut ignored = false;
    for source in sources {
        let extraction = match &source.0 {
            Place::Authorization => {
                authorization::bearer(headers.values("authorization"), "authorization")
            }
            Place::Header(name) => authorization::whole_value(headers.values(name), name),
            Place::Cookie(name) => {
                let fields = headers.values("cookie");
                Extraction::found(cookie::value(fields, name, session_cookies.max_len))
            }
            Place::SessionCookie => session_cookies.find(headers, &now_millis),
            Place::Custom(find) => {
                Extraction::found(find(&HeaderValues(&Erased(headers))).map(Cow::Owned))
            }
        };
        match extraction {
            Extraction::None { ignored_cookie } => ignored |= ignored_cookie,
            found => return found,
        }
    }
    Extraction::None {
        ignored_cookie: ignored,
    }
}

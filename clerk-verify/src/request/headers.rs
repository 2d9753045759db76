//! The headers of a request, whatever type they have.

/// The header fields of a request, as [`Verifier::authenticate`](crate::Verifier::authenticate) reads them.
///
/// Implemented for slices, arrays and vectors of name and value, and with the feature `http` for
/// `http::HeaderMap` (1.x). Values are bytes: nothing says that a client sends text.
///
/// ```
/// use clerk_verify::RequestHeaders;
///
/// struct OneCookie(Vec<u8>);
///
/// impl RequestHeaders for OneCookie {
///     fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
///         (name == "cookie").then_some(self.0.as_slice()).into_iter()
///     }
/// }
///
/// assert_eq!(OneCookie(b"a=b".to_vec()).values("cookie").count(), 1);
///
/// let pairs = [("Cookie", "a=b"), ("COOKIE", "c=d")];
/// assert_eq!(pairs.values("cookie").count(), 2, "names of header fields have no case");
/// ```
pub trait RequestHeaders {
    /// Every value of the field `name`, in the order of the request. `name` is in lower case; names of
    /// fields have no case.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]>;
}

impl<H: RequestHeaders + ?Sized> RequestHeaders for &H {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        (**self).values(name)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> RequestHeaders for [(N, V)] {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(field, _)| field.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const COUNT: usize> RequestHeaders for [(N, V); COUNT] {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.as_slice().values(name)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> RequestHeaders for Vec<(N, V)> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.as_slice().values(name)
    }
}

#[cfg(feature = "http")]
impl RequestHeaders for http::HeaderMap {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.get_all(name)
            .into_iter()
            .map(http::HeaderValue::as_bytes)
    }
}

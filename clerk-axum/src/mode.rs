//! The two ways to treat a caller who is signed out.

use http::Response;

/// Whether a layer is lax or strict: [`Lax`] or [`Strict`].
///
/// ```
/// use clerk_axum::{Lax, Mode, Strict};
///
/// fn mode<M: Mode>() {}
/// mode::<Lax>();
/// mode::<Strict>();
/// ```
pub trait Mode: sealed::Sealed {
    /// What a layer of this kind gets for a caller who is signed out.
    type Answer<B>;

    /// The response, if there is one.
    fn response<B>(answer: Self::Answer<B>) -> Option<Response<B>>;
}

/// Of [`WithSession`](crate::WithSession): the request goes through, unless there is an answer.
///
/// ```
/// use clerk_axum::{Lax, Mode};
///
/// let nothing: Option<http::Response<String>> = None;
/// assert!(Lax::response(nothing).is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Lax {}

/// Of [`RequireSession`](crate::RequireSession): there is always an answer.
///
/// ```
/// use clerk_axum::{Mode, Strict};
///
/// assert!(Strict::response(http::Response::new(())).is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Strict {}

impl Mode for Lax {
    type Answer<B> = Option<Response<B>>;

    fn response<B>(answer: Self::Answer<B>) -> Option<Response<B>> {
        answer
    }
}

impl Mode for Strict {
    type Answer<B> = Response<B>;

    fn response<B>(answer: Self::Answer<B>) -> Option<Response<B>> {
        Some(answer)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Lax {}
    impl Sealed for super::Strict {}
}

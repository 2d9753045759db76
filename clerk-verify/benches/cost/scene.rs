//! A case to measure, and the scene it plays in.

use std::hint::black_box;

use clerk_verify::{Authentication, Reason, Verifier};
use http::HeaderMap;

/// How often a case runs before it is measured: what is set up at the first use is not its cost.
pub(crate) const WARM_UPS: usize = 2;

/// Accepted, or why not.
pub(crate) type Verdict = Result<(), Reason>;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) group: Group,
    /// Sets it up, which is not measured.
    pub(crate) build: Box<dyn Fn() -> Scene>,
}

/// What the case is held to, beside its budget.
#[derive(Clone)]
pub(crate) enum Group {
    Accepted,
    /// It may cost no more than this case.
    Refused {
        accepting: &'static str,
    },
    /// Its input is so large that it is held to a bound for each byte.
    Large {
        bytes: usize,
    },
    /// The same with twice the input.
    Twice {
        of: String,
    },
}

pub(crate) struct Scene {
    expected: Verdict,
    /// Gets the number of the run, for what must be new each time.
    run: Box<dyn Fn(usize) -> Verdict>,
    /// The token whose signature is verified on the way, if it is.
    pub(crate) signed: Option<String>,
}

impl Scene {
    pub(crate) fn new(expected: Verdict, run: impl Fn(usize) -> Verdict + 'static) -> Self {
        Self {
            expected,
            run: Box::new(run),
            signed: None,
        }
    }

    pub(crate) fn token(verifier: Verifier, token: String, expected: Verdict) -> Self {
        Self::new(expected, move |_| verify(&verifier, &token))
    }

    /// A token that is so good, or so nearly good, that its signature is verified.
    pub(crate) fn signed(verifier: Verifier, token: String, expected: Verdict) -> Self {
        Self::token(verifier, token.clone(), expected).verifying(token)
    }

    /// Says whose signature is verified.
    pub(crate) fn verifying(mut self, token: String) -> Self {
        self.signed = Some(token);
        self
    }

    pub(crate) fn request(verifier: Verifier, headers: HeaderMap, expected: Verdict) -> Self {
        Self::new(expected, move |_| begin(&verifier, &headers))
    }

    /// Runs it as often as it takes to warm up.
    pub(crate) fn warm_up(&self) {
        for number in 0..WARM_UPS {
            self.check(self.play(number));
        }
    }

    #[inline(never)]
    pub(crate) fn play(&self, number: usize) -> Verdict {
        black_box((self.run)(black_box(number)))
    }

    pub(crate) fn check(&self, verdict: Verdict) {
        assert_eq!(verdict, self.expected);
    }
}

/// The outcome is dropped in here, so that it is part of the cost.
pub(crate) fn verify(verifier: &Verifier, token: &str) -> Verdict {
    let result = verifier.verify_token_now(black_box(token));
    let result = black_box(result.expect("fixed keys never wait"));
    result.map(drop).map_err(|error| error.reason())
}

fn begin(verifier: &Verifier, headers: &HeaderMap) -> Verdict {
    match verifier.begin(black_box(headers), None) {
        Authentication::Done(state) => {
            let result = black_box(state).into_session();
            result.map(drop).map_err(|signed_out| signed_out.reason())
        }
        Authentication::Waiting(_) => panic!("fixed keys never wait"),
    }
}

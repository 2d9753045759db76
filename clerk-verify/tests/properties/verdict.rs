//! All that a verifier says of a token or a request.

use clerk_verify::{
    AuthState, Authentication, Reason, RequestHeaders, Requirement, Reverification, Session,
    Verifier, VerifyError,
};
use serde_json::Value;

use crate::check::Met;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Accepted(Box<Told>),
    Refused(Reason, String),
}

/// What all accessors of a session say; its claims as they came are apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) user: String,
    accessors: Vec<String>,
    pub(crate) claims: Value,
}

impl Verdict {
    pub(crate) fn of_token(verifier: &Verifier, token: &str) -> Self {
        let result = verifier.verify_token_now(token);
        result.expect("fixed keys never wait").into()
    }

    pub(crate) fn of_request(verifier: &Verifier, headers: &impl RequestHeaders) -> Self {
        match verifier.begin(headers, None) {
            Authentication::Done(state) => state.into(),
            Authentication::Waiting(_) => panic!("fixed keys never wait"),
        }
    }

    pub(crate) fn met(&self) -> Met {
        Met::accepted_if(matches!(self, Self::Accepted(_)))
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        match self {
            Self::Accepted(_) => None,
            Self::Refused(reason, _) => Some(*reason),
        }
    }

    /// Without the claims that nobody has given a type, among which there may be some more.
    pub(crate) fn without_claims(mut self) -> Self {
        if let Self::Accepted(told) = &mut self {
            told.claims = Value::Null;
        }
        self
    }
}

impl From<Result<Session, VerifyError>> for Verdict {
    fn from(result: Result<Session, VerifyError>) -> Self {
        match result {
            Ok(session) => Self::Accepted(Box::new(told(&session))),
            Err(error) => Self::Refused(error.reason(), error.to_string()),
        }
    }
}

impl From<AuthState> for Verdict {
    fn from(state: AuthState) -> Self {
        let result = state.into_session();
        result.map_err(|refused| refused.error().clone()).into()
    }
}

fn told(session: &Session) -> Told {
    let claims = session.claims();
    let entitlements = [session.features(), session.plans()].map(|all| {
        let all = all?;
        let of_user: Vec<&str> = all.of_user().collect();
        let of_organization: Vec<&str> = all.of_organization().collect();
        Some(format!("{of_user:?} {of_organization:?}"))
    });
    let requirements = [
        Requirement::new().role("org:admin"),
        Requirement::new().permission("org:invoices:read"),
        Requirement::new().feature("invoices"),
        Requirement::new().plan("team"),
        Requirement::new().reverification(Reverification::moderate()),
    ];
    let has = requirements.map(|requirement| session.has(&requirement));
    let accessors = vec![
        format!("{:?} {:?}", session.user_id(), claims.subject()),
        format!("{:?} {:?}", session.session_id(), claims.session_id()),
        format!("{:?} {:?}", session.issuer(), claims.issuer()),
        format!("{:?}", session.authorized_party()),
        format!("{:?} {:?}", session.audience(), claims.audience()),
        format!("{:?} {:?}", session.issued_at(), claims.not_before()),
        format!("{} {:?}", session.expires_at(), claims.token_id()),
        format!("{:?} {}", session.status(), claims.version()),
        format!("{:?} {:?}", session.actor(), session.organization()),
        format!("{:?}", session.factor_verification_age()),
        format!("{entitlements:?} {has:?}"),
        format!("{session:?} {claims:?}"),
    ];
    Told {
        user: session.user_id().to_owned(),
        accessors,
        claims: session.custom_claims().expect("the payload is JSON"),
    }
}

//! Many users, the requests they send, and what must be answered.

use std::{net::SocketAddr, time::Duration};

use clerk_verify::{
    FixedClock, JwksOptions, Verifier, VerifierBuilder,
    testing::{KeyServer, TestIssuer},
};
use fastrand::Rng;

use super::{connection::Connection, running::PATIENCE};
use crate::{Answer, bearer, cookie};

/// Tokens live for a minute, which is less than a slow machine may take.
const NOW: i64 = 1_700_000_000;

/// Users with tokens, strangers, and the server of the keys.
pub(super) struct Crowd {
    pub(super) keys: KeyServer,
    clock: FixedClock,
    users: Vec<(String, String)>,
    /// Tokens that are refused, and why.
    refused: Vec<(String, &'static str)>,
}

/// A request, and what must be answered.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) path: &'static str,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) expected: Expected,
}

#[derive(Clone, Debug)]
pub(super) enum Expected {
    Body(String),
    Refused(&'static str),
    /// Who sends it looks at the answer.
    Anything,
}

impl Crowd {
    /// With this many users, each with a token of their own.
    pub(super) async fn new(users: usize) -> Self {
        let clock = FixedClock::at_unix(NOW);
        let issuer = TestIssuer::new().with_clock(clock.clone());
        let keys = issuer.serve().await.expect("a port is free");
        let token = |number: usize| {
            let id = format!("user_{number}");
            let token = issuer.token().user(&id).sign();
            (id, token)
        };
        let refused = vec![
            (issuer.token().expired().sign(), "token-expired"),
            (
                issuer.token().not_active_yet().sign(),
                "token-not-active-yet",
            ),
            (issuer.token().pending().sign(), "session-pending"),
            (
                issuer.token().header("alg", "none").sign(),
                "token-invalid-algorithm",
            ),
            (format!("{}!", issuer.token().sign()), "token-invalid"),
            (with_wrong_signature(&issuer), "token-invalid-signature"),
        ];
        Self {
            users: (0..users).map(token).collect(),
            refused,
            keys,
            clock,
        }
    }

    /// A verifier that fetches the keys, and waits for them longer than anything here takes.
    pub(super) fn verifier(&self) -> VerifierBuilder {
        self.verifier_that_waits(2 * PATIENCE)
    }

    /// A verifier that fetches the keys, and lets a request wait for them this long.
    pub(super) fn verifier_that_waits(&self, cold_wait: Duration) -> VerifierBuilder {
        let options = JwksOptions {
            cold_wait,
            timeout: 2 * PATIENCE,
            ..JwksOptions::default()
        };
        Verifier::builder()
            .jwks_url(self.keys.jwks_url())
            .jwks(options)
            .clock(self.clock.clone())
    }

    /// A user's id and token.
    pub(super) fn user(&self, number: usize) -> (&str, &str) {
        let (id, token) = &self.users[number % self.users.len()];
        (id, token)
    }

    /// A token that has expired.
    pub(super) fn expired(&self) -> &str {
        &self.refused[0].0
    }

    /// A token that is refused when its key is at hand, and not before.
    pub(super) fn wrongly_signed(&self) -> &str {
        let last = self.refused.last();
        &last.expect("there are some").0
    }

    /// A user's request to a strict route.
    pub(super) fn good(&self, number: usize) -> Ask {
        let (id, token) = self.user(number);
        let field = if number.is_multiple_of(2) {
            bearer(token)
        } else {
            cookie(token)
        };
        Ask::new("/strict", [field], Expected::Body(id.to_owned()))
    }

    /// A request of any kind to any route that answers.
    pub(super) fn any(&self, rng: &mut Rng) -> Ask {
        let number = rng.usize(0..self.users.len());
        let (id, token) = self.user(number);
        let carry = |rng: &mut Rng, token: &str| match rng.bool() {
            true => bearer(token),
            false => cookie(token),
        };
        let (field, outcome) = match rng.u8(0..10) {
            0..=5 => (Some(carry(rng, token)), Ok(id)),
            6..=7 => {
                let (token, reason) = &self.refused[rng.usize(0..self.refused.len())];
                (Some(bearer(token)), Err(*reason))
            }
            _ => (None, Err("session-token-missing")),
        };
        let (path, expected) = match (rng.u8(0..5), outcome) {
            (0..=1, Ok(id)) => ("/strict", Expected::Body(id.to_owned())),
            (0..=1, Err(reason)) => ("/strict", Expected::Refused(reason)),
            (2..=3, Ok(id)) => ("/lax", Expected::Body(format!("in: {id}"))),
            (2..=3, Err(reason)) => ("/lax", Expected::Body(format!("out: {reason}"))),
            _ => ("/bare", Expected::Body("nobody".to_owned())),
        };
        Ask::new(path, field, expected)
    }

    /// Somebody else's requests, on a connection of their own, are answered as ever.
    pub(super) async fn others_are_served(&self, address: SocketAddr) {
        let mut connection = Connection::open(address).await;
        let mut rng = Rng::with_seed(7);
        for ask in [
            self.good(0),
            Ask::stranger(),
            self.good(1),
            self.any(&mut rng),
        ] {
            ask.ask(&mut connection).await;
        }
    }
}

/// With the signature of another token.
fn with_wrong_signature(issuer: &TestIssuer) -> String {
    let token = |id| issuer.token().user(id).sign();
    let (ours, theirs) = (token("user_ours"), token("user_theirs"));
    let signed = ours.rsplit_once('.').map(|(signed, _)| signed);
    let signature = theirs.rsplit_once('.').map(|(_, signature)| signature);
    let part = "a token has three parts";
    format!("{}.{}", signed.expect(part), signature.expect(part))
}

impl Ask {
    pub(super) fn new(
        path: &'static str,
        fields: impl IntoIterator<Item = (&'static str, String)>,
        expected: Expected,
    ) -> Self {
        Self {
            path,
            fields: fields.into_iter().collect(),
            expected,
        }
    }

    /// A request without a token to a strict route.
    pub(super) fn stranger() -> Self {
        Self::new("/strict", [], Expected::Refused("session-token-missing"))
    }

    /// A request without a token to a route without a layer.
    pub(super) fn bare() -> Self {
        Self::new("/bare", [], Expected::Body("nobody".to_owned()))
    }

    /// A request without a token to a lax route.
    pub(super) fn lax_stranger() -> Self {
        let body = "out: session-token-missing".to_owned();
        Self::new("/lax", [], Expected::Body(body))
    }

    /// As HTTP/1.1 has it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("GET {} HTTP/1.1\r\nhost: localhost\r\n", self.path);
        for (name, value) in &self.fields {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Sends it, and looks at the answer.
    pub(super) async fn ask(&self, connection: &mut Connection) {
        let answer = connection.exchange(&self.bytes()).await;
        self.check(&answer.expect("the request is answered"));
    }

    pub(super) fn check(&self, answer: &Answer) {
        match &self.expected {
            Expected::Body(body) => assert_eq!(
                (answer.status, &answer.body),
                (200, body),
                "{}: {answer:?}",
                self.path
            ),
            Expected::Refused(reason) => answer.assert_refuses(401, reason),
            Expected::Anything => {}
        }
    }
}

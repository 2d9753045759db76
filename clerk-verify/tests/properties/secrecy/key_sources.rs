//! Nothing of a token, a secret key or what a key server answers is seen while keys are fetched.

use std::sync::{Arc, Mutex};

use clerk_verify::{
    FetchError, FetchRequest, FetchResponse, Fetcher, FixedClock, TokenCache, Verifier,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::{
    events::logged,
    shown::{Secrets, Shown},
};
use crate::{
    check::{Met, holds},
    draft::draft,
    mint::{ISSUER, NOW, OWN},
};

/// What a key server does with a request. Many send back what they were sent.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Keys,
    Reflection(u16),
    BrokenKeys,
    Redirect,
    ContentType,
    Discovery,
    NotReached,
}

type Exchange = (FetchRequest, Result<FetchResponse, FetchError>);

struct Server {
    answers: Vec<Answer>,
    reflected: String,
    asked: Arc<Mutex<Vec<Exchange>>>,
}

impl Fetcher for Server {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let mut asked = self.asked.lock().unwrap();
        let answer = self.answers[asked.len() % self.answers.len()];
        let text = &self.reflected;
        let response = match answer {
            Answer::Keys => {
                let set = json!({ "keys": [OWN.jwk(ISSUER.key_id())] });
                Ok(FetchResponse::new(200, set.to_string()))
            }
            Answer::Reflection(status) => Ok(FetchResponse::new(status, text.as_bytes())
                .with_header("retry-after", text)
                .with_header("etag", text)),
            Answer::BrokenKeys => {
                let key = json!({ "kty": text, "kid": text, "n": text, "d": text });
                let set = json!({ "keys": [key, { "kty": "RSA", "kid": text, "alg": text }] });
                Ok(FetchResponse::new(200, set.to_string()))
            }
            Answer::Redirect => Ok(FetchResponse::new(302, "")
                .with_header("location", format!("https://keys.example/?{text}"))),
            Answer::ContentType => Ok(FetchResponse::new(200, format!("<html>{text}"))
                .with_header("content-type", format!("text/html; {text}"))),
            Answer::Discovery => {
                let configuration = json!({ "issuer": text, "jwks_uri": format!("http://{text}") });
                Ok(FetchResponse::new(200, configuration.to_string()))
            }
            Answer::NotReached => Err(FetchError::new("the line is cut").not_reached()),
        };
        asked.push((request, response.clone()));
        response
    }
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let answer = prop_oneof![
        4 => Just(Answer::Keys),
        4 => select(vec![200, 204, 304, 401, 403, 404, 429, 500, 503]).prop_map(Answer::Reflection),
        4 => select(vec![
            Answer::BrokenKeys,
            Answer::Redirect,
            Answer::ContentType,
            Answer::Discovery,
            Answer::NotReached,
        ]),
    ];
    vec(answer, 1..5)
}

#[test]
fn no_secret_is_seen_while_keys_are_fetched() {
    let keys = "sk_(live|test)_[A-Za-z0-9]{24,40}";
    let case = (keys, answers(), vec(draft(), 1..4), 0_usize..3);
    holds(96, case, |(secret, answers, drafts, source)| {
        let tokens: Vec<String> = drafts.iter().map(|draft| draft.sign()).collect();
        let asked = Arc::default();
        let server = Server {
            answers,
            reflected: format!("{secret} \u{1b}[31m\r\n {}", tokens[0]),
            asked: Arc::clone(&asked),
        };
        let told = Arc::new(Mutex::new(Shown::default()));
        let hears = Arc::clone(&told);
        let builder = Verifier::builder()
            .fetcher(server)
            .clock(FixedClock::at_unix(NOW))
            .token_cache(TokenCache::disabled())
            .issuer(ISSUER.issuer())
            .key_events(move |source, event| {
                let mut told = hears.lock().unwrap();
                told.line("the source of an event", source);
                told.value("an event", event);
            });
        let builder = match source {
            0 => builder.secret_key(&secret),
            1 => builder.jwks_url(format!("https://keys.example/jwks?key={secret}")),
            _ => builder.openid_configuration("https://keys.example/realm"),
        };
        let mut shown = Shown::default();
        let mut seen = Shown::default();
        let is_accepted = logged(&mut shown, || {
            ask(&mut seen, &builder.build().unwrap(), &tokens)
        });
        for (request, response) in asked.lock().unwrap().iter() {
            seen.value("a fetch", request);
            seen.value("its response", response);
        }
        shown.append(seen);
        shown.append(std::mem::take(&mut told.lock().unwrap()));
        let key = OWN.jwk("")["n"].to_string();
        let mut secrets = vec![secret.as_str(), key.as_str()];
        secrets.extend(tokens.iter().map(String::as_str));
        shown.check(&Secrets::of(&secrets))?;
        Ok(Met::accepted_if(is_accepted))
    });
}

/// Asks about each token and shows what came of it; whether any was accepted.
fn ask(shown: &mut Shown, verifier: &Verifier, tokens: &[String]) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut is_accepted = false;
        for token in tokens {
            let headers = [("authorization", format!("Bearer {token}"))];
            shown.value("an outcome", &verifier.begin(&headers, None));
            let result = verifier.verify_token(token).await;
            is_accepted |= result.is_ok();
            shown.result(&result);
            shown.state(verifier.authenticate(&headers).await);
            shown.verifier(verifier);
        }
        if let Err(error) = verifier.ready().await {
            shown.error("not ready", &error);
        }
        is_accepted
    })
}

//! The body of a JWK Set, as text in code and as an answer of the key server.
//!
//! Input: the body. The library may only take keys that the model takes; the remote source tells each of them with its
//! numbers. Where no member name stands twice, both must take the same keys.

use std::{cell::RefCell, collections::HashSet};

use clerk_verify::{
    FetchError, FetchRequest, FetchResponse, Fetcher, JwksOptions, TokenCache, Verifier,
};

use super::{
    pem::shows_nothing,
    signed::{KEY_ID, OTHER_SIGNER, SIGNER},
};
use crate::{
    clock::{NOW_MS, SetClock},
    harness::{Bound, Outcome, bounded},
    model::{
        json::{self, Json},
        keys::{self, MAX_KEYS_OF_ONE_ID},
        token::{Key, Rules, check},
    },
    mutate::{self, Words},
    vectors, verdict,
};

const BOUND: Bound = Bound {
    bytes: 256 * 1024,
    bytes_per_byte: 128,
    count: 2_000,
    count_per_kilobyte: 1_000,
};

/// Key ids in the body whose tokens are tried.
const MAX_TRIED: usize = 2;

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    if let Ok(text) = std::str::from_utf8(input) {
        as_text(text, &keys::jwks(input, usize::MAX).unwrap_or_default());
    }
    let model = keys::jwks(input, MAX_KEYS_OF_ONE_ID);
    as_answer(input, model.as_deref().unwrap_or_default());
    match model {
        None => "no set".to_owned(),
        Some(keys) => format!("{} usable keys", keys.len().min(5)),
    }
}

fn as_text(text: &str, usable: &[Key]) {
    let built = bounded(text.len(), &BOUND, || {
        Verifier::builder()
            .jwks_json(text)
            .clock(SetClock::default())
            .token_cache(TokenCache::disabled())
            .build()
    });
    match built {
        Ok(verifier) => {
            assert!(!usable.is_empty(), "taken, but no key in it is of use");
            assert!(verifier.status().keys() <= usable.len());
            let said = format!("{verifier:?} {}", verifier.describe());
            shows_nothing(&numbers(text), &without_ids(said, usable));
            try_tokens(&verifier, text, usable);
        }
        Err(error) => {
            assert!(
                usable.is_empty() || is_odd(text.as_bytes()),
                "refused: {error}"
            );
            shows_nothing(text, &format!("{error} {error:?}"));
        }
    }
}

/// What was said, without the key ids: they are no secret.
fn without_ids(said: String, usable: &[Key]) -> String {
    let ids = usable.iter().filter_map(|key| key.id.as_deref());
    let words = ids.flat_map(|id| id.split(|one: char| !one.is_ascii_alphanumeric()));
    let words = words.filter(|word| !word.is_empty());
    words.fold(said, |said, word| said.replace(word, " "))
}

/// All texts but the key ids.
fn numbers(body: &str) -> String {
    fn collect(value: &Json, texts: &mut String) {
        match value {
            Json::Text(text) => *texts += &format!("{text}\n"),
            Json::List(values) => values.iter().for_each(|value| collect(value, texts)),
            Json::Object(members) => {
                let members = members.iter().filter(|(name, _)| name != "kid");
                members.for_each(|(_, value)| collect(value, texts));
            }
            _ => {}
        }
    }
    let mut texts = String::new();
    if let Some(set) = json::parse(body.as_bytes()) {
        collect(&set.value, &mut texts);
    }
    texts
}

/// Where the model need not know: a name that stands twice, or half a character.
fn is_odd(body: &[u8]) -> bool {
    json::parse(body)
        .is_none_or(|set| set.has_lone_surrogate || set.depth > 100 || repeats(&set.value))
}

fn repeats(value: &Json) -> bool {
    value.repeats_a_name()
        || match value {
            Json::List(values) => values.iter().any(repeats),
            Json::Object(members) => members.iter().any(|(_, value)| repeats(value)),
            _ => false,
        }
}

/// Tokens of the fuzzer's key under the key ids of the set are accepted where the model says so.
fn try_tokens(verifier: &Verifier, text: &str, usable: &[Key]) {
    let set = json::parse(text.as_bytes()).unwrap().value;
    let Some(Json::List(keys)) = set.get("keys") else {
        return;
    };
    let ids = keys.iter().filter_map(|key| key.get("kid")?.text());
    for id in ids.take(MAX_TRIED) {
        let header = Json::Object(vec![
            ("alg".to_owned(), Json::Text("RS256".to_owned())),
            ("kid".to_owned(), Json::Text(id.to_owned())),
        ]);
        let payload = br#"{"sub":"user_1","exp":1790000050}"#;
        let token = SIGNER.token("RS256", header.write().as_bytes(), payload);
        let result = verifier.verify_token_now(&token).unwrap();
        let model = check(&token, &Rules::usual(), usable, NOW_MS);
        if result.is_ok() || !is_odd(text.as_bytes()) {
            verdict::compare(&result, &model);
        }
    }
}

/// A key server with one answer.
struct Answer(Vec<u8>);

impl Fetcher for Answer {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        Ok(FetchResponse::new(200, self.0.clone()))
    }
}

thread_local! {
    static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    );
}

fn as_answer(body: &[u8], usable: &[Key]) {
    let verifier = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .issuer("https://clerk.example.com")
        .fetcher(Answer(body.to_vec()))
        .clock(SetClock::default())
        .jwks(JwksOptions {
            renew_when_idle: false,
            ..JwksOptions::default()
        })
        .token_cache(TokenCache::disabled())
        .build()
        .unwrap();
    let ready = RUNTIME
        .with_borrow(|runtime| bounded(body.len(), &BOUND, || runtime.block_on(verifier.ready())));
    match ready {
        Ok(()) => {
            let snapshot = verifier.export_snapshot().unwrap();
            let taken = keys::jwks(snapshot.json().as_bytes(), MAX_KEYS_OF_ONE_ID).unwrap();
            let numbers = taken
                .iter()
                .map(|key| (&key.id, &key.modulus, &key.exponent));
            assert_eq!(
                numbers.collect::<HashSet<_>>().len(),
                verifier.status().keys()
            );
            for key in &taken {
                let same = |other: &&Key| {
                    other.id == key.id
                        && other.modulus == key.modulus
                        && other.exponent == key.exponent
                };
                assert!(
                    usable.iter().any(|other| same(&other)),
                    "a key that is not in the set"
                );
            }
            if !is_odd(body) {
                for key in usable {
                    let same = |other: &Key| other.id == key.id && other.modulus == key.modulus;
                    assert!(taken.iter().any(same), "a key is left out: {:?}", key.id);
                }
            }
        }
        Err(error) => {
            assert!(usable.is_empty() || is_odd(body), "refused: {error}");
            shows_nothing(
                &String::from_utf8_lossy(body),
                &format!("{error} {error:?} {:?}", verifier.status()),
            );
        }
    }
}

/// Changes members of the set or of a key in it.
pub fn mutate(input: &mut [u8], size: usize, max_size: usize, seed: u32) -> Option<usize> {
    let text = std::str::from_utf8(&input[..size]).ok()?;
    let mut random = mutate::Random::new(seed);
    let (start, end) = (text.find('[')?, text.rfind(']')?);
    let inner = text.get(start + 1..end)?;
    // The keys, as if they were members.
    let mut keys = mutate::members(&format!("{{\"x\":[{inner}]}}")).map(|_| split(inner))?;
    let at = random.below(keys.len());
    let key = keys.get(at)?.clone();
    match random.below(8) {
        0 => drop(keys.remove(at)),
        1 => keys.push(key),
        2 => keys.insert(
            at,
            (*random.one_of(&["null", "{}", "[]", "1", r#"{"kty":"EC","kid":"x"}"#])).to_owned(),
        ),
        3 => {
            let signer = if random.below(2) == 0 {
                &SIGNER
            } else {
                &OTHER_SIGNER
            };
            keys.push(signer.jwk(KEY_ID, ""));
        }
        _ => {
            keys[at] = String::from_utf8(mutate::json(key.as_bytes(), &WORDS, &mut random)?).ok()?
        }
    }
    let changed = format!("{}[{}]{}", &text[..start], keys.join(","), &text[end + 1..]);
    if changed.len() > max_size {
        return None;
    }
    input[..changed.len()].copy_from_slice(changed.as_bytes());
    Some(changed.len())
}

/// The texts of a list's values.
fn split(inner: &str) -> Vec<String> {
    let as_members = mutate::members(&format!("{{\"0\":{}}}", inner.replace("},{", "},\"0\":{")))
        .unwrap_or_default();
    let values = as_members
        .iter()
        .filter_map(|member| Some(member.split_once(':')?.1.to_owned()));
    values.collect()
}

const WORDS: Words = Words {
    names: &[
        "kty", "use", "key_ops", "alg", "kid", "n", "e", "d", "p", "q", "oth", "k", "x5c", "crv",
        "x",
    ],
    values: &[
        r#""RSA""#,
        r#""rsa""#,
        r#""EC""#,
        r#""oct""#,
        r#""sig""#,
        r#""enc""#,
        r#"["verify"]"#,
        r#"["sign"]"#,
        r#"["sign","verify"]"#,
        r#""verify""#,
        "[]",
        r#""RS256""#,
        r#""RS512""#,
        r#""ES256""#,
        r#""ins_fuzz""#,
        r#""ins_2""#,
        r#""AQAB""#,
        r#""AAEAAQ""#,
        r#""Aw""#,
        r#""AQ""#,
        r#""Ag""#,
        r#""AQAB=""#,
        r#""AQAAAAE""#,
        r#""""#,
        "null",
        "1",
        "true",
        "{}",
        r#""k\u0069d""#,
    ],
};

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for vector in vectors::ALL.iter() {
        let text = match vector["jwks"]["__raw__"].as_str() {
            Some(raw) => raw.to_owned(),
            None => vector["jwks"].to_string(),
        };
        if text.len() <= 8192 && !seeds.contains(&text.as_bytes().to_vec()) {
            seeds.push(text.into_bytes());
        }
    }
    for more in [
        "",
        r#","alg":"RS256","use":"sig""#,
        r#","key_ops":["verify"]"#,
        r#","d":"AQAB""#,
    ] {
        let keys = [
            SIGNER.jwk(KEY_ID, more),
            OTHER_SIGNER.jwk("ins_2", more),
            OTHER_SIGNER.jwk(KEY_ID, more),
        ];
        seeds.push(format!(r#"{{"keys":[{}]}}"#, keys[0]).into_bytes());
        seeds.push(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).into_bytes());
    }
    seeds
}

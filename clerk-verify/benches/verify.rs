//! How long verifications take: `cargo bench -p clerk-verify --bench verify`.
//!
//! Accepted and refused tokens, what is read from their claims, and whole requests. Times depend on the machine; what is
//! compared with others is measured in `peers` and `end-to-end` beside this file, and what must not grow is counted in
//! `cost`.
// A bench stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![allow(missing_docs)]

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use clerk_verify::{
    Authentication, Claims, Requirement, TokenCache, Verifier, VerifierBuilder,
    testing::{TestIssuer, TokenBuilder},
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const ORIGIN: &str = "https://app.example.com";
/// Whose Frontend API is clerk.example.test, as the test issuer's.
const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS50ZXN0JA";

fn builder(issuer: &TestIssuer) -> VerifierBuilder {
    issuer.verifier().authorized_parties([ORIGIN])
}

fn off(issuer: &TestIssuer) -> Verifier {
    let builder = builder(issuer).token_cache(TokenCache::disabled());
    builder.build().unwrap()
}

fn on(issuer: &TestIssuer) -> Verifier {
    builder(issuer).build().unwrap()
}

/// About as long as the tokens of an app that puts a few claims of its own into them.
fn token(issuer: &TestIssuer) -> TokenBuilder {
    let token = issuer.token().user("user_2abcdefghijklmnopqrstuvwxyz");
    let token = token
        .azp(ORIGIN)
        .lifetime(Duration::from_secs(24 * 60 * 60));
    let token = token.claim("email", "someone.with.a.name@mail.example.com");
    token.claim(
        "image",
        "https://img.example.com/2abcdefghijklmnopqrstuvwxyz",
    )
}

fn organization(issuer: &TestIssuer) -> TokenBuilder {
    let permissions = [
        "org:invoices:create",
        "org:invoices:read",
        "org:members:read",
    ];
    let token = token(issuer).org("org_2abcdefghijklmnopqrstuvwxyz", "admin");
    token.permissions(permissions)
}

fn is_accepted(verifier: &Verifier, token: &str) -> bool {
    verifier.verify_token_now(black_box(token)).unwrap().is_ok()
}

fn accepted(criterion: &mut Criterion) {
    let issuer = TestIssuer::new();
    let (off, on) = (off(&issuer), on(&issuer));
    let token = token(&issuer).sign();
    let mut group = criterion.benchmark_group("accepted");
    group.bench_function("cache off", |bencher| {
        bencher.iter(|| assert!(is_accepted(&off, &token)));
    });
    group.bench_function("for the first time", |bencher| {
        let small = TokenCache::default().max_entries(1);
        let small = builder(&issuer).token_cache(small).build().unwrap();
        let tokens = [0, 1].map(|n| self::token(&issuer).claim("n", n).sign());
        let mut turns = tokens.iter().cycle();
        bencher.iter(|| assert!(is_accepted(&small, turns.next().unwrap())));
    });
    group.bench_function("seen before", |bencher| {
        bencher.iter(|| assert!(is_accepted(&on, &token)));
    });
    group.bench_function("seen before, on two threads", |bencher| {
        bencher.iter_custom(|rounds| on_two_threads(&on, &token, rounds));
    });
    group.finish();
}

/// How long both take for so many each.
fn on_two_threads(verifier: &Verifier, token: &str, rounds: u64) -> Duration {
    let work = || {
        let start = Instant::now();
        for _ in 0..rounds {
            assert!(is_accepted(verifier, token));
        }
        start.elapsed()
    };
    let both = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().unwrap())
    });
    both.into_iter().max().unwrap()
}

fn refused(criterion: &mut Criterion) {
    let issuer = TestIssuer::new();
    let verifier = off(&issuer);
    let good = token(&issuer);
    let signed = good.sign();
    let (rest, signature) = signed.rsplit_once('.').unwrap();
    let kinds = [
        ("forged signature", format!("{rest}.A{}", &signature[1..])),
        (
            "unknown key id",
            good.clone().header("kid", "ins_other").sign(),
        ),
        ("expired", good.clone().expired().sign()),
        ("wrong azp", good.clone().azp("https://evil.example").sign()),
        ("not base64url", signed.replace('.', ".*")),
        ("not a token", "undefined".to_owned()),
        ("16 KiB and a byte", "A".repeat(16 * 1024 + 1)),
    ];
    let mut group = criterion.benchmark_group("refused");
    for (kind, token) in kinds {
        group.bench_function(kind, |bencher| {
            bencher.iter(|| assert!(!is_accepted(&verifier, &token)));
        });
    }
    group.finish();
}

fn claims(criterion: &mut Criterion) {
    #[derive(serde::Deserialize)]
    struct Mine {
        email: String,
    }

    let issuer = TestIssuer::new();
    let verifier = off(&issuer);
    let token = organization(&issuer).sign();
    let session = verifier.verify_token_now(&token).unwrap().unwrap();
    let may = Requirement::new().permission("org:members:read");
    let mut group = criterion.benchmark_group("claims");
    group.bench_function("organization, decoded", |bencher| {
        let undecoded = verifier.verify_token_now(&token).unwrap().unwrap();
        let setup = || undecoded.claims().clone();
        let decode = |claims: Claims| assert!(claims.organization().is_some());
        bencher.iter_batched(setup, decode, BatchSize::SmallInput);
    });
    group.bench_function("has a permission", |bencher| {
        bencher.iter(|| assert!(session.has(black_box(&may))));
    });
    group.bench_function("one custom claim", |bencher| {
        bencher.iter(|| session.claims().get(black_box("email")));
    });
    group.bench_function("claims of a type of yours", |bencher| {
        bencher.iter(|| session.custom_claims::<Mine>().unwrap().email.len());
    });
    group.finish();
}

/// From the headers of a request to its session, with a token that was seen before.
fn requests(criterion: &mut Criterion) {
    let issuer = TestIssuer::new();
    let token = token(&issuer).sign();
    let plain = on(&issuer);
    let suffixed = builder(&issuer).publishable_key(PUBLISHABLE_KEY);
    let suffixed = suffixed.build().unwrap();
    let others = "theme=dark; _ga=GA1.2.1234567890; ".repeat(10);
    let suffix = suffixed.describe();
    let suffix = suffix.split("__session_").nth(1).unwrap();
    let suffix = suffix.split(' ').next().unwrap();
    let both = format!("__session={token}; __session_{suffix}={token}; __client_uat_{suffix}=1");
    let alone = format!("__session_{suffix}={token}; __client_uat_{suffix}=1");
    let requests = [
        (
            "Authorization",
            &plain,
            ("authorization", format!("Bearer {token}")),
        ),
        (
            "__session",
            &plain,
            ("cookie", format!("__session={token}")),
        ),
        (
            "__session after 20 others",
            &plain,
            ("cookie", format!("{others}__session={token}")),
        ),
        ("both session cookies", &suffixed, ("cookie", both)),
        ("suffixed cookies alone", &suffixed, ("cookie", alone)),
    ];
    let mut group = criterion.benchmark_group("request");
    for (kind, verifier, header) in requests {
        let headers = [("accept", "*/*".to_owned()), header];
        group.bench_function(kind, |bencher| {
            bencher.iter(|| match verifier.begin(black_box(&headers[..]), None) {
                Authentication::Done(state) => assert!(state.is_signed_in()),
                Authentication::Waiting(_) => panic!("fixed keys never wait"),
            });
        });
    }
    group.finish();
}

criterion_group!(benches, accepted, refused, claims, requests);
criterion_main!(benches);

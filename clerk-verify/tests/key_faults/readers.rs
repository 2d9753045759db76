//! What a verification whose key is at hand costs beside the verification.

use std::time::Duration;

use clerk_verify::{
    FetchError, FetchRequest, FetchResponse, Fetcher, Verifier,
    testing::{TestIssuer, look_up},
};

/// A set of so many keys, the issuer's last.
struct Set(String);

impl Set {
    fn of(issuer: &TestIssuer, keys: usize) -> Self {
        let set: serde_json::Value = serde_json::from_str(&issuer.jwks_json()).unwrap();
        let own = &set["keys"][0];
        let mut all: Vec<serde_json::Value> = (1..keys)
            .map(|number| {
                let mut key = own.clone();
                key["kid"] = format!("ins_{number}").into();
                key
            })
            .collect();
        all.push(own.clone());
        Self(serde_json::json!({ "keys": all }).to_string())
    }
}

impl Fetcher for Set {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        Ok(FetchResponse::new(200, self.0.clone()))
    }
}

const THREADS: u64 = 2;
const LOOKUPS: u64 = 1_000_000;

#[test]
fn l5_lookups_on_two_threads_fetch_nothing_lock_nothing_and_allocate_nothing() {
    for keys in [1, 10, 100] {
        let issuer = TestIssuer::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let verifier = Verifier::builder()
            .jwks_url("https://keys.example.test/jwks.json")
            .fetcher(Set::of(&issuer, keys))
            .build()
            .unwrap();
        runtime.block_on(verifier.ready()).unwrap();
        assert_eq!(verifier.status().keys(), keys);
        let before = verifier.status();

        let reader = || {
            // What a thread sets up at its first load is not the lookup's.
            assert!(look_up(&verifier, issuer.key_id()));
            let mut found = 0;
            let allocated = allocation_counter::measure(|| {
                for _ in 0..LOOKUPS / THREADS {
                    found += u64::from(look_up(&verifier, issuer.key_id()));
                }
            });
            (found, allocated.count_total)
        };
        let (found, allocated) = std::thread::scope(|scope| {
            let readers = [scope.spawn(reader), scope.spawn(reader)];
            readers
                .map(|reader| reader.join().unwrap())
                .into_iter()
                .fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
        });
        let after = verifier.status();
        assert_eq!((found, allocated), (LOOKUPS, 0), "{keys} keys");
        assert_eq!(after.locks_taken(), before.locks_taken(), "{keys} keys");
        assert_eq!(after.fetches(), 1);
    }
}

/// The whole verification allocates no more with fetched keys than with fixed ones, and takes no lock.
#[test]
fn l5_a_verification_with_fetched_keys_costs_what_one_with_fixed_keys_costs() {
    let issuer = TestIssuer::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fetched = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .issuer(issuer.issuer())
        .fetcher(Set::of(&issuer, 1))
        .build()
        .unwrap();
    runtime.block_on(fetched.ready()).unwrap();
    let fixed = issuer.verifier().build().unwrap();
    let token = issuer.token().lifetime(Duration::from_secs(3600)).sign();
    let before = fetched.status().locks_taken();
    let allocated = [&fetched, &fixed].map(|verifier| {
        assert!(verifier.verify_token_now(&token).unwrap().is_ok());
        let allocations = allocation_counter::measure(|| {
            for _ in 0..1000 {
                assert!(verifier.verify_token_now(&token).unwrap().is_ok());
            }
        });
        allocations.count_total
    });
    assert_eq!(allocated[0], allocated[1]);
    assert_eq!(fetched.status().locks_taken(), before);
}

//! Several instances in one verifier, keys from an earlier run, and OpenID configurations.

use std::{collections::HashMap, time::Duration};

use clerk_verify::{
    Clock as _, FetchError, FetchRequest, FetchResponse, Fetcher, Instance, JwksOptions,
    KeySourceState, Reason, TokenCache, Verifier, testing::TestIssuer,
};

use super::support::*;

/// One script for each host.
#[derive(Clone)]
struct Hosts(HashMap<String, Script>);

impl Fetcher for Hosts {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let host = request.url().split('/').nth(2).unwrap().to_owned();
        self.0[&host].fetch(request).await
    }
}

fn host(issuer: &TestIssuer) -> String {
    issuer.issuer().trim_start_matches("https://").to_owned()
}

/// Two instances whose keys have the same id.
struct Two {
    world: World,
    other: TestIssuer,
    other_server: Script,
    verifier: Verifier,
}

impl Two {
    fn new() -> Self {
        let world = World::new();
        let other = TestIssuer::fresh()
            .with_key_id(world.issuer.key_id())
            .with_clock(world.clock.clone());
        let other_server = Script::new(ok(other.jwks_json()));
        let hosts = Hosts(HashMap::from([
            (host(&world.issuer), world.server.clone()),
            (host(&other), other_server.clone()),
        ]));
        let verifier = Verifier::builder()
            .instance(Instance::issuer(world.issuer.issuer()))
            .instance(Instance::issuer(other.issuer()))
            .fetcher(hosts)
            .clock(world.clock.clone())
            .token_cache(TokenCache::default())
            .build()
            .unwrap();
        Self {
            world,
            other,
            other_server,
            verifier,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn m1_an_instance_that_is_down_or_flooded_leaves_the_other_alone() {
    let two = Two::new();
    let (verifier, token) = (&two.verifier, two.world.token());
    verifier.ready().await.unwrap();
    let good = good_token(&two.other);
    two.world.server.always(status(500));
    for number in 0..10_000 {
        let _ = reason(verifier, &with_kid(&token, &format!("ins_{number}"))).await;
        if number % 10 == 0 {
            assert_eq!(reason(verifier, &good).await, None);
        }
    }
    assert_eq!(two.other_server.count(), 1);
    pass(26 * HOUR).await;
    assert_eq!(
        reason(verifier, &token).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    assert_eq!(reason(verifier, &good).await, None);
    let [first, second] = &verifier.key_sources()[..] else {
        panic!("two sources")
    };
    assert_eq!(first.state(), KeySourceState::Expired);
    assert_eq!(second.state(), KeySourceState::Fresh);
    assert_eq!(second.failures(), 0);
    let together = verifier.status();
    assert_eq!(
        (together.state(), together.is_ready()),
        (KeySourceState::Expired, true),
        "the worst state; ready all the same, for the other instance's users"
    );
    assert_eq!(together.issuers().len(), 2);
}

/// The one whose key is withdrawn takes its own tokens along, and no others.
#[tokio::test(start_paused = true)]
async fn a_remembered_token_lives_and_dies_with_its_own_instance() {
    for withdrawn in [0, 1] {
        let two = Two::new();
        let tokens = [two.world.token(), good_token(&two.other)];
        for token in &tokens {
            assert_eq!(reason(&two.verifier, token).await, None);
        }
        assert_eq!(two.verifier.token_cache_status().entries(), 2);

        let next = two.world.rotated("ins_next");
        let servers = [&two.world.server, &two.other_server];
        servers[withdrawn].always(ok(next.jwks_json()));
        pass(5 * MINUTE).await;
        // Asked for in both orders: neither one's fate is the other's.
        for place in [withdrawn, 1 - withdrawn, withdrawn] {
            let expected = (place == withdrawn).then_some(Reason::JwkKidMismatch);
            assert_eq!(reason(&two.verifier, &tokens[place]).await, expected);
        }
        assert_eq!(two.verifier.token_cache_status().entries(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_a_withdrawn_key_are_forgotten_though_nobody_sends_them() {
    for withdrawn in [0, 1] {
        let two = Two::new();
        for issuer in [&two.world.issuer, &two.other] {
            for user in ["user_1", "user_2"] {
                let token = issuer.token().user(user).lifetime(24 * HOUR).sign();
                assert_eq!(reason(&two.verifier, &token).await, None);
            }
        }
        assert_eq!(two.verifier.token_cache_status().entries(), 4);
        let next = two.world.rotated("ins_next");
        [&two.world.server, &two.other_server][withdrawn].always(ok(next.jwks_json()));
        pass(5 * MINUTE).await;
        assert_eq!(two.verifier.token_cache_status().entries(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn m2_two_instances_with_one_kid_refuse_each_others_keys() {
    let two = Two::new();
    let (ours, theirs) = (&two.world.issuer, &two.other);
    for issuer in [ours, theirs] {
        assert_eq!(reason(&two.verifier, &good_token(issuer)).await, None);
    }
    for (claimed, signer) in [(ours, theirs), (theirs, ours)] {
        let forged = claimed.token().signed_by(signer);
        let forged = forged.header("kid", claimed.key_id()).sign();
        assert_eq!(
            reason(&two.verifier, &forged).await,
            Some(Reason::TokenInvalidSignature)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_no_instance_is_refused_without_a_fetch_and_says_who_is_trusted() {
    let two = Two::new();
    for issuer in ["https://evil.example", ""] {
        let token = two.world.issuer.token().issuer(issuer).sign();
        let error = two.verifier.verify_token(&token).await.unwrap_err();
        assert_eq!(error.reason(), Reason::TokenInvalidIssuer);
        let text = error.to_string();
        assert!(
            text.contains(two.world.issuer.issuer()) && text.contains(two.other.issuer()),
            "{text}"
        );
    }
    let without = two.world.issuer.token().without("iss").sign();
    assert_eq!(
        reason(&two.verifier, &without).await,
        Some(Reason::TokenInvalidIssuer)
    );
    assert_eq!((two.world.server.count(), two.other_server.count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn fixed_keys_and_fetched_ones_may_stand_side_by_side() {
    let world = World::new();
    let other = TestIssuer::fresh().with_clock(world.clock.clone());
    let verifier = world
        .builder()
        .instance(Instance::issuer(other.issuer()).jwt_key(other.public_pem()))
        .build()
        .unwrap();
    assert_eq!(reason(&verifier, &good_token(&other)).await, None);
    assert_eq!(world.server.count(), 0);
    assert_eq!(reason(&verifier, &world.token()).await, None);
    let states: Vec<_> = verifier
        .key_sources()
        .iter()
        .map(|source| source.state())
        .collect();
    assert_eq!(states, [KeySourceState::Fresh, KeySourceState::Fixed]);
    let foreign = other.token().signed_by(&world.issuer).sign();
    assert_eq!(
        reason(&verifier, &foreign).await,
        Some(Reason::TokenInvalidSignature)
    );
}

#[test]
fn instances_that_a_token_could_not_choose_between_are_mistakes() {
    let issuer = TestIssuer::new();
    let error = Verifier::builder()
        .jwks_json(issuer.jwks_json())
        .instance(Instance::issuer("https://a.example").jwks_json("{}"))
        .instance(Instance::issuer("https://a.example/").jwks_json(issuer.jwks_json()))
        .build()
        .unwrap_err();
    let found: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| (problem.option(), problem.found()))
        .collect();
    assert_eq!(found.len(), 3, "{error}");
    assert_eq!(
        found[0],
        (
            "issuer",
            "in instance 1: none, and by its issuer a token finds its instance"
        )
    );
    assert_eq!(found[1].0, "jwks_json");
    assert!(found[1].1.starts_with("in instance 2: "));
    assert_eq!(
        found[2],
        ("issuer", "in instance 3: one that another instance has too")
    );
}

#[test]
fn the_environment_adds_no_instance_to_those_that_code_names() {
    let issuer = TestIssuer::new();
    let verifier = Verifier::builder()
        .instance(Instance::issuer(issuer.issuer()).jwks_json(issuer.jwks_json()))
        .with_env_from(|name| {
            (name == "CLERK_PUBLISHABLE_KEY").then(|| TestIssuer::fresh().publishable_key())
        })
        .build()
        .unwrap();
    assert_eq!(verifier.key_sources().len(), 1);
    assert_eq!(verifier.status().issuers(), [issuer.issuer()]);
}

#[tokio::test(start_paused = true)]
async fn s1_with_a_seed_a_service_starts_although_the_server_is_down() {
    let world = World::new();
    let kept = world.warm().await.export_snapshot().unwrap();
    assert_eq!(kept.json(), world.issuer.jwks_json());
    pass(HOUR).await;
    world.server.always(status(500));
    let seeded = || world.builder().with_seed(kept.json(), kept.fetched_at());
    let (verifier, token) = (seeded().build().unwrap(), world.token());
    let status = verifier.status();
    assert_eq!(
        (status.state(), status.is_ready()),
        (KeySourceState::Stale, true)
    );
    assert_eq!(status.age().unwrap().as_secs(), 3600);
    for _ in 0..100 {
        assert_eq!(first_poll(&verifier, &token), Some(true));
        pass(SECOND).await;
    }
    assert!(verifier.status().failures() > 0, "it was renewed at once");
    world.server.always(ok(world.issuer.jwks_json()));
    pass(MINUTE).await;
    assert_eq!(verifier.status().state(), KeySourceState::Fresh);
    assert_eq!(verifier.status().generation(), 1, "the seed was right");
}

#[tokio::test(start_paused = true)]
async fn s1_ready_is_content_with_a_seed_and_has_it_renewed() {
    let world = World::new();
    let builder = world
        .builder()
        .with_seed(world.issuer.jwks_json(), world.clock.now());
    let verifier = builder.build().unwrap();
    world.server.takes(SECOND);
    verifier.ready().await.unwrap();
    assert_eq!(verifier.status().state(), KeySourceState::Stale);
    pass(SECOND).await;
    assert_eq!(verifier.status().state(), KeySourceState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn s1_a_seed_lives_as_long_as_keys_of_its_age() {
    let world = World::new();
    world.server.always(status(500));
    let json = world.issuer.jwks_json();
    let now = world.clock.now();
    let age = 23 * HOUR;
    let builder = world.builder().with_seed(json.clone(), now - age);
    let (verifier, token) = (builder.build().unwrap(), world.token());
    pass(HOUR + 299 * SECOND).await;
    assert_eq!(reason(&verifier, &token).await, None);
    pass(SECOND).await;
    assert_eq!(
        reason(&verifier, &token).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );

    let too_old = world.builder().with_seed(json.clone(), now - 25 * HOUR);
    assert_eq!(
        too_old.build().unwrap().status().state(),
        KeySourceState::Expired
    );
    let strict = world
        .builder()
        .jwks(JwksOptions::strict())
        .with_seed(json.clone(), now - Duration::from_secs(301));
    assert_eq!(
        strict.build().unwrap().status().state(),
        KeySourceState::Expired
    );
    let from_the_future = world.builder().with_seed(json, now + 48 * HOUR);
    assert_eq!(
        from_the_future.build().unwrap().status().state(),
        KeySourceState::Stale
    );
}

#[test]
fn s1_a_seed_that_is_no_set_or_has_no_use_is_a_mistake() {
    let world_less = Verifier::builder().publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA");
    let error = world_less
        .with_seed("{}", std::time::SystemTime::now())
        .build()
        .unwrap_err();
    assert_eq!(error.problems()[0].option(), "with_seed");
    let issuer = TestIssuer::new();
    let error = Verifier::builder()
        .jwt_key(issuer.public_pem())
        .with_seed(issuer.jwks_json(), std::time::SystemTime::now())
        .build()
        .unwrap_err();
    assert_eq!(error.problems()[0].option(), "with_seed");
}

fn configuration(issuer: &str, keys: &str) -> Step {
    ok(format!(
        r#"{{"issuer":"{issuer}","jwks_uri":"{keys}","response_types_supported":[]}}"#
    ))
}

/// A verifier that finds its keys through the OpenID configuration, the server of that, and the server of the keys.
fn discovering(world: &World) -> (Verifier, Script) {
    let issuer = world.issuer.issuer();
    let configured = Script::new(configuration(issuer, "https://keys.example.test/jwks.json"));
    let hosts = Hosts(HashMap::from([
        (host(&world.issuer), configured.clone()),
        ("keys.example.test".to_owned(), world.server.clone()),
    ]));
    let verifier = Verifier::builder()
        .issuer(issuer)
        .openid_configuration(issuer)
        .fetcher(hosts)
        .clock(world.clock.clone())
        .build()
        .unwrap();
    (verifier, configured)
}

#[tokio::test(start_paused = true)]
async fn an_openid_configuration_says_where_the_keys_are_and_is_read_again_every_hour() {
    let world = World::new();
    let (verifier, configured) = discovering(&world);
    assert_eq!(reason(&verifier, &world.token()).await, None);
    assert_eq!((configured.count(), world.server.count()), (1, 1));
    let url = &configured.requests()[0].url;
    assert_eq!(
        *url,
        format!("{}/.well-known/openid-configuration", world.issuer.issuer())
    );
    pass(59 * MINUTE).await;
    assert_eq!(configured.count(), 1);
    pass(6 * MINUTE).await;
    assert_eq!(configured.count(), 2);
    assert_eq!(verifier.status().failures(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_is_down_takes_no_keys_along() {
    let world = World::new();
    let (verifier, configured) = discovering(&world);
    assert_eq!(reason(&verifier, &world.token()).await, None);
    configured.always(Step::Hang);
    pass(26 * HOUR).await;
    assert_eq!(verifier.status().state(), KeySourceState::Fresh);
    configured.always(status(500));
    pass(3 * HOUR).await;
    world.server.always(status(500));
    pass(5 * MINUTE).await;
    world.server.always(ok(world.issuer.jwks_json()));
    pass(23 * HOUR).await;
    assert_eq!(verifier.status().state(), KeySourceState::Fresh);
    assert_eq!(first_poll(&verifier, &world.token()), Some(true));
    // Another issuer's configuration is not the same as none.
    configured.always(configuration(
        "https://evil.example",
        "https://keys.example.test/jwks.json",
    ));
    pass(10 * MINUTE).await;
    assert_eq!(verifier.status().state(), KeySourceState::Stale);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_can_not_be_read_is_asked_for_once_a_minute() {
    let world = World::new();
    let (verifier, configured) = discovering(&world);
    assert_eq!(reason(&verifier, &world.token()).await, None);
    configured.always(status(500));
    pass(66 * MINUTE).await;
    let before = configured.count();
    for key_id in ["one", "two", "three"] {
        let token = world.issuer.token().header("kid", key_id).sign();
        assert!(reason(&verifier, &token).await.is_some());
        pass(12 * SECOND).await;
    }
    assert!(world.server.count() > before + 2, "the keys were asked for");
    assert!(configured.count() <= before + 1);
}

/// What one address says of its set it does not say of another's.
#[tokio::test(start_paused = true)]
async fn keys_that_move_are_not_asked_for_by_what_the_old_address_said() {
    let world = World::new();
    let (verifier, configured) = discovering(&world);
    let tagged = FetchResponse::new(200, world.issuer.jwks_json()).with_header("etag", "\"1\"");
    world.server.always(Step::Answer(tagged));
    verifier.ready().await.unwrap();
    pass(10 * MINUTE).await;
    assert_eq!(
        world.server.requests()[1].header("if-none-match"),
        Some("\"1\"")
    );
    let moved = "https://keys.example.test/moved.json";
    configured.always(configuration(world.issuer.issuer(), moved));
    pass(HOUR).await;
    let requests = world.server.requests();
    let first = requests.iter().find(|asked| asked.url == moved).unwrap();
    assert_eq!(first.header("if-none-match"), None);
}

#[tokio::test(start_paused = true)]
async fn o3_a_cold_outage_behind_a_configuration_is_not_turned_into_load_either() {
    for (configuration_down, most) in [(false, 32), (true, 30)] {
        let world = World::new();
        let (verifier, configured) = discovering(&world);
        world.server.always(status(500));
        if configuration_down {
            configured.always(status(500));
        }
        for _ in 0..600 {
            let _ = reason(&verifier, &world.token()).await;
            pass(SECOND / 10).await;
        }
        let requests = configured.count() + world.server.count();
        assert!(requests <= most, "{requests} requests");
        assert_eq!(verifier.status().requests(), requests as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_have_moved_are_found_where_the_configuration_says() {
    let world = World::new();
    let (verifier, configured) = discovering(&world);
    assert_eq!(reason(&verifier, &world.token()).await, None);
    world.server.always(status(404));
    pass(5 * MINUTE).await;
    assert!(configured.count() > 1, "asked again after the failure");
    assert_eq!(first_poll(&verifier, &world.token()), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_of_another_issuer_or_with_a_bad_key_url_brings_no_keys() {
    let world = World::new();
    let keys = "https://keys.example.test/jwks.json";
    let issuer = world.issuer.issuer().to_owned();
    let no_url = "its `jwks_uri` is";
    for (bad, said) in [
        (
            configuration("https://evil.example", keys),
            "its `issuer` is not the one that is configured",
        ),
        (
            configuration(&format!("{issuer}/"), keys),
            "its `issuer` has a slash at the end",
        ),
        (
            configuration(&issuer, "http://keys.example.test/jwks.json"),
            no_url,
        ),
        (configuration(&issuer, "http://127.0.0.1/jwks.json"), no_url),
        (configuration(&issuer, "/jwks.json"), no_url),
        (ok("{}"), "it is not a JSON object with the texts"),
        (ok("<html>"), "it is not a JSON object with the texts"),
        (status(404), "404"),
        (status(304), "304"),
    ] {
        let (verifier, configured) = discovering(&world);
        configured.always(bad);
        let error = verifier.verify_token(&world.token()).await.unwrap_err();
        assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad, "{error}");
        let status = verifier.status();
        let error = status.last_error().unwrap();
        assert!(error.contains(said), "no `{said}` in {error}");
    }
    assert_eq!(world.server.count(), 0);
}

/// Each option of an instance leads to its keys: what is asked, and where.
#[tokio::test(start_paused = true)]
async fn every_option_of_an_instance_is_used() {
    let world = World::new();
    let issuer = world.issuer.issuer();
    let asked = async |instance: Instance| {
        let answer = configuration(issuer, "https://keys.example.test/from-configuration");
        let (api, keys) = (
            Script::new(answer),
            Script::new(ok(world.issuer.jwks_json())),
        );
        let hosts = Hosts(HashMap::from([
            (host(&world.issuer), api.clone()),
            ("keys.example.test".to_owned(), keys.clone()),
            ("proxy.example.test".to_owned(), keys.clone()),
            ("api.example.test".to_owned(), keys.clone()),
            ("clerk.clerk.dev".to_owned(), keys.clone()),
        ]));
        let verifier = Verifier::builder()
            .instance(instance)
            .instance(Instance::issuer("https://other.example").jwks_json(world.issuer.jwks_json()))
            .api_url("https://api.example.test")
            .fetcher(hosts)
            .clock(world.clock.clone())
            .build()
            .unwrap();
        let accepted = reason(&verifier, &world.token()).await.is_none();
        let kept = verifier.export_snapshot_of(&format!("{issuer}/"));
        (accepted, kept.is_some(), keys.requests())
    };
    let cases = [
        (
            Instance::issuer(issuer).jwks_url("https://keys.example.test/given"),
            "https://keys.example.test/given",
        ),
        (
            Instance::issuers([issuer, "https://second.example"])
                .jwks_url("https://keys.example.test/given"),
            "https://keys.example.test/given",
        ),
        (
            Instance::issuer(issuer).openid_configuration(issuer),
            "https://keys.example.test/from-configuration",
        ),
        (
            Instance::issuer(issuer).secret_key("sk_test_1"),
            "https://api.example.test/v1/jwks",
        ),
    ];
    for (instance, url) in cases {
        let (accepted, kept, requests) = asked(instance).await;
        assert!(accepted && kept, "{url}");
        assert_eq!(requests[0].url, url);
        let secret = url.contains("api.").then_some("Bearer sk_test_1");
        assert_eq!(requests[0].header("authorization"), secret);
    }
    let proxied = Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
        .proxy_url("https://proxy.example.test/__clerk");
    let verifier = Verifier::builder().instance(proxied).build().unwrap();
    assert_eq!(
        verifier.status().source(),
        Some("https://proxy.example.test/__clerk/.well-known/jwks.json")
    );
    assert_eq!(verifier.status().issuers().len(), 2);

    world.server.always(status(500));
    let seeded = Instance::issuer(issuer)
        .jwks_url("https://keys.example.test/given")
        .with_seed(world.issuer.jwks_json(), world.clock.now());
    let builder = Verifier::builder()
        .instance(seeded)
        .clock(world.clock.clone());
    let verifier = builder.fetcher(world.server.clone()).build().unwrap();
    assert_eq!(reason(&verifier, &world.token()).await, None);
}

#[test]
fn an_openid_configuration_without_an_issuer_to_compare_is_a_mistake() {
    let error = Verifier::builder()
        .openid_configuration("https://clerk.example.com")
        .build()
        .unwrap_err();
    assert_eq!(error.problems()[0].option(), "openid_configuration");
    let error = Verifier::builder()
        .issuer("https://clerk.example.com")
        .openid_configuration("https://clerk.example.com/.well-known/jwks.json")
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("the URL of another document"),
        "{error}"
    );
    let error = Verifier::builder()
        .issuer("https://clerk.example.com")
        .openid_configuration("http://clerk.example.com")
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("http URL of another machine"),
        "{error}"
    );
}

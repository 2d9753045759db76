//! A set-up that can't work is refused when it is built, with all its mistakes.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::Duration;

use clerk_test_support::key_file;
use clerk_verify::{
    Algorithm, ConfigError, ConfigProblem, Instance, JwksOptions, Verifier, VerifierBuilder,
    testing::TestIssuer,
};

fn mistakes(builder: VerifierBuilder) -> ConfigError {
    builder.build().expect_err("the set-up is bad")
}

/// The options at fault, in the order of the report.
fn options(builder: VerifierBuilder) -> Vec<String> {
    let error = mistakes(builder);
    error
        .problems()
        .iter()
        .map(|problem| problem.option().to_owned())
        .collect()
}

#[test]
fn a_limit_of_zero_is_refused_and_named() {
    macro_rules! zero {
        ($($field:ident: $zero:expr,)*) => {[$(
            (concat!("jwks.", stringify!($field)), JwksOptions { $field: $zero, ..JwksOptions::default() }),
        )*]};
    }
    for (name, options) in zero! {
        ttl: Duration::ZERO,
        min_ttl: Duration::ZERO,
        cold_wait: Duration::ZERO,
        cold_attempts: 0,
        connect_timeout: Duration::ZERO,
        timeout: Duration::ZERO,
        max_body_bytes: 0,
        max_keys: 0,
        max_keys_per_kid: 0,
        backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        max_cold_backoff: Duration::ZERO,
        unknown_kid_burst: 0,
        max_fetches_per_minute: 0,
    } {
        let builder =
            Verifier::builder().jwks_url("https://clerk.example.com/.well-known/jwks.json");
        let error = builder.jwks(options).build().unwrap_err();
        let found: Vec<&str> = error
            .problems()
            .iter()
            .map(|problem| problem.option())
            .collect();
        assert_eq!(found, [name]);
    }
}

#[test]
fn all_mistakes_are_reported_together_each_with_its_remedy() {
    let error = mistakes(
        Verifier::builder()
            .jwt_key(key_file("test-only-private-pkcs1.pem"))
            .jwks_json("[]")
            .jwks_url("http://keys.example.com/jwks")
            .publishable_key("pk_live_")
            .secret_key("pk_test_1")
            .issuer("")
            .audience([""])
            .authorized_parties([" "])
            .algorithms([])
            .clock_skew(Duration::from_secs(86_401))
            .max_token_len(0)
            .max_claims_nesting(128)
            .token_sources([])
            .jwks(JwksOptions {
                ttl: Duration::ZERO,
                ..JwksOptions::default()
            }),
    );
    let found: Vec<&str> = error
        .problems()
        .iter()
        .map(|problem| problem.option())
        .collect();
    for option in [
        "jwt_key",
        "jwks_json",
        "jwks_url",
        "publishable_key",
        "secret_key",
        "issuer",
        "audience",
        "authorized_parties",
        "algorithms",
        "clock_skew",
        "max_token_len",
        "max_claims_nesting",
        "token_sources",
        "jwks.ttl",
    ] {
        assert!(found.contains(&option), "{option} is missing in {found:?}");
    }
    assert_eq!(found.len(), 14, "{error}");
    let text = error.to_string();
    for problem in error.problems() {
        assert!(!problem.found().is_empty() && problem.remedy().len() > 10);
        assert!(text.contains(problem.found()) && text.contains(problem.remedy()));
    }
}

#[test]
fn mistakes_are_counted() {
    let keys = || Verifier::builder().jwt_key(TestIssuer::new().public_pem());
    for (builder, start) in [
        (keys().max_token_len(0), "1 mistake in"),
        (keys().max_token_len(0).audience([""]), "2 mistakes in"),
    ] {
        let error = mistakes(builder).to_string();
        assert!(error.starts_with(start), "{error}");
    }
}

#[test]
fn no_key_source_is_a_mistake() {
    let error = mistakes(Verifier::builder());
    assert_eq!(error.problems().len(), 1);
    for option in [
        "publishable_key",
        "jwt_key",
        "jwks_json",
        "jwks_url",
        "secret_key",
        "CLERK_SECRET_KEY",
    ] {
        assert!(error.to_string().contains(option), "{option}");
    }
}

#[test]
fn a_publishable_key_is_refused_for_what_it_is() {
    for (key, found) in [
        ("", "does not begin with"),
        ("sk_live_abc", "a secret key"),
        ("pk_live_!!!", "not base64"),
        ("pk_live_Y2xlcmsuY2xlcmsuZGV2", "one `$`"),
        ("pk_test_bG9jYWxob3N0JA==", "no host name"),
    ] {
        let error = mistakes(Verifier::builder().publishable_key(key));
        assert_eq!(error.problems()[0].option(), "publishable_key");
        assert!(
            error.problems()[0].found().contains(found),
            "{key}: {error}"
        );
    }
}

#[test]
fn a_secret_key_is_refused_where_it_would_be_shown() {
    const SECRET: &str = "sk_live_hunter2";
    let of = |instance: fn(Instance) -> Instance| {
        let instance = instance(Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA"));
        Verifier::builder().instance(instance)
    };
    let url = format!("https://a.example/{SECRET}");
    let fetching = || {
        Verifier::builder()
            .secret_key("sk_live_x")
            .issuer("https://a.example")
    };
    for (option, builder) in [
        (
            "authorized_parties",
            TestIssuer::new()
                .verifier()
                .authorized_parties(["https://a.example", SECRET]),
        ),
        ("audience", TestIssuer::new().verifier().audience([SECRET])),
        ("issuer", TestIssuer::new().verifier().issuer(SECRET)),
        ("api_version", fetching().api_version(SECRET)),
        ("api_url", fetching().api_url(&url)),
        (
            "jwks_url",
            Verifier::builder()
                .jwks_url(&url)
                .issuer("https://a.example"),
        ),
        (
            "proxy_url",
            of(|instance| instance.proxy_url("https://a.example/sk_live_hunter2")),
        ),
    ] {
        let shown = format!("{builder:?}");
        let error = mistakes(builder);
        let shown = format!("{shown}{error}{error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let problem = |problem: &&ConfigProblem| {
            problem.option() == option && problem.found().contains("a secret key")
        };
        assert!(
            error.problems().iter().any(|found| problem(&found)),
            "{option}: {error}"
        );
    }
    // A query is shown nowhere.
    let queried = format!("https://a.example/?key={SECRET}");
    let verifier = Verifier::builder()
        .jwks_url(queried)
        .issuer("https://a.example")
        .build();
    assert!(!format!("{verifier:?}").contains("hunter2"));
}

#[test]
fn http_is_for_this_machine_alone() {
    for url in [
        "http://clerk.example.com/jwks",
        "http://10.0.0.1/jwks",
        "ftp://localhost/jwks",
        "clerk.example.com",
        "",
    ] {
        assert_eq!(
            options(Verifier::builder().jwks_url(url)),
            ["jwks_url"],
            "{url}"
        );
        assert_eq!(
            options(Verifier::builder().secret_key("sk_test_1").api_url(url)),
            ["api_url"],
            "{url}"
        );
    }
    for url in [
        "http://127.0.0.1:1/jwks",
        "http://localhost:1/jwks",
        "http://[::1]:1/jwks",
        "https://clerk.example.com",
    ] {
        assert!(Verifier::builder().jwks_url(url).build().is_ok(), "{url}");
    }
}

#[test]
fn a_limit_itself_may_be_set_and_nothing_beyond_it() {
    const GIB: usize = 1 << 30;
    let with = || TestIssuer::new().verifier();
    let day = Duration::from_secs(24 * 60 * 60);
    for good in [
        with().max_token_len(1),
        with().max_token_len(GIB),
        with().clock_skew(Duration::ZERO),
        with().clock_skew(day),
        with().max_claims_nesting(1),
        with().max_claims_nesting(127),
    ] {
        assert!(good.clone().build().is_ok(), "{:?}", good.build());
    }
    for (option, bad) in [
        ("max_token_len", with().max_token_len(0)),
        ("max_token_len", with().max_token_len(GIB + 1)),
        ("max_token_len", with().max_token_len(usize::MAX)),
        (
            "clock_skew",
            with().clock_skew(day + Duration::from_nanos(1)),
        ),
        ("clock_skew", with().clock_skew(Duration::MAX)),
        ("max_claims_nesting", with().max_claims_nesting(0)),
        ("max_claims_nesting", with().max_claims_nesting(128)),
    ] {
        assert_eq!(options(bad), [option]);
    }
}

#[test]
fn the_backend_apis_version_is_letters_digits_dashes_and_underscores() {
    let with = |version: &str| {
        Verifier::builder()
            .secret_key("sk_test_1")
            .api_version(version)
    };
    for version in ["v1", "2", "V2", "v_2", "v-2", "2025-11-10"] {
        let verifier = with(version).build().unwrap();
        let url = format!("https://api.clerk.com/{version}/jwks");
        assert_eq!(verifier.status().source(), Some(url.as_str()));
    }
    for version in ["", "../v1", "v1/", "v 1", "v1?", "v1#", "v.1", "%76", "é"] {
        assert_eq!(options(with(version)), ["api_version"], "{version}");
    }
}

#[test]
fn an_empty_issuer_audience_or_party_is_a_mistake() {
    let issuer = TestIssuer::new();
    assert_eq!(options(issuer.verifier().issuer("")), ["issuer"]);
    assert_eq!(options(issuer.verifier().issuer("/")), ["issuer"]);
    assert_eq!(
        options(issuer.verifier().issuers(["https://a.example", " "])),
        ["issuer"]
    );
    assert_eq!(options(issuer.verifier().audience([""])), ["audience"]);
    assert_eq!(
        options(issuer.verifier().authorized_parties([""])),
        ["authorized_parties"]
    );
    assert_eq!(
        options(issuer.verifier().require_audience(true)),
        ["require_audience"]
    );
}

#[test]
fn no_message_and_no_debug_output_contains_a_key() {
    let private = key_file("test-only-private-pkcs1.pem");
    let builder = Verifier::builder()
        .jwt_key(private.as_str())
        .secret_key("pk_not_so_secret");
    let shown = format!("{builder:?} {0} {0:?}", mistakes(builder.clone()));
    for line in private.lines().filter(|line| line.len() > 30) {
        assert!(!shown.contains(line));
    }
    assert!(!shown.contains("pk_not_so_secret"));
    assert!(shown.contains("a private key") && shown.contains("a publishable key"));
}

#[test]
fn an_empty_list_of_issuers_does_not_switch_the_check_off() {
    let issuer = TestIssuer::new();
    let verifier = Verifier::builder()
        .publishable_key(issuer.publishable_key())
        .jwt_key(issuer.public_pem())
        .issuers(Vec::<String>::new())
        .build()
        .unwrap();
    let foreign = issuer.token().issuer("https://evil.example").sign();
    assert!(verifier.verify_token_now(&foreign).unwrap().is_err());
    assert!(
        verifier
            .verify_token_now(&issuer.token().sign())
            .unwrap()
            .is_ok()
    );
}

#[test]
fn a_list_of_parties_without_an_entry_is_a_mistake() {
    let commas = |name: &str| (name == "CLERK_AUTHORIZED_PARTIES").then(|| " , ,".to_owned());
    let builder = TestIssuer::new().verifier().with_env_from(commas);
    assert_eq!(options(builder), ["CLERK_AUTHORIZED_PARTIES"]);
}

#[test]
fn both_halves_of_a_key_source_are_checked() {
    let builder = Verifier::builder()
        .secret_key("pk_1")
        .api_url("http://api.example.com?x");
    assert_eq!(options(builder), ["api_url", "secret_key"]);
    assert_eq!(
        options(Verifier::builder().secret_key("sk_1").api_version("../v1")),
        ["api_version"]
    );
    assert_eq!(options(Verifier::builder().secret_key(" ")), ["secret_key"]);
    assert_eq!(
        options(Verifier::builder().secret_key("sk 1")),
        ["secret_key"]
    );
}

#[test]
fn keys_come_from_code_or_from_the_environment_never_from_both() {
    let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh());
    let pem = theirs.public_pem();
    let environment = move |name: &str| match name {
        "CLERK_JWT_KEY" => Some(pem.clone()),
        "CLERK_SECRET_KEY" => Some("sk_test_1".to_owned()),
        _ => None,
    };
    let verifier = Verifier::builder()
        .jwks_json(ours.jwks_json())
        .with_env_from(environment.clone())
        .build()
        .unwrap();
    assert!(
        verifier
            .verify_token_now(&ours.token().sign())
            .unwrap()
            .is_ok()
    );
    assert!(
        verifier
            .verify_token_now(&theirs.token().sign())
            .unwrap()
            .is_err(),
        "and nothing is fetched"
    );
    let from_env = Verifier::builder()
        .with_env_from(environment)
        .build()
        .unwrap();
    assert!(
        from_env
            .verify_token_now(&theirs.token().sign())
            .unwrap()
            .is_ok()
    );
}

#[test]
fn beside_a_key_in_code_the_environments_publishable_key_says_who_the_issuer_is() {
    let issuer = TestIssuer::new();
    let key = issuer.publishable_key();
    let environment = move |name: &str| (name == "CLERK_PUBLISHABLE_KEY").then(|| key.clone());
    let foreign = issuer.token().issuer("https://evil.example").sign();
    for builder in [
        Verifier::builder().jwt_key(issuer.public_pem()),
        Verifier::builder().jwks_json(issuer.jwks_json()),
    ] {
        assert!(
            builder
                .clone()
                .build()
                .unwrap()
                .verify_token_now(&foreign)
                .unwrap()
                .is_ok()
        );
        let verifier = builder.with_env_from(environment.clone()).build().unwrap();
        assert!(
            verifier
                .verify_token_now(&issuer.token().sign())
                .unwrap()
                .is_ok()
        );
        assert!(verifier.verify_token_now(&foreign).unwrap().is_err());
    }
}

#[test]
fn a_verifier_says_which_parties_it_authorizes() {
    let verifier = TestIssuer::new()
        .verifier()
        .authorized_parties(["https://a.example"])
        .build()
        .unwrap();
    assert_eq!(verifier.authorized_parties(), ["https://a.example"]);
}

#[test]
fn an_empty_environment_variable_counts_as_unset() {
    let builder = Verifier::builder().with_env_from(|name| match name {
        "CLERK_PUBLISHABLE_KEY" => Some(TestIssuer::new().publishable_key()),
        _ => Some(" ".to_owned()),
    });
    assert!(builder.build().is_ok());
}

#[test]
fn code_goes_before_the_environment() {
    let issuer = TestIssuer::new();
    let parties = |name: &str| {
        (name == "CLERK_AUTHORIZED_PARTIES")
            .then(|| "https://a.example, https://b.example,".to_owned())
    };
    let token = |azp: &str| issuer.token().azp(azp).sign();
    let from_env = issuer.verifier().with_env_from(parties).build().unwrap();
    for azp in ["https://a.example", "https://b.example"] {
        assert!(
            from_env.verify_token_now(&token(azp)).unwrap().is_ok(),
            "{azp}"
        );
    }
    assert!(
        from_env
            .verify_token_now(&token("https://c.example"))
            .unwrap()
            .is_err()
    );
    let empty = issuer
        .verifier()
        .authorized_parties(Vec::<String>::new())
        .with_env_from(parties)
        .build()
        .unwrap();
    assert!(
        empty
            .verify_token_now(&token("https://c.example"))
            .unwrap()
            .is_err(),
        "an empty list is no list"
    );
    let in_code = issuer
        .verifier()
        .authorized_parties(["https://c.example"])
        .with_env_from(parties)
        .build()
        .unwrap();
    assert!(
        in_code
            .verify_token_now(&token("https://c.example"))
            .unwrap()
            .is_ok()
    );
    assert!(
        in_code
            .verify_token_now(&token("https://a.example"))
            .unwrap()
            .is_err()
    );
}

#[test]
fn an_environment_sets_up_a_networkless_verifier() {
    let issuer = TestIssuer::new();
    let pem = issuer.public_pem().replace('\n', "\\n");
    let key = issuer.publishable_key();
    let verifier = Verifier::builder()
        .with_env_from(move |name| match name {
            "CLERK_JWT_KEY" => Some(format!("\"{pem}\"")),
            "CLERK_PUBLISHABLE_KEY" => Some(key.clone()),
            _ => None,
        })
        .build()
        .unwrap();
    assert!(
        verifier
            .verify_token_now(&issuer.token().sign())
            .unwrap()
            .is_ok()
    );
    let foreign = issuer.token().issuer("https://other.example").sign();
    assert!(
        verifier.verify_token_now(&foreign).unwrap().is_err(),
        "the publishable key names the issuer"
    );
}

#[test]
fn every_instance_has_an_issuer_also_where_it_is_the_only_one() {
    let keys = TestIssuer::new().jwks_json();
    let nobody = Instance::issuers(Vec::<String>::new()).jwks_json(keys);
    assert_eq!(options(Verifier::builder().instance(nobody)), ["issuer"]);
}

#[test]
fn an_issuer_holds_nothing_that_may_be_a_secret() {
    let issuer = TestIssuer::new();
    for url in [
        "https://user:hunter2@clerk.example.com",
        "https://clerk.example.com?key=hunter2",
        "https://clerk.example.com#hunter2",
    ] {
        for builder in [
            issuer.verifier().issuer(url),
            Verifier::builder().issuer(url),
            issuer.verifier().proxy_url(url),
        ] {
            let error = mistakes(builder);
            assert_eq!(error.problems().len(), 1, "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}

#[test]
fn a_satellites_domain_says_nothing_without_a_publishable_key() {
    let issuer = TestIssuer::new();
    let builder = Verifier::builder()
        .jwt_key(issuer.public_pem())
        .domain("satellite.example")
        .is_satellite(true);
    assert_eq!(options(builder.clone()), ["domain"]);
    assert!(
        builder
            .clone()
            .issuer("https://clerk.example.test")
            .build()
            .is_ok()
    );
    assert!(
        builder
            .publishable_key(issuer.publishable_key())
            .build()
            .is_ok()
    );
}

#[test]
fn a_domain_is_read_in_lower_case() {
    let verifier = Verifier::builder()
        .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
        .domain(" Satellite.Example ")
        .is_satellite(true)
        .build()
        .unwrap();
    assert_eq!(
        verifier.status().issuers()[1],
        "https://clerk.satellite.example"
    );
}

#[test]
fn no_satellite_is_nothing_to_build_an_instance_of() {
    let builder = Verifier::builder()
        .is_satellite(false)
        .instance(Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA"));
    assert!(builder.build().is_ok());
}

#[test]
fn beside_a_publishable_key_in_code_the_environment_may_name_the_keys() {
    let issuer = TestIssuer::new();
    let pem = issuer.public_pem();
    let verifier = Verifier::builder()
        .publishable_key(issuer.publishable_key())
        .with_env_from(move |name| (name == "CLERK_JWT_KEY").then(|| pem.clone()))
        .build()
        .unwrap();
    assert!(
        verifier
            .verify_token_now(&issuer.token().sign())
            .unwrap()
            .is_ok()
    );
    let foreign = issuer.token().issuer("https://other.example").sign();
    assert!(verifier.verify_token_now(&foreign).unwrap().is_err());
}

#[test]
fn no_debug_output_is_full_of_keys() {
    let issuer = TestIssuer::new();
    for builder in [
        issuer.verifier(),
        issuer.verifier().jwt_key(issuer.public_pem()),
    ] {
        let shown = format!("{:?}", builder.build().unwrap());
        assert!(shown.len() < 1_500, "{} bytes: {shown}", shown.len());
    }
}

#[test]
fn rs256_may_be_named_twice() {
    let twice = [Algorithm::RS256, Algorithm::RS256];
    assert!(
        TestIssuer::new()
            .verifier()
            .algorithms(twice)
            .build()
            .is_ok()
    );
}

#[test]
fn an_issuer_beside_a_proxy_still_has_keys() {
    let (issuer, proxy) = ("https://clerk.a.example", "https://a.example/__clerk");
    let environment = move |name: &str| (name == "CLERK_PROXY_URL").then(|| proxy.to_owned());
    for builder in [
        Verifier::builder().issuer(issuer).proxy_url(proxy),
        Verifier::builder().instance(Instance::issuer(issuer).proxy_url(proxy)),
        Verifier::builder()
            .issuer(issuer)
            .with_env_from(environment),
    ] {
        let verifier = builder.build().unwrap();
        assert_eq!(
            verifier.status().source(),
            Some("https://clerk.a.example/.well-known/jwks.json")
        );
    }
    // A proxy alone says nothing of keys.
    assert_eq!(
        options(Verifier::builder().proxy_url(proxy)),
        ["key source"]
    );
    for empty in ["", " / "] {
        let builder = Verifier::builder().jwt_key(TestIssuer::new().public_pem());
        assert_eq!(
            options(builder.proxy_url(empty)),
            ["proxy_url"],
            "{empty:?}"
        );
    }
}

#[test]
fn each_option_that_names_keys_in_code_keeps_the_environments_out() {
    let issuer = TestIssuer::new();
    let environment = |name: &str| match name {
        "CLERK_JWT_KEY" => Some(TestIssuer::new().public_pem()),
        "CLERK_SECRET_KEY" => Some("sk_live_of_environment".to_owned()),
        "CLERK_PUBLISHABLE_KEY" => Some("pk_live_Y2xlcmsuY2xlcmsuZGV2JA".to_owned()),
        _ => None,
    };
    let builder = Verifier::builder;
    for (builder, name) in [
        (builder().jwt_key(issuer.public_pem()), "jwt_key"),
        (builder().jwks_json(issuer.jwks_json()), "jwks_json"),
        (
            builder().jwks_url("https://keys.example/jwks.json"),
            "jwks_url",
        ),
        (
            builder().openid_configuration("https://clerk.clerk.dev"),
            "openid_configuration",
        ),
        (builder().secret_key("sk_live_of_code"), "secret_key"),
    ] {
        let text = builder
            .with_env_from(environment)
            .build()
            .unwrap()
            .describe();
        assert!(
            text.contains(&format!("(from `{name}`)")),
            "{name}:\n{text}"
        );
        assert!(
            text.contains("clerk.clerk.dev, production (from CLERK_PUBLISHABLE_KEY)"),
            "{text}"
        );
    }
}

#[test]
fn beside_instances_no_option_of_an_instance_is_passed_over() {
    let with = || {
        let instance = Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA");
        Verifier::builder().instance(instance)
    };
    let seed = TestIssuer::new().jwks_json();
    for builder in [
        with().proxy_url("https://a.example/__clerk"),
        with().domain("satellite.example"),
        with().is_satellite(true),
        with().with_seed(seed, std::time::SystemTime::now()),
    ] {
        assert!(builder.build().is_err());
    }
}

#[test]
fn a_satellites_domain_is_looked_at_where_it_counts() {
    let (live, test) = (
        "pk_live_Y2xlcmsuY2xlcmsuZGV2JA",
        "pk_test_Y2xlcmsuY2xlcmsuZGV2JA",
    );
    let of = |key: &str, domain: &str| Verifier::builder().publishable_key(key).domain(domain);
    for odd in [
        "localhost:3001",
        "http://localhost:3001",
        "https://satellite.example/",
    ] {
        assert!(of(test, odd).is_satellite(true).build().is_ok(), "{odd}");
        assert!(of(live, odd).build().is_ok(), "{odd}: it is no satellite");
        assert_eq!(
            options(of(live, odd).is_satellite(true)),
            ["domain"],
            "{odd}"
        );
    }
    // A proxy names the issuer too.
    let proxied = Verifier::builder()
        .jwt_key(TestIssuer::new().public_pem())
        .proxy_url("https://satellite.example/__clerk")
        .domain("satellite.example")
        .is_satellite(true);
    assert!(proxied.build().is_ok());
}

#[test]
fn a_mistake_is_reported_once() {
    for (builder, expected) in [
        (
            Verifier::builder().instance(Instance::publishable_key("pk_live_bad")),
            &["publishable_key"][..],
        ),
        (
            Verifier::builder()
                .openid_configuration("https://clerk.example.com")
                .publishable_key("pk_live_bad"),
            &["publishable_key"],
        ),
        (Verifier::builder().issuer(""), &["issuer"]),
        (
            Verifier::builder()
                .issuer("clerk.example.com")
                .proxy_url("/__clerk"),
            &["proxy_url", "issuer"],
        ),
    ] {
        assert_eq!(options(builder), expected);
    }
}

#[test]
fn issuers_that_are_named_are_all_there_are() {
    let verifier = Verifier::builder()
        .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
        .proxy_url("https://app.example.com/__clerk")
        .issuer("https://clerk.example.com")
        .build()
        .unwrap();
    assert_eq!(verifier.status().issuers(), ["https://clerk.example.com"]);
}

#[test]
fn debug_output_before_the_build_shows_no_password() {
    let url = "https://user:hunter2@clerk.example.com";
    let shown = format!(
        "{:?} {:?}",
        Verifier::builder().issuer(url),
        Instance::issuer(url)
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

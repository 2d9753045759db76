//! A verifier from environment variables: every combination that can go wrong is one error with all mistakes.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_test_support::key_file;
use clerk_verify::{ConfigError, Verifier, testing::TestIssuer};

/// The variables of a process; each test has its own.
fn build(variables: &[(&str, &str)]) -> Result<Verifier, ConfigError> {
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Verifier::builder()
        .with_env_from(move |name| {
            let (_, value) = variables.iter().find(|(known, _)| known == name)?;
            Some(value.clone())
        })
        .build()
}

/// The options at fault, in the order of the report.
fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
    let error = build(variables).expect_err("the set-up is bad");
    for problem in error.problems() {
        assert!(!problem.found().is_empty(), "{error}");
        assert!(problem.remedy().len() > 20, "{error}");
    }
    let names = error
        .problems()
        .iter()
        .map(|problem| problem.option().to_owned());
    names.collect()
}

const PUBLISHABLE_KEY: (&str, &str) = ("CLERK_PUBLISHABLE_KEY", "pk_live_Y2xlcmsuY2xlcmsuZGV2JA");
const SECRET_KEY: (&str, &str) = ("CLERK_SECRET_KEY", "sk_live_0123456789");

#[test]
fn without_any_key_there_is_one_mistake_which_names_the_variables() {
    let empty = [
        ("CLERK_JWT_KEY", ""),
        ("CLERK_PUBLISHABLE_KEY", " "),
        ("CLERK_SECRET_KEY", "\n"),
        ("CLERK_AUTHORIZED_PARTIES", ""),
        ("CLERK_IS_SATELLITE", ""),
        ("CLERK_DOMAIN", ""),
    ];
    for variables in [&empty[..], &[][..]] {
        assert_eq!(mistakes(variables), ["key source"]);
        let error = build(variables).unwrap_err().to_string();
        for name in ["CLERK_PUBLISHABLE_KEY", "CLERK_JWT_KEY", "CLERK_SECRET_KEY"] {
            assert!(error.contains(name), "{name} is not in {error}");
        }
    }
}

#[test]
fn a_mistake_names_the_variable_that_it_was_taken_from() {
    let error = build(&[("CLERK_JWT_KEY", "junk")]).unwrap_err();
    let problem = &error.problems()[0];
    assert_eq!(
        (problem.option(), problem.variable()),
        ("jwt_key", Some("CLERK_JWT_KEY"))
    );
    let error = Verifier::builder().jwt_key("junk").build().unwrap_err();
    assert_eq!(error.problems()[0].variable(), None);
}

#[test]
fn each_key_alone_is_enough_and_so_are_all_together() {
    let pem = TestIssuer::new().public_pem();
    let jwt_key = ("CLERK_JWT_KEY", pem.as_str());
    for variables in [
        &[PUBLISHABLE_KEY][..],
        &[SECRET_KEY],
        &[jwt_key],
        &[jwt_key, PUBLISHABLE_KEY],
        &[PUBLISHABLE_KEY, SECRET_KEY],
        &[jwt_key, PUBLISHABLE_KEY, SECRET_KEY],
    ] {
        assert!(build(variables).is_ok(), "{variables:?}");
    }
}

#[test]
fn a_pem_is_taken_as_shells_and_env_files_leave_it() {
    let issuer = TestIssuer::new();
    let pem = issuer.public_pem();
    let lines: Vec<&str> = pem.lines().collect();
    let bare: String = lines
        .iter()
        .filter(|line| !line.starts_with("---"))
        .copied()
        .collect();
    for text in [
        pem.clone(),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', " "),
        format!("\"{}\"", pem.replace('\n', "\\n")),
        format!("'{pem}'"),
        bare,
    ] {
        let verifier = build(&[("CLERK_JWT_KEY", &text)]).unwrap_or_else(|error| panic!("{error}"));
        assert!(
            verifier
                .verify_token_now(&issuer.token().sign())
                .unwrap()
                .is_ok()
        );
    }
}

#[test]
fn all_mistakes_are_found_at_once() {
    let private = key_file("test-only-private-pkcs1.pem");
    let variables = [
        ("CLERK_JWT_KEY", private.as_str()),
        ("CLERK_PUBLISHABLE_KEY", "sk_live_0123456789"),
        ("CLERK_SECRET_KEY", "pk_live_Y2xlcmsuY2xlcmsuZGV2JA"),
        ("CLERK_PROXY_URL", "/__clerk"),
        ("CLERK_DOMAIN", "https://satellite.example/"),
        ("CLERK_IS_SATELLITE", "maybe"),
        ("CLERK_API_URL", "http://api.example.com"),
        ("CLERK_API_VERSION", "../v1"),
        ("CLERK_AUTHORIZED_PARTIES", " , "),
    ];
    let mut found = mistakes(&variables);
    found.sort();
    assert_eq!(
        found,
        [
            "CLERK_AUTHORIZED_PARTIES",
            "CLERK_IS_SATELLITE",
            "api_url",
            "api_version",
            "domain",
            "jwt_key",
            "proxy_url",
            "publishable_key",
            "secret_key",
        ]
    );
    let error = build(&variables).unwrap_err();
    for (variable, _) in variables {
        assert!(
            error.to_string().contains(variable),
            "{variable} is not in {error}"
        );
    }
    let shown = format!("{error} {error:?}");
    for secret in ["0123456789", private.lines().nth(3).unwrap()] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // Each of them alone is one mistake, the same one.
    for (name, value) in variables {
        let good = SECRET_KEY;
        let alone: Vec<(&str, &str)> = match name {
            "CLERK_SECRET_KEY" => vec![(name, value)],
            "CLERK_DOMAIN" => {
                vec![
                    PUBLISHABLE_KEY,
                    ("CLERK_IS_SATELLITE", "true"),
                    (name, value),
                ]
            }
            _ => vec![good, (name, value)],
        };
        assert_eq!(mistakes(&alone).len(), 1, "{name}: {:?}", mistakes(&alone));
    }
}

#[test]
fn a_satellite_needs_a_domain_or_a_proxy() {
    for yes in ["true", "1", "TRUE", " True "] {
        let variables = [PUBLISHABLE_KEY, ("CLERK_IS_SATELLITE", yes)];
        assert_eq!(mistakes(&variables), ["is_satellite"], "{yes}");
        let error = build(&variables).unwrap_err().to_string();
        assert!(
            error.contains("CLERK_DOMAIN") && error.contains("CLERK_PROXY_URL"),
            "{error}"
        );
    }
    for no in ["false", "0", "False"] {
        assert!(
            build(&[PUBLISHABLE_KEY, ("CLERK_IS_SATELLITE", no)]).is_ok(),
            "{no}"
        );
    }
    for odd in ["yes", "no", "2", "on", "truee"] {
        let variables = [PUBLISHABLE_KEY, ("CLERK_IS_SATELLITE", odd)];
        assert_eq!(mistakes(&variables), ["CLERK_IS_SATELLITE"], "{odd}");
    }
}

#[test]
fn the_issuers_are_those_that_the_publishable_key_the_domain_and_the_proxy_name() {
    const DOMAIN: (&str, &str) = ("CLERK_DOMAIN", "satellite.example");
    const SATELLITE: (&str, &str) = ("CLERK_IS_SATELLITE", "true");
    const PROXY: (&str, &str) = ("CLERK_PROXY_URL", "https://app.example.com/__clerk/");
    const DEVELOPMENT: (&str, &str) = ("CLERK_PUBLISHABLE_KEY", "pk_test_Y2xlcmsuY2xlcmsuZGV2JA");
    let own = "https://clerk.clerk.dev";
    let satellite = "https://clerk.satellite.example";
    let proxy = "https://app.example.com/__clerk";
    for (variables, issuers) in [
        (&[PUBLISHABLE_KEY][..], &[own][..]),
        (&[PUBLISHABLE_KEY, PROXY], &[own, proxy]),
        (&[PUBLISHABLE_KEY, DOMAIN, SATELLITE], &[own, satellite]),
        (&[PUBLISHABLE_KEY, DOMAIN], &[own]),
        (&[DEVELOPMENT, DOMAIN, SATELLITE], &[own]),
        (&[PUBLISHABLE_KEY, PROXY, SATELLITE], &[own, proxy]),
        (
            &[PUBLISHABLE_KEY, PROXY, DOMAIN, SATELLITE],
            &[own, satellite, proxy],
        ),
        (&[SECRET_KEY], &[]),
        (&[SECRET_KEY, PUBLISHABLE_KEY], &[own]),
    ] {
        let verifier = build(variables).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(verifier.status().issuers(), issuers, "{variables:?}");
    }
}

#[test]
fn code_goes_before_the_environment_option_by_option() {
    let variables = |name: &str| match name {
        "CLERK_PUBLISHABLE_KEY" => Some("pk_live_Y2xlcmsuY2xlcmsuZGV2JA".to_owned()),
        "CLERK_DOMAIN" => Some("of-environment.example".to_owned()),
        "CLERK_IS_SATELLITE" => Some("true".to_owned()),
        _ => None,
    };
    let builder = || Verifier::builder().with_env_from(variables);
    let issuers =
        |verifier: Result<Verifier, ConfigError>| verifier.unwrap().status().issuers().to_vec();
    assert_eq!(
        issuers(builder().domain("of-code.example").build())[1],
        "https://clerk.of-code.example"
    );
    assert_eq!(issuers(builder().is_satellite(false).build()).len(), 1);
    assert_eq!(
        issuers(builder().issuer("https://mine.example").build()),
        ["https://mine.example"]
    );
}

/// Runs a test of this file in a process that has these variables and no others of Clerk's: the verifier of the
/// standalone function is the process's.
fn in_a_process_with(variables: &[(&str, &str)], test: &str) {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", test, "--nocapture"])
        .env("ALONE", "1");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CLERK_") {
            child.env_remove(name);
        }
    }
    let output = child.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

fn is_alone() -> bool {
    std::env::var_os("ALONE").is_some()
}

fn verify(token: &str) -> Result<clerk_verify::Session, clerk_verify::VerifyError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(clerk_verify::verify_token(token))
}

#[test]
fn the_standalone_function_verifies_with_what_the_environment_names() {
    let issuer = TestIssuer::new();
    if !is_alone() {
        let variables = [
            ("CLERK_JWT_KEY", issuer.public_pem().replace('\n', "\\n")),
            ("CLERK_PUBLISHABLE_KEY", issuer.publishable_key()),
            ("CLERK_AUTHORIZED_PARTIES", "https://a.example".to_owned()),
        ];
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        return in_a_process_with(
            &variables,
            "the_standalone_function_verifies_with_what_the_environment_names",
        );
    }
    let token = || issuer.token().user("user_1").azp("https://a.example");
    assert_eq!(verify(&token().sign()).unwrap().user_id(), "user_1");
    for (token, reason) in [
        (
            token().azp("https://b.example"),
            "token-invalid-authorized-parties",
        ),
        (
            token().issuer("https://other.example"),
            "token-invalid-issuer",
        ),
        (
            token().signed_by(&TestIssuer::fresh()),
            "token-invalid-signature",
        ),
    ] {
        assert_eq!(verify(&token.sign()).unwrap_err().reason().as_str(), reason);
    }
}

#[test]
fn the_standalone_function_reports_a_bad_environment_as_such() {
    if !is_alone() {
        return in_a_process_with(
            &[],
            "the_standalone_function_reports_a_bad_environment_as_such",
        );
    }
    let error = verify("a.b.c").unwrap_err();
    assert_eq!(error.reason().as_str(), "jwk-failed-to-resolve");
    assert_eq!(error.refusal().status(), 503);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<ConfigError>().is_some());
    assert!(error.to_string().contains("CLERK_PUBLISHABLE_KEY"));
}

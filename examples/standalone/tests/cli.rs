//! Runs the program as a user does.

#![allow(clippy::expect_used)] // Helpers of tests are tests too.

use std::{
    env,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use clerk_test_support::RealToken;
use clerk_verify::testing::TestIssuer;
use serde_json::Value;

const ACCEPTED: i32 = 0;
const REFUSED: i32 = 1;
const MISTAKE: i32 = 2;

#[test]
fn a_real_token_is_accepted() {
    let real = Real::new();
    let output = run(&real.arguments(&[&real.token]), "");
    assert_eq!(output.status, ACCEPTED, "{output:?}");
    assert!(output.stdout.starts_with("accepted\n"), "{output:?}");
    assert!(output.stdout.contains(&real.user), "{output:?}");
    assert!(output.stdout.contains("1628221571 (in 21 s)"), "{output:?}");
    output.shows_nothing_of(&real.token);
}

#[test]
fn the_claims_are_printed_as_json() {
    let real = Real::new();
    let output = run(&real.arguments(&["--json", &real.token]), "");
    assert_eq!(output.status, ACCEPTED, "{output:?}");
    let report = output.json();
    assert_eq!(report["accepted"], true);
    assert_eq!(report["user_id"], real.user);
    assert_eq!(report["claims"]["email_verified"], true);
    output.shows_nothing_of(&real.token);
}

#[test]
fn a_refusal_says_why() {
    let real = Real::new();
    let forged = RealToken::load().with_changed_payload();
    for (token, at, reason) in [
        (&real.token, "1628221577", "token-expired"),
        (&real.token, "1628221500", "token-iat-in-the-future"),
        (&forged, "1628221550", "token-invalid-signature"),
    ] {
        let keys = ["--jwks-file", &real.jwks_file, "--at", at];
        let text = run(&[&keys[..], &[token]].concat(), "");
        assert_eq!(text.status, REFUSED, "{text:?}");
        assert!(
            text.stdout.starts_with(&format!("refused: {reason}\n")),
            "{text:?}"
        );
        assert!(text.stdout.contains("status 401"), "{text:?}");
        text.shows_nothing_of(token);

        let json = run(&[&keys[..], &["--json", token]].concat(), "");
        assert_eq!(json.status, REFUSED, "{json:?}");
        let report = json.json();
        assert_eq!(report["accepted"], false);
        assert_eq!(report["reason"], reason);
        assert_eq!(report["status"], 401);
        assert!(
            text.stdout.contains(report["message"].as_str().unwrap()),
            "{text:?}"
        );
        json.shows_nothing_of(token);
    }
}

#[test]
fn the_options_reach_the_verifier() {
    let real = Real::new();
    for (options, status) in [
        (&["--issuer", "https://clerk.clerk.dev"][..], ACCEPTED),
        (
            &[
                "--issuer",
                "https://a.test",
                "--issuer",
                "https://clerk.clerk.dev/",
            ],
            ACCEPTED,
        ),
        (&["--issuer", "https://clerk.evil.example"], REFUSED),
        (&["--audience", "api", "--audience", "clerk"], ACCEPTED),
        (&["--audience", "api"], REFUSED),
        (&["--authorized-party", "https://app.example.com"], REFUSED),
        (
            &[
                "--authorized-party",
                "https://app.example.com",
                "--allow-missing-azp",
            ],
            ACCEPTED,
        ),
    ] {
        let output = run(&real.arguments(&[options, &[&real.token]].concat()), "");
        assert_eq!(output.status, status, "{options:?}: {output:?}");
    }
    let late = [
        "--jwks-file",
        &real.jwks_file,
        "--at",
        "1628221575",
        &real.token,
    ];
    assert_eq!(run(&late, "").status, ACCEPTED);
    assert_eq!(
        run(&[&late[..], &["--clock-skew", "0"]].concat(), "").status,
        REFUSED
    );
}

#[test]
fn pending_sessions_and_templates_are_accepted_on_demand() {
    let issuer = TestIssuer::new();
    let pem = issuer.public_pem();
    let pending = issuer.token().pending().sign();
    let template = issuer.token().header("cat", "cl_B7d4PD222AAA").sign();
    for (token, option) in [
        (pending, "--allow-pending"),
        (template, "--accept-jwt-templates"),
    ] {
        let keys = ["--jwt-key", &pem, &token];
        assert_eq!(run(&keys, "").status, REFUSED, "{option}");
        assert_eq!(
            run(&[&keys[..], &[option]].concat(), "").status,
            ACCEPTED,
            "{option}"
        );
    }
}

#[test]
fn the_token_comes_by_any_way_a_user_has_it() {
    let real = Real::new();
    let token = &real.token;
    let bearer = format!("Bearer {token}");
    for (arguments, stdin) in [
        (&[][..], format!("{token}\n")),
        (&["-"], format!("  Bearer {token}\r\n")),
        (&[&*bearer], String::new()),
        (&["Bearer", token], String::new()),
    ] {
        let output = run(&real.arguments(arguments), &stdin);
        assert_eq!(output.status, ACCEPTED, "{output:?}");
        output.shows_nothing_of(token);
    }
}

#[test]
fn keys_come_from_files_and_the_environment() {
    let issuer = TestIssuer::new();
    let token = issuer.token().azp("https://app.example.com").sign();
    let pem = write_file("key.pem", &issuer.public_pem());
    assert_eq!(run(&["--jwt-key-file", &pem, &token], "").status, ACCEPTED);

    let mut program = program(&[&token]);
    program.env("CLERK_JWT_KEY", issuer.public_pem());
    assert_eq!(output(&mut program, "").status, ACCEPTED);
    program.env("CLERK_AUTHORIZED_PARTIES", "https://other.example.com");
    assert_eq!(output(&mut program, "").status, REFUSED);
}

#[test]
fn the_demo_needs_nothing() {
    let output = run(&["--demo"], "");
    assert_eq!(output.status, ACCEPTED, "{output:?}");
    assert!(output.stdout.contains("user_demo"), "{output:?}");
    assert!(output.stdout.contains("org:invoices:create"), "{output:?}");

    let output = run(&["--demo", "--json", "--at", "4102444800"], "");
    assert_eq!(output.status, REFUSED, "{output:?}");
    assert_eq!(output.json()["reason"], "token-expired");
}

#[test]
fn all_mistakes_are_reported_together() {
    let arguments = [
        "--jwks-url",
        "http://keys.example.com",
        "--issuer",
        "",
        "--jwt-key",
        "-----junk",
    ];
    let output = run(&arguments, "a.b.c");
    assert_eq!(output.status, MISTAKE, "{output:?}");
    assert_eq!(output.stdout, "");
    for option in ["`jwks_url`", "`issuer`", "`jwt_key`"] {
        assert!(output.stderr.contains(option), "{output:?}");
    }
}

#[test]
fn mistakes_in_the_use_are_told_from_refusals() {
    let real = Real::new();
    for (arguments, hint) in [
        (&real.arguments(&[])[..], "no token"),
        (&["a.b.c"], "no key source"),
        (&["--jwks-file", "no-such-file", "a.b.c"], "no-such-file"),
        (&["--at", "yesterday", "a.b.c"], "--at"),
        (&["--demo", "a.b.c"], "--demo"),
    ] {
        let output = run(arguments, "");
        assert_eq!(output.status, MISTAKE, "{output:?}");
        assert_eq!(output.stdout, "");
        assert!(output.stderr.contains(hint), "{output:?}");
    }
}

#[test]
fn a_token_in_the_wrong_place_is_not_printed() {
    let real = Real::new();
    for option in [
        "--at",
        "--jwks-file",
        "--issuer",
        "--publishable-key",
        "--json",
    ] {
        let glued = format!("{option}={}", real.token);
        let output = run(&real.arguments(&[&glued, &real.token]), "");
        assert_ne!(output.status, ACCEPTED, "{output:?}");
        output.shows_nothing_of(&real.token);
    }
}

#[test]
fn help_shows_no_values_of_the_environment() {
    let mut program = program(&["--help"]);
    program
        .env("CLERK_SECRET_KEY", "sk_test_1234567890")
        .env("CLERK_JWT_KEY", "a-key");
    let output = output(&mut program, "");
    assert_eq!(output.status, 0);
    assert!(output.stdout.contains("CLERK_SECRET_KEY"), "{output:?}");
    assert!(!output.stdout.contains("sk_test_1234567890"), "{output:?}");
    assert!(!output.stdout.contains("a-key"), "{output:?}");
}

/// The token that Clerk signed, with its keys in a file.
struct Real {
    token: String,
    user: String,
    jwks_file: String,
}

impl Real {
    fn new() -> Self {
        let real = RealToken::load();
        Self {
            jwks_file: write_file("jwks.json", &real.jwks.to_string()),
            token: real.token,
            user: real.expect_sub,
        }
    }

    /// These arguments, after the keys and a moment at which the token is good.
    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [
            &["--jwks-file", &self.jwks_file, "--at", "1628221550"],
            more,
        ]
        .concat()
    }
}

#[derive(Debug)]
struct Output {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Output {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("the output is one JSON value")
    }

    /// Neither the token nor one of its parts.
    fn shows_nothing_of(&self, token: &str) {
        for part in token.split('.') {
            assert!(
                !self.stdout.contains(part) && !self.stderr.contains(part),
                "{self:?}"
            );
        }
    }
}

fn run(arguments: &[&str], stdin: &str) -> Output {
    output(&mut program(arguments), stdin)
}

/// The program with these arguments, and nothing from the environment of the tests.
fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_example-standalone"));
    program.args(arguments).env_remove("RUST_LOG");
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CLERK_") {
            program.env_remove(name);
        }
    }
    program
}

fn output(program: &mut Command, stdin: &str) -> Output {
    program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = program.spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("it has a standard input");
    // A program that does not read it may have ended.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    Output {
        status: output.status.code().expect("it ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("it prints UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("it prints UTF-8"),
    }
}

/// A file of that content, of which no other test knows.
fn write_file(name: &str, content: &str) -> String {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{number}-{name}"));
    std::fs::write(&file, content).expect("the file can be written");
    file.to_str().expect("its path is text").to_owned()
}

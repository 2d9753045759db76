//! Which session cookie counts: the eight branches of Clerk's own SDKs, and several apps on one domain.

use clerk_verify::{FixedClock, Instance, Verifier, testing::TestIssuer};

const NOW: i64 = 1_790_000_000;

/// A request with cookies, who verifies it, and the user or the reason that must come out.
#[derive(Clone, Debug)]
pub struct CookieCase {
    /// What it is about.
    pub name: &'static str,
    /// Who verifies it.
    pub verifier: Verifier,
    /// The `Cookie` header.
    pub cookies: String,
    /// What must come out.
    pub outcome: Result<&'static str, &'static str>,
}

/// Two apps whose frontends share a domain, each with an instance and keys of its own.
struct Apps {
    ours: App,
    theirs: App,
}

struct App {
    issuer: TestIssuer,
    suffix: String,
}

impl App {
    fn new(issuer: TestIssuer) -> Self {
        let issuer = issuer.with_clock(FixedClock::at_unix(NOW));
        let suffix = issuer.session_cookie()["__session_".len()..].to_owned();
        Self { issuer, suffix }
    }

    fn verifier(&self) -> Verifier {
        self.build(&self.issuer.publishable_key())
    }

    fn build(&self, publishable_key: &str) -> Verifier {
        let builder = self.issuer.verifier().publishable_key(publishable_key);
        builder.build().expect("the set-up is good")
    }

    /// A token of this user, issued so many seconds ago.
    fn token(&self, user: &str, age: i64) -> String {
        self.issuer.token().user(user).issued_at(NOW - age).sign()
    }

    fn session(&self, token: &str) -> String {
        format!("__session_{}={token}", self.suffix)
    }

    fn uat(&self, time: &str) -> String {
        format!("__client_uat_{}={time}", self.suffix)
    }
}

fn plain(token: &str) -> String {
    format!("__session={token}")
}

fn plain_uat(time: &str) -> String {
    format!("__client_uat={time}")
}

/// All cases. A branch has one in which it decides, and one beside it in which it does not.
#[must_use]
#[allow(clippy::too_many_lines)] // A table.
pub fn cookie_cases() -> Vec<CookieCase> {
    let apps = Apps {
        ours: App::new(TestIssuer::new()),
        theirs: App::new(TestIssuer::fresh()),
    };
    let (ours, theirs) = (&apps.ours, &apps.theirs);
    let verifier = ours.verifier();
    let case = |name, cookies: &[String], outcome| CookieCase {
        name,
        verifier: verifier.clone(),
        cookies: cookies.join("; "),
        outcome,
    };
    let (later, earlier) = (ours.token("later", 5), ours.token("earlier", 30));
    let expired = ours.token("expired", 600);
    let foreign = theirs.token("foreign", 5);
    let without_issuer = ours.issuer.token().user("nobody").without("iss").sign();
    let empty_issuer = ours.issuer.token().user("nobody").issuer("").sign();
    let odd_issuer = ours
        .issuer
        .token()
        .user("nobody")
        .claim("iss", vec!["https://clerk.example.test"])
        .sign();
    let signed_in = [plain_uat("1"), ours.uat("1")];
    let both = |cookies: [String; 2], uats: &[String; 2]| [&cookies[..], &uats[..]].concat();

    let mut cases = vec![
        case(
            "branch 1: an undecodable __session counts, and a good suffixed one does not rescue it",
            &both([plain("junk"), ours.session(&later)], &signed_in),
            Err("token-invalid"),
        ),
        case(
            "branch 1: a __session without an issuer counts",
            &both([plain(&without_issuer), ours.session(&later)], &signed_in),
            Err("token-invalid-issuer"),
        ),
        case(
            "branch 1: a __session with an empty issuer counts",
            &both([plain(&empty_issuer), ours.session(&later)], &signed_in),
            Err("token-invalid-issuer"),
        ),
        case(
            "branch 2: another app's __session never counts",
            &both([plain(&foreign), ours.session(&later)], &signed_in),
            Ok("later"),
        ),
        case(
            "branch 2: another app's __session does not count for want of a better",
            &[plain(&foreign), plain_uat("1")],
            Err("session-token-missing"),
        ),
        case(
            "branch 2: an issuer that is no string is not ours",
            &both([plain(&odd_issuer), ours.session(&later)], &signed_in),
            Ok("later"),
        ),
        case(
            "branch 3: without any suffixed cookie __session counts",
            &[plain(&later), plain_uat("1")],
            Ok("later"),
        ),
        case(
            "branch 3: also without __client_uat",
            &[plain(&later)],
            Ok("later"),
        ),
        case(
            "branch 3: a suffix that is not ours is no suffixed cookie",
            &[
                plain(&later),
                theirs.session(&foreign),
                theirs.uat("1"),
                format!("__session_{}x={earlier}", ours.suffix),
            ],
            Ok("later"),
        ),
        case(
            "branch 4: both are signed in, and __session is newer",
            &both([plain(&later), ours.session(&earlier)], &signed_in),
            Ok("later"),
        ),
        case(
            "branch 4: a __client_uat that is not there does not say signed out",
            &[plain(&later), ours.session(&earlier)],
            Ok("later"),
        ),
        case(
            "branch 4: it must be newer, not as old",
            &both(
                [
                    plain(&ours.token("plain", 5)),
                    ours.session(&ours.token("suffixed", 5)),
                ],
                &signed_in,
            ),
            Ok("suffixed"),
        ),
        case(
            "branch 5: the suffixed cookies say signed out, the plain ones do not",
            &both(
                [plain(&earlier), ours.session(&later)],
                &[plain_uat("1"), ours.uat("0")],
            ),
            Ok("earlier"),
        ),
        case(
            "branch 5: where both say signed out, the suffixed ones count",
            &both(
                [plain(&later), ours.session(&earlier)],
                &[plain_uat("0"), ours.uat("0")],
            ),
            Ok("earlier"),
        ),
        case(
            "branch 6: in development an expired suffixed session beside signed-out plain cookies",
            &both(
                [plain(&later), ours.session(&expired)],
                &[plain_uat("0"), ours.uat("1")],
            ),
            Ok("later"),
        ),
        case(
            "branch 6: not where it has not expired",
            &both(
                [plain(&later), ours.session(&earlier)],
                &[plain_uat("0"), ours.uat("1")],
            ),
            Ok("earlier"),
        ),
        case(
            "branch 7: a suffixed session without its __client_uat means that suffixes are off",
            &[plain(&earlier), plain_uat("1"), ours.session(&later)],
            Ok("earlier"),
        ),
        case(
            "branch 7: then a missing __session is missing",
            &[plain_uat("1"), ours.session(&later)],
            Err("session-token-missing"),
        ),
        case(
            "branch 8: otherwise the suffixed cookie counts",
            &both([plain(&earlier), ours.session(&later)], &signed_in),
            Ok("later"),
        ),
        case(
            "branch 8: also without any plain cookie",
            &[ours.session(&later), ours.uat("1")],
            Ok("later"),
        ),
        case(
            "branch 8: and where it is absent there is no token",
            &[ours.uat("1")],
            Err("session-token-missing"),
        ),
        case(
            "an empty cookie is absent",
            &[plain(""), ours.session(&later), ours.uat("1")],
            Ok("later"),
        ),
        case(
            "of two cookies of a name the first counts",
            &[
                ours.session(&later),
                ours.session(&earlier),
                ours.uat("1"),
                ours.uat("0"),
            ],
            Ok("later"),
        ),
        case(
            "the cookie that counts is verified like any other token",
            &[
                ours.session(&ours.issuer.token().signed_by(&theirs.issuer).sign()),
                ours.uat("1"),
            ],
            Err("token-invalid-signature"),
        ),
    ];
    cases.push(production_case(ours, &later, &expired));
    cases.extend(doubtful_times(ours));
    cases.extend(two_apps(&apps));
    cases.extend(several_instances(&apps));
    cases
}

/// Branch 4 where it can't be said which of the two is later: the one in doubt counts, and is refused.
fn doubtful_times(ours: &App) -> Vec<CookieCase> {
    let good = ours.token("good", 20);
    let [header, payload, signature] = [0, 1, 2].map(|part| {
        let parts: Vec<_> = good.split('.').collect();
        parts[part].to_owned()
    });
    let iat = |iat: serde_json::Value| {
        let token = ours.issuer.token().user("nobody").claim("iat", iat);
        token.sign()
    };
    let schemes = format!("https://{}", ours.issuer.issuer());
    let two_schemes = ours.issuer.token().user("nobody").issuer(schemes).sign();
    let case = |name, in_plain: &str, in_suffixed: &str, outcome| CookieCase {
        name,
        verifier: ours.verifier(),
        cookies: [
            plain(in_plain),
            ours.session(in_suffixed),
            plain_uat("1"),
            ours.uat("1"),
        ]
        .join("; "),
        outcome,
    };
    vec![
        case(
            "branch 4: a suffixed cookie that nobody can read is older than any",
            &good,
            "junk.junk.junk",
            Ok("good"),
        ),
        case(
            "branch 4: so is one whose payload is no JSON",
            &good,
            &format!("{header}.bm8.{signature}"),
            Ok("good"),
        ),
        case(
            "branch 4: a suffixed cookie with padding counts, for others can read it",
            &good,
            &format!("{header}.{payload}=.{signature}"),
            Err("token-invalid"),
        ),
        case(
            "branch 4: so does one with a member twice",
            &good,
            // {"alg":"RS256","alg":"RS256"}
            &format!("eyJhbGciOiJSUzI1NiIsImFsZyI6IlJTMjU2In0.{payload}.{signature}"),
            Err("token-invalid"),
        ),
        case(
            "branch 4: and one that nests as deep as it is long",
            &good,
            // 5,700 brackets, short enough to be looked at: in base64 `[[[` is W1tb, and `]]]` XV1d.
            &format!(
                "{header}.{}{}.{signature}",
                "W1tb".repeat(1_900),
                "XV1d".repeat(1_900)
            ),
            Err("token-invalid"),
        ),
        case(
            "branch 4: and one that is too long to be looked at",
            &good,
            &"x".repeat(16 * 1024 + 1),
            Err("token-invalid"),
        ),
        case(
            "branch 4: what is just short enough is looked at",
            &good,
            &"x".repeat(16 * 1024),
            Ok("good"),
        ),
        case(
            "branch 4: a suffixed cookie with a text for its time counts",
            &good,
            &iat("1".into()),
            Err("token-verification-failed"),
        ),
        case(
            "branch 4: so does a plain one",
            &iat("1".into()),
            &good,
            Err("token-verification-failed"),
        ),
        case(
            "branch 4: a missing time is older than any",
            &ours.issuer.token().user("nobody").without("iat").sign(),
            &good,
            Ok("good"),
        ),
        case(
            "branch 2: an issuer is ours also where its scheme stands twice, as Clerk's SDKs have it",
            &two_schemes,
            &ours.token("older", 60),
            Err("token-invalid-issuer"),
        ),
    ]
}

/// Branch 6 is for development alone.
fn production_case(ours: &App, later: &str, expired: &str) -> CookieCase {
    let live = ours
        .issuer
        .publishable_key()
        .replace("pk_test_", "pk_live_");
    let verifier = ours.build(&live);
    // Of pk_live_Y2xlcmsuZXhhbXBsZS50ZXN0JA==, which names the test issuer's host.
    assert_eq!(live, "pk_live_Y2xlcmsuZXhhbXBsZS50ZXN0JA==");
    const SUFFIX: &str = "f0R0TxpA";
    CookieCase {
        name: "branch 6: not in production",
        verifier,
        cookies: [
            plain(later),
            plain_uat("0"),
            format!("__session_{SUFFIX}={expired}"),
            format!("__client_uat_{SUFFIX}=1"),
        ]
        .join("; "),
        outcome: Err("token-expired"),
    }
}

/// One browser that is signed in to both apps, and each app's service: `__session` is the last one's that wrote it.
fn two_apps(apps: &Apps) -> Vec<CookieCase> {
    let (ours, theirs) = (&apps.ours, &apps.theirs);
    let (of_ours, of_theirs) = (ours.token("of_ours", 5), theirs.token("of_theirs", 4));
    let mut cases = Vec::new();
    for last in [&of_ours, &of_theirs] {
        let cookies = [
            plain(last),
            plain_uat("1"),
            ours.session(&of_ours),
            ours.uat("1"),
            theirs.session(&of_theirs),
            theirs.uat("1"),
        ]
        .join("; ");
        for (name, app, user) in [
            (
                "two apps on one domain: ours sees our user",
                ours,
                "of_ours",
            ),
            (
                "two apps on one domain: theirs sees their user",
                theirs,
                "of_theirs",
            ),
        ] {
            cases.push(CookieCase {
                name,
                verifier: app.verifier(),
                cookies: cookies.clone(),
                outcome: Ok(user),
            });
        }
    }
    // Signed in to theirs alone, whichever cookies it left.
    for cookies in [
        vec![plain(&of_theirs), plain_uat("1")],
        vec![
            plain(&of_theirs),
            theirs.session(&of_theirs),
            theirs.uat("1"),
        ],
        vec![theirs.session(&of_theirs), theirs.uat("1")],
    ] {
        cases.push(CookieCase {
            name: "two apps on one domain: their user is nobody here",
            verifier: ours.verifier(),
            cookies: cookies.join("; "),
            outcome: Err("session-token-missing"),
        });
    }
    cases
}

/// One service behind both frontends.
fn several_instances(apps: &Apps) -> Vec<CookieCase> {
    let (ours, theirs) = (&apps.ours, &apps.theirs);
    let instance = |app: &App| {
        Instance::publishable_key(app.issuer.publishable_key()).jwks_json(app.issuer.jwks_json())
    };
    let build = |instances: [Instance; 2]| {
        let builder = Verifier::builder().clock(FixedClock::at_unix(NOW));
        let [first, second] = instances;
        let built = builder.instance(first).instance(second).build();
        built.expect("the set-up is good")
    };
    let both = build([instance(ours), instance(theirs)]);
    let keyless = Instance::issuer(theirs.issuer.issuer()).jwks_json(theirs.issuer.jwks_json());
    let mixed = build([instance(ours), keyless.clone()]);
    const PROXY: &str = "https://app.example.com/__clerk";
    let proxied = build([instance(ours).proxy_url(PROXY), keyless]);
    let through_proxy = ours.issuer.token().user("first").issuer(PROXY).sign();
    let of = |app: &App, user, age| {
        let token = app.token(user, age);
        [app.session(&token), app.uat("1")].join("; ")
    };
    let case = |name, verifier: &Verifier, cookies: Vec<String>, outcome| CookieCase {
        name,
        verifier: verifier.clone(),
        cookies: cookies.join("; "),
        outcome,
    };
    vec![
        case(
            "several instances: the first one's cookie goes first",
            &both,
            vec![of(theirs, "second", 1), of(ours, "first", 20)],
            Ok("first"),
        ),
        case(
            "several instances: also when it has expired, for the caller is no other user by that",
            &both,
            vec![of(ours, "first", 600), of(theirs, "second", 5)],
            Err("token-expired"),
        ),
        case(
            "several instances: the second one's, where the first has none",
            &both,
            vec![of(theirs, "second", 5), ours.uat("0")],
            Ok("second"),
        ),
        case(
            "several instances: one without a publishable key comes last",
            &mixed,
            vec![plain(&theirs.token("second", 5)), of(ours, "first", 20)],
            Ok("first"),
        ),
        case(
            "several instances: __session is that of the app that issued it",
            &both,
            vec![plain(&theirs.token("second", 5))],
            Ok("second"),
        ),
        case(
            "several instances: one without a publishable key has __session",
            &mixed,
            vec![plain(&theirs.token("second", 5)), plain_uat("1")],
            Ok("second"),
        ),
        case(
            "several instances: an app's own __session is not taken for the other's",
            &mixed,
            vec![
                plain(&ours.token("first", 5)),
                plain_uat("0"),
                ours.uat("0"),
            ],
            Err("session-token-missing"),
        ),
        case(
            "several instances: nor is one that the app's proxy issued",
            &proxied,
            vec![plain(&through_proxy), plain_uat("0"), ours.uat("0")],
            Err("session-token-missing"),
        ),
    ]
}

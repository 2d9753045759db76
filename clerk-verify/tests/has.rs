//! What a session may do: each rule of Clerk's `has()`.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_verify::{
    Dimension, Level, Reason, Requirement, Reverification, Session,
    testing::{TestIssuer, TokenBuilder},
};
use serde_json::{Value, json};

fn token() -> TokenBuilder {
    TestIssuer::new().token()
}

fn session(token: &TokenBuilder) -> Session {
    token.session().unwrap()
}

fn asked() -> Requirement {
    Requirement::new()
}

fn member() -> TokenBuilder {
    token()
        .org("org_1", "member")
        .permissions(["org:invoices:create", "org:teams:read"])
}

#[test]
fn a_requirement_that_asks_nothing_is_never_met() {
    let session = session(&member().factors_verified(Some(0), Some(0)));
    assert!(!session.has(&asked()));
    assert!(!session.has(&Requirement::any_of([])));
    assert!(!session.has(&Requirement::any_of([asked()])));
    assert!(!session.has(&asked().and(asked().role("member"))));
    assert!(!session.has(&asked().role("member").and(asked())));
    let forbidden = session.require(&asked()).unwrap_err();
    assert_eq!(forbidden.reason(), Reason::InsufficientAuthorization);
    assert!(forbidden.unmet().is_empty());
    assert!(
        forbidden
            .to_string()
            .contains("nothing, which is never met")
    );
}

#[test]
fn all_that_is_asked_must_be_there() {
    let session = session(
        &member()
            .features(["o:invoices", "u:beta"])
            .plans(["o:team"])
            .factors_verified(Some(1), None),
    );
    let parts: [fn(Requirement, bool) -> Requirement; 5] = [
        |asked, good| asked.role(if good { "org:member" } else { "org:admin" }),
        |asked, good| {
            asked.permission(if good {
                "org:invoices:create"
            } else {
                "org:invoices:delete"
            })
        },
        |asked, good| asked.feature(if good { "beta" } else { "alpha" }),
        |asked, good| asked.plan(if good { "team" } else { "enterprise" }),
        |asked, good| {
            asked.reverification(Reverification::new(
                Level::FirstFactor,
                if good { 2 } else { 1 },
            ))
        },
    ];
    // Every choice of parts, each good, bad or not asked.
    for choice in 0..3_usize.pow(5) {
        let mut requirement = asked();
        let (mut any, mut all_good) = (false, true);
        for (place, part) in parts.iter().enumerate() {
            match choice / 3_usize.pow(u32::try_from(place).unwrap()) % 3 {
                0 => {}
                good_or_bad => {
                    any = true;
                    all_good &= good_or_bad == 1;
                    requirement = part(requirement, good_or_bad == 1);
                }
            }
        }
        assert_eq!(session.has(&requirement), any && all_good, "{requirement}");
    }
}

#[test]
fn role_and_permission_need_an_active_organization() {
    for token in [
        token(),
        token().claim("org_role", "org:member"),
        token().claim("o", json!({ "rol": "member", "per": "create", "fpm": "1" })),
        token().claim("o", json!({ "id": "", "rol": "member" })),
        token().claim("o", json!({ "id": 1, "rol": "member" })),
        token().claim("o", json!(["org_1", "x", "member"])),
        token().v1().claim("org_role", "org:member"),
        token()
            .v1()
            .claim("org_id", "")
            .claim("org_role", "org:member"),
        token()
            .v1()
            .claim("org_id", Value::Null)
            .claim("org_role", "org:member"),
    ] {
        let session = session(&token);
        assert!(!session.has(&asked().role("member")));
        assert!(!session.has(&asked().permission("org:invoices:create")));
    }
}

#[test]
fn roles_are_compared_with_their_prefix_on_or_off() {
    for role in ["admin", "org:admin", "org:org:admin"] {
        for token in [
            token()
                .v1()
                .claim("org_id", "org_1")
                .claim("org_role", role),
            token().claim("o", json!({ "id": "org_1", "rol": role })),
        ] {
            let session = session(&token);
            for same in ["admin", "org:admin", "org:org:admin"] {
                assert!(session.has(&asked().role(same)), "{role} {same}");
            }
            for other in [
                "Admin",
                "ORG:admin",
                "admin ",
                "adm",
                "org",
                "org:",
                "",
                "member",
            ] {
                assert!(!session.has(&asked().role(other)), "{role} {other}");
            }
        }
    }
}

#[test]
fn an_absent_or_empty_role_is_no_role() {
    for rol in [json!(""), json!(null), json!(1), json!(["admin"])] {
        let v2 = token().claim("o", json!({ "id": "org_1", "rol": rol }));
        let v1 = token().v1().claim("org_id", "org_1").claim("org_role", rol);
        for token in [v1, v2] {
            for role in ["", "org:", "org:null", "1", "admin"] {
                assert!(!session(&token).has(&asked().role(role)), "{role}");
            }
        }
    }
}

#[test]
fn what_is_asked_may_leave_the_permissions_prefix_out_what_is_granted_may_not() {
    let granted = session(&member());
    for same in [
        "org:invoices:create",
        "invoices:create",
        "org:org:invoices:create",
    ] {
        assert!(granted.has(&asked().permission(same)), "{same}");
    }
    for other in [
        "",
        "org:",
        "invoices",
        "create",
        "org:invoices",
        "org:Invoices:create",
        "org:invoices:create ",
    ] {
        assert!(!granted.has(&asked().permission(other)), "{other}");
    }
    let bare = token().v1().claim("org_id", "org_1");
    let bare = session(&bare.claim("org_permissions", json!(["invoices:create"])));
    for asked_for in ["org:invoices:create", "invoices:create"] {
        assert!(!bare.has(&asked().permission(asked_for)), "{asked_for}");
    }
}

#[test]
fn permissions_of_version_1_are_an_array_of_strings() {
    let with = |permissions: Value| {
        let token = token().v1().claim("org_id", "org_1");
        session(&token.claim("org_permissions", permissions))
    };
    let permission = asked().permission("org:invoices:create");
    assert!(with(json!(["org:teams:read", "org:invoices:create"])).has(&permission));
    for malformed in [
        json!("org:invoices:create"),
        json!({ "0": "org:invoices:create" }),
        json!([["org:invoices:create"]]),
        json!(null),
        json!([]),
    ] {
        assert!(!with(malformed.clone()).has(&permission), "{malformed}");
    }
}

#[test]
fn version_2_is_where_v_is_the_number_2() {
    let both = token()
        .claim("org_id", "org_1")
        .claim("org_role", "org:v1")
        .claim("o", json!({ "id": "org_2", "rol": "v2" }));
    for (v, role) in [
        (json!(2), "v2"),
        (json!(2.0), "v2"),
        (json!("2"), "v1"),
        (json!(1), "v1"),
        (json!(3), "v1"),
        (json!(null), "v1"),
        (json!([2]), "v1"),
        (json!(true), "v1"),
    ] {
        let session = session(&both.clone().claim("v", v.clone()));
        assert!(session.has(&asked().role(role)), "{v}");
    }
    assert!(session(&both.without("v")).has(&asked().role("v1")));
}

#[test]
fn features_and_plans_are_looked_for_in_the_scope_that_is_asked() {
    let claim = "o:org-only,u:user-only,ou:both,uo:both2,x:unknown,o:twice:colons, o:spaced ";
    for token in [
        token().claim("fea", claim).claim("pla", claim),
        token().v1().claim("fea", claim).claim("pla", claim),
    ] {
        let session = session(&token);
        let has = |slug: &str| {
            let (feature, plan) = (asked().feature(slug), asked().plan(slug));
            assert_eq!(session.has(&feature), session.has(&plan), "{slug}");
            session.has(&feature)
        };
        for scope in ["o", "org", "organization"] {
            for slug in ["org-only", "both", "both2", "spaced"] {
                assert!(has(&format!("{scope}:{slug}")), "{scope}:{slug}");
            }
            assert!(!has(&format!("{scope}:user-only")));
        }
        for scope in ["u", "user"] {
            for slug in ["user-only", "both", "both2"] {
                assert!(has(&format!("{scope}:{slug}")), "{scope}:{slug}");
            }
            assert!(!has(&format!("{scope}:org-only")));
        }
        for slug in ["org-only", "user-only", "both", "both2"] {
            assert!(has(slug), "{slug}");
        }
        // Neither an unknown scope nor another spelling of one counts.
        for slug in [
            "unknown",
            "x:unknown",
            "O:org-only",
            "ORG:org-only",
            "ou:both",
            "uo:both",
            "user ",
            ":org-only",
            "",
            ":",
            "nothing",
            "Org-only",
            "twice",
        ] {
            assert!(!has(slug), "{slug}");
        }
        assert!(has("org:org-only:ignored"), "a third part is ignored");
    }
}

#[test]
fn a_scope_without_a_slug_is_a_slug_in_that_scope() {
    let session = session(&token().claim("fea", "o:org,u:user"));
    assert!(session.has(&asked().feature("org:")));
    assert!(session.has(&asked().feature("user:")));
    assert!(!session.has(&asked().feature("o:")));
}

#[test]
fn a_malformed_list_of_features_or_plans_grants_nothing() {
    for claim in [
        json!(""),
        json!("team"),
        json!("o:team,beta"),
        json!("beta,o:team"),
        json!("o:team,"),
        json!(",o:team"),
        json!(null),
        json!(7),
        json!(["o:team"]),
        json!({ "o": "team" }),
    ] {
        let token = token()
            .claim("fea", claim.clone())
            .claim("pla", claim.clone());
        let session = session(&token);
        for slug in ["team", "org:team", "o:team", "beta"] {
            assert!(!session.has(&asked().feature(slug)), "{claim} {slug}");
            assert!(!session.has(&asked().plan(slug)), "{claim} {slug}");
        }
    }
    let without = session(&token());
    assert!(!without.has(&asked().feature("team")) && !without.has(&asked().plan("team")));
}

#[test]
fn one_claim_that_is_malformed_does_not_spoil_the_other() {
    let session = session(&token().claim("fea", "broken").claim("pla", "o:team"));
    assert!(session.has(&asked().plan("team")));
    assert!(!session.has(&asked().feature("broken")));
}

#[test]
fn the_presets_are_clerks() {
    for (preset, name, level, minutes) in [
        (
            Reverification::strict_mfa(),
            "strict_mfa",
            Level::MultiFactor,
            10,
        ),
        (Reverification::strict(), "strict", Level::SecondFactor, 10),
        (
            Reverification::moderate(),
            "moderate",
            Level::SecondFactor,
            60,
        ),
        (Reverification::lax(), "lax", Level::SecondFactor, 1440),
    ] {
        assert_eq!((preset.level(), preset.after_minutes()), (level, minutes));
        assert_eq!(
            serde_json::to_string(&preset).unwrap(),
            format!("\"{name}\"")
        );
        assert_ne!(
            preset,
            Reverification::new(level, minutes),
            "one has a name"
        );
    }
}

#[test]
fn a_verification_is_fresh_below_the_minutes_not_at_them() {
    for minutes in [1, 10, 60, 1440, u32::MAX] {
        let asked = asked().reverification(Reverification::new(Level::FirstFactor, minutes));
        let at = |age: Value| session(&token().claim("fva", json!([age, -1])));
        assert!(at(json!(u64::from(minutes) - 1)).has(&asked), "{minutes}");
        assert!(!at(json!(minutes)).has(&asked), "{minutes}");
        assert!(at(json!(f64::from(minutes) - 0.5)).has(&asked), "{minutes}");
        assert!(
            !at(json!(f64::from(minutes) + 0.5)).has(&asked),
            "{minutes}"
        );
    }
    let never = asked().reverification(Reverification::new(Level::FirstFactor, 0));
    assert!(!session(&token().factors_verified(Some(0), Some(0))).has(&never));
}

#[test]
fn the_level_says_which_factor_must_be_fresh() {
    use Level::{FirstFactor, MultiFactor, SecondFactor};
    // Within 10 minutes: 5 is fresh, 15 is not, None was never verified.
    for (first, second, fresh) in [
        (Some(5), Some(5), [true, true, true]),
        (Some(5), Some(15), [true, false, false]),
        (Some(15), Some(5), [false, true, false]),
        (Some(15), Some(15), [false, false, false]),
        (Some(5), None, [true, true, true]),
        (Some(15), None, [false, false, false]),
        (None, Some(5), [false, true, false]),
        (None, Some(15), [false, false, false]),
        (None, None, [false, false, false]),
    ] {
        let session = session(&token().factors_verified(first, second));
        let found = [FirstFactor, SecondFactor, MultiFactor]
            .map(|level| session.has(&asked().reverification(Reverification::new(level, 10))));
        assert_eq!(found, fresh, "{first:?} {second:?}");
    }
}

#[test]
fn a_missing_or_malformed_fva_is_never_fresh() {
    let lax = asked().reverification(Reverification::lax());
    assert!(!session(&token().without("fva")).has(&lax));
    for fva in [
        json!(null),
        json!(0),
        json!("0,0"),
        json!([]),
        json!([0]),
        json!([0, 0, 0]),
        json!(["0", "0"]),
        json!([0, null]),
        json!([null, 0]),
        json!([0, -2]),
        json!([-0.5, 0]),
        json!([0, true]),
        json!([[0], 0]),
        json!({ "0": 0, "1": 0 }),
    ] {
        assert!(
            !session(&token().claim("fva", fva.clone())).has(&lax),
            "{fva}"
        );
    }
}

#[test]
fn one_of_several_is_enough_and_none_of_them_is_not() {
    let staff = Requirement::any_of([asked().role("admin"), asked().permission("teams:read")]);
    assert!(session(&member()).has(&staff));
    assert!(session(&token().org("org_1", "admin")).has(&staff));
    assert!(!session(&token().org("org_1", "member")).has(&staff));
    assert!(!session(&member()).has(&staff.clone().plan("team")));
    assert!(session(&member().plans(["team"])).has(&staff.plan("team")));
}

#[test]
fn a_refusal_says_which_dimensions_failed_and_what_was_found() {
    let session = session(
        &member()
            .claim("fea", "o:invoices,o:teams,broken")
            .factors_verified(Some(15), None),
    );
    let requirement = asked()
        .role("org:admin")
        .role("org:member")
        .permission("org:invoices:create")
        .permission("org:sys_memberships:manage")
        .feature("beta")
        .plan("team")
        .feature("robot:x")
        .reverification(Reverification::strict());
    let forbidden = session.require(&requirement).unwrap_err();
    assert_eq!(forbidden.reason(), Reason::InsufficientAuthorization);
    assert_eq!(forbidden.reverification(), None);
    let unmet: Vec<(Dimension, &str)> = forbidden
        .unmet()
        .iter()
        .map(|unmet| (unmet.dimension(), unmet.asked()))
        .collect();
    assert_eq!(
        unmet,
        [
            (Dimension::Role, "org:admin"),
            (Dimension::Permission, "org:sys_memberships:manage"),
            (Dimension::Feature, "beta"),
            (Dimension::Plan, "team"),
            (Dimension::Feature, "robot:x"),
            (
                Dimension::Reverification,
                "strict (second_factor within 10 min)"
            ),
        ]
    );
    let text = forbidden.to_string();
    for part in [
        "role `org:admin` (the session has `org:member`)",
        "no system permission",
        "`fea` has an entry without a scope",
        "the token has no `pla`",
        "its scope must be `org` or `user`",
        "the first factor was verified 15 min ago, the second never",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn what_is_found_can_forge_no_line_of_a_log() {
    let session = session(&token().claim("o", json!({ "id": "org_1", "rol": "x\nadmin" })));
    let text = session
        .require(&asked().role("a\nb"))
        .unwrap_err()
        .to_string();
    assert!(!text.contains('\n'), "{text}");
}

#[test]
fn it_is_a_reverification_only_where_nothing_else_is_missing() {
    let stale = session(&member().factors_verified(Some(15), None));
    let strict = || asked().reverification(Reverification::strict());
    let reason = |requirement: &Requirement| stale.require(requirement).unwrap_err().reason();
    let (again, insufficient) = (
        Reason::ReverificationError,
        Reason::InsufficientAuthorization,
    );
    for (requirement, expected) in [
        (strict(), again),
        (strict().role("member"), again),
        (strict().role("admin"), insufficient),
        (strict().plan("team"), insufficient),
        (strict().reverification(Reverification::strict_mfa()), again),
        (
            Requirement::any_of([strict(), asked().role("admin")]),
            again,
        ),
        (
            Requirement::any_of([strict().role("admin"), asked().role("admin")]),
            insufficient,
        ),
        (Requirement::any_of([strict()]).role("admin"), insufficient),
        (
            Requirement::any_of([asked().role("member")]).and(strict()),
            again,
        ),
        (Requirement::any_of([]), insufficient),
    ] {
        assert_eq!(reason(&requirement), expected, "{requirement}");
    }
    let forbidden = stale
        .require(&Requirement::any_of([asked().role("admin"), strict()]))
        .unwrap_err();
    assert_eq!(forbidden.reverification(), Some(Reverification::strict()));
}

#[test]
fn the_reverification_that_is_answered_is_enough_for_all_that_is_asked() {
    use Level::{FirstFactor, MultiFactor, SecondFactor};
    let stale = session(&token().factors_verified(Some(2000), Some(2000)));
    let new = Reverification::new;
    let answered = |requirement: &Requirement| {
        let forbidden = stale.require(requirement).unwrap_err();
        forbidden.reverification()
    };
    let all = |parts: &[Reverification]| {
        let all = parts
            .iter()
            .fold(asked(), |asked, part| asked.reverification(*part));
        answered(&all)
    };
    let (lax, strict, mfa) = (
        Reverification::lax(),
        Reverification::strict(),
        Reverification::strict_mfa(),
    );
    for (parts, enough) in [
        (&[lax, mfa][..], mfa),
        (&[mfa, lax], mfa),
        (&[lax, strict, Reverification::moderate()], strict),
        (
            &[new(FirstFactor, 5), new(FirstFactor, 15)],
            new(FirstFactor, 5),
        ),
        (
            &[new(FirstFactor, 5), new(SecondFactor, 15)],
            new(MultiFactor, 5),
        ),
        (
            &[new(MultiFactor, 60), new(FirstFactor, 5)],
            new(MultiFactor, 5),
        ),
    ] {
        assert_eq!(all(parts), Some(enough), "{parts:?}");
    }
    // Of alternatives the easiest is.
    let any = |parts: &[Reverification]| {
        let parts = parts.iter().map(|part| asked().reverification(*part));
        answered(&Requirement::any_of(parts))
    };
    assert_eq!(any(&[mfa, lax, strict]), Some(lax));
    assert_eq!(any(&[strict, lax]), Some(lax));
    assert_eq!(any(&[lax, strict]), Some(lax));
    assert_eq!(any(&[mfa, new(FirstFactor, 1)]), Some(new(FirstFactor, 1)));
    // Nobody can meet zero minutes, so nobody is asked for them.
    let never = new(FirstFactor, 0);
    assert_eq!(all(&[never]), None);
    assert_eq!(all(&[strict, never]), None);
    assert_eq!(any(&[never, mfa]), Some(mfa));
    assert_eq!(any(&[never]), None);
}

#[test]
fn what_can_never_be_met_says_so() {
    let session = session(&member());
    for requirement in [
        asked(),
        asked().and(asked()),
        asked().and(asked().role("member")),
        asked().role("member").and(asked()),
        Requirement::any_of([]),
        Requirement::any_of([asked()]),
    ] {
        let message = session.require(&requirement).unwrap_err().to_string();
        assert!(message.contains("nothing, which is never met"), "{message}");
    }
    let half = asked().role("admin").and(asked());
    let forbidden = session.require(&half).unwrap_err();
    assert_eq!(forbidden.unmet().len(), 1, "the other half is explained");
}

#[test]
fn permissions_survive_however_many_there_are() {
    let names: Vec<String> = (0..200).map(|number| format!("org:a:p{number}")).collect();
    for token in [token(), token().v1()] {
        let session = session(&token.org("org_1", "member").permissions(names.clone()));
        assert_eq!(session.organization().unwrap().permissions(), names);
        assert!(session.has(&asked().permission("org:a:p199")));
        assert!(!session.has(&asked().permission("org:a:p200")));
    }
}

#[test]
fn the_refusals_are_those_of_the_specification() {
    let stale = session(&member().factors_verified(Some(15), None));
    let refusal = |requirement: Requirement| stale.require(&requirement).unwrap_err().refusal();

    let insufficient = refusal(asked().role("admin"));
    assert_eq!(insufficient.status(), 403);
    let mut headers: Vec<(&str, String)> = insufficient.headers().collect();
    headers.sort();
    assert_eq!(
        headers,
        [
            ("cache-control", "no-store".to_owned()),
            ("content-type", "application/json".to_owned()),
            (
                "www-authenticate",
                "Bearer error=\"insufficient_scope\"".to_owned()
            ),
            (
                "x-clerk-auth-reason",
                "insufficient-authorization".to_owned()
            ),
        ]
    );
    let body: Value = serde_json::from_str(&insufficient.body()).unwrap();
    assert_eq!(body["errors"][0]["code"], "insufficient-authorization");

    for (reverification, json) in [
        (Reverification::strict_mfa(), r#""strict_mfa""#),
        (Reverification::strict(), r#""strict""#),
        (
            Reverification::new(Level::FirstFactor, 15),
            r#"{"level":"first_factor","afterMinutes":15}"#,
        ),
        (
            Reverification::new(Level::MultiFactor, 1),
            r#"{"level":"multi_factor","afterMinutes":1}"#,
        ),
    ] {
        let again = refusal(asked().reverification(reverification));
        assert_eq!(again.status(), 403);
        let mut headers: Vec<(&str, String)> = again.headers().collect();
        headers.sort();
        assert_eq!(
            headers,
            [
                ("cache-control", "no-store".to_owned()),
                ("content-type", "application/json".to_owned()),
                ("x-clerk-auth-reason", "reverification-error".to_owned()),
            ]
        );
        let expected = [
            r#"{"clerk_error":{"type":"forbidden","reason":"reverification-error","metadata":{"reverification":"#,
            json,
            "}}}",
        ];
        assert_eq!(again.body(), expected.concat());
    }
}

#[test]
fn an_empty_name_is_never_met_whatever_the_token_says() {
    let token = token()
        .v1()
        .claim("org_id", "org_1")
        .claim("org_role", "org:")
        .claim("org_permissions", json!(["org:", "", "org:a:b"]));
    let session = session(&token);
    for empty in ["", "org:", "org:org:"] {
        assert!(!session.has(&asked().role(empty)), "{empty}");
        assert!(!session.has(&asked().permission(empty)), "{empty}");
    }
    assert!(session.has(&asked().permission("a:b")));
}

#[test]
fn an_entry_with_an_empty_scope_does_not_spoil_the_others() {
    let session = session(&token().claim("fea", ":x,o:team"));
    assert!(session.has(&asked().feature("team")));
    assert!(!session.has(&asked().feature("x")));
}

#[test]
fn each_alternative_is_explained() {
    let session = session(&token());
    let requirement = Requirement::any_of([asked().role("a"), asked().plan("b")]).feature("c");
    let forbidden = session.require(&requirement).unwrap_err();
    assert_eq!(forbidden.unmet().len(), 3);
    assert_eq!(
        forbidden.to_string(),
        "the session lacks what is needed, one of (role `a`, or plan `b`) and feature `c`: role `a` (no organization is \
         active in the session); plan `b` (the token has no `pla`, or a malformed one); feature `c` (the token has no \
         `fea`, or a malformed one)"
    );
}

#[test]
fn what_was_asked_is_said_where_it_is_more_than_what_is_missing_or_has_alternatives() {
    let session = session(&member());
    let (admin, plan) = (
        "role `admin` (the session has `org:member`)",
        "plan `b` (the token has no `pla`, or a malformed one)",
    );
    for (requirement, start, missing) in [
        (asked().role("admin"), "", &[admin][..]),
        (asked().role("admin").plan("b"), "", &[admin, plan]),
        (
            asked().role("member").plan("b"),
            ", role `member` and plan `b`",
            &[plan],
        ),
        (
            Requirement::any_of([asked().role("admin")]),
            ", one of (role `admin`)",
            &[admin],
        ),
        (
            Requirement::any_of([asked().role("member").plan("b")]),
            ", one of (role `member` and plan `b`)",
            &[plan],
        ),
    ] {
        let forbidden = session.require(&requirement).unwrap_err();
        let missing = missing.join("; ");
        assert_eq!(
            forbidden.to_string(),
            format!("the session lacks what is needed{start}: {missing}")
        );
    }
}

#[test]
fn what_was_found_is_said_of_each_dimension() {
    let found = |token: TokenBuilder, requirement: Requirement| {
        let forbidden = session(&token).require(&requirement).unwrap_err();
        forbidden.to_string()
    };
    let org = || token().org("org_1", "member");
    for (message, part) in [
        (
            found(org(), asked().permission("sys_x:y")),
            "no system permission",
        ),
        (
            found(org(), asked().permission("a:b")),
            "the session has none",
        ),
        (
            found(member(), asked().permission("a:b")),
            "not among the session's 2",
        ),
        (
            found(
                org().claim("o", json!({ "id": "org_1" })),
                asked().role("a"),
            ),
            "the token names no role",
        ),
        (
            found(
                token().without("fva"),
                asked().reverification(Reverification::lax()),
            ),
            "no `fva`",
        ),
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    for scope in ["o", "org", "organization", "u", "user"] {
        let message = found(
            token().features(["o:x"]),
            asked().feature(format!("{scope}:y")),
        );
        assert!(
            message.contains("it is not in the token's `fea`"),
            "{message}"
        );
    }
    for requirement in [
        asked().permission("a\nb"),
        asked().feature("a\nb"),
        asked().plan("a\nb"),
        Requirement::any_of([asked().plan("a\nb"), asked().permission("a\nb")]).feature("a\nb"),
    ] {
        assert!(!found(token(), requirement.clone()).contains('\n'));
        assert!(!requirement.to_string().contains('\n'));
    }
}

#[test]
fn a_requirement_that_no_session_meets_is_known_for_it() {
    let zero = Reverification::new(Level::FirstFactor, 0);
    for (mistake, why) in [
        (asked(), "nothing"),
        (asked().role("member").and(asked()), "nothing"),
        (Requirement::any_of([]), "nothing"),
        (Requirement::any_of([asked(), asked().role("")]), "nothing"),
        (asked().role(""), "an empty name"),
        (asked().permission("org:"), "an empty name"),
        (asked().plan(""), "an empty name"),
        (asked().permission("org:sys_x:y"), "a system permission"),
        (asked().permission("sys_x:y"), "a system permission"),
        (asked().feature("team:x"), "a scope"),
        (asked().reverification(zero), "zero minutes"),
        (asked().role("admin").role("member"), "two roles"),
    ] {
        let found = mistake.never_met().unwrap_or_default();
        assert!(found.starts_with(why), "{mistake}: {found}");
    }
    for possible in [
        asked().role("admin").role("org:admin"),
        Requirement::any_of([asked().role("admin"), asked().role("member")]),
        Requirement::any_of([asked().role(""), asked().role("member")]),
        asked()
            .feature("org:x")
            .plan("user:y")
            .feature("o:")
            .permission("x"),
        asked().reverification(Reverification::lax()),
    ] {
        assert_eq!(possible.never_met(), None, "{possible}");
    }
}

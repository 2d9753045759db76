//! What a verified token says, in both versions of Clerk's claims.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_verify::{
    Session, SessionStatus, Verifier,
    testing::{TestIssuer, TokenBuilder},
};
use serde_json::{Value, json};

fn token() -> TokenBuilder {
    TestIssuer::new().token()
}

fn session(token: &TokenBuilder) -> Session {
    token.session().unwrap()
}

#[test]
fn each_part_of_a_version_1_organization_may_be_missing_without_losing_the_others() {
    let whole = token()
        .v1()
        .org("org_1", "admin")
        .org_slug("acme")
        .permissions(["org:a:read"]);
    let parts = |session: &Session| {
        let active = session.organization()?;
        Some((
            active.id().to_owned(),
            active.slug().map(str::to_owned),
            active.role().map(str::to_owned),
            active.permissions().to_vec(),
        ))
    };
    let all = parts(&session(&whole)).unwrap();
    assert_eq!(
        all,
        (
            "org_1".into(),
            Some("acme".into()),
            Some("org:admin".into()),
            vec!["org:a:read".into()]
        )
    );
    for (missing, expected) in [
        (
            "org_slug",
            (all.0.clone(), None, all.2.clone(), all.3.clone()),
        ),
        (
            "org_role",
            (all.0.clone(), all.1.clone(), None, all.3.clone()),
        ),
        (
            "org_permissions",
            (all.0.clone(), all.1.clone(), all.2.clone(), vec![]),
        ),
    ] {
        assert_eq!(
            parts(&session(&whole.clone().without(missing))).unwrap(),
            expected,
            "{missing}"
        );
        let malformed = whole.clone().claim(missing, json!({"x": 1}));
        assert_eq!(
            parts(&session(&malformed)).unwrap(),
            expected,
            "{missing} malformed"
        );
    }
    // Without its id there is no active organization; the rest stays reachable.
    let without_id = session(&whole.without("org_id"));
    assert!(without_id.organization().is_none());
    assert_eq!(without_id.claims().get("org_slug").unwrap(), "acme");
    assert_eq!(without_id.claims().get("org_role").unwrap(), "org:admin");
}

#[test]
fn version_2_claims_are_read_and_stay_reachable_raw() {
    let token = token()
        .org("org_1", "admin")
        .permissions(["org:a:read", "org:b:read", "org:b:write"])
        .claim("pla", "o:pro");
    let session = session(&token);
    let active = session.organization().unwrap();
    assert_eq!(
        (active.id(), active.role(), active.slug()),
        ("org_1", Some("org:admin"), None)
    );
    assert_eq!(
        active.permissions(),
        ["org:a:read", "org:b:read", "org:b:write"]
    );
    assert_eq!(session.claims().get("o").unwrap()["fpm"], "1,3");
    assert_eq!(session.claims().get("fea").unwrap(), "o:a,o:b");
    assert_eq!(session.claims().get("pla").unwrap(), "o:pro");
}

/// The known answers of Clerk's own SDKs.
#[test]
fn permissions_are_decoded_as_clerks_sdks_decode_them() {
    let many: Vec<String> = (0..54).map(|number| format!("p{number}")).collect();
    let many = many.join(",");
    for (fea, per, fpm, permissions) in [
        (
            "o:dashboard,o:teams",
            "manage,read",
            "3,2",
            &[
                "org:dashboard:manage",
                "org:dashboard:read",
                "org:teams:read",
            ][..],
        ),
        (
            "o:repositories,o:projects",
            "read,create,update,delete,revoke",
            "7,21",
            &[
                "org:repositories:read",
                "org:repositories:create",
                "org:repositories:update",
                "org:projects:read",
                "org:projects:update",
                "org:projects:revoke",
            ],
        ),
        (
            "o:a",
            many.as_str(),
            "9007199254740993",
            &["org:a:p0", "org:a:p53"],
        ),
        (
            "o:a",
            &many,
            "9007199254740995",
            &["org:a:p0", "org:a:p1", "org:a:p53"],
        ),
        ("o:a", &many, "18014398509481984", &[]),
        ("o:a", "read", "1invalid", &[]),
        ("o:a", "read", "-1", &[]),
        ("o:a", "read", "1.5", &[]),
        (
            "o:repositories,o:impersonation,o:billing",
            "manage,read,update",
            "6,0,3",
            &[
                "org:repositories:read",
                "org:repositories:update",
                "org:billing:manage",
                "org:billing:read",
            ],
        ),
        // One mask for each entry, also for those that are not the organization's.
        (
            "o:a,u:b,o:c",
            "read,write",
            "1,3,2",
            &["org:a:read", "org:c:write"],
        ),
        // One for each of the organization's.
        (
            "o:reservations,u:dashboard,uo:support-chat,o:impersonation",
            "read,manage",
            "1,3,0",
            &[
                "org:reservations:read",
                "org:support-chat:read",
                "org:support-chat:manage",
            ],
        ),
        // Neither: what both readings grant.
        (
            "o:reservations,u:dashboard,uo:support-chat,o:impersonation",
            "read,manage",
            "2,3",
            &["org:reservations:manage"],
        ),
        ("", "read", "1", &[]),
        ("o:a", "", "1", &[]),
        ("o:a", "read", "", &[]),
    ] {
        let o = json!({ "id": "org_1", "per": per, "fpm": fpm });
        let session = session(&token().claim("fea", fea).claim("o", o));
        let found = session.organization().unwrap().permissions();
        assert_eq!(found, permissions, "{fea} {fpm}");
    }
}

#[test]
fn a_version_2_organization_without_a_role_has_none() {
    for rol in [json!(""), json!(7), Value::Null] {
        let session = session(&token().claim("o", json!({"id": "org_1", "rol": rol})));
        assert_eq!(session.organization().unwrap().role(), None);
    }
}

#[test]
fn an_organization_is_an_object_with_an_id() {
    for o in [
        json!(null),
        json!({}),
        json!({"id": ""}),
        json!({"id": 7}),
        json!("org_1"),
        json!(["org_1", "slug", "admin"]),
    ] {
        assert!(
            session(&token().claim("o", o.clone()))
                .organization()
                .is_none(),
            "{o}"
        );
    }
}

#[test]
fn version_2_is_the_number_2_and_everything_else_is_1() {
    for (v, version) in [
        (json!(2), 2),
        (json!(2.0), 2),
        (json!("2"), 1),
        (json!(3), 1),
        (json!(1), 1),
        (json!(null), 1),
    ] {
        let session = session(
            &token()
                .org("org_2", "admin")
                .claim("v", v.clone())
                .claim("org_id", "org_1"),
        );
        assert_eq!(session.claims().version(), version, "{v}");
        let id = if version == 2 { "org_2" } else { "org_1" };
        assert_eq!(session.organization().unwrap().id(), id, "{v}");
    }
}

#[test]
fn a_status_is_active_pending_or_one_that_is_not_known() {
    let verifier = TestIssuer::new().verifier().allow_pending_sessions(true);
    let verifier = verifier.build().unwrap();
    for (sts, status) in [
        (json!("active"), Some(SessionStatus::Active)),
        (json!("pending"), Some(SessionStatus::Pending)),
        (json!("Active"), Some(SessionStatus::Other)),
        (json!(""), Some(SessionStatus::Other)),
        (json!(1), None),
    ] {
        let token = token().claim("sts", sts.clone()).sign();
        let session = verifier.verify_token_now(&token).unwrap().unwrap();
        assert_eq!(session.status(), status, "{sts}");
    }
}

#[test]
fn an_actor_has_four_parts() {
    let act = json!({ "sub": "user_9", "iss": "https://dashboard.example", "sid": "sess_9", "type": "agent" });
    let session = session(&token().claim("act", act));
    let actor = session.actor().unwrap();
    assert_eq!(
        (actor.subject(), actor.issuer()),
        ("user_9", Some("https://dashboard.example"))
    );
    assert_eq!(
        (actor.session_id(), actor.kind()),
        (Some("sess_9"), Some("agent"))
    );
}

#[test]
fn an_actor_that_cannot_be_read_still_counts() {
    for act in [
        json!({}),
        json!({"sub": 5}),
        json!("user_x"),
        json!(["user_x"]),
        json!(true),
    ] {
        let session = session(&token().claim("act", act.clone()));
        assert_eq!(session.actor().unwrap().subject(), "", "{act}");
    }
    let odd = json!({"sub": "user_x", "iss": 7, "sid": "sess_x", "type": "agent"});
    let session_of_odd = session(&token().claim("act", odd));
    let actor = session_of_odd.actor().unwrap();
    assert_eq!((actor.subject(), actor.issuer()), ("user_x", None));
    assert_eq!(
        (actor.session_id(), actor.kind()),
        (Some("sess_x"), Some("agent"))
    );
    for none in [token(), token().claim("act", Value::Null)] {
        assert!(session(&none).actor().is_none());
    }
}

#[test]
fn factor_ages_are_two_finite_numbers_from_minus_one() {
    let ages = |fva: Value| {
        let age = session(&token().claim("fva", fva)).factor_verification_age()?;
        Some((age.first_factor_minutes(), age.second_factor_minutes()))
    };
    assert_eq!(ages(json!([3, -1])), Some((Some(3), None)));
    assert_eq!(ages(json!([-1, -1])), Some((None, None)));
    assert_eq!(ages(json!([0, 7.9])), Some((Some(0), Some(7))));
    for bad in [
        json!([]),
        json!([1]),
        json!([1, 2, 3]),
        json!([-2, 0]),
        json!(["1", 2]),
        json!("1,2"),
        json!(null),
        json!({}),
    ] {
        assert_eq!(ages(bad.clone()), None, "{bad}");
    }
}

#[test]
fn a_claim_of_an_odd_type_reads_as_absent_and_hides_nothing() {
    let session = session(
        &token()
            .claim("sid", 7)
            .claim("jti", json!([]))
            .claim("sts", json!({}))
            .claim("aud", 7),
    );
    assert_eq!(
        (
            session.session_id(),
            session.claims().token_id(),
            session.status()
        ),
        (None, None, None)
    );
    assert!(session.audience().is_empty());
    assert_eq!(session.claims().get("sid").unwrap(), 7);
    assert_eq!(session.user_id(), "user_test");
}

#[test]
fn audiences_are_a_string_or_an_array() {
    assert_eq!(session(&token().claim("aud", "one")).audience(), ["one"]);
    assert_eq!(
        session(&token().claim("aud", json!(["one", "two"]))).audience(),
        ["one", "two"]
    );
}

#[test]
fn custom_claims_are_typed_by_the_user() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Custom {
        plan: String,
        limits: Limits,
        sub: String,
    }
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Limits {
        seats: u32,
    }
    let session = session(
        &token()
            .user("user_1")
            .claim("plan", "gold")
            .claim("limits", json!({"seats": 5})),
    );
    let custom: Custom = session.custom_claims().unwrap();
    assert_eq!(
        custom,
        Custom {
            plan: "gold".into(),
            limits: Limits { seats: 5 },
            sub: "user_1".into()
        }
    );
    let all: serde_json::Map<String, Value> = session.custom_claims().unwrap();
    assert_eq!(all["plan"], "gold");
    assert!(session.custom_claims::<Vec<u8>>().is_err());
}

#[test]
fn times_reach_beyond_2038() {
    let session = session(
        &token()
            .claim("exp", 4_102_444_800_i64)
            .claim("nbf", -5)
            .claim("iat", 1.9),
    );
    assert_eq!(session.expires_at(), 4_102_444_800);
    assert_eq!(
        (session.claims().not_before(), session.issued_at()),
        (Some(-5), Some(1))
    );
}

#[test]
fn the_payload_is_there_as_it_came() {
    let session = session(&token().claim("ключ", "значение"));
    let payload: Value = serde_json::from_str(session.claims().raw()).unwrap();
    assert_eq!(payload["ключ"], "значение");
    assert_eq!(session.claims().get("ключ").unwrap(), "значение");
}

#[test]
fn debug_output_names_the_user_and_the_session_only() {
    let session = session(
        &token()
            .user("user_1")
            .session_id("sess_1")
            .claim("pin", "1234"),
    );
    let shown = format!("{session:?} {:?}", session.claims());
    assert!(
        shown.contains("user_1") && shown.contains("sess_1") && !shown.contains("1234"),
        "{shown}"
    );
}

#[test]
fn a_permission_is_granted_only_where_every_reading_of_the_masks_agrees() {
    for (fea, per, fpm, permissions) in [
        ("u:x,o:a", "r", "0,1", &["org:a:r"][..]),
        ("u:x,o:a", "r", "0,1,0", &[]),
        ("u:x,u:y,o:a", "r", "1,0", &[]),
        ("u:b,o:a,o:c,o:d", "r", "0,1", &[]),
        ("o:a", "r,,w", "2", &[]),
        ("o:a", "r,,w", "4", &["org:a:w"]),
        ("a", "r", "1", &[]),
        ("org:a", "r", "1", &[]),
        ("\u{a0}o:a", "r", "1", &[]),
    ] {
        let o = json!({ "id": "org_1", "per": per, "fpm": fpm });
        let session = session(&token().claim("fea", fea).claim("o", o));
        let found = session.organization().unwrap().permissions();
        assert_eq!(found, permissions, "{fea} {per} {fpm}");
    }
}

#[test]
fn only_the_scopes_that_clerk_writes_count() {
    let odd = "bare,fo:a,:b,oo:c,org:d,you:f,user:g,uu:h,o:,u:,\u{a0}o:i,o:x:y";
    let session = session(&token().claim("fea", odd));
    let features = session.features().unwrap();
    assert!(features.of_organization().eq(["x:y"]));
    assert_eq!(features.of_user().count(), 0);
    for nothing in [json!(""), json!(null), json!(7), json!(["o:a"])] {
        let session = token().claim("fea", nothing.clone()).claim("pla", nothing);
        let session = session.session().unwrap();
        assert!(session.features().is_none() && session.plans().is_none());
    }
}

#[test]
fn an_empty_slug_or_role_is_none() {
    for token in [
        token().claim("o", json!({ "id": "org_1", "slg": "", "rol": "" })),
        token()
            .v1()
            .claim("org_id", "org_1")
            .claim("org_slug", "")
            .claim("org_role", ""),
    ] {
        let session = session(&token);
        let active = session.organization().unwrap();
        assert_eq!((active.slug(), active.role()), (None, None));
    }
}

#[test]
fn entries_of_another_type_are_left_out_of_version_1_permissions() {
    let token = token().v1().claim("org_id", "org_1");
    let session = session(&token.claim("org_permissions", json!(["org:a:b", 1, null, "org:c:d"])));
    assert_eq!(
        session.organization().unwrap().permissions(),
        ["org:a:b", "org:c:d"]
    );
}

/// What is copied out of the payload, and what is left where it stands.
#[test]
fn each_string_claim_is_read_from_its_own_place_with_escapes_and_without() {
    for mark in ["", "\"\\é\u{1f600}\n"] {
        let text = |name: &str| format!("{name}{mark}");
        let issuer = TestIssuer::new();
        let token = issuer
            .token()
            .user(text("sub"))
            .issuer(text("iss"))
            .azp(text("azp"));
        let token = token
            .session_id(text("sid"))
            .claim("jti", text("jti"))
            .sign();
        let verifier = Verifier::builder()
            .jwks_json(issuer.jwks_json())
            .build()
            .unwrap();
        for time in ["the first", "the second"] {
            let session = verifier.verify_token_now(&token).unwrap().unwrap();
            let claims = session.claims().clone();
            assert_eq!(claims.subject(), text("sub"), "{time} time");
            assert_eq!(claims.issuer(), Some(&*text("iss")));
            assert_eq!(claims.authorized_party(), Some(&*text("azp")));
            assert_eq!(claims.session_id(), Some(&*text("sid")));
            assert_eq!(claims.token_id(), Some(&*text("jti")));
        }
    }
}

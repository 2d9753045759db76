//! How both sides are set up.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::dice::Dice;
use crate::case::{App, Options};

pub(crate) const PARTIES: [&str; 3] = [
    "https://app.example.com",
    "http://localhost:3000",
    "https://admin.example.com:8443",
];
pub(crate) const AUDIENCES: [&str; 3] = ["api", "https://api.example.com", "mobile"];
const HOSTS: [(&str, bool); 4] = [
    ("clerk.example.com", true),
    ("clerk.shop.example.org", true),
    ("happy-bear-12.clerk.accounts.dev", false),
    ("calm-fox-3.clerk.accounts.dev", false),
];

pub(crate) fn options(dice: &mut Dice) -> Options {
    let app = app(dice);
    let issuers = issuers(dice, &app);
    let parties = dice.weighed(&[(40, 0), (30, 1), (30, 2)]);
    let audiences = dice.weighed(&[(60, 0), (25, 1), (15, 2)]);
    Options {
        issuers,
        authorized_parties: texts(&PARTIES, parties),
        audience: texts(&AUDIENCES, audiences),
        clock_skew: dice.weighed(&[
            (50, None),
            (15, Some(0)),
            (10, Some(5_000)),
            (5, Some(1)),
            (5, Some(999)),
            (5, Some(2_500)),
            (5, Some(60_000)),
            (5, Some(3_600_000)),
        ]),
        allow_pending: dice.percent(15),
        app,
    }
}

fn texts(all: &[&str], count: usize) -> Vec<String> {
    all.iter()
        .take(count)
        .map(|&text| text.to_owned())
        .collect()
}

fn app(dice: &mut Dice) -> App {
    let (host, is_production) = dice.one(&HOSTS);
    let encoded = STANDARD.encode(format!("{host}$"));
    // Keys have been given out with and without it.
    let encoded = match dice.percent(80) {
        true => encoded.trim_end_matches('=').to_owned(),
        false => encoded,
    };
    let kind = if is_production { "live" } else { "test" };
    App {
        publishable_key: format!("pk_{kind}_{encoded}"),
        is_production,
        host: host.to_owned(),
        satellite: dice.percent(6).then(|| "satellite.example.net".to_owned()),
        proxy_url: dice
            .percent(6)
            .then(|| "https://app.example.com/__clerk".to_owned()),
    }
}

/// Mostly what this library trusts without being told, for the other side has to be told.
fn issuers(dice: &mut Dice, app: &App) -> Vec<String> {
    let own = app.issuers();
    let slashed = || own.iter().map(|issuer| format!("{issuer}/")).collect();
    match dice.between(0, 99) {
        0..35 => Vec::new(),
        35..85 => own,
        85..90 => slashed(),
        90..95 => vec!["https://clerk.else.example".to_owned()],
        _ => {
            let mut more = own;
            more.push("https://clerk.else.example".to_owned());
            more
        }
    }
}

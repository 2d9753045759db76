//! The `Authorization` header, and others that come with a request.

use super::dice::Dice;

pub(crate) type Fields = Vec<(&'static str, String)>;

/// One that carries the token, in the usual way in `usual` of a hundred cases.
pub(crate) fn authorization(dice: &mut Dice, token: &str, usual: u32) -> Fields {
    // One that nobody signed.
    let other = "eyJhbGciOiJub25lIn0.e30.AAAA";
    let name = dice.weighed(&[
        (4, "authorization"),
        (4, "Authorization"),
        (1, "AUTHORIZATION"),
    ]);
    if dice.percent(usual) {
        return vec![(name, format!("Bearer {token}"))];
    }
    let values: Vec<String> = match dice.between(0, 20) {
        0 => vec![format!(
            "{} {token}",
            dice.one(&["bearer", "BEARER", "bEaReR"])
        )],
        1 => vec![format!(
            "Bearer{}{token}",
            dice.one(&["  ", "   ", "\t", " \t", "\t\t"])
        )],
        2 => vec![format!(
            "{}Bearer {token}{}",
            dice.one(&[" ", "\t", ""]),
            dice.one(&[" ", "\t", ""])
        )],
        3 => vec![format!(
            "Bearer {token}{}",
            dice.one(&[" extra", " a.b.c", "\textra", "  x"])
        )],
        4 => vec![
            dice.one(&["Bearer", "Bearer ", "bearer", "BEARER\t"])
                .to_owned(),
        ],
        5 | 6 => vec![token.to_owned()],
        7 => vec![
            dice.one(&[
                "Basic dXNlcjpwYXNz",
                "Basic",
                "Basic  dXNlcg==",
                "Basic\tdXNlcg==",
                "Negotiate abc=",
            ])
            .to_owned(),
        ],
        8 => vec![format!(
            "{}{token}",
            dice.one(&["Token ", "JWT ", "Basic  ", "Basic\t", "Bearer:", "Bearer="])
        )],
        9 => vec![
            dice.one(&[
                "",
                " ",
                "\t",
                "null",
                "undefined",
                "a.b",
                "a.b.c.d",
                "a..c",
                "*.*.*",
                "a.b.c",
            ])
            .to_owned(),
        ],
        10 => vec![
            dice.one(&[
                "Bearer null",
                "Bearer undefined",
                "Bearer [object Promise]",
                "Bearer a.b.c",
            ])
            .to_owned(),
        ],
        11 => vec![format!("Bearer {token}"), format!("Bearer {token}")],
        12 => vec![format!("Bearer {token}"), format!("Bearer {other}")],
        13 => vec![
            dice.one(&["", "Basic dXNlcjpwYXNz"]).to_owned(),
            format!("Bearer {token}"),
        ],
        14 => vec![format!("Bearer {token}"), "Basic dXNlcjpwYXNz".to_owned()],
        15 => vec![format!("Bearer {token}, Bearer {other}")],
        16 => vec![format!("Bearer \"{token}\"")],
        17 => vec![format!(
            "Bearer {token}{}",
            dice.one(&["\u{e9}", "\u{7f}", "\u{1}", "\u{c}", "\u{a0}", "\u{b}"])
        )],
        18 => vec![format!("Bear\u{e9}r {token}")],
        19 => vec![format!("Basic caf\u{e9} {token}")],
        _ => vec![format!("\u{a0}Bearer {token}")],
    };
    values.into_iter().map(|value| (name, value)).collect()
}

/// What no verdict depends on; mostly what the client of an API sends.
pub(crate) fn company(dice: &mut Dice) -> Fields {
    let mut fields = vec![(
        "accept",
        dice.weighed(&[
            (60, "application/json"),
            (20, "*/*"),
            (10, "text/html,application/xhtml+xml"),
        ])
        .to_owned(),
    )];
    for (name, value) in [
        ("origin", "https://app.example.com"),
        ("referer", "https://app.example.com/page"),
        ("x-forwarded-host", "api.example.com"),
        ("x-forwarded-proto", "https"),
        ("user-agent", "test"),
        ("x-authorization", "Bearer a.b.c"),
        ("sec-fetch-dest", "empty"),
    ] {
        if dice.percent(15) {
            fields.push((name, value.to_owned()));
        }
    }
    fields
}
